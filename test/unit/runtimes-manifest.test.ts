import { expect, it } from 'vitest';

import manifest from '../../lib/runtimes/manifest.json' with { type: 'json' };
import { findRelease } from '../../dist/runtimes/manifest.js';
import type { Wheel } from '../../dist/runtimes/manifest.js';

const debian = { name: 'linux-x64', glibc: '2.36' };

const wheels = manifest.openvino.releases.flatMap(({ version, wheels: each }) =>
  Object.entries(each).map(([platform, wheel]): [string, string, Wheel] => [version, platform, wheel]),
);

it('has every release for every platform', () => {
  expect(wheels.map(([version, platform]) => `${version} ${platform}`)).toEqual(
    ['2026.4.1', '2025.4.1', '2025.0.0', '2024.6.0'].flatMap((version) =>
      ['linux-x64', 'linux-arm64', 'darwin-arm64', 'win32-x64'].map((platform) => `${version} ${platform}`),
    ),
  );
});

it.each(wheels)('keeps what runs models of %s for %s, and nothing else', (version, platform, wheel) => {
  expect(wheel.sha256).toMatch(/^[0-9a-f]{64}$/);
  expect(wheel.file).toContain(`openvino-${version}-`);
  expect(wheel.file.endsWith(`-${wheel.platform}.whl`)).toBe(true);
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
  expect(wheel.members.filter((member) => /\.(py|h|hpp|lib|pc|cmake)$/.test(member))).toEqual([]);
  expect(wheel.members.some((member) => member.endsWith(`/${wheel.library}`))).toBe(true);
  expect(wheel.installedSize).toBeGreaterThan(wheel.size);
});

it('chooses the newest release that suits the machine', () => {
  expect(findRelease('openvino', undefined, debian)).toMatchObject({
    version: '2026.4.1',
    wheel: { platform: 'manylinux_2_28_x86_64' },
  });
  // Wheels for arm64 have needed glibc 2.35 since 2025.1.
  expect(findRelease('openvino', undefined, { name: 'linux-arm64', glibc: '2.31' }).version).toBe('2025.0.0');
  expect(findRelease('openvino', '2024.6.0', { name: 'win32-x64' }).wheel.library).toBe('openvino_c.dll');
});

it.each([
  ['a libc other than glibc', undefined, { name: 'linux-x64' }, 'without glibc', 'ACCELNODE_OPENVINO_LIBRARY'],
  ['an unknown platform', undefined, { name: 'freebsd-x64' }, 'for freebsd-x64', 'ACCELNODE_OPENVINO_LIBRARY'],
  ['an old glibc', '2026.4.1', { name: 'linux-arm64', glibc: '2.31' }, 'needs glibc 2.35', '2025.0.0, 2024.6.0'],
  ['a glibc that is too old for all', undefined, { name: 'linux-arm64', glibc: '2.28' }, 'glibc 2.35', 'own means'],
])('refuses %s', (_, version, platform, message, hint) => {
  expect(() => findRelease('openvino', version, platform)).toThrow(
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
