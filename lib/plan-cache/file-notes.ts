/** Whether files have stayed what they were while something was made from them. */
import { stat } from 'node:fs/promises';

import type { KeyFile } from './key.js';

/** What files were like at a moment. */
export class FileNotes {
  readonly #notes = new Map<string, string>();

  /**
   * Notes how files are now; those that are noted already stay as they were noted. Bytes do not change.
   * @throws what the system said about a file that can't be looked at
   */
  async add(files: readonly KeyFile[]): Promise<void> {
    for (const file of files) {
      if (typeof file === 'string' && !this.#notes.has(file)) this.#notes.set(file, await describeFile(file));
    }
  }

  /** A file that is another one than when it was noted, or gone. */
  async findChanged(): Promise<string | undefined> {
    for (const [file, before] of this.#notes) {
      if ((await describeFile(file).catch(() => undefined)) !== before) return file;
    }
    return undefined;
  }
}

async function describeFile(file: string): Promise<string> {
  const { dev, ino, size, mtimeNs } = await stat(file, { bigint: true });
  return [dev, ino, size, mtimeNs].join(' ');
}
