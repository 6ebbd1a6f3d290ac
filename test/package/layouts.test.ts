/** The package as other package managers lay it out. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, describe, expect, it } from 'vitest';

import { emptyFolder } from '../../scripts/setup/package.mjs';
import { ask, root } from '../../scripts/setup/process.mjs';
import { accelnode, outputOf, runHere, runNode, tarball } from './installed.js';

/** Where the user's npm gets packages from, told to those that don't read its configuration. */
const setting = (name: string): string | undefined => {
  const value = ask('npm', ['config', 'get', name]);
  return value === undefined || /^(null|undefined)?$/.test(value) ? undefined : value;
};
const registry = {
  npm_config_registry: setting('registry'),
  npm_config_cafile: setting('cafile'),
  YARN_REGISTRY: setting('registry'),
};

const program = (name: string, file: string): string => join(root, 'node_modules', name, 'bin', file);

/** The arguments of each, which keeps what it downloads in `cache`. */
const managers = {
  pnpm: (cache: string) => [program('pnpm', 'pnpm.cjs'), 'add', '--ignore-scripts', `--store-dir=${cache}`, tarball],
  'pnpm, hoisted': (cache: string) => [
    program('pnpm', 'pnpm.cjs'),
    'add',
    '--ignore-scripts',
    '--node-linker=hoisted',
    `--store-dir=${cache}`,
    tarball,
  ],
  yarn: (cache: string) => [
    program('yarn', 'yarn.js'),
    'add',
    '--ignore-scripts',
    '--non-interactive',
    `--cache-folder=${cache}`,
    `file:${tarball}`,
  ],
};

describe.each(Object.entries(managers))('%s', (_name, args) => {
  const top = emptyFolder();
  const folder = join(top, 'project');
  mkdirSync(folder);
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'user', version: '1.0.0', private: true }));
  afterAll(() => rmSync(top, { recursive: true, force: true, maxRetries: 5 }));

  it('installs it', async () => {
    const { code, stdout, stderr } = await runNode(args(join(top, 'cache')), { folder, env: registry });
    expect(code, stdout + stderr).toBe(0);
  });

  it('runs programs on it', async () => {
    expect(await outputOf(runHere('run.mjs', { folder }))).toMatchObject({ values: [1, 2, 3], sameClasses: true });
    expect(await outputOf(runHere('run.cjs', { folder }))).toMatchObject({ values: [4, 5] });
    const { code, stdout } = await accelnode(['--version'], { folder });
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) as string });
  });
});
