/** Locks between processes: a folder that whoever holds the lock has made, and touches now and then. */
import { rmSync, statSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** A lock whose owner has not touched it for so long is taken over: its process is dead. Milliseconds. */
const STALE = 15_000;
const TOUCH = 3_000;

/** How often to look whether another process is done, in milliseconds. */
const POLL = 250;

/** How a lock is waited for. */
export interface LockOptions {
  /** Ends the wait. */
  signal?: AbortSignal | undefined;
  /** Told once, when another process has to finish first. */
  onWait?: (() => void) | undefined;
  /** Told when another process has taken the lock over, as after a sleep of this machine. */
  onLost: () => void;
}

/**
 * Takes a lock, when whoever has it lets it go.
 * @param path the lock's folder; the folder above is made when it is missing
 * @returns gives it back
 * @throws the signal's reason; what the system said about the folder, as an error with its `code`
 */
export async function takeLock(path: string, { signal, onWait, onLost }: LockOptions): Promise<() => Promise<void>> {
  let waiting = false;
  for (;;) {
    signal?.throwIfAborted();
    const release = await tryLock(path, onLost);
    if (release !== undefined) return release;
    if (!waiting) onWait?.();
    waiting = true;
    // An abort ends the wait; the next turn reports it.
    await sleep(POLL, undefined, { signal }).catch(() => undefined);
  }
}

/**
 * Takes a lock that nobody has.
 * @returns gives it back; undefined when somebody has it
 * @throws what the system said about the folder, as an error with its `code`
 */
export async function tryLock(
  path: string,
  onLost: () => void = () => undefined,
): Promise<(() => Promise<void>) | undefined> {
  await mkdir(dirname(path), { recursive: true });
  let release: () => Promise<void>;
  try {
    release = await loadLockfile().lock(path, {
      lockfilePath: path,
      realpath: false,
      stale: STALE,
      update: TOUCH,
      onCompromised: () => {
        held.delete(path);
        onLost();
      },
    });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ELOCKED') return undefined;
    throw error;
  }
  abandonAtExit();
  held.set(path, identityOf(path));
  return async () => {
    held.delete(path);
    // It fails when the lock was lost, or the folder is gone: there is nothing to release then.
    await release().catch(() => undefined);
  };
}

/** The locks that are held, each with which folder it is. */
const held = new Map<string, string | undefined>();
let abandonsAtExit = false;

/** One listener for all locks. A process that has slept may have lost one without knowing: its folder is another one then. */
function abandonAtExit(): void {
  if (abandonsAtExit) return;
  abandonsAtExit = true;
  process.once('exit', () => {
    for (const [path, identity] of held) {
      if (identity !== undefined && identityOf(path) === identity) rmSync(path, { recursive: true, force: true });
    }
  });
}

/** Numbers of folders are used again, times at which they were made are not. */
function identityOf(path: string): string | undefined {
  const info = statSync(path, { bigint: true, throwIfNoEntry: false });
  return info && `${info.ino} ${info.birthtimeNs}`;
}

/**
 * Loaded only when it is needed, and made to leave the process's signals alone: the signal-exit that
 * proper-lockfile brings would end the process after a `process.once('SIGINT', …)` of our caller, who is then
 * still tidying up. A lock that is left behind by a signal is taken over when it is stale.
 */
function loadLockfile(): typeof import('proper-lockfile') {
  const load = createRequire(__filename);
  const before = process.listenerCount('SIGINT');
  const lockfile = load('proper-lockfile') as typeof import('proper-lockfile');
  // Unless somebody else has it already, and wants it.
  if (process.listenerCount('SIGINT') > before) {
    const signalExit = createRequire(load.resolve('proper-lockfile'))('signal-exit') as { unload: () => void };
    signalExit.unload();
  }
  return lockfile;
}
