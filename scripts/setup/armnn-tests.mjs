// The tests on Arm NN, which need a Node of their own.
import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { unpackArmnn } from './armnn.mjs';
import { root } from './process.mjs';
import { tfliteLibraries } from './tflite.mjs';
import { runVitest } from './vitest.mjs';

/**
 * @param {string[]} [args] for vitest
 * @returns {import('./vitest.mjs').Results} when Arm NN can't be had: one that was skipped, with the reason as a note
 */
export function testArmnn(args = []) {
  const { reason, node, delegate, dynamicBackends } = unpackArmnn('x64');
  if (reason !== undefined) return skipped(reason);
  const tflite = tfliteLibraries.current;
  if (!existsSync(tflite)) return skipped(`TFLite was not fetched: ${tflite} is missing`);
  const config = join(root, 'test', 'armnn', 'vitest.config.mts');
  const environment = {
    ACCELNODE_ARMNN_LIBRARY: tflite,
    ACCELNODE_ARMNN_DELEGATE: delegate,
    ACCELNODE_ARMNN_BACKENDS: dynamicBackends,
  };
  return runVitest(['--config', config, ...args], environment, node);
}

function skipped(reason) {
  return { passed: 0, failed: 0, skipped: 1, files: [], notes: [`SKIPPED  the suites on Arm NN: ${reason}`] };
}
