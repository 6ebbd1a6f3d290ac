/** Bytes that are read here and there, without having all of them in memory. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

import { AccelError, invalidArgument } from '../errors.js';

export interface ByteSource {
  readonly size: number;
  /** `length` bytes from `offset`, or fewer where the source ends. Valid until the next call. */
  read(offset: number, length: number): Uint8Array;
}

export class MemorySource implements ByteSource {
  readonly size: number;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.size = bytes.byteLength;
  }

  read(offset: number, length: number): Uint8Array {
    return this.#bytes.subarray(offset, offset + length);
  }
}

/** A file, read in windows: neighbouring small reads cost one system call. */
export class FileSource implements ByteSource, Disposable {
  static readonly #WINDOW = 1 << 16;

  readonly size: number;
  readonly #path: string;
  readonly #file: number;
  #window = Buffer.alloc(FileSource.#WINDOW);
  #begin = 0;
  #end = 0;

  constructor(path: string | URL) {
    this.#path = String(path);
    if (this.#path.includes('\0')) throw invalidArgument('A path has no zero byte in it.');
    if (path instanceof URL && path.protocol !== 'file:') {
      throw invalidArgument(`A model URL must be a file: URL, not ${path.protocol}`);
    }
    try {
      this.#file = openSync(path, 'r');
    } catch (cause) {
      throw this.#unreadable(cause);
    }
    const info = fstatSync(this.#file);
    if (!info.isFile()) {
      closeSync(this.#file);
      throw new AccelError('MODEL_INVALID', `The model ${this.#path} is not a file.`);
    }
    this.size = info.size;
  }

  read(offset: number, length: number): Uint8Array {
    const wanted = Math.max(0, Math.min(length, this.size - offset));
    if (offset < this.#begin || offset + wanted > this.#end) this.#fill(offset, wanted);
    return this.#window.subarray(offset - this.#begin, offset - this.#begin + wanted);
  }

  #fill(offset: number, length: number): void {
    if (length > this.#window.length) this.#window = Buffer.alloc(length);
    this.#begin = offset;
    this.#end = offset;
    const most = Math.min(this.#window.length, this.size - offset);
    try {
      while (this.#end - offset < most) {
        const read = readSync(this.#file, this.#window, this.#end - offset, most - (this.#end - offset), this.#end);
        if (read === 0) break; // the file shrank meanwhile
        this.#end += read;
      }
    } catch (cause) {
      throw this.#unreadable(cause);
    }
  }

  #unreadable(cause: unknown): AccelError {
    const { code, message } = cause as NodeJS.ErrnoException;
    return new AccelError('MODEL_INVALID', `Can't read the model ${this.#path}: ${message}.`, {
      hint: code === 'ENOENT' ? 'There is no such file.' : undefined,
      cause,
    });
  }

  [Symbol.dispose](): void {
    closeSync(this.#file);
  }
}
