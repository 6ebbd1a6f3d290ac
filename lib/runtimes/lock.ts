import { join } from 'node:path';

import { AccelError } from '../errors.js';
import { takeLock } from '../lock-folder.js';
import { folderFailure } from './failures.js';

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
  try {
    return await task();
  } finally {
    await release();
  }
}

async function acquire(root: string, stop: AbortController, onWait: () => void): Promise<() => Promise<void>> {
  const onLost = (): void =>
    stop.abort(
      new AccelError('VENDOR_FAILURE', `Another process took over ${root} while this one did not answer.`, {
        hint: 'Try again.',
      }),
    );
  try {
    return await takeLock(join(root, '.lock'), { signal: stop.signal, onWait, onLost });
  } catch (error) {
    throw folderFailure(error, root);
  }
}
