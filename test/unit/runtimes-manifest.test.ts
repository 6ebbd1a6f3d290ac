import { expect, it } from 'vitest';

import manifest from '../../lib/runtimes/manifest.json' with { type: 'json' };
import { compareVersions } from '../../build-ts/runtimes/folder.js';
import { findRelease, installableNames, variableOf } from '../../build-ts/runtimes/manifest.js';
import type { Archive } from '../../build-ts/runtimes/manifest.js';

const debian = { name: 'linux-x64', glibc: '2.36' };

type Row = [runtime: keyof typeof manifest, version: string, platform: string, wheel: Archive];

const wheels = (Object.keys(manifest) as (keyof typeof manifest)[]).flatMap((name) =>
  manifest[name].releases.flatMap(({ version, archives: each }) =>
    Object.entries(each).map(([platform, wheel]): Row => [name, version, platform, wheel]),
  ),
);
const wheelsOf = (...names: string[]): Row[] => wheels.filter(([name]) => names.includes(name));

const linux = ['linux-x64', 'linux-arm64'];

it.each([
  [
    'openvino',
    ['2026.4.1', '2025.4.1', '2025.0.0', '2024.6.0'],
    ['linux-x64', 'linux-arm64', 'darwin-arm64', 'win32-x64'],
  ],
  ['tensorrt-lean', ['11.4.0.106', '10.16.1.11', '10.15.1.29'], linux],
  ['cuda', ['13.5.37', '12.9.79'], linux],
  ['tflite', ['2.21.0', '2.18.0', '2.9.0'], linux],
])('has every release of %s for every platform', (name, versions, platforms) => {
  expect(wheelsOf(name).map(([, version, platform]) => `${version} ${platform}`)).toEqual(
    versions.flatMap((version) => platforms.map((platform) => `${version} ${platform}`)),
  );
});

it('has no other runtimes', () => {
  expect(installableNames).toEqual(['openvino', 'tensorrt-lean', 'cuda', 'tflite']);
  expect(installableNames.map(variableOf)).toEqual([
    'ACCELNODE_OPENVINO_LIBRARY',
    'ACCELNODE_CUDA_LIBRARY',
    'ACCELNODE_CUDA_LIBRARY',
    'ACCELNODE_ARMNN_LIBRARY',
  ]);
});

