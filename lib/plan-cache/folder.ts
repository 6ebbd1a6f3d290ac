/**
 * A folder of compiled models: for each, `<key>.<extension>` and `<key>.json`, which says what it is. When the
 * latter was changed is when the model was last used.
 */
import { randomUUID } from 'node:crypto';
import { open, readFile, readdir, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';

import { backendNames, backends } from '../backends.js';

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
  /** Hash of all that it depends on. */
  key: string;
  /** Its path. */
  file: string;
  /** Bytes. */
  size: number;
  /** When it was compiled. */
  created: Date;
  /** When it was last loaded. */
  lastUsed: Date;
}

/** What was found under a key. */
export interface FoundEntry {
  entry?: CacheEntry;
  /** What is wrong with what is there, to follow a colon. */
  damage?: string;
}

/** A hash; and where a calibration's ranges count too, a part of theirs. */
const KEY = '[0-9a-f]{64}(?:-[0-9a-f]{16})?';
/** Of compiled models: a folder may hold what is not accelnode's, with names such as these but for their endings. */
const FORMATS = backendNames.flatMap((name) => backends[name].planFormat ?? []);
const FILE = new RegExp(`^(${KEY})\\.(?:json|lock|${FORMATS.join('|')})$`);
const DESCRIPTION = new RegExp(`^(${KEY})\\.json$`);
/** What is being written; the key comes first, so that whoever holds its lock knows what a dead process left. */
const PARTIAL = new RegExp(`^\\.(${KEY})\\..*\\.partial$`);

/** The lock of a key, and of all that differ from it only in the ranges of a calibration, which the build makes. */
export function lockOf(folder: string, key: string): string {
  return join(folder, `${key.slice(0, 64)}.lock`);
}

export function planFile(folder: string, key: string, extension: string): string {
  return join(folder, `${key}.${extension}`);
}

function descriptionFile(folder: string, key: string): string {
  return join(folder, `${key}.json`);
}

/** What is in a folder; nothing where there is none. @throws what else the system says */
export async function listFolder(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

/** The key that a file of the cache belongs to, if it is one, and whether it is not complete yet. */
export function ownerOf(name: string): { key: string; partial: boolean } | undefined {
  const partial = PARTIAL.exec(name)?.[1];
  if (partial !== undefined) return { key: partial, partial: true };
  const key = FILE.exec(name)?.[1];
  return key === undefined ? undefined : { key, partial: false };
}

/**
 * The complete entries of a folder, the one that was used last first.
 * @throws what the system said about a folder or file that can't be read
 */
export async function readEntries(folder: string): Promise<CacheEntry[]> {
  const entries: CacheEntry[] = [];
  for (const name of await listFolder(folder)) {
    const key = DESCRIPTION.exec(name)?.[1];
    const entry = key === undefined ? undefined : (await readEntry(folder, key)).entry;
    if (entry !== undefined) entries.push(entry);
  }
  return entries.sort((a, b) => b.lastUsed.getTime() - a.lastUsed.getTime() || a.key.localeCompare(b.key));
}

/** An entry, if it is there and complete. @throws what the system said about a file that can't be read */
export async function readEntry(folder: string, key: string): Promise<FoundEntry> {
  const path = descriptionFile(folder, key);
  let text: string;
  let lastUsed: Date;
  try {
    [text, { mtime: lastUsed }] = await Promise.all([readFile(path, 'utf8'), stat(path)]);
  } catch (error) {
    if (isMissing(error)) return {};
    throw error;
  }
  const description = parseDescription(text);
  if (description === undefined) return { damage: 'its description is damaged' };
  const { file: name, ...rest } = description;
  if (ownerOf(name)?.key !== key) return { damage: 'its description is damaged' };
  const file = join(folder, name);
  const plan = await stat(file).catch((error: unknown) => {
    if (isMissing(error)) return undefined;
    throw error;
  });
  if (plan?.isFile() !== true) return { damage: 'it is gone' };
  if (plan.size !== rest.size) return { damage: `it has ${plan.size} bytes, but was written with ${rest.size}` };
  return { entry: { key, file, ...rest, lastUsed } };
}

/** What `<key>.json` says; undefined when it makes no sense. */
function parseDescription(text: string): Omit<CacheEntry, 'key' | 'lastUsed'> | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return undefined;
  }
  const { file, size, created, model, backend, facts, made } = (parsed ?? {}) as Record<string, unknown>;
  if (typeof file !== 'string' || basename(file) !== file || typeof size !== 'number') return undefined;
  if (typeof model !== 'string' || typeof backend !== 'string' || !isRecord(facts)) return undefined;
  const madeAt = new Date(String(created));
  if (Number.isNaN(madeAt.getTime())) return undefined;
  return { file, size, created: madeAt, model, backend, facts, ...(isRecord(made) ? { made } : {}) };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT';
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

/** What a dead process was writing; the key's lock must be held. */
async function removePartials(folder: string, key: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const owner = ownerOf(name);
    if (owner?.partial === true && lockOf(folder, owner.key) === lockOf(folder, key)) {
      await rm(join(folder, name), { force: true });
    }
  }
}

/** The description goes first: half an entry is none. */
export async function removeEntry(folder: string, { key, file }: CacheEntry): Promise<void> {
  await rm(descriptionFile(folder, key), { force: true });
  await rm(file, { force: true });
}
