/** What scripts/seeded-mistakes.mjs stands on: the copy that mistakes are made in, and what a run of vitest says. */
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, describe, expect, it } from 'vitest';

import { mirror } from '../../scripts/mistakes/mirror.mjs';
import { verdictOf } from '../../scripts/mistakes/verdict.mjs';

describe('the copy for mistakes', () => {
  const folder = mkdtempSync(join(tmpdir(), 'accelnode-mirror-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const from = join(folder, 'from');
  const to = join(folder, 'to');
  const old = new Date(2001, 0, 1);
  const wrong = join(to, 'cuda', 'wrong.cc');
  mkdirSync(join(from, 'cuda'), { recursive: true });
  for (const name of ['same.cc', 'wrong.cc']) {
    writeFileSync(join(from, 'cuda', name), 'right');
    utimesSync(join(from, 'cuda', name), old, old);
  }

  it('is compiled again where a mistake was left in it, and only there', () => {
    mirror(from, to);
    const compiled = statSync(wrong).mtimeMs;
    expect(compiled).toBeGreaterThan(old.getTime());
    utimesSync(join(to, 'cuda', 'same.cc'), old, old);
    writeFileSync(wrong, 'mistaken');
    utimesSync(wrong, old, old);
    mirror(from, to);
    expect(readFileSync(wrong, 'utf8')).toBe('right');
    expect(statSync(wrong).mtimeMs).toBeGreaterThanOrEqual(compiled);
    expect(statSync(join(to, 'cuda', 'same.cc')).mtimeMs).toBe(old.getTime());
  });

  it('has nothing that is not in what it copies, and folders and files in the place of each other', () => {
    writeFileSync(join(to, 'stray.cc'), '');
    mkdirSync(join(to, 'cuda.h'));
    writeFileSync(join(from, 'cuda.h'), 'a file');
    writeFileSync(join(to, 'rocm'), 'a file');
    mkdirSync(join(from, 'rocm'));
    mirror(from, to);
    expect(readdirSync(to).sort()).toEqual(['cuda', 'cuda.h', 'rocm']);
    expect(readFileSync(join(to, 'cuda.h'), 'utf8')).toBe('a file');
    expect(statSync(join(to, 'rocm')).isDirectory()).toBe(true);
  });
});

describe('the verdict of a run of vitest', () => {
  const ended = (status: number) => ({ status, signal: null, stderr: '' });
  const file = (status: string, tests: string[], message = '') => ({
    name: '/somewhere/runs.test.ts',
    status,
    message,
    assertionResults: tests.map((status, i) => ({ fullName: `test ${i}`, status })),
  });
  const report = (...testResults: object[]) => ({ testResults });

  it.each<[what: string, end: Parameters<typeof verdictOf>[0], reported: object | undefined, verdict: object]>([
    ['all pass', ended(0), report(file('passed', ['passed', 'skipped'])), { is: 'passed' }],
    ['a test fails', ended(1), report(file('failed', ['passed', 'failed'])), { is: 'failed', words: 'test 1' }],
    [
      'what comes before the tests fails',
      ended(1),
      report(file('failed', ['skipped'], 'no device\nat …')),
      { is: 'failed', words: 'runs.test.ts: no device' },
    ],
    [
      'a process crashes',
      ended(1),
      report(file('passed', ['pending', 'pending'])),
      { is: 'failed', words: 'the process of runs.test.ts crashes' },
    ],
    ['it hangs', { status: null, error: { code: 'ETIMEDOUT' } }, undefined, { is: 'failed', words: 'they hang' }],
    [
      'vitest does not start',
      { status: 1, stderr: '⎯ Startup Error ⎯\nError: No projects matched the filter "nope".\n    at …' },
      undefined,
      { is: 'unknown', words: 'vitest did not run: Error: No projects matched the filter "nope".' },
    ],
    [
      'vitest itself is ended',
      { status: null, signal: 'SIGKILL' },
      undefined,
      { is: 'unknown', words: 'vitest did not run: it ended with SIGKILL' },
    ],
    ['no test is found', ended(1), report(), { is: 'unknown', words: 'no test was found' }],
    ['all are skipped', ended(0), report(file('passed', ['skipped'])), { is: 'unknown', words: 'no test ran' }],
    [
      'a file can not be read',
      ended(1),
      report(file('failed', [], 'Cannot find module')),
      { is: 'unknown', words: 'runs.test.ts: Cannot find module' },
    ],
    [
      'something else is wrong',
      ended(1),
      report(file('passed', ['passed'])),
      { is: 'unknown', words: 'vitest failed, but no test' },
    ],
  ])('%s', (_what, end, reported, verdict) => {
    expect(verdictOf(end, reported)).toMatchObject(verdict);
  });
});
