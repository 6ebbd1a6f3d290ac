/** The package in each release of Node that is kept up, on linux-x64, where npm has them all; elsewhere CI takes turns. */
import { existsSync } from 'node:fs';

import { describe, expect, it } from 'vitest';

import { nodeReleases } from '../../scripts/setup/package.mjs';
import { accelnode, outputOf, runHere } from './installed.js';

describe.each(nodeReleases)('Node $version', ({ version, program: node }) => {
  const missing = existsSync(node) ? '' : ' (skipped: the set-up has it on linux-x64 only, if it could fetch it)';

  it.skipIf(missing !== '')(`runs programs on it${missing}`, async () => {
    expect(await outputOf(runHere('run.mjs', { node }))).toMatchObject({
      values: [1, 2, 3],
      memory: 'pinned',
      bytesCopied: 0,
    });
    expect(await outputOf(runHere('run.cjs', { node }))).toMatchObject({ values: [4, 5] });
  });

  it.skipIf(missing !== '')(`runs it in worker threads${missing}`, async () => {
    expect(await outputOf(runHere('workers.mjs', { node }))).toEqual({
      sums: [20, 40, 40, 40, 40],
      exits: [0, 0, 3, 1],
    });
  });

  it.skipIf(missing !== '')(`runs its command${missing}`, async () => {
    const { code, stdout, stderr } = await accelnode(['doctor', '--json'], { node });
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' }); // no runtime is installed
    expect(JSON.parse(stdout)).toMatchObject({ node: version, addon: { status: 'PASS' } });
  });
});
