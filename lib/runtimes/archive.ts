/** Single files out of tarballs and jars, for clients that bring no Python along. */
import { copyFile, mkdir, open, readFile, writeFile } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip, inflateRaw } from 'node:zlib';

import { AccelError } from '../errors.js';
import { packageFile } from '../package-folder.js';
import type { OnBytes } from './client.js';
import { MAKE_ROOM, isFull } from './failures.js';
import type { Archive } from './manifest.js';

/** Name and content of files that were looked for. */
type Members = AsyncIterable<readonly [name: string, content: Uint8Array]>;

/** Puts the libraries of an archive beside one another, and what it says of itself into `licenses`. */
export async function unpackMembers(archive: Archive, found: Members, folder: string, onBytes: OnBytes): Promise<void> {
  const missing = new Set(archive.members);
  const licenses = join(folder, 'licenses');
  let done = 0;
  try {
    await mkdir(licenses);
    await copyFile(packageFile('LICENSE'), join(licenses, 'Apache-2.0.txt'));
    for await (const [name, content] of found) {
      const target = basename(name) === archive.library ? folder : licenses;
      await writeFile(join(target, basename(name)), content, { flag: 'wx' });
      missing.delete(name);
      onBytes((done += content.length));
    }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const full = isFull(code);
    throw new AccelError(
      full ? 'INVALID_ARGUMENT' : 'VENDOR_FAILURE',
      `${archive.file} could not be unpacked: ${message}`,
      { hint: full ? MAKE_ROOM : undefined, cause: error },
    );
  }
  for (const name of missing) {
    throw new AccelError('VENDOR_FAILURE', `${archive.file} could not be unpacked: it has no ${name}`);
  }
}

const BLOCK = 512;

/** Of a .tgz. */
export async function* readTarball(file: string, wanted: readonly string[]): Members {
  const bytes = await promisify(gunzip)(await readFile(file));
  for (let at = 0; at + BLOCK <= bytes.length;) {
    const text = (from: number, length: number): string =>
      bytes.toString('latin1', at + from, at + from + length).replace(/\0.*$/s, '');
    const prefix = text(345, 155);
    const name = (prefix === '' ? '' : `${prefix}/`) + text(0, 100);
    const size = Number.parseInt(text(124, 12), 8);
    if (name === '' || Number.isNaN(size)) return;
    if (wanted.includes(name)) yield [name, bytes.subarray(at + BLOCK, at + BLOCK + size)];
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
  }
}

const END_OF_DIRECTORY = 0x06054b50;
const ENTRY = 0x02014b50;

/** Of a jar, which is a zip file: its directory is at the end. */
export async function* readJar(path: string, wanted: readonly string[]): Members {
  const file = await open(path);
  try {
    yield* readEntries(file, wanted);
  } finally {
    await file.close();
  }
}

async function* readEntries(file: FileHandle, wanted: readonly string[]): Members {
  const { size } = await file.stat();
  const read = async (at: number, length: number): Promise<Buffer> => {
    const bytes = Buffer.alloc(length);
    const { bytesRead } = await file.read(bytes, 0, length, at);
    return bytes.subarray(0, bytesRead);
  };
  const from = Math.max(0, size - 65_557);
  const tail = await read(from, size - from);
  let end = tail.length - 22;
  while (end >= 0 && tail.readUInt32LE(end) !== END_OF_DIRECTORY) end--;
  if (end < 0) throw new Error('it is no zip file');
  const directory = await read(tail.readUInt32LE(end + 16), tail.readUInt32LE(end + 12));
  for (let at = 0; at + 46 <= directory.length && directory.readUInt32LE(at) === ENTRY;) {
    const [method, compressed] = [directory.readUInt16LE(at + 10), directory.readUInt32LE(at + 20)];
    const [named, extra, comment] = [28, 30, 32].map((offset) => directory.readUInt16LE(at + offset)) as [
      number,
      number,
      number,
    ];
    const name = directory.toString('utf8', at + 46, at + 46 + named);
    if (wanted.includes(name)) {
      const header = directory.readUInt32LE(at + 42);
      const local = await read(header, 30);
      const begin = header + 30 + local.readUInt16LE(26) + local.readUInt16LE(28);
      const content = await read(begin, compressed);
      yield [name, method === 0 ? content : await promisify(inflateRaw)(content)];
    }
    at += 46 + named + extra + comment;
  }
}
