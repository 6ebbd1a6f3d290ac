import { closeSync, openSync, readSync, statSync } from 'node:fs';

/** Fields of a 64-bit ELF header, and of one program header: their offsets. */
const HEADER_SIZE = 64;
const PROGRAM_HEADERS = 32;
const PROGRAM_HEADER_SIZE = 54;
const PROGRAM_HEADER_COUNT = 56;
const SEGMENT_OFFSET = 8;
const SEGMENT_BYTES = 32;
const PT_LOAD = 1;

/**
 * glibc maps a file that was cut off, by a full disk or an interrupted copy, without a look at its size, and the process
 * dies of SIGBUS where the file ends. So it is looked at before.
 * @returns what is missing; undefined when nothing is, or when it is no library of Linux on which the loader has words of
 * its own
 */
export function missingPart(path: string): string | undefined {
  const found = statSync(path);
  // To open a pipe would wait for whoever writes to it.
  if (!found.isFile()) return `${path}: this is no file`;
  const file = openSync(path, 'r');
  try {
    const end = endOfSegments(file, found.size);
    return end <= found.size ? undefined : `${path}: file too short (it has ${found.size} bytes of at least ${end})`;
  } finally {
    closeSync(file);
  }
}

function endOfSegments(file: number, fileSize: number): number {
  const header = read(file, 0, HEADER_SIZE);
  const isElf64 = header.length === HEADER_SIZE && header.readUInt32BE(0) === 0x7f454c46 && header[4] === 2;
  if (!isElf64) return 0;
  const size = header.readUInt16LE(PROGRAM_HEADER_SIZE);
  const count = header.readUInt16LE(PROGRAM_HEADER_COUNT);
  const begin = Number(header.readBigUInt64LE(PROGRAM_HEADERS));
  // Neither is read beyond the end, nor in pieces too small for a header.
  if (begin + size * count > fileSize) return begin + size * count;
  if (size < SEGMENT_BYTES + 8) return 0;
  const table = read(file, begin, size * count);
  let end = 0;
  for (let at = 0; at < table.length; at += size) {
    if (table.readUInt32LE(at) !== PT_LOAD) continue;
    end = Math.max(end, Number(table.readBigUInt64LE(at + SEGMENT_OFFSET) + table.readBigUInt64LE(at + SEGMENT_BYTES)));
  }
  return end;
}

function read(file: number, at: number, bytes: number): Buffer {
  const buffer = Buffer.alloc(bytes);
  return buffer.subarray(0, readSync(file, buffer, 0, bytes, at));
}