it.each(wheelsOf('openvino', 'tensorrt-lean', 'cuda'))(
  'pins the wheel of %s %s for %s',
  (_name, version, _platform, wheel) => {
    expect(wheel.sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(wheel.file).toMatch(new RegExp(`^${wheel.package.replaceAll('-', '_')}-${version}-`));
    const tags = wheel.file.slice(0, -'.whl'.length).split('-').at(-1)!.split('.');
    expect(tags).toContain(wheel.platform);
    expect(wheel.members.some((member) => member.endsWith(`/${wheel.library}`))).toBe(true);
    expect(wheel.members.some((member) => /\.dist-info\/(licenses\/)?LICENSE(\.txt)?$/i.test(member))).toBe(true);
    expect(wheel.members.filter((member) => /\.(py|h|hpp|lib|a|pc|cmake)$/.test(member))).toEqual([]);
  },
);

it.each(wheelsOf('openvino'))(
  'keeps what runs models of %s %s for %s, and nothing else',
  (_name, _version, platform, wheel) => {
    const names = wheel.members.map((member) => member.split('/').at(-1)!.replace(/^lib/, '').split('.')[0]);
    expect(names).toEqual(
      expect.arrayContaining([
        ...['openvino', 'openvino_c', 'openvino_auto_plugin', 'openvino_hetero_plugin', 'openvino_auto_batch_plugin'],
        ...['onnx', 'ir', 'paddle', 'tensorflow_lite'].map((format) => `openvino_${format}_frontend`),
        ...(platform.endsWith('arm64')
          ? ['openvino_arm_cpu_plugin']
          : ['cpu', 'gpu', 'npu'].map((device) => `openvino_intel_${device}_plugin`)),
        'LICENSE',
        'runtime-third-party-programs',
      ]),
    );
    expect(names.filter((name) => /pytorch|tensorflow_frontend|jax|gguf|proxy|pyopenvino/.test(name!))).toEqual([]);
    expect(wheel.installedSize).toBeGreaterThan(wheel.size);
  },
);

it.each(wheelsOf('tensorrt-lean', 'cuda'))('keeps the libraries of %s %s for %s', (name, version, platform, wheel) => {
  const major = version.split('.')[0]!;
  const libraries = wheel.members.filter((member) => member.includes('.so')).map((member) => member.split('/').at(-1));
  expect(libraries).toEqual(
    name === 'cuda' ? [`libcudart.so.${major}`] : [`libnvinfer_lean.so.${major}`, `libnvinfer_vc_plugin.so.${major}`],
  );
  expect(wheel.library).toBe(libraries[0]);
  expect(wheel.platform).toMatch(platform === 'linux-x64' ? /x86_64$/ : /aarch64$/);
});

it.each(wheelsOf('tflite'))('pins the archive of %s %s for %s', (_name, _version, platform, archive) => {
  expect(archive.sha256).toMatch(/^[0-9a-f]{64}$/);
  expect(archive.file).toContain(archive.packageVersion);
  expect(archive.platform).toMatch(platform === 'linux-x64' ? /x86_64$/ : /aarch64$/);
  const names = archive.members.map((member) => member.split('/').at(-1)!);
  // The library, and what the package says of itself: its licence stands in there, or with its maker.
  expect(names).toContain(archive.library);
  expect(names.filter((name) => /^(package\.json|pom\.xml)$/.test(name))).toHaveLength(1);
  expect(names).toHaveLength(2);
});

it('chooses TFLite by the glibc that it needs', () => {
  expect(findRelease('tflite', undefined, debian)).toMatchObject({ version: '2.21.0', client: 'maven' });
  expect(findRelease('tflite', undefined, { name: 'linux-x64', glibc: '2.31' }).version).toBe('2.18.0');
  expect(findRelease('tflite', undefined, { name: 'linux-arm64', glibc: '2.28' })).toMatchObject({
    version: '2.9.0',
    client: 'npm',
  });
});

it('chooses the newest release that suits the machine', () => {
  expect(findRelease('openvino', undefined, debian)).toMatchObject({
    version: '2026.4.1',
    archive: { platform: 'manylinux_2_28_x86_64' },
  });
  // Wheels for arm64 have needed glibc 2.35 since 2025.1.
  expect(findRelease('openvino', undefined, { name: 'linux-arm64', glibc: '2.31' }).version).toBe('2025.0.0');
  expect(findRelease('openvino', '2024.6.0', { name: 'win32-x64' }).archive.library).toBe('openvino_c.dll');
  expect(findRelease('tensorrt-lean', undefined, debian).archive.library).toBe('libnvinfer_lean.so.11');
  expect(findRelease('cuda', undefined, { name: 'linux-arm64', glibc: '2.17' }).archive.library).toBe(
    'libcudart.so.13',
  );
});

it('orders versions by their numbers, however many they have', () => {
  expect(['10.9.0.34', '11.4.0.106', '10.15.1.29', '10.15.1.3'].sort(compareVersions)).toEqual([
    '11.4.0.106',
    '10.15.1.29',
    '10.15.1.3',
    '10.9.0.34',
  ]);
  expect(['2024.6.0', '2026.4.1', '2025.0.0'].sort(compareVersions)).toEqual(['2026.4.1', '2025.0.0', '2024.6.0']);
});

it.each([
  [
    'a libc other than glibc',
    'openvino',
    undefined,
    { name: 'linux-x64' },
    'without glibc',
    'ACCELNODE_OPENVINO_LIBRARY',
  ],
  [
    'an unknown platform',
    'openvino',
    undefined,
    { name: 'freebsd-x64' },
    'for freebsd-x64',
    'ACCELNODE_OPENVINO_LIBRARY',
  ],
  [
    'an old glibc',
    'openvino',
    '2026.4.1',
    { name: 'linux-arm64', glibc: '2.31' },
    'needs glibc 2.35',
    '2025.0.0, 2024.6.0',
  ],
  [
    'a glibc that is too old for all',
    'openvino',
    undefined,
    { name: 'linux-arm64', glibc: '2.28' },
    'glibc 2.35',
    'own means',
  ],
  [
    'Windows for TensorRT',
    'tensorrt-lean',
    undefined,
    { name: 'win32-x64' },
    'for win32-x64',
    'ACCELNODE_CUDA_LIBRARY to its libnvinfer',
  ],
])('refuses %s', (_, name, version, platform, message, hint) => {
  expect(() => findRelease(name, version, platform)).toThrow(
    expect.objectContaining({
      code: 'UNSUPPORTED',
      message: expect.stringContaining(message) as string,
      hint: expect.stringContaining(hint) as string,
    }) as Error,
  );
});

it.each([
  ['tensorrt', undefined],
  ['toString', undefined],
  ['', undefined],
  ['openvino', '2024.6'],
  ['openvino', ''],
  ['openvino', '../2024.6.0'],
])('has no %j %j', (name, version) => {
  expect(() => findRelease(name, version, debian)).toThrow(
    expect.objectContaining({ code: 'INVALID_ARGUMENT' }) as Error,
  );
});

it('says how else to get the whole of TensorRT', () => {
  expect(() => findRelease('tensorrt', undefined, debian)).toThrow(
    expect.objectContaining({
      hint: expect.stringMatching(
        /apt-get install libnvinfer10 .*pip install.*ACCELNODE_CUDA_LIBRARY.*tensorrt-lean/,
      ) as string,
    }) as Error,
  );
});
