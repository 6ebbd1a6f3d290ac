// The tests on MIGraphX's reference target, which need a Node of their own.
import { join } from 'node:path';

import { unpackMigraphx } from './migraphx.mjs';
import { root } from './process.mjs';
import { runVitest } from './vitest.mjs';

/**
 * @param {string[]} [args] for vitest
 * @returns {import('./vitest.mjs').Results} when MIGraphX can't be had: one that was skipped, with the reason as a note
 */
export function testRocm(args = []) {
  const { reason, node, library } = unpackMigraphx();
  if (reason !== undefined) {
    return { passed: 0, failed: 0, skipped: 1, files: [], notes: [`SKIPPED  the suites on MIGraphX: ${reason}`] };
  }
  const config = join(root, 'test', 'rocm', 'vitest.config.mts');
  return runVitest(['--config', config, ...args], { ACCELNODE_ROCM_LIBRARY: library }, node);
}
