/** Loading a model through a folder of compiled ones. Knows no vendor: a backend gives it what to do. */
import { AccelError } from '../errors.js';
import { takeLock } from '../lock-folder.js';
import { reasonOf } from '../runtimes/failures.js';
import { evict, lockOf, planFile, readEntry, storePlan, touchEntry } from './folder.js';
import type { PlanDescription } from './folder.js';

/** What a load by way of the cache takes. */
export interface CachedLoad<T> {
  folder: string;
  /** Of the compiled model's files: `plan`, `mxr`. */
  extension: string;
  description: PlanDescription;
  /** Most bytes of all entries. */
  limit: number;
  /** The key to look for. */
  key: string;
  /**
   * The key to store under, once it is built; undefined with a reason when it must not be stored. Default: `key`.
   */
  keyToStore?: (() => Promise<{ key: string } | { reason: string }>) | undefined;
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
  key?: string;
  /** The compiled model. Unset when it is not kept. */
  file?: string;
  /** Was it put into the cache by this load? */
  stored: boolean;
  /** Why what was there could not be used, or why nothing was stored. */
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
  const { folder, key, extension, signal } = load;
  const seen = await tryEntry(load);
  if ('loaded' in seen) return { ...seen, cache: hit(load) };

  let release: () => Promise<void>;
  try {
    const ignoreLoss = (): void => undefined; // two would build then, and the later one's plan stays
    release = await takeLock(lockOf(folder, key), { signal, onWait: load.onWait, onLost: ignoreLoss });
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof AccelError) throw error; // from onWait
    const reason = `The cache folder ${folder} can't be written to: ${reasonOf(error)}.`;
    return { loaded: await load.build(), cache: { hit: false, key, stored: false, reason } };
  }
  try {
    // Whoever was waited for may have made it, or made it anew.
    const again = await tryEntry(load, seen.identity);
    if ('loaded' in again) return { ...again, cache: hit(load) };
    const loaded = await load.build();
    const unfit = again.reason ?? seen.reason;
    const stored = await store(load, loaded);
    const reason = [unfit, stored.reason].filter((each) => each !== undefined).join(' ');
    const file = stored.key === undefined ? {} : { file: planFile(folder, stored.key, extension) };
    return {
      loaded,
      cache: {
        hit: false,
        key: stored.key ?? key,
        ...file,
        stored: stored.key !== undefined,
        ...(reason === '' ? {} : { reason }),
      },
    };
  } finally {
    await release();
  }
}

function hit<T>({ folder, key, extension }: CachedLoad<T>): CacheOutcome {
  return { hit: true, key, file: planFile(folder, key, extension), stored: false };
}

/** Why an entry was not used, and which one it was. */
interface Unused {
  reason?: string;
  identity?: string;
}

type Hit<T> = Pick<CachedResult<T>, 'loaded' | 'made'>;

/** @param known the entry that is known to be of no use */
async function tryEntry<T>({ folder, key, open }: CachedLoad<T>, known?: string): Promise<Hit<T> | Unused> {
  const entry = await readEntry(folder, key);
  if (entry === undefined) return {};
  const identity = entry.created.toISOString();
  if (identity === known) return { identity };
  try {
    const loaded = await open(entry.file);
    await touchEntry(folder, key);
    return { loaded, made: entry.made };
  } catch (error) {
    if (!(error instanceof AccelError)) throw error;
    if (error.code !== 'RUNTIME_INCOMPATIBLE' && error.code !== 'MODEL_INVALID') throw error;
    return { identity, reason: `The plan in the cache could not be used: ${error.message}` };
  }
}

async function store<T>(load: CachedLoad<T>, built: T): Promise<{ key?: string; reason?: string }> {
  const { folder, extension, description, limit, save } = load;
  try {
    const target = (await load.keyToStore?.()) ?? { key: load.key };
    if ('reason' in target) return target;
    const made = load.describe?.(built);
    await storePlan(folder, target.key, extension, { ...description, made }, (path) => save(built, path), limit);
    // Too much in the folder is no reason to say that this one is not there.
    await evict(folder, limit, target.key).catch(() => undefined);
    return { key: target.key };
  } catch (error) {
    return { reason: `The plan was not kept: ${reasonOf(error)}.` };
  }
}
