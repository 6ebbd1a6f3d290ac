import { rmSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { AccelError } from '../errors.js';
import { folderFailure } from './failures.js';

const LOCK = '.lock';

/** A lock whose owner has not touched it for so long is taken over: its process is dead. Milliseconds. */
const STALE = 15_000;
const TOUCH = 3_000;

/** How often to look whether another process is done, in milliseconds. */
const POLL = 250;

/**
 * Does something alone in a runtimes folder, whichever process wants to: one lock for the whole folder, so that
 * whoever holds it may also clear away what a dead process left.
 *
 * @param stop ends the wait; it is aborted when the lock was lost, as after a sleep of the machine
 * @param onWait told once, when another process has to finish first
 */
export async function withLock<T>(
  root: string,
  stop: AbortController,
  onWait: () => void,
  task: () => Promise<T>,
): Promise<T> {
  const release = await acquire(root, stop, onWait);
  const abandon = (): void => rmSync(join(root, LOCK), { recursive: true, force: true });
  process.once('exit', abandon);
  try {
    return await task();
  } finally {
    process.removeListener('exit', abandon);
    // It fails when the lock was lost, or the folder is gone: there is nothing to release then.
    await release().catch(() => undefined);
  }
}

async function acquire(root: string, stop: AbortController, onWait: () => void): Promise<() => Promise<void>> {
  const { lock } = loadLockfile();
  let waiting = false;
  for (;;) {
    stop.signal.throwIfAborted();
    try {
      await mkdir(root, { recursive: true });
      return await lock(root, {
        lockfilePath: join(root, LOCK),
        realpath: false,
        stale: STALE,
        update: TOUCH,
        onCompromised: () =>
          stop.abort(
            new AccelError('VENDOR_FAILURE', `Another process took over ${root} while this one did not answer.`, {
              hint: 'Try again.',
            }),
          ),
      });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ELOCKED') throw folderFailure(error, root);
    }
    if (!waiting) onWait();
    waiting = true;
    // An abort ends the wait; the next turn reports it.
    await sleep(POLL, undefined, { signal: stop.signal }).catch(() => undefined);
  }
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
