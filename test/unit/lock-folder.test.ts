/** Locks between processes: what is left of them when a process ends. */
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';

import { describe, expect, it } from 'vitest';

import { takeLock, tryLock } from '../../build-ts/lock-folder.js';
import { LineChild } from '../utils/line-child.js';
import { temporaryFolder } from '../utils/temporary-folder.js';

const childScript = join(import.meta.dirname, '..', 'utils', 'lock-child.mjs');
const fail = (): never => {
  throw new Error('The lock was lost.');
};

it('a lock that somebody has can not be taken', async () => {
  const path = join(temporaryFolder(), 'sub', 'a.lock');
  const release = await tryLock(path);
  expect(await tryLock(path)).toBeUndefined();
  await release!();
  const again = await takeLock(path, { onLost: fail });
  await again();
  expect(existsSync(path)).toBe(false);
});

it('a process that exits gives its locks back', async () => {
  const path = join(temporaryFolder(), 'a.lock');
  const child = new LineChild([childScript, path]);
  await child.prints('locked');
  child.go();
  await child.ended;
  expect(existsSync(path)).toBe(false);
});

it('a process that exits leaves a lock alone that somebody else has taken over', async () => {
  const path = join(temporaryFolder(), 'a.lock');
  const child = new LineChild([childScript, path]);
  await child.prints('locked');
  // Made before the other one goes, so that the two can't be taken for one by their numbers.
  mkdirSync(`${path}.new`);
  rmSync(path, { recursive: true });
  renameSync(`${path}.new`, path);
  child.go();
  await child.ended;
  expect(existsSync(path)).toBe(true);
});

/** Of an owner on this machine, who need not be there; of the name that `other` makes of this thread's. */
async function leaveLock(other: (name: string) => string): Promise<string> {
  const path = join(temporaryFolder(), 'a.lock');
  const release = await tryLock(path);
  const [name] = readdirSync(path);
  await release!();
  mkdirSync(path);
  writeFileSync(join(path, other(name!)), '');
  return path;
}

describe.skipIf(process.platform !== 'linux')('a lock of the dead (known on Linux only) is taken at once', () => {
  it('of a process that was killed', async () => {
    const path = join(temporaryFolder(), 'a.lock');
    const child = new LineChild([childScript, path]);
    await child.prints('locked');
    expect(await tryLock(path)).toBeUndefined();
    child.process.kill('SIGKILL');
    await child.ended;
    expect(readdirSync(path)).toHaveLength(1);
    const release = await tryLock(path);
    expect(release).toBeDefined();
    await release!();
    expect(existsSync(path)).toBe(false);
  });

  it('of a worker that was terminated', async () => {
    const path = join(temporaryFolder(), 'a.lock');
    const worker = new Worker(childScript, { argv: [path], stdin: true, stdout: true });
    await once(worker.stdout, 'data');
    expect(await tryLock(path)).toBeUndefined();
    await worker.terminate();
    const release = await tryLock(path);
    expect(release).toBeDefined();
    await release!();
  });

  it('of a process whose number another has now', async () => {
    const path = await leaveLock((name) => `${name}0`);
    const release = await tryLock(path);
    expect(release).toBeDefined();
    await release!();
  });

  it('by one of several', async () => {
    const path = await leaveLock((name) => `${name}0`);
    const taken = await Promise.all(Array.from({ length: 8 }, () => tryLock(path)));
    expect(taken.filter((release) => release !== undefined)).toHaveLength(1);
    for (const release of taken) await release?.();
  });

  it.each<[string, (name: string) => string]>([
    ['of another machine', (name) => name.replace(/^owner-\w+/, 'owner-0123456789abcdef')],
    ['whose owner is not known', () => 'owner-unknown-1-0-0'],
  ])('but not one %s, until nobody has touched it for 15 seconds', async (_what, other) => {
    const path = await leaveLock(other);
    expect(await tryLock(path)).toBeUndefined();
    const longAgo = new Date(Date.now() - 60_000);
    utimesSync(path, longAgo, longAgo);
    const release = await tryLock(path);
    expect(release).toBeDefined();
    await release!();
  });
});

it('a folder with other things in it is no lock, and stays', async () => {
  const path = join(temporaryFolder(), 'a.lock');
  mkdirSync(path);
  writeFileSync(join(path, 'precious.txt'), '');
  const longAgo = new Date(Date.now() - 60_000);
  utimesSync(path, longAgo, longAgo);
  expect(await tryLock(path)).toBeUndefined();
  expect(readdirSync(path)).toEqual(['precious.txt']);
});

it('many locks have one listener to the end of the process', async () => {
  const folder = temporaryFolder();
  const release = await tryLock(join(folder, 'first.lock'));
  const listeners = process.listenerCount('exit');
  const releases = await Promise.all(Array.from({ length: 20 }, (_, i) => tryLock(join(folder, `${i}.lock`))));
  expect(process.listenerCount('exit')).toBe(listeners);
  for (const each of [release, ...releases]) await each!();
});
