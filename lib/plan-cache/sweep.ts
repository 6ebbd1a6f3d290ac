/** Making room in a folder of compiled models. What a living process is making there stays. */
import { lstat, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { tryLock } from '../lock-folder.js';
import { listFolder, lockOf, ownerOf, readEntries, readEntry, removeEntry } from './folder.js';
import type { CacheEntry } from './folder.js';

/** Kernels' times: a vendor's own cache of measurements, and what a build that died was writing in its place. */
const TIMING = /^timing-[\w.+-]+\.cache$/;
const TIMING_PARTIAL = /^timing-[\w.+-]+\.cache\.[\w-]+\.tmp$/;
/** They have no lock, but are written at one go. Milliseconds. */
const TIMING_WRITE = 60_000;

/**
 * Removes what dead processes have left, then what has not been used for longest, until the rest is within the limit.
 * @param keep stays; its lock must be held
 */
export async function evict(folder: string, limit: number, keep: string): Promise<void> {
  const held = lockOf(folder, keep);
  await sweep(folder, held);
  const entries = await readEntries(folder);
  let total = entries.reduce((sum, { size }) => sum + size, 0);
  for (const entry of entries.reverse()) {
    if (total <= limit) return;
    if (entry.key === keep) continue;
    await whenFree(lockOf(folder, entry.key), held, async () => {
      await removeEntry(folder, entry);
      total -= entry.size;
    });
  }
}

/**
 * Removes the entries and measured times that were last used before a moment, and what dead processes have left.
 * @param before milliseconds, as `Date.now()` gives them
 * @returns the entries that are gone
 */
export async function clearFolder(folder: string, before: number): Promise<CacheEntry[]> {
  const removed: CacheEntry[] = [];
  for (const { key } of await readEntries(folder)) {
    await whenFree(lockOf(folder, key), undefined, async () => {
      const { entry } = await readEntry(folder, key); // used meanwhile, perhaps
      if (entry === undefined || entry.lastUsed.getTime() >= before) return;
      await removeEntry(folder, entry);
      removed.push(entry);
    });
  }
  await sweep(folder, undefined);
  for (const name of await listFolder(folder)) {
    if (TIMING.test(name)) await removeIfOlder(join(folder, name), before);
  }
  return removed;
}

/** Removes what is of no use to anybody: parts of files, plans without a good description, locks of the dead. */
async function sweep(folder: string, held: string | undefined): Promise<void> {
  for (const name of await listFolder(folder)) {
    if (TIMING_PARTIAL.test(name)) await removeIfOlder(join(folder, name), Date.now() - TIMING_WRITE);
    const owner = ownerOf(name);
    if (owner === undefined) continue;
    const { key, partial } = owner;
    const lock = lockOf(folder, key);
    if (join(folder, name) === lock) {
      await whenFree(lock, held, () => Promise.resolve()); // taken over and given back, it is gone
      continue;
    }
    const isEntry = async (): Promise<boolean> => !partial && (await readEntry(folder, key)).entry !== undefined;
    if (await isEntry()) continue;
    await whenFree(lock, held, async () => {
      if (!(await isEntry())) await removeIfOlder(join(folder, name), Infinity);
    });
  }
}

/** Does something with a lock, unless a living process has it. @param held one that this load has */
async function whenFree(lock: string, held: string | undefined, action: () => Promise<void>): Promise<void> {
  if (lock === held) return action();
  const release = await tryLock(lock);
  if (release === undefined) return;
  try {
    await action();
  } finally {
    await release();
  }
}

/** A file; what is a folder is not accelnode's. */
async function removeIfOlder(path: string, moment: number): Promise<void> {
  const info = await lstat(path).catch(() => undefined); // its writer may have renamed it
  if (info?.isDirectory() === false && info.mtimeMs < moment) await rm(path, { force: true });
}
