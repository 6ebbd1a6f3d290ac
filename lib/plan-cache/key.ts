/** What a compiled model depends on, as one hash. */
import { createHash } from 'node:crypto';
import type { Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';

/** A file, or what is in it. */
export type KeyFile = string | Uint8Array;

/** Everything that a compiled model depends on. */
export interface KeyParts {
  /** Files whose contents count, in this order; where they lie does not. */
  files: readonly KeyFile[];
  /** Versions, device and options: plain values. Those that are undefined count as left out. */
  facts: Readonly<Record<string, unknown>>;
}

/**
 * The key of what is compiled from these parts: SHA-256 in hexadecimal. Files are read as a stream.
 * @throws what the system said about a file that can't be read
 */
export async function planKey({ files, facts }: KeyParts): Promise<string> {
  const digests: string[] = [];
  // One after the other: they come from one disk, and the hash is computed on one thread.
  for (const file of files) digests.push(await digestOf(file));
  return createHash('sha256')
    .update(canonicalJson({ files: digests, facts }))
    .digest('hex');
}

/**
 * The key of what is compiled from these parts and one more file, which building may write: as long as it is not
 * there, the key itself; then the key with a part of the file's hash behind it. All of them share one lock.
 * @throws what the system said about a file that is there and can't be read
 */
export async function keyWithRanges(key: string, file: string | undefined): Promise<string> {
  if (file === undefined) return key;
  try {
    return `${key}-${(await digestOf(file)).slice(0, 16)}`;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return key;
    throw error;
  }
}

/** SHA-256 in hexadecimal, of a file read as a stream. @throws what the system said about a file that can't be read */
export async function digestOf(file: KeyFile): Promise<string> {
  const hash = createHash('sha256');
  if (typeof file === 'string') await pipeline(createReadStream(file, { highWaterMark: 1 << 20 }), hash);
  else await updateInSteps(hash, file);
  return hash.digest('hex');
}

/** Between two steps the event loop has its turn. */
async function updateInSteps(hash: Hash, bytes: Uint8Array): Promise<void> {
  const step = 1 << 22;
  for (let at = 0; at < bytes.length; at += step) {
    hash.update(bytes.subarray(at, at + step));
    await new Promise(setImmediate);
  }
}

/** JSON that does not depend on the order in which an object's fields were set. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) =>
    typeof item === 'object' && item !== null && !Array.isArray(item)
      ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)))
      : item,
  );
}

/** The files that an ONNX model's weights lie in, sorted; their names are relative to the model. */
export function weightFiles(model: string, externalData: readonly string[]): string[] {
  return [...externalData].sort().map((name) => resolve(dirname(model), name));
}
