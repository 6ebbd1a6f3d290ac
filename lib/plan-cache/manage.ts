/** Looking into the cache, and clearing it. */
import { join, resolve } from 'node:path';

import { backendNames, backends } from '../backends.js';
import { describe } from '../data-type.js';
import { AccelError, invalidArgument } from '../errors.js';
import { checkOptions } from '../options/known.js';
import { reasonOf } from '../runtimes/failures.js';
import { cacheFolder } from '../runtimes/folder.js';
import { readEntries } from './folder.js';
import type { CacheEntry } from './folder.js';
import { clearFolder } from './sweep.js';

/** Options of {@link clearCache}. */
export interface ClearCacheOptions {
  /** A folder that was given as `cache`. Default: the user's cache folder. */
  folder?: string | undefined;
  /** Only what was not used for so many days. Default: all. */
  olderThan?: number | undefined;
}

const CLEAR_OPTIONS: ReadonlySet<string> = new Set(['folder', 'olderThan']);

const DAY = 86_400_000;

/**
 * The compiled models that accelnode keeps, the one that was used last first. OpenVINO keeps its own by itself,
 * which are not listed.
 * @param folder one that was given as `cache`. Default: the user's cache folder
 * @throws {@link AccelError} `INVALID_ARGUMENT`, also when the folder can't be read
 */
export async function cacheEntries(folder?: string): Promise<CacheEntry[]> {
  const lists = await Promise.all(foldersOf(folder).map((each) => inFolder(each, 'read', readEntries)));
  return lists.flat().sort((a, b) => b.lastUsed.getTime() - a.lastUsed.getTime());
}

/**
 * Removes compiled models, and what dead processes have left. What a process is making at the moment stays, and so
 * do files that are not accelnode's.
 * @returns what was removed
 * @throws {@link AccelError} `INVALID_ARGUMENT`, also when the system does not let it go
 */
export async function clearCache(options: ClearCacheOptions = {}): Promise<CacheEntry[]> {
  checkOptions(options, CLEAR_OPTIONS);
  const { folder, olderThan } = options;
  if (olderThan !== undefined && !(typeof olderThan === 'number' && olderThan >= 0)) {
    throw invalidArgument(`olderThan must be a number of days, not ${describe(olderThan)}.`);
  }
  // Without an age, what was used in this very moment goes too.
  const before = olderThan === undefined ? Infinity : Date.now() - olderThan * DAY;
  const removed: CacheEntry[] = [];
  for (const each of foldersOf(folder)) {
    removed.push(...(await inFolder(each, 'cleared', (path) => clearFolder(path, before))));
  }
  return removed;
}

/** @param done what could not be done, as a participle */
async function inFolder<T>(folder: string, done: string, task: (folder: string) => Promise<T>): Promise<T> {
  try {
    return await task(folder);
  } catch (cause) {
    throw new AccelError('INVALID_ARGUMENT', `The cache folder ${folder} can't be ${done}: ${reasonOf(cause)}.`, {
      hint: 'Mend that, or name the folder that is meant: it is given as `cache` and --cache-dir, or by ACCELNODE_CACHE.',
      cause,
    });
  }
}

/** The folder itself where it was named; else that of each backend. */
function foldersOf(folder: string | undefined): string[] {
  if (folder === undefined) {
    return backendNames
      .filter((name) => backends[name].planFormat !== undefined)
      .map((name) => join(cacheFolder(), name));
  }
  if (typeof folder !== 'string' || folder === '' || folder.includes('\0')) {
    throw invalidArgument(`The cache folder must be a path, not ${describe(folder)}.`);
  }
  return [resolve(folder)];
}
