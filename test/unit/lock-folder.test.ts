/** Locks between processes: what is left of them when a process ends. */
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import { expect, it } from 'vitest';

import { takeLock, tryLock } from '../../dist/lock-folder.js';
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

it('many locks have one listener to the end of the process', async () => {
  const folder = temporaryFolder();
  const release = await tryLock(join(folder, 'first.lock'));
  const listeners = process.listenerCount('exit');
  const releases = await Promise.all(Array.from({ length: 20 }, (_, i) => tryLock(join(folder, `${i}.lock`))));
  expect(process.listenerCount('exit')).toBe(listeners);
  for (const each of [release, ...releases]) await each!();
});
