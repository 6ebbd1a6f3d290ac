// Regenerates lib/runtimes/manifest.json, the wheels that `accelnode runtime install` may fetch, with their
// hashes and what is kept of each. Run it after changing `releases`, read the difference, and commit it.
//
//   node scripts/update-runtimes.mjs
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';

import { ask, bin, root, run, say, setupFolder } from './setup/process.mjs';
import { python } from './setup/python.mjs';

/** The newest first; the first that suits a machine is its default. */
const releases = ['2026.4.1', '2025.4.1', '2025.0.0', '2024.6.0'];

/** Wheels differ by the Python that they are for only in the bindings, which are left out: any will do. */
const forPython = { version: '312', implementation: 'cp', abi: 'cp312' };

/** The tags that wheels of a platform have had. */
const platforms = {
  'linux-x64': ['manylinux_2_28_x86_64', 'manylinux2014_x86_64'],
  'linux-arm64': ['manylinux_2_35_aarch64', 'manylinux_2_31_aarch64', 'manylinux_2_28_aarch64'],
  'darwin-arm64': ['macosx_12_0_arm64', 'macosx_11_0_arm64'],
  'win32-x64': ['win_amd64'],
};

// What a wheel's libs/ has besides what runs models: link libraries, the Python package's other frontends,
// and a malloc that nothing loads by itself.
const dropped = /(^tbb\.pc$|\.lib$|_(pytorch|tensorflow|jax|gguf)_frontend\.|tbbmalloc_proxy)/;

// Licences lie in licenses/ since 2025.4, beside the metadata before.
const licence = /^[^/]+\.dist-info\/(licenses\/.+|LICENSE|[^/]+third-party-programs\.txt)$/;

const LIST_WHEEL = `
import json, sys, zipfile
print(json.dumps([[m.filename, m.file_size] for m in zipfile.ZipFile(sys.argv[1]).infolist()]))
`;

/** The wheel of a release for a platform, or undefined when there is none. */
function download(version, platform) {
  const folder = join(setupFolder, 'wheels', version, platform);
  mkdirSync(folder, { recursive: true });
  const result = spawnSync(
    python(),
    [
      ...['-m', 'pip', 'download', '--no-color', '--disable-pip-version-check', '--progress-bar', 'off'],
      ...['--no-deps', '--only-binary', ':all:', '--dest', folder],
      ...platforms[platform].flatMap((tag) => ['--platform', tag]),
      ...['--python-version', forPython.version],
      ...['--implementation', forPython.implementation, '--abi', forPython.abi],
      `openvino==${version}`,
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

function describe(wheel) {
  const listing = ask(python(), ['-c', LIST_WHEEL, wheel], { maxBuffer: 1 << 24 });
  if (listing === undefined) throw new Error(`Python can't read ${wheel}.`);
  const kept = JSON.parse(listing)
    .filter(([name]) =>
      name.startsWith('openvino/libs/') ? !dropped.test(name.slice('openvino/libs/'.length)) : licence.test(name),
    )
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const libraries = kept.map(([name]) => name.split('/').at(-1)).filter((name) => /openvino_c\b/.test(name));
  if (libraries.length !== 1) throw new Error(`${wheel} should have one C library, not ${libraries.join(', ')}.`);

  const content = readFileSync(wheel);
  const file = wheel.split(/[\\/]/).at(-1);
  return {
    file,
    platform: file.slice(0, -'.whl'.length).split('-').at(-1),
    size: content.length,
    sha256: createHash('sha256').update(content).digest('hex'),
    library: libraries[0],
    installedSize: kept.reduce((sum, [, size]) => sum + size, 0),
    members: kept.map(([name]) => name),
  };
}

const manifest = { openvino: { product: 'Intel OpenVINO', python: forPython, releases: [] } };
for (const version of releases) {
  const wheels = {};
  for (const platform of Object.keys(platforms)) {
    say(`openvino ${version} for ${platform}`);
    const wheel = download(version, platform);
    if (wheel === undefined) {
      console.log('There is no wheel.');
      continue;
    }
    wheels[platform] = describe(wheel);
    const { file, size, installedSize } = wheels[platform];
    console.log(`${file}: ${size} bytes, ${installedSize} bytes of them kept`);
  }
  manifest.openvino.releases.push({ version, wheels });
}
const path = join(root, 'lib', 'runtimes', 'manifest.json');
writeFileSync(path, JSON.stringify(manifest, null, 2));
run(bin('prettier'), ['--write', path]);
