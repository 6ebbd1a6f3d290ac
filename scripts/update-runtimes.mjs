// Regenerates lib/runtimes/manifest.json, the archives that `accelnode runtime install` may fetch, with their
// hashes and what is kept of each. Run it after changing `runtimes`, read the difference, and commit it.
//
//   node scripts/update-runtimes.mjs [runtime…]     without a name: all of them
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';

import { describeTflite } from './update-tflite.mjs';
import { ask, bin, root, run, say, setupFolder } from './setup/process.mjs';
import { python } from './setup/python.mjs';

/** Wheels differ by the Python that they are for only in the bindings, which are left out: any will do. */
const forPython = { version: '312', implementation: 'cp', abi: 'cp312' };

const linuxTags = {
  'linux-x64': ['manylinux_2_28_x86_64', 'manylinux2014_x86_64'],
  'linux-arm64': [
    'manylinux_2_35_aarch64',
    'manylinux_2_31_aarch64',
    'manylinux_2_28_aarch64',
    'manylinux2014_aarch64',
  ],
};

/** Those for CUDA 12 run on older drivers too; for arm64 there are only those for CUDA 13. */
const leanPackages = { 'linux-x64': 'tensorrt-lean-cu12-libs', 'linux-arm64': 'tensorrt-lean-cu13-libs' };

// Licences lie in licenses/ in newer wheels, beside the metadata in older ones.
const licence = /^[^/]+\.dist-info\/(licenses\/.+|LICENSE(\.txt)?|[^/]+third-party-programs\.txt)$/i;

/**
 * `releases`: the newest first; the first that suits a machine is its default. `packages`: of the index, by platform.
 * `tags`: those that wheels of a platform have had. `kept`: what runs models. `main`: the library to open.
 */
const runtimes = {
  openvino: {
    product: 'Intel OpenVINO',
    backend: 'openvino',
    releases: ['2026.4.1', '2025.4.1', '2025.0.0', '2024.6.0'].map((version) => ({ version, packages: 'openvino' })),
    tags: {
      'linux-x64': linuxTags['linux-x64'],
      'linux-arm64': ['manylinux_2_35_aarch64', 'manylinux_2_31_aarch64', 'manylinux_2_28_aarch64'],
      'darwin-arm64': ['macosx_12_0_arm64', 'macosx_11_0_arm64'],
      'win32-x64': ['win_amd64'],
    },
    // Without link libraries, the Python package's other frontends, and a malloc that nothing loads by itself.
    kept: /^openvino\/libs\/(?!tbb\.pc$|.*\.lib$|.*_(pytorch|tensorflow|jax|gguf)_frontend\.|.*tbbmalloc_proxy)/,
    main: /openvino_c\b/,
  },
  'tensorrt-lean': {
    product: 'NVIDIA TensorRT lean runtime',
    backend: 'cuda',
    releases: ['11.4.0.106', '10.16.1.11', '10.15.1.29'].map((version) => ({ version, packages: leanPackages })),
    tags: linuxTags,
    kept: /\.so\.\d+$/,
    main: /^libnvinfer_lean\.so\.\d+$/,
  },
  cuda: {
    product: 'NVIDIA CUDA runtime',
    backend: 'cuda',
    releases: [
      { version: '13.5.37', packages: 'nvidia-cuda-runtime' },
      { version: '12.9.79', packages: 'nvidia-cuda-runtime-cu12' },
    ],
    tags: linuxTags,
    kept: /\.so\.\d+$/,
    main: /^libcudart\.so\.\d+$/,
  },
};

const LIST_WHEEL = `
import json, sys, zipfile
print(json.dumps([[m.filename, m.file_size] for m in zipfile.ZipFile(sys.argv[1]).infolist()]))
`;

/** The wheel of a release for a platform, or undefined when there is none. */
function download(name, version, tags) {
  const folder = join(setupFolder, 'wheels', name, version, tags[0]);
  mkdirSync(folder, { recursive: true });
  const result = spawnSync(
    python(),
    [
      ...['-m', 'pip', 'download', '--no-color', '--disable-pip-version-check', '--progress-bar', 'off'],
      ...['--no-deps', '--only-binary', ':all:', '--dest', folder],
      ...tags.flatMap((tag) => ['--platform', tag]),
      ...['--python-version', forPython.version],
      ...['--implementation', forPython.implementation, '--abi', forPython.abi],
      `${name}==${version}`,
    ],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] },
  );
  if (result.status !== 0) {
    if (/NewConnectionError|Max retries/.test(result.stderr) || !/No matching distribution/.test(result.stderr)) {
      throw new Error(result.stderr || String(result.error));
    }
    return undefined;
  }
  const wheels = readdirSync(folder).filter((name) => name.endsWith('.whl'));
  if (wheels.length !== 1) throw new Error(`${folder} should hold one wheel, not ${wheels.length}; empty it.`);
  return join(folder, wheels[0]);
}

function describe(wheel, packageName, { kept, main }) {
  const listing = ask(python(), ['-c', LIST_WHEEL, wheel], { maxBuffer: 1 << 24 });
  if (listing === undefined) throw new Error(`Python can't read ${wheel}.`);
  const members = JSON.parse(listing)
    .filter(([name]) => kept.test(name) || licence.test(name))
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const libraries = members.map(([name]) => name.split('/').at(-1)).filter((name) => main.test(name));
  if (libraries.length !== 1) throw new Error(`${wheel} should have one main library, not ${libraries.join(', ')}.`);

  const content = readFileSync(wheel);
  const file = wheel.split(/[\\/]/).at(-1);
  return {
    package: packageName,
    file,
    // One that has several names under them, like manylinux2014_x86_64.manylinux_2_17_x86_64, goes by the first.
    platform: file.slice(0, -'.whl'.length).split('-').at(-1).split('.')[0],
    size: content.length,
    sha256: createHash('sha256').update(content).digest('hex'),
    library: libraries[0],
    installedSize: members.reduce((sum, [, size]) => sum + size, 0),
    members: members.map(([name]) => name),
  };
}

const path = join(root, 'lib', 'runtimes', 'manifest.json');
const before = JSON.parse(readFileSync(path, 'utf8'));
const wanted = process.argv.slice(2);
const manifest = {};
for (const [name, runtime] of Object.entries(runtimes)) {
  if (wanted.length > 0 && !wanted.includes(name)) {
    manifest[name] = before[name];
    continue;
  }
  const { product, backend, releases, tags } = runtime;
  manifest[name] = { product, backend, releases: [] };
  for (const { version, packages } of releases) {
    const archives = {};
    for (const platform of Object.keys(tags)) {
      say(`${name} ${version} for ${platform}`);
      const packageName = typeof packages === 'string' ? packages : packages[platform];
      const wheel = download(packageName, version, tags[platform]);
      if (wheel === undefined) {
        console.log('There is no wheel.');
        continue;
      }
      archives[platform] = describe(wheel, packageName, runtime);
      const { file, size, installedSize } = archives[platform];
      console.log(`${file}: ${size} bytes, ${installedSize} bytes of them kept`);
    }
    manifest[name].releases.push({ version, client: 'pip', archives });
  }
}
manifest.tflite = wanted.length === 0 || wanted.includes('tflite') ? describeTflite() : before.tflite;
writeFileSync(path, JSON.stringify(manifest, null, 2));
run(bin('prettier'), ['--write', path]);
