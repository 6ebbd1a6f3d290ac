/**
 * Locks between processes: a folder that whoever holds the lock has made, and touches now and then. A file in it has the
 * owner's name, so that the lock of a thread that has died on this machine is known for one at once.
 */
import { createHash } from 'node:crypto';
import { mkdir, readdir, rmdir, stat, unlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { threadId } from 'node:worker_threads';

// Not `import * as fs`: that copies it by all of its properties, and Node 24 warns of reading F_OK.
import fs = require('node:fs');

import { makeFolder } from './make-folder.js';

/** A lock whose owner has not touched it for so long is taken over, wherever the owner is. Milliseconds. */
const STALE = 15_000;
const TOUCH = 3_000;

/** How often to look whether another process is done, in milliseconds. */
const POLL = 250;

type ThirdParty = typeof import('./third-party/proper-lockfile.js');

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
 * Takes a lock that nobody has, or whose owner is dead.
 * @returns gives it back; undefined when somebody has it
 * @throws what the system said about the folder, as an error with its `code`
 */
export async function tryLock(
  path: string,
  onLost: () => void = () => undefined,
): Promise<(() => Promise<void>) | undefined> {
  makeFolder(dirname(path));
  const release =
    (await attempt(path, onLost)) ?? ((await clearAbandoned(path)) ? await attempt(path, onLost) : undefined);
  if (release === undefined) return undefined;
  abandonAtExit();
  held.add(path);
  return async () => {
    held.delete(path);
    // It fails when the lock was lost, or the folder is gone: there is nothing to release then.
    await unlink(join(path, ownName())).catch(() => undefined);
    await release().catch(() => undefined);
  };
}

async function attempt(path: string, onLost: () => void): Promise<(() => Promise<void>) | undefined> {
  try {
    return await loadLockfile().lock(path, {
      lockfilePath: path,
      realpath: false,
      stale: STALE,
      update: TOUCH,
      fs: lockFs,
      onCompromised: () => {
        held.delete(path);
        onLost();
      },
    });
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    // Not empty: one that nobody touches any more, with its owner's name in it.
    if (code === 'ELOCKED' || code === 'ENOTEMPTY') return undefined;
    throw error;
  }
}

/** Makes a lock's folder with its owner's name in it, which is there before the folder's time is looked at. */
function makeOwned(path: string, done: (error: NodeJS.ErrnoException | null) => void): void {
  mkdir(path)
    .then(() =>
      writeFile(join(path, ownName()), '').catch(async (error: unknown) => {
        await rmdir(path);
        throw error;
      }),
    )
    .then(() => done(null), done);
}

/** Keeps what proper-lockfile has learnt of the precision of times, too. */
const lockFs = { ...fs, mkdir: makeOwned };

/**
 * Removes a lock whose owner is dead or has not touched it for long.
 * @returns whether this call did: of several, only one can remove the file with the owner's name
 */
async function clearAbandoned(path: string): Promise<boolean> {
  try {
    const [owner, ...others] = await readdir(path);
    if (owner === undefined || others.length > 0 || !OWNER.test(owner)) return false;
    const { mtimeMs } = await stat(path);
    if (mtimeMs > Date.now() - STALE && !isDead(owner)) return false;
    await unlink(join(path, owner));
    await rmdir(path);
    return true;
  } catch {
    return false; // it is another's already
  }
}

/** `<namespace of processes>-<process>-<thread>-<when that began>`; off Linux only the process is known. */
const OWNER = /^owner-(\w+)-(\d+)-(\d+)-(\d+)$/;
let own: string | undefined;

/** The name of this thread: of a worker that is terminated, only the thread ends. */
function ownName(): string {
  if (own !== undefined) return own;
  try {
    const [id, , thread] = fs.readlinkSync('/proc/thread-self').split('/');
    own = `owner-${namespace()}-${id!}-${thread!}-${beginOf(id!, thread!)!}`;
  } catch {
    own = `owner-unknown-${process.pid}-${threadId}-0`;
  }
  return own;
}

/** Numbers of processes mean something within one namespace, of a machine that has not been started again. */
function namespace(): string {
  const boot = fs.readFileSync('/proc/sys/kernel/random/boot_id', 'utf8');
  return createHash('sha256')
    .update(`${boot} ${fs.readlinkSync('/proc/self/ns/pid')}`)
    .digest('hex')
    .slice(0, 16);
}

/** When a thread began, in ticks since the machine did; undefined when it has ended. @throws when that can't be told */
function beginOf(id: string, thread: string): string | undefined {
  let text: string;
  try {
    text = fs.readFileSync(`/proc/${id}/task/${thread}/stat`, 'latin1');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH') return undefined;
    throw error;
  }
  // After the command, which may have anything in it: the state first, then 18 others.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
}

/** Is it certain that a lock's owner is not there any more? */
function isDead(owner: string): boolean {
  const [, space, id, thread, begin] = OWNER.exec(owner)!;
  try {
    if (space !== namespace()) return false;
    return beginOf(id!, thread!) !== begin && !isHidden(id!);
  } catch {
    return false;
  }
}

/** Does /proc keep to itself what belongs to another user, and that is there nevertheless? */
function isHidden(id: string): boolean {
  try {
    process.kill(Number(id), 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** The locks that this thread holds. */
const held = new Set<string>();
let abandonsAtExit = false;

/** One listener for all locks. A process that has slept may have lost one without knowing: its name is not in it then. */
function abandonAtExit(): void {
  if (abandonsAtExit) return;
  abandonsAtExit = true;
  process.once('exit', () => {
    for (const path of held) {
      try {
        fs.unlinkSync(join(path, ownName()));
        fs.rmdirSync(path);
      } catch {
        // it was lost
      }
    }
  });
}

/**
 * Loaded only when it is needed, and made to leave the process's signals alone: the signal-exit that
 * proper-lockfile brings would end the process after a `process.once('SIGINT', …)` of our caller, who is then
 * still tidying up. A lock that is left behind by a signal is taken over, as its owner is dead.
 */
function loadLockfile(): ThirdParty['lockfile'] {
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  const { lockfile, signalExit } = require('./third-party/proper-lockfile.js') as ThirdParty;
  signalExit.unload();
  return lockfile;
}
