// Stand-ins for vendor libraries, for the tests in test/fakes: built with CMake into .setup/fakes.
import { join } from 'node:path';

import { root, run, say, setupFolder } from './process.mjs';

/** Where they are built. */
export const fakesFolder = join(setupFolder, 'fakes');

/**
 * Builds them; only what has changed is compiled. They stand for the libraries of Linux, where all of
 * their tests run.
 */
export function buildFakes() {
  if (process.platform !== 'linux') return;
  say('Building the stand-ins for vendor libraries');
  run('cmake', ['-S', join(root, 'test', 'fakes'), '-B', fakesFolder, '--log-level=WARNING']);
  run('cmake', ['--build', fakesFolder, '--parallel', '2']);
}
