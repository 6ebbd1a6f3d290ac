/**
 * Backends whose vendor has no runtime for the platform, as users of other platforms meet them. The process only looks as if
 * it ran there; tests on the platforms themselves are in CI.
 */
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, it } from 'vitest';

import { emptyFolder, prebuildFile } from '../../scripts/setup/package.mjs';
import { accelnode, copyProject, outputOf, runNode } from './installed.js';

const folder = emptyFolder();
const mac = { platform: 'darwin', arch: 'arm64' };

beforeAll(() => {
  const copy = copyProject(folder);
  const there = join('prebuilds', 'darwin-arm64', 'accelnode.node');
  if (prebuildFile !== there) cpSync(join(copy, prebuildFile), join(copy, there));
});
afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));

interface Refusal {
  code: string;
  message: string;
  hint: string;
  libraries: { name: string; origin: string }[];
}

/** How the load of a model on the NPU is refused. */
function refusalOf(env: NodeJS.ProcessEnv = {}): Promise<Refusal> {
  const script = `
    import { Session } from 'accelnode';
    const model = Buffer.concat([Buffer.from('RKNN'), Buffer.alloc(5000)]);
    await Session.load({ rknn: model }, { device: 'rknn:0' }).catch(({ code, message, hint, libraries }) => {
      console.log(JSON.stringify({ code, message, hint, libraries }));
    });`;
  return outputOf(runNode(['--input-type=module', '--eval', script], { folder, pretend: mac, env }));
}

it('a load is refused with where there is a runtime, and no library is tried', async () => {
  expect(await refusalOf()).toEqual({
    code: 'UNSUPPORTED',
    message: "There is no Rockchip RKNN for darwin-arm64. Rockchip's librknnrt exists for Linux with glibc on arm64.",
    hint: expect.stringContaining('ACCELNODE_RKNN_LIBRARY') as string,
    libraries: [],
  });
});

it('a library that the user names is tried all the same', async () => {
  const library = join(folder, 'librknnrt.so');
  expect(await refusalOf({ ACCELNODE_RKNN_LIBRARY: library })).toMatchObject({
    code: 'RUNTIME_NOT_FOUND',
    libraries: [{ name: library, origin: 'ACCELNODE_RKNN_LIBRARY' }],
  });
});

it('doctor shows them as absent, with the same words, and looks for the others', async () => {
  const { stdout } = await accelnode(['doctor', '--json'], { folder, pretend: mac });
  const { platform, backends } = JSON.parse(stdout) as {
    platform: string;
    backends: { name: string; status: string; reason: string; libraries: unknown[] }[];
  };
  expect(platform).toBe('darwin-arm64');
  for (const { name, status, reason, libraries } of backends) {
    expect({ name, status }).toEqual({ name, status: 'ABSENT' });
    const without = ['cuda', 'rknn', 'rocm'].includes(name);
    expect(reason.startsWith('There is no '), name).toBe(without);
    expect(libraries.length === 0, name).toBe(without);
  }
  const plain = await accelnode(['doctor'], { folder, pretend: mac });
  expect(plain.stdout).toMatch(/^ABSENT {2}rknn .*\n {8}reason {3}There is no Rockchip RKNN for darwin-arm64\. /m);
});
