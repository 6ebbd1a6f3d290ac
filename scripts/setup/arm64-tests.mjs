// The tests on linux-arm64, which run under QEMU.
import { join } from 'node:path';

import { prepareArm64 } from './arm64.mjs';
import { root } from './process.mjs';
import { runVitest } from './vitest.mjs';

/**
 * @param {string[]} [args] for vitest
 * @returns {Promise<import('./vitest.mjs').Results>} when what they need can't be had: one that was skipped, with the
 *   reason as a note
 */
export async function testArm64(args = []) {
  const { reason } = await prepareArm64();
  if (reason !== undefined) {
    return { passed: 0, failed: 0, skipped: 1, files: [], notes: [`SKIPPED  the suites on linux-arm64: ${reason}`] };
  }
  return runVitest(['--config', join(root, 'test', 'arm64', 'vitest.config.mts'), ...args]);
}
