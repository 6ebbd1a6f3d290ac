/** The package in programs that a bundler makes: left out of the bundle it works, in the bundle it says what to do. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { build } from 'esbuild';
import type { BuildOptions } from 'esbuild';
import { beforeAll, describe, expect, it } from 'vitest';

import { outputOf, project, runNode } from './installed.js';

const out = join(project, 'out');
const entry = join(project, 'entry.mjs');

beforeAll(() => {
  mkdirSync(out, { recursive: true });
  writeFileSync(
    entry,
    `import { Session, Tensor } from 'accelnode';
    const model = { null: { model: 'echo', inputs: [{ name: 'x', type: 'float32', shape: [1] }] } };
    Session.load(model, { device: 'null:0' }).then(
      async (session) => {
        const { x } = await session.run({ x: new Tensor('float32', Float32Array.of(7), [1]) });
        await session.close();
        console.log(JSON.stringify({ values: [...x.data] }));
      },
      ({ name, code, message, hint }) => console.log(JSON.stringify({ name, code, message, hint })),
    );`,
  );
});

async function bundle(name: string, options: BuildOptions): Promise<string> {
  const outfile = join(out, name);
  const { warnings } = await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: 'node',
    logLevel: 'silent',
    absWorkingDir: project,
    ...options,
  });
  expect(warnings).toEqual([]);
  return outfile;
}

describe.each([
  ['cjs', 'bundle.cjs'],
  ['esm', 'bundle.mjs'],
] as const)('esbuild, %s', (format, name) => {
  it('with --external:accelnode', async () => {
    const file = await bundle(name, { format, external: ['accelnode'] });
    expect(await outputOf(runNode([file]))).toEqual({ values: [7] });
  });

  it('without it', async () => {
    // Bundled CommonJS modules want a `require` in ES modules too, and esbuild leaves it to the user to make one.
    const js = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";
    const file = await bundle(`whole-${name}`, { format, ...(format === 'esm' ? { banner: { js } } : {}) });
    const error = await outputOf<Record<string, string>>(runNode([file]));
    expect(error).toMatchObject({ name: 'AccelError', code: 'UNSUPPORTED' });
    expect(error.message).toContain('part of a bundle');
    expect(error.hint).toContain('--external:accelnode');
  });
});

it('a bundle of ES modules without `require` fails in words of esbuild', async () => {
  const file = await bundle('plain.mjs', { format: 'esm' });
  const { code, stderr } = await runNode([file]);
  expect(code).toBe(1);
  expect(stderr).toMatch(/Dynamic require of "[^"]+" is not supported/);
});
