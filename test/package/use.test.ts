/** What users do with the package after `npm install`, without a compiler, Python or CMake. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { npm } from '../../scripts/setup/package.mjs';
import { accelnode, env, outputOf, packageFolder, project, runHere, runNode } from './installed.js';

const { version } = JSON.parse(readFileSync(join(packageFolder, 'package.json'), 'utf8')) as { version: string };

it.each(['cc', 'gcc', 'c++', 'clang', 'make', 'ninja', 'cmake', 'python3', 'python', 'pip', 'git'])(
  'was installed without %s',
  (program) => {
    expect(spawnSync(program, ['--version'], { env }).error).toMatchObject({ code: 'ENOENT' });
  },
);

it('was installed without anything having been built', () => {
  const { scripts = {} } = JSON.parse(readFileSync(join(packageFolder, 'package.json'), 'utf8')) as {
    scripts?: Record<string, string>;
  };
  expect(Object.keys(scripts).filter((name) => /^(pre|post)?(install|prepare)$/.test(name))).toEqual([]);
  const lock = readFileSync(join(project, 'package-lock.json'), 'utf8');
  // npm's note that a package wants to run something when it is installed.
  expect(lock).not.toContain('hasInstallScript');
});

describe('a program', () => {
  it('in ES modules', async () => {
    expect(await outputOf(runHere('run.mjs'))).toEqual({
      values: [1, 2, 3],
      device: 'null:0',
      memory: 'pinned',
      bytesCopied: 0,
      refused: 'MODEL_INVALID',
      sameClasses: true,
    });
  });

  it('in CommonJS', async () => {
    expect(await outputOf(runHere('run.cjs'))).toEqual({ values: [4, 5], version });
  });

  it('with worker threads that end in different ways', async () => {
    expect(await outputOf(runHere('workers.mjs'))).toEqual({ sums: [20, 40, 40, 40, 40], exits: [0, 0, 3, 1] });
  });

  it('in a host that forbids external buffers, as Electron does', async () => {
    const { memory, bytesCopied } = await outputOf<{ memory: string; bytesCopied: number }>(
      runHere('run.mjs', { env: { ACCELNODE_NO_EXTERNAL_BUFFERS: '1' } }),
    );
    expect({ memory, bytesCopied }).toEqual({ memory: 'host', bytesCopied: 12 });
  });
});

describe('the command', () => {
  const bin = join(project, 'node_modules', '.bin', process.platform === 'win32' ? 'accelnode.cmd' : 'accelnode');

  it('is a program', () => {
    const { status, stdout } = spawnSync(bin, ['--version'], {
      env,
      encoding: 'utf8',
      shell: process.platform === 'win32',
    });
    expect({ status, stdout }).toEqual({ status: 0, stdout: `${version}\n` });
  });

  it('is what npx runs', async () => {
    const { stdout, code } = await runNode(npm('npx', ['--no', 'accelnode', 'doctor']));
    expect(code).toBe(1);
    expect(stdout).toMatch(new RegExp(`^accelnode ${version.replaceAll('.', '\\.')}, Node `));
  });

  it('says which backend is missing what', async () => {
    const { stdout, stderr } = await accelnode(['doctor', '--json']);
    expect(stderr).toBe('');
    const { addon, backends } = JSON.parse(stdout) as { addon: object; backends: { name: string; status: string }[] };
    expect(addon).toEqual({ status: 'PASS' });
    expect(backends.map(({ name }) => name)).toEqual(['cuda', 'rknn', 'rocm', 'openvino', 'armnn']);
  });
});
