import { chmodSync, copyFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { AccelError } from 'accelnode';
import { afterEach, describe, expect, it, vi } from 'vitest';

import { findPython } from '../../build-ts/runtimes/python.js';
import { temporaryFolder } from '../utils/temporary-folder.js';

const fake = join(import.meta.dirname, '..', 'fakes', 'python', 'python');
const good = { executable: '/somewhere/python3', version: [3, 9, 0], pip: '21.0' };

afterEach(() => {
  vi.unstubAllEnvs();
});

/** A PATH with these programs alone. */
function programs(...names: string[]): string {
  const folder = temporaryFolder();
  for (const name of names) copyFileSync(fake, join(folder, name));
  vi.stubEnv('PATH', folder);
  vi.stubEnv('ACCELNODE_PYTHON', '');
  return folder;
}

async function refusal(named?: string): Promise<AccelError> {
  const error: unknown = await findPython(named).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(AccelError);
  expect(error).toMatchObject({ code: 'UNSUPPORTED', hint: expect.stringContaining('ACCELNODE_PYTHON') as string });
  return error as AccelError;
}

it('finds the Python of this machine, and its pip', async () => {
  const python = await findPython(undefined);
  expect(python.version).toMatch(/^3\.\d+\.\d+$/);
  expect(python.pip).toMatch(/^\d+\./);
});

it('imports nothing from the current folder', async () => {
  const folder = temporaryFolder();
  for (const name of ['json.py', 'pip.py']) writeFileSync(join(folder, name), 'raise SystemExit("not this one")');
  const before = process.cwd();
  process.chdir(folder);
  try {
    expect((await findPython(undefined)).pip).toMatch(/^\d+\./);
  } finally {
    process.chdir(before);
  }
});

it('says that a Python has no pip', async () => {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'pip'));
  writeFileSync(join(folder, 'pip', '__init__.py'), 'raise ImportError("No module named pip")');
  vi.stubEnv('PYTHONPATH', folder);
  expect((await refusal()).message).toMatch(/python3: Python 3\S+ has no pip \(No module named pip\)/);
});

describe.skipIf(process.platform === 'win32')('Pythons that are shell scripts (not on Windows)', () => {
  it('lists what was tried, and why each will not do', async () => {
    const folder = programs('python3', 'python');
    vi.stubEnv('FAKE_PYTHON', JSON.stringify({ ...good, version: [3, 8, 18] }));
    writeFileSync(join(folder, 'python'), '#!/bin/sh\necho "it is broken" >&2; exit 3');
    expect((await refusal()).message).toContain(
      'Tried:\n  python3: is Python 3.8.18, too old\n  python: does not run: it is broken',
    );
  });

  it('says that there is none', async () => {
    programs();
    expect((await refusal()).message).toContain('python3: not found\n  python: not found');
  });

  it('takes the next one when the first will not do', async () => {
    const folder = programs('python');
    symlinkSync('/nowhere', join(folder, 'python3'));
    vi.stubEnv('FAKE_PYTHON', JSON.stringify(good));
    expect(await findPython(undefined)).toEqual({ executable: '/somewhere/python3', version: '3.9.0', pip: '21.0' });
  });

  it('tries only the one that the user named', async () => {
    const folder = programs('python3', 'mine');
    vi.stubEnv('FAKE_PYTHON', JSON.stringify(good));
    chmodSync(join(folder, 'mine'), 0o600);
    expect((await refusal(join(folder, 'mine'))).message.split('\n')).toHaveLength(2);
    vi.stubEnv('ACCELNODE_PYTHON', 'absent');
    expect((await refusal()).message).toMatch(/Tried:\n {2}absent: not found$/);
    expect(await findPython('python3')).toMatchObject({ pip: '21.0' });
  });
});
