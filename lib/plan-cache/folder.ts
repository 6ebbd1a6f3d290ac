/**
 * A folder of compiled models: for each, `<key>.<extension>` and `<key>.json`, which says what it is. When the
 * latter was changed is when the model was last used.
 */
import { randomUUID } from 'node:crypto';
import { open, readFile, readdir, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';

import { isLocked } from '../lock-folder.js';

/** What `<key>.json` says. */
export interface PlanDescription {
  /** The file that it was made from, or `bytes`. */
  model: string;
  /** The backend that made it, e.g. `cuda`. */
  backend: string;
  /** Versions, device and options that it was made for. */
  facts: Readonly<Record<string, unknown>>;
  /** What it became, which the compiled model does not say itself, e.g. its precision. */
  made?: Readonly<Record<string, unknown>> | undefined;
}

/** A compiled model in the cache. */
export interface CacheEntry extends PlanDescription {
  key: string;
  file: string;
  /** Bytes. */
  size: number;
  created: Date;
  lastUsed: Date;
}

const KEY = /^[0-9a-f]{64}$/;
const DESCRIPTION = /^([0-9a-f]{64})\.json$/;
/** What is being written; the key comes first, so that whoever holds its lock knows what a dead process left. */
const PARTIAL = /^\.([0-9a-f]{64})\..*\.partial$/;

export function lockOf(folder: string, key: string): string {
  return join(folder, `${key}.lock`);
}

export function planFile(folder: string, key: string, extension: string): string {
  return join(folder, `${key}.${extension}`);
}

function descriptionFile(folder: string, key: string): string {
  return join(folder, `${key}.json`);
}

/** The complete entries of a folder, the one that was used last first. */
export async function readEntries(folder: string): Promise<CacheEntry[]> {
  const names = await readdir(folder).catch(() => []); // no such folder: nothing is in it
  const keys = names.flatMap((name) => DESCRIPTION.exec(name)?.[1] ?? []);
  const entries = await Promise.all(keys.map((key) => readEntry(folder, key)));
  return entries
    .filter((entry) => entry !== undefined)
    .sort((a, b) => b.lastUsed.getTime() - a.lastUsed.getTime() || a.key.localeCompare(b.key));
}

/** An entry; undefined when it is not there, or its file has not the size that was written. */
export async function readEntry(folder: string, key: string): Promise<CacheEntry | undefined> {
  try {
    const path = descriptionFile(folder, key);
    const [text, info] = await Promise.all([readFile(path, 'utf8'), stat(path)]);
    const { file, size, created, model, backend, facts, made } = JSON.parse(text) as Record<string, unknown>;
    if (typeof file !== 'string' || basename(file) !== file || typeof model !== 'string') return undefined;
    if (typeof backend !== 'string' || typeof facts !== 'object' || facts === null) return undefined;
    const madeAt = new Date(String(created));
    if (Number.isNaN(madeAt.getTime())) return undefined;
    const plan = await stat(join(folder, file));
    if (!plan.isFile() || plan.size !== size) return undefined;
    return {
      key,
      file: join(folder, file),
      size,
      model,
      backend,
      facts: facts as Record<string, unknown>,
      ...(typeof made === 'object' && made !== null ? { made: made as Record<string, unknown> } : {}),
      created: madeAt,
      lastUsed: info.mtime,
    };
  } catch {
    return undefined;
  }
}

/** Notes that an entry was used now. A folder that can't be written to keeps its times. */
export async function touchEntry(folder: string, key: string): Promise<void> {
  const now = new Date();
  await utimes(descriptionFile(folder, key), now, now).catch(() => undefined);
}

/**
 * Puts a compiled model into the folder. It is there completely or not at all. The lock of the key must be held.
 * @param write writes it to a path in the folder
 * @param limit the largest size that is kept, in bytes
 * @throws what the system or `write` said; {@link TooLarge}
 */
export async function storePlan(
  folder: string,
  key: string,
  extension: string,
  description: PlanDescription,
  write: (path: string) => Promise<void>,
  limit: number,
): Promise<string> {
  await removePartials(folder, key);
  const file = planFile(folder, key, extension);
  const partial = (): string => join(folder, `.${key}.${randomUUID()}.partial`);
  const plan = partial();
  const text = partial();
  try {
    await write(plan);
    const { size } = await stat(plan);
    if (size > limit) throw new TooLarge(size, limit);
    const created = new Date().toISOString();
    await writeFile(text, `${JSON.stringify({ ...description, file: basename(file), size, created }, null, 2)}\n`);
    await Promise.all([flush(plan), flush(text)]);
    // The description last: without it, or with a wrong size in it, the plan is not used.
    await rename(plan, file);
    await rename(text, descriptionFile(folder, key));
    await flush(folder).catch(() => undefined); // not every file system lets a folder be flushed
    return file;
  } finally {
    await Promise.all([rm(plan, { force: true }), rm(text, { force: true })]).catch(() => undefined);
  }
}

/** A plan beyond the limit of the whole cache. */
export class TooLarge extends Error {
  constructor(size: number, limit: number) {
    super(`the plan has ${size} bytes, more than the limit of the cache, ${limit}`);
  }
}

async function flush(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

/** What a dead process was writing for this key; the key's lock must be held. */
async function removePartials(folder: string, key: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (PARTIAL.exec(name)?.[1] === key) await rm(join(folder, name), { force: true });
  }
}

/** Removes what has not been used for longest, until the rest is within the limit; never `keep`. */
export async function evict(folder: string, limit: number, keep: string): Promise<void> {
  const entries = await readEntries(folder);
  let total = entries.reduce((sum, { size }) => sum + size, 0);
  for (const entry of entries.reverse()) {
    if (total <= limit) return;
    if (entry.key === keep) continue;
    await removeEntry(folder, entry.key, entry.file);
    total -= entry.size;
  }
}

/** The description goes first: half an entry is none. */
async function removeEntry(folder: string, key: string, file: string): Promise<void> {
  await rm(descriptionFile(folder, key), { force: true });
  await rm(file, { force: true });
}

/**
 * Removes the entries that were last used before a moment, and what dead processes have left. What a living one
 * is making stays.
 * @returns the entries that are gone
 */
export async function clearFolder(folder: string, before: Date): Promise<CacheEntry[]> {
  const removed: CacheEntry[] = [];
  for (const entry of await readEntries(folder)) {
    if (entry.lastUsed >= before) continue;
    await removeEntry(folder, entry.key, entry.file);
    removed.push(entry);
  }
  for (const name of await readdir(folder).catch(() => [])) {
    const key = PARTIAL.exec(name)?.[1] ?? name.split('.')[0]!;
    if (!KEY.test(key) || (await isLocked(lockOf(folder, key)))) continue;
    // A plan without a good description is nothing that would be used.
    if (!name.startsWith('.') && (await readEntry(folder, key)) !== undefined) continue;
    await rm(join(folder, name), { recursive: true, force: true });
  }
  return removed;
}
