/** A configuration's own process: whatever becomes of it, there is an answer, and nothing stays behind. */
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, it, vi } from 'vitest';

import { inChild } from '../../build-ts/analyze/in-child.js';
import { LineChild } from '../utils/line-child.js';
import { temporaryFolder } from '../utils/temporary-folder.js';

const children = join(import.meta.dirname, '..', 'utils', 'analyze-children');
const child = (name: string): string => join(children, name);

/** Longer than any test takes. */
const LIMIT = 600_000;

it('hands over the answer, and ends what does not end by itself', async () => {
  const request = { configuration: { batch: 2 } };
  expect(await inChild(child('echo.cjs'), request, LIMIT)).toEqual({ kind: 'replied', reply: { echo: request } });
});

it.each(['SIGKILL', 'SIGSEGV', 'SIGABRT'])('says that it was ended by %s', async (signal) => {
  const end = await inChild(child('crash.cjs'), signal, LIMIT);
  expect(end).toEqual({ kind: 'crashed', reason: `The process that measured it was ended by ${signal}.` });
});

/** A cgroup of so many bytes. Undefined where this user may make none, or the kernel does not count what it ends. */
function smallCgroup(bytes: number): string | undefined {
  if (!existsSync('/proc/vmstat') || !/^oom_kill /m.test(readFileSync('/proc/vmstat', 'utf8'))) return undefined;
  for (const [root, limit] of [
    ['/sys/fs/cgroup/memory', 'memory.limit_in_bytes'],
    ['/sys/fs/cgroup', 'memory.max'],
  ] as const) {
    const folder = join(root, `accelnode-${process.pid}`);
    try {
      mkdirSync(folder);
      if (existsSync(join(folder, limit))) {
        writeFileSync(join(folder, limit), String(bytes));
        return folder;
      }
      rmdirSync(folder);
    } catch {
      // not ours to change
    }
  }
  return undefined;
}

it('tells the kernel’s end for want of memory from a crash (where this user may make a cgroup)', async (context) => {
  const cgroup = smallCgroup(200 << 20);
  if (cgroup === undefined) return context.skip('no cgroup can be made');
  try {
    expect(await inChild(child('greedy.cjs'), cgroup, LIMIT)).toEqual({
      kind: 'out of memory',
      reason: 'The kernel has ended the process that measured it, as there was no memory left.',
    });
  } finally {
    rmdirSync(cgroup);
  }
});

it('passes its last words on', async () => {
  expect(await inChild(child('crash.cjs'), 'exit', LIMIT)).toEqual({
    kind: 'crashed',
    reason: 'The process that measured it ended with exit code 3; its last words: no licence for this device',
  });
});

it('says that there is no such program', async () => {
  expect(await inChild(child('none.cjs'), {}, LIMIT)).toMatchObject({ kind: 'crashed' });
});

it('ends one that takes too long', async () => {
  expect(await inChild(child('hang.cjs'), {}, 1)).toEqual({ kind: 'timed out' });
});

it.skipIf(process.platform === 'win32')('leaves no orphan, even one whose main thread is stuck', async () => {
  const pidFile = join(temporaryFolder(), 'pid');
  const parent = new LineChild([child('parent.mjs'), pidFile]);
  await parent.prints('hangs');
  const pid = Number(readFileSync(pidFile, 'utf8'));
  expect(isAlive(pid)).toBe(true);
  parent.process.kill('SIGKILL');
  await parent.ended;
  await vi.waitUntil(() => !isAlive(pid), { timeout: 30_000 });
});

/** A process that has ended and that nobody has waited for is not alive. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return process.platform !== 'linux' || !/^State:\tZ/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
