// The tests on the package as it is installed.
import { join } from 'node:path';

import { fetchNodes } from './package.mjs';
import { root } from './process.mjs';
import { runVitest } from './vitest.mjs';

/**
 * @param {string[]} [args] for vitest
 * @returns {Promise<import('./vitest.mjs').Results>}
 */
export async function testPackage(args = []) {
  try {
    await fetchNodes();
  } catch (error) {
    console.error(`\nThe package is not tried on other releases of Node: ${error.message}`);
  }
  return runVitest(['--config', join(root, 'test', 'package', 'vitest.config.mts'), ...args]);
}
