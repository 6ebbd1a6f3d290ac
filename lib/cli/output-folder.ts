/** Where `accelnode run` and `compile` put what they make. */
import { accessSync, constants, mkdtempSync, renameSync, rmSync, rmdirSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

import { AccelError } from '../index.js';
import type { Outputs } from '../index.js';
import { makeFolder } from '../make-folder.js';
import { reasonOf } from '../runtimes/failures.js';
import { writeNpy } from './npy.js';

/** A file system takes names of 255 bytes. */
const LONGEST_NAME = 200;

/**
 * A folder that outputs get into, all of them or none. It is made at once, so that a folder that can't be written
 * to is known before a model is loaded; if it stays empty, it goes away again.
 */
export class OutputFolder implements Disposable {
  readonly #path: string;
  /** The first folder of the path that was not there. */
  readonly #made: string | undefined;

  constructor(path: string) {
    this.#path = path;
    this.#made = this.#attempt(() => makeFolder(path));
    this.#attempt(() => accessSync(path, constants.W_OK));
  }

  /** Writes each output to a file, and returns the files by the outputs' names. */
  save(outputs: Outputs): Map<string, string> {
    const files = fileNames(Object.keys(outputs));
    return this.#attempt(() => {
      const staging = mkdtempSync(join(this.#path, '.partial-'));
      try {
        for (const [name, file] of files) {
          writeNpy(join(staging, file), outputs[name]!);
          // A rename could fail for nothing else, and would leave the outputs before it.
          if (statSync(join(this.#path, file), { throwIfNoEntry: false })?.isDirectory() === true) {
            throw new AccelError('INVALID_ARGUMENT', `Can't write ${join(this.#path, file)}: it is a folder.`);
          }
        }
        for (const file of files.values()) renameSync(join(staging, file), join(this.#path, file));
      } finally {
        rmSync(staging, { recursive: true, force: true });
      }
      return new Map([...files].map(([name, file]) => [name, join(this.#path, file)]));
    });
  }

  [Symbol.dispose](): void {
    if (this.#made === undefined) return;
    const last = dirname(resolve(this.#made));
    for (let folder = resolve(this.#path); folder !== last; folder = dirname(folder)) {
      try {
        rmdirSync(folder);
      } catch {
        return; // something is in it
      }
    }
  }

  #attempt<T>(action: () => T): T {
    try {
      return action();
    } catch (cause) {
      if (cause instanceof AccelError) throw cause;
      throw new AccelError('INVALID_ARGUMENT', `Can't write to the folder ${this.#path}: ${reasonOf(cause)}.`, {
        cause,
      });
    }
  }
}

/** A file for each output. Names that differ only in what no file name may hold, or in case, get a number. */
export function fileNames(outputs: readonly string[]): Map<string, string> {
  const files = new Map<string, string>();
  const used = new Set<string>();
  for (const name of outputs) {
    const base = name.replaceAll(/[^\w.-]/g, '_').slice(0, LONGEST_NAME);
    let file = `${base}.npy`;
    for (let i = 2; used.has(file.toLowerCase()); i++) file = `${base}-${i}.npy`;
    used.add(file.toLowerCase());
    files.set(name, file);
  }
  return files;
}
