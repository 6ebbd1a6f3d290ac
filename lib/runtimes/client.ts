/** What the programs of the user's that fetch runtimes have in common. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';

import { AccelError } from '../errors.js';
import type { ErrorCode } from '../errors.js';
import type { Archive, Release } from './manifest.js';
import type { Ended, PythonInfo } from './python.js';

/** Fetches and unpacks archives of one kind. */
export interface Client {
  /** For the user: "npm 11.2.0". */
  name: string;
  /** The Python that it runs in, if it does. */
  python?: PythonInfo;
  /**
   * Downloads the archive of a release.
   * @param folder an empty folder, which also takes temporary files
   * @param onBytes told the bytes that have come, now and then
   * @returns its file
   */
  download(release: Release, folder: string, signal: AbortSignal, onBytes: OnBytes): Promise<string>;
  /** Puts what is kept of an archive into a folder. */
  unpack(archive: Archive, file: string, folder: string, signal: AbortSignal, onBytes: OnBytes): Promise<void>;
}

export type OnBytes = (bytes: number) => void;

/** What a program says when it fails, and what that means. */
export interface KnownFailure {
  pattern: RegExp;
  code: ErrorCode;
  message: string;
  hint: string;
}

/** A program that fetched nothing: the first failure that fits, and the program's own words. */
export function fetchFailure(
  program: string,
  known: readonly KnownFailure[],
  { output, status }: Ended,
  archive: Archive,
  hint: string,
): AccelError {
  const lines = output.split(/\r?\n/).filter((line) => line.trim() !== '');
  const words = lines.length === 0 ? [`It ended with ${String(status)} and said nothing.`] : lines.slice(0, 6);
  const failure = known.find(({ pattern }) => pattern.test(output));
  return new AccelError(
    failure?.code ?? 'VENDOR_FAILURE',
    [
      failure?.message ?? `${program} failed.`,
      `  file: ${archive.file}`,
      ...words.map((line) => `  ${program}: ${line.trim()}`),
    ].join('\n'),
    { hint: failure?.hint ?? hint },
  );
}

/** Without a network there is one way that needs none of these programs. */
export const OFFLINE =
  'Without a network, copy the folder that `npx accelnode runtime path` names from a machine that has the runtime.';

/** @throws `RUNTIME_INCOMPATIBLE` when a file is not the one that accelnode knows */
export async function checkHash(program: string, file: string, { file: name, sha256 }: Archive): Promise<void> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  const found = hash.digest('hex');
  if (found === sha256) return;
  throw new AccelError(
    'RUNTIME_INCOMPATIBLE',
    `What ${program} was given is not the file that accelnode knows, so it was not installed.\n` +
      `  file: ${name}\n  expected: ${sha256}\n  got: ${found}`,
    { hint: `The registry or mirror that ${program} uses serves another file under this name.` },
  );
}
