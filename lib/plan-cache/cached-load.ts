/** Loading a model through a folder of compiled ones. Knows no vendor: a backend gives it what to do. */
import { AccelError } from '../errors.js';
import { takeLock } from '../lock-folder.js';
import { reasonOf } from '../runtimes/failures.js';
import { lockOf, planFile, readEntry, storePlan, touchEntry } from './folder.js';
import type { FoundEntry, PlanDescription } from './folder.js';
import { evict } from './sweep.js';

/** What a load by way of the cache takes. */
export interface CachedLoad<T> {
  folder: string;
  /** Of the compiled model's files: `plan`, `mxr`. */
  extension: string;
  description: PlanDescription;
  /** Most bytes of all entries. */
  limit: number;
  /**
   * The key to look for. Asked again once the lock is held, because whoever held it before may have written what the
   * key is of. All that it gives for one load have the same lock ({@link lockOf}).
   */
  key: () => Promise<string>;
  /**
   * The key to store under once it is built, which has the same lock too; or why it must not be stored.
   * @param before the key that was looked for before the build; also the default
   */
  keyToStore?: ((before: string) => Promise<{ key: string } | { reason: string }>) | undefined;
  /** Loads a compiled model. `RUNTIME_INCOMPATIBLE` and `MODEL_INVALID` mean that it is of no use here. */
  open: (file: string) => Promise<T>;
  /** Compiles the model. */
  build: () => Promise<T>;
  /** What shall be known of a compiled model when it comes from the cache. */
  describe?: ((built: T) => Readonly<Record<string, unknown>>) | undefined;
  /** Writes what was compiled to a file. */
  save: (built: T, path: string) => Promise<void>;
  signal?: AbortSignal | undefined;
  /** Told when another process is building the same. */
  onWait?: (() => void) | undefined;
}

/** What came of the cache: `session.details.cache`. */
export interface CacheOutcome {
  /** Was the model compiled already? */
  hit: boolean;
  /** Of the entry that was used, stored or looked for. Unset when the model has none, as `reason` says. */
  key?: string;
  /** The compiled model in the cache's folder. Unset when it is not kept. */
  file?: string;
  /** Was it put into the cache by this load? */
  stored: boolean;
  /** Why an entry that was there could not be used, or why nothing was stored: one sentence for each. */
  reason?: string;
}

/** A model, and what came of the cache. */
export interface CachedResult<T> {
  loaded: T;
  cache: CacheOutcome;
  /** What `describe` said when it was compiled. Only of a hit. */
  made?: Readonly<Record<string, unknown>> | undefined;
}

/** Loads the compiled model from the cache if it is there and fits, else compiles it and keeps it. */
export async function loadThroughCache<T>(load: CachedLoad<T>): Promise<CachedResult<T>> {
  const { folder, signal } = load;
  const key = await load.key();
  const seen = await tryEntry(load, key);
  if ('loaded' in seen) return seen;

  let release: () => Promise<void>;
  try {
    const ignoreLoss = (): void => undefined; // two would build then, and the later one's plan stays
    release = await takeLock(lockOf(folder, key), { signal, onWait: load.onWait, onLost: ignoreLoss });
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof AccelError) throw error; // from onWait
    const reason = `The cache folder ${folder} can't be written to: ${reasonOf(error)}.`;
    return { loaded: await load.build(), cache: { hit: false, key, stored: false, ...joined(seen.reason, reason) } };
  }
  try {
    return await loadLocked(load, await load.key(), seen);
  } finally {
    await release();
  }
}

/** With the lock: nobody else builds it now, but whoever was waited for may have made it, or made it anew. */
async function loadLocked<T>(load: CachedLoad<T>, key: string, seen: Unused): Promise<CachedResult<T>> {
  const again = await tryEntry(load, key, seen.identity);
  if ('loaded' in again) return again;
  const loaded = await load.build();
  const stored = await store(load, key, loaded);
  const reasons = joined(again.reason ?? seen.reason, stored.reason);
  if (stored.key === undefined) return { loaded, cache: { hit: false, key, stored: false, ...reasons } };
  const file = planFile(load.folder, stored.key, load.extension);
  return { loaded, cache: { hit: false, key: stored.key, file, stored: true, ...reasons } };
}

function joined(...reasons: (string | undefined)[]): Pick<CacheOutcome, 'reason'> {
  const given = reasons.filter((each) => each !== undefined);
  return given.length === 0 ? {} : { reason: given.join(' ') };
}

/** Why an entry was not used, and which one it was. */
interface Unused {
  reason?: string | undefined;
  identity?: string | undefined;
}

/** @param known the entry that is known to be of no use */
async function tryEntry<T>(
  { folder, open }: CachedLoad<T>,
  key: string,
  known?: string,
): Promise<CachedResult<T> | Unused> {
  let found: FoundEntry;
  try {
    found = await readEntry(folder, key);
  } catch (error) {
    return { reason: `The cache folder ${folder} can't be read: ${reasonOf(error)}.` };
  }
  const { entry, damage } = found;
  if (entry === undefined) return damage === undefined ? {} : { reason: unusable(damage) };
  const identity = entry.created.toISOString();
  if (identity === known) return { identity };
  try {
    await touchEntry(folder, key); // before: whoever makes room now takes others
    const loaded = await open(entry.file);
    return { loaded, made: entry.made, cache: { hit: true, key, file: entry.file, stored: false } };
  } catch (error) {
    if (!(error instanceof AccelError)) throw error;
    if (error.code !== 'RUNTIME_INCOMPATIBLE' && error.code !== 'MODEL_INVALID') throw error;
    return { identity, reason: unusable(reasonOf(error)) };
  }
}

function unusable(why: string): string {
  return `The plan in the cache could not be used: ${why}.`;
}

async function store<T>(load: CachedLoad<T>, key: string, built: T): Promise<{ key?: string; reason?: string }> {
  const { folder, extension, description, limit, save } = load;
  try {
    const target = (await load.keyToStore?.(key)) ?? { key };
    if ('reason' in target) return { reason: `The plan was not kept: ${target.reason}` };
    const made = load.describe?.(built);
    await storePlan(folder, target.key, extension, { ...description, made }, (path) => save(built, path), limit);
    // Too much in the folder is no reason to say that this one is not there.
    await evict(folder, limit, target.key).catch(() => undefined);
    return { key: target.key };
  } catch (error) {
    return { reason: `The plan was not kept: ${reasonOf(error)}.` };
  }
}
