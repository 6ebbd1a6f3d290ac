/** Files that a caller names for builds to keep something in. */
import { accessSync, closeSync, constants, openSync, readSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

import { AccelError } from './errors.js';
import { reasonOf } from './runtimes/failures.js';

/**
 * Whether a file can be read, or written where it is not there yet, before minutes are spent on what goes into it.
 * @param option that names it, e.g. `cuda.timingCache`
 * @param hint what it is
 * @returns its size; undefined when it is not there
 * @throws `INVALID_ARGUMENT`
 */
export function checkKeptFile(option: string, path: string, hint: string): number | undefined {
  const refuse = (reason: string, cause?: unknown): AccelError =>
    new AccelError('INVALID_ARGUMENT', `${option}, ${path}, can't be used: ${reason}.`, { hint, cause });
  try {
    const info = statSync(path, { throwIfNoEntry: false });
    if (info === undefined) accessSync(dirname(path), constants.W_OK);
    else if (info.isFile()) accessSync(path, constants.R_OK);
    else throw refuse(info.isDirectory() ? 'it is a folder' : 'it is no file');
    return info?.size;
  } catch (cause) {
    throw cause instanceof AccelError ? cause : refuse(reasonOf(cause), cause);
  }
}

/** Does a file begin with this ASCII text? @throws what the system said about the file */
export function beginsWith(path: string, text: string): boolean {
  const file = openSync(path, 'r');
  try {
    const bytes = Buffer.alloc(text.length);
    return readSync(file, bytes, 0, bytes.length, 0) === bytes.length && bytes.toString('latin1') === text;
  } finally {
    closeSync(file);
  }
}
