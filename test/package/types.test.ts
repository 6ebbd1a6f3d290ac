/** What compiles against the installed package, and what must not: test/types/user.mts, and a module in CommonJS. */
import { cpSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

import { expect, it } from 'vitest';

import { project, runNode } from './installed.js';

const require = createRequire(import.meta.url);
const tests = join(import.meta.dirname, '..');

/** The declarations of the package are checked too: no skipLibCheck. */
const options = {
  target: 'es2022',
  lib: ['es2023', 'esnext.disposable'],
  types: ['node'],
  typeRoots: [dirname(dirname(require.resolve('@types/node/package.json')))],
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  resolveJsonModule: true,
  noEmit: true,
};

it.each([
  ['node16', 'node16', ['user.mts', 'commonjs.cts']],
  ['nodenext', 'nodenext', ['user.mts', 'commonjs.cts']],
  ['preserve', 'bundler', ['user.mts', 'commonjs.cts']],
  ['esnext', 'bundler', ['user.mts']],
])('module %s, resolved as %s', async (module, moduleResolution, files) => {
  for (const file of files) {
    cpSync(join(tests, file === 'user.mts' ? 'types' : join('package', 'types'), file), join(project, file));
  }
  const config = join(project, `tsconfig.${module}.json`);
  writeFileSync(config, JSON.stringify({ compilerOptions: { ...options, module, moduleResolution }, files }));
  const { code, stdout } = await runNode([require.resolve('typescript/lib/tsc.js'), '--project', config]);
  expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
});
