/** Files that a command line names. */
import { accessSync, constants, existsSync, realpathSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

import { AccelError } from '../errors.js';
import { reasonOf } from '../runtimes/failures.js';

/** How a file is named, "the model" or "--output", and its path, where there is one. */
export type NamedFile = readonly [name: string, path: string | undefined];

/**
 * What is written must not take the place of what is read, nor of another file that is written.
 * @throws `INVALID_ARGUMENT`
 */
export function refuseSameFiles(read: readonly NamedFile[], written: readonly NamedFile[]): void {
  const known = new Map<string, string>();
  for (const [name, path] of read) if (path !== undefined) known.set(pathOf(path), name);
  for (const [name, path] of written) {
    if (path === undefined) continue;
    const other = known.get(pathOf(path));
    if (other !== undefined) throw new AccelError('INVALID_ARGUMENT', `${name} is the same file as ${other}: ${path}.`);
    known.set(pathOf(path), name);
  }
}

function pathOf(file: string): string {
  return existsSync(file) ? realpathSync(file) : resolve(file);
}

/**
 * Can a file be written, or be replaced by another? What is found out before minutes of work is cheap.
 * @param option that names it
 * @throws `INVALID_ARGUMENT`
 */
export function requireWritable([option, path]: NamedFile): void {
  if (path === undefined) return;
  const hint = 'What is written takes the place of the file, which needs the right to write to its folder.';
  const refuse = (reason: string, cause?: unknown): AccelError =>
    new AccelError('INVALID_ARGUMENT', `${option}, ${path}, can't be used: ${reason}.`, { hint, cause });
  try {
    const info = statSync(path, { throwIfNoEntry: false });
    if (info?.isFile() === false) throw refuse(info.isDirectory() ? 'it is a folder' : 'it is no file');
    if (info !== undefined) accessSync(path, constants.W_OK);
    accessSync(dirname(pathOf(path)), constants.W_OK);
  } catch (cause) {
    throw cause instanceof AccelError ? cause : refuse(reasonOf(cause), cause);
  }
}
