/** Installing through the real pip, from an index on this machine that has small wheels. */
import { chmodSync, existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import {
  AccelError,
  installRuntime,
  installedRuntimes,
  removeRuntime,
  runtimeReleases,
  runtimesFolder,
} from 'accelnode';
import type { InstallProgress } from 'accelnode';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { folderFailure } from '../../build-ts/runtimes/failures.js';
import { installRelease } from '../../build-ts/runtimes/install.js';
import type { Release } from '../../build-ts/runtimes/manifest.js';
import { LineChild } from '../utils/line-child.js';
import { PackageIndex, makeRelease, pipEnvironment } from '../utils/package-index.js';
import type { IndexOptions } from '../utils/package-index.js';
import { expectError } from '../utils/session.js';
import { temporaryFolder } from '../utils/temporary-folder.js';

const command = join(import.meta.dirname, '..', '..', 'dist', 'cli.js');
const library = 'openvino/libs/libopenvino_c.so.123';
const members = [
  [library, 'the library'],
  ['openvino/libs/libopenvino_intel_cpu_plugin.so', 300_000],
  ['openvino/__init__.py', 'left out'],
  ['openvino-1.2.3.dist-info/licenses/LICENSE', 'the licence'],
  ['openvino-1.2.3.dist-info/licenses/licensing/more.txt', 'more of it'],
] as const;

let root: string;

beforeEach(() => {
  root = join(temporaryFolder(), 'not yet there');
  vi.stubEnv('ACCELNODE_RUNTIMES', root);
  vi.stubEnv('ACCELNODE_OPENVINO_LIBRARY', '');
});

afterEach(() => {
  vi.unstubAllEnvs();
});

function stubEnvironment(environment: Record<string, string>): void {
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
}

async function withIndex<T>(options: IndexOptions, use: (index: PackageIndex) => Promise<T>): Promise<T> {
  const index = await PackageIndex.start(options);
  stubEnvironment(index.environment);
  try {
    return await use(index);
  } finally {
    await index.close();
  }
}

/** What is in the runtimes folder, with what is hidden. */
function contents(): string[] {
  return existsSync(root) ? readdirSync(root, { recursive: true, encoding: 'utf8' }).sort() : [];
}

async function failure(release: Release, index: IndexOptions): Promise<AccelError> {
  const error = await withIndex(index, () => installRelease(release, {}).catch((thrown: unknown) => thrown));
  expect(error).toBeInstanceOf(AccelError);
  expect(contents()).toEqual([]);
  return error as AccelError;
}

it('installs what is wanted of a wheel, once', async () => {
  const { release, files } = makeRelease(members);
  const seen: InstallProgress[] = [];
  await withIndex({ files }, async (index) => {
    const result = await installRelease(release, { onProgress: (progress) => seen.push(progress) });
    const description = {
      name: 'openvino',
      version: '1.2.3',
      library: 'libopenvino_c.so.123',
      source: release.archive.file,
    };
    const folder = join(root, 'openvino', '1.2.3');
    expect(result).toEqual({ ...description, folder, changed: true });
    expect(installedRuntimes()).toEqual([{ ...description, folder }]);
    expect(contents()).toEqual(
      [
        'openvino',
        'openvino/1.2.3',
        'openvino/1.2.3/libopenvino_c.so.123',
        'openvino/1.2.3/libopenvino_intel_cpu_plugin.so',
        'openvino/1.2.3/licenses',
        'openvino/1.2.3/licenses/LICENSE',
        'openvino/1.2.3/licenses/licensing',
        'openvino/1.2.3/licenses/licensing/more.txt',
        'openvino/1.2.3/runtime.json',
      ].map((path) => join(path)),
    );
    expect(readFileSync(join(folder, 'libopenvino_c.so.123'), 'utf8')).toBe('the library');
    expect(statSync(join(folder, 'libopenvino_intel_cpu_plugin.so')).size).toBe(300_000);

    expect(await installRelease(release, {})).toMatchObject({ folder, changed: false });
    expect(index.downloads).toBe(1);
  });
  const order = ['wait', 'download', 'unpack'];
  for (const [i, { step, done, total, python }] of seen.entries()) {
    expect(done).toBeLessThanOrEqual(total);
    expect(python!.pip).toMatch(/^\d/);
    expect(order.indexOf(step)).toBeGreaterThanOrEqual(order.indexOf(seen[i - 1]?.step ?? 'wait'));
  }
  expect(seen.at(0)).toMatchObject({ step: 'download', done: 0, total: release.archive.size });
  expect(seen.at(-1)).toMatchObject({ step: 'unpack', done: 300_032, total: 300_032 });
});

it('tells the bytes of a download that is under way', async () => {
  const { release, files } = makeRelease([[library, 4_000_000]]);
  await withIndex({ files, halfway: 'stall' }, async (index) => {
    const onProgress = ({ step, done }: InstallProgress): void => {
      // It goes on only when half of it was told.
      if (step === 'download' && done > release.archive.size / 3 && done < release.archive.size) index.proceed();
    };
    expect(await installRelease(release, { onProgress })).toMatchObject({ changed: true });
  });
});

it('installs again when it must, and keeps what is there when that fails', async () => {
  const { release, files } = makeRelease(members);
  const kept = join(root, 'openvino', '1.2.3', 'libopenvino_c.so.123');
  await withIndex({ files }, async (index) => {
    await installRelease(release, {});
    writeFileSync(kept, 'damaged');
    expect(await installRelease(release, { force: true })).toMatchObject({ changed: true });
    expect(readFileSync(kept, 'utf8')).toBe('the library');
    expect(index.downloads).toBe(2);
    const before = contents();
    const other = { ...release, archive: { ...release.archive, sha256: '0'.repeat(64) } };
    await expect(installRelease(other, { force: true })).rejects.toMatchObject({ code: 'RUNTIME_INCOMPATIBLE' });
    expect(contents()).toEqual(before);
  });
});

it('runs nothing that lies in the current folder', async () => {
  const { release, files } = makeRelease(members);
  const folder = temporaryFolder();
  for (const name of ['pip', 'json', 'zipfile'])
    writeFileSync(join(folder, `${name}.py`), 'raise SystemExit("not this")');
  const before = process.cwd();
  process.chdir(folder);
  try {
    expect(await withIndex({ files }, () => installRelease(release, {}))).toMatchObject({ changed: true });
  } finally {
    process.chdir(before);
  }
});

it('clears away what a process that died has left', async () => {
  const { release, files } = makeRelease(members);
  mkdirSync(join(root, '.staging-dead', 'download'), { recursive: true });
  mkdirSync(join(root, '.something else'));
  await withIndex({ files }, () => installRelease(release, {}));
  expect(readdirSync(root).sort()).toEqual(['.something else', 'openvino']);
});

describe('refusals', () => {
  const { release, files } = makeRelease(members);
  const withArchive = (changes: Partial<Release['archive']>): Release => ({
    ...release,
    archive: { ...release.archive, ...changes },
  });

  it('refuses a file that has another hash', async () => {
    const error = await failure(withArchive({ sha256: 'ab'.repeat(32) }), { files });
    expect(error.code).toBe('RUNTIME_INCOMPATIBLE');
    expect(error.message).toMatch(new RegExp(`Expected sha256 ${'ab'.repeat(32)}[^]+Got +${release.archive.sha256}`));
  });

  it('says that the index has no such file', async () => {
    const error = await failure(release, { files: {} });
    expect(error.code).toBe('RUNTIME_NOT_FOUND');
    expect(error.message).toMatch(/does not have the file\.\n {2}file: openvino-1\.2\.3.*whl\n.*pip: /);
  });

  it.each([401, 403])('says that the index answered %i', async (status) => {
    const error = await failure(release, { files, status });
    expect(error.code).toBe('RUNTIME_NOT_FOUND');
    expect(error.message).toContain('turned pip away');
    expect(error.message).toContain(`Could not fetch URL`);
    expect(error.message).toContain(String(status));
  });

  it('says that the index can not be reached', async () => {
    stubEnvironment(pipEnvironment(9)); // the discard service, which nobody runs
    const error: unknown = await installRelease(release, {}).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: 'RUNTIME_NOT_FOUND',
      message: expect.stringMatching(/could not reach its package index[^]+refused/) as string,
      hint: expect.stringContaining('PIP_FIND_LINKS') as string,
    });
    expect(contents()).toEqual([]);
  });

  it('refuses a download that was cut short', async () => {
    const error = await failure(release, { files, halfway: 'cut' });
    // pip before 25 does not see that something is missing, except by the hash.
    expect(error.message).toMatch(/could not reach its package index, or lost it|not the file that accelnode knows/);
    expect(['RUNTIME_NOT_FOUND', 'RUNTIME_INCOMPATIBLE']).toContain(error.code);
  });

  it('refuses a wheel that lacks a file', async () => {
    const error = await failure(withArchive({ members: [library, 'openvino/libs/absent.so'] }), { files });
    expect(error.code).toBe('VENDOR_FAILURE');
    expect(error.message).toContain('the wheel has no openvino/libs/absent.so');
  });

  it('writes nothing outside of the folder', async () => {
    const evil = 'openvino-1.2.3.dist-info/licenses/../../../../evil';
    const made = makeRelease([...members, [evil, 'got out']]);
    const error = await failure(made.release, made);
    expect(error.message).toContain('outside of the folder');
    expect(existsSync(join(root, '..', 'evil'))).toBe(false);
  });

  it('gives the caller what its own callback throws', async () => {
    const mistake = new Error('mine');
    for (const wanted of ['download', 'unpack']) {
      const onProgress = ({ step }: InstallProgress): void => {
        if (step === wanted) throw mistake;
      };
      const thrown = await withIndex({ files }, () => installRelease(release, { onProgress }).catch((e: unknown) => e));
      expect(thrown).toBe(mistake);
      expect(contents()).toEqual([]);
    }
  });

  it('says that the folder is a file', async () => {
    writeFileSync(root, '');
    await expect(installRelease(release, {})).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('a file is in the way') as string,
      hint: expect.stringContaining('ACCELNODE_RUNTIMES') as string,
    });
    vi.stubEnv('ACCELNODE_RUNTIMES', join(root, 'below'));
    await expect(installRelease(release, {})).rejects.toMatchObject({
      message: expect.stringContaining('a part of the path is a file') as string,
    });
  });

  it.each([
    ['EACCES', 'INVALID_ARGUMENT', /no permission/, /ACCELNODE_RUNTIMES to a folder that this user may write to/],
    ['EROFS', 'INVALID_ARGUMENT', /read-only/, /ACCELNODE_RUNTIMES to a folder that this user may write to/],
    ['ENOSPC', 'INVALID_ARGUMENT', /no space/, /Make room, .* ACCELNODE_RUNTIMES to a folder on another disk/],
    ['EDQUOT', 'INVALID_ARGUMENT', /quota/, /Make room, .* ACCELNODE_RUNTIMES to a folder on another disk/],
    ['EIO', 'VENDOR_FAILURE', /odd words/, /ACCELNODE_RUNTIMES/],
  ])('puts %s in words', (code, expected, words, hint) => {
    const error = folderFailure(Object.assign(new Error('odd words'), { code, syscall: 'mkdir' }), '/x');
    expect(error).toMatchObject({
      code: expected,
      message: expect.stringMatching(words) as string,
      hint: expect.stringMatching(hint) as string,
    });
  });

  it.each([
    ['rename', 'VENDOR_FAILURE', 'A process that uses the runtime'],
    ['mkdir', 'INVALID_ARGUMENT', 'a folder that this user may write to'],
  ])(
    'tells on Windows a runtime that is in use from a folder that may not be written to: %s',
    (syscall, code, hint) => {
      vi.spyOn(process, 'platform', 'get').mockReturnValue('win32');
      const error = folderFailure(Object.assign(new Error('not permitted'), { code: 'EPERM', syscall }), '/x');
      vi.restoreAllMocks();
      expect(error).toMatchObject({ code, hint: expect.stringContaining(hint) as string });
    },
  );

  const fake = join(import.meta.dirname, '..', 'fakes', 'python', 'python');
  it.skipIf(process.platform === 'win32').each([
    [
      'ERROR: Could not install packages due to an OSError: [Errno 28] No space left',
      'INVALID_ARGUMENT',
      /no space left/,
    ],
    ['There was a problem confirming the ssl certificate: x', 'RUNTIME_NOT_FOUND', /certificate/],
    ['ERROR: HTTP error 403 while getting it', 'RUNTIME_NOT_FOUND', /turned pip away/],
    ['pip._vendor.urllib3.exceptions.ReadTimeoutError: pool: Read timed out.', 'RUNTIME_NOT_FOUND', /could not reach/],
    ['ERROR: unknown option', 'VENDOR_FAILURE', /pip failed\.\n.*\n {2}pip: ERROR: unknown option/],
    ['', 'VENDOR_FAILURE', /ended with 1 and said nothing/],
  ])('understands a pip that prints %j (a shell script, not on Windows)', async (said, code, words) => {
    vi.stubEnv('FAKE_PYTHON', JSON.stringify({ executable: fake, version: [3, 9, 0], pip: '21.0' }));
    vi.stubEnv('FAKE_PIP', said);
    await expect(installRelease(release, { python: fake })).rejects.toMatchObject({
      code,
      message: expect.stringMatching(words) as string,
    });
    expect(contents()).toEqual([]);
  });

  it.skipIf(process.platform === 'win32')('says that the folder is not for this user to write to', async () => {
    vi.stubEnv('FAKE_PYTHON', JSON.stringify({ executable: fake, version: [3, 9, 0], pip: '21.0' }));
    mkdirSync(root);
    chmodSync(dirname(root), 0o755);
    chmodSync(root, 0o555);
    // Root may write anywhere, so somebody else has to try.
    const other = process.getuid!() === 0 ? { uid: 65534, gid: 65534 } : {};
    for (const folder of [root, join(root, 'below')]) {
      const env = { ...process.env, ACCELNODE_RUNTIMES: folder };
      const child = new LineChild([command, 'runtime', 'install', 'openvino', '--python', fake], { ...other, env });
      const { code, stderr } = await child.ended;
      expect(stderr).toBe(
        `error INVALID_ARGUMENT: The runtimes folder ${folder} can't be changed: there is no permission.\n` +
          'hint: Mend that, or set ACCELNODE_RUNTIMES to a folder that this user may write to.\n',
      );
      expect(code).toBe(2);
    }
    expect(contents()).toEqual([]);
  });

  it.runIf(process.platform === 'linux')(
    "says so of a folder in /proc, where Node's own way to make it would not end",
    async () => {
      vi.stubEnv('ACCELNODE_RUNTIMES', '/proc/accelnode/runtimes');
      await expect(installRelease(release, {})).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    },
  );

  it('refuses what it does not know before it looks for a Python', async () => {
    for (const [name, version] of [
      ['tensorrt', undefined],
      ['openvino', '1.0.0'],
    ] as const) {
      await expect(installRuntime(name, { version, python: 'absent' })).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
      });
    }
  });
});

it.each<[string, object]>([
  ['signal', { signal: 'now' }],
  ['onProgress', { onProgress: 7 }],
  ['python', { python: ['python3'] }],
  ['verbose', { verbose: true }],
])('refuses the option %s when it is none', async (name, options) => {
  const error = await expectError('INVALID_ARGUMENT', () => installRuntime('openvino', options));
  expect(error.message).toContain(name);
});

describe('what is installed', () => {
  function place(version: string, description: object = {}): void {
    const folder = join(root, 'openvino', version);
    mkdirSync(folder, { recursive: true });
    const runtime = { name: 'openvino', version, library: 'lib.so', source: 'a wheel', ...description };
    writeFileSync(join(folder, 'runtime.json'), JSON.stringify(runtime));
  }

  it('lists releases, the newest first, and says which is used', () => {
    place('2024.6.0');
    place('2025.3.0');
    place('2026.4.1', { version: 'another' }); // not what the folder says
    const states = (): unknown[] =>
      runtimeReleases()
        .filter(({ name }) => name === 'openvino')
        .map(({ version, folder, used }) => [version, folder !== undefined, used]);
    expect(states()).toEqual([
      ['2026.4.1', false, false],
      ['2025.4.1', false, false],
      ['2025.3.0', true, true],
      ['2025.0.0', false, false],
      ['2024.6.0', true, false],
    ]);
    vi.stubEnv('ACCELNODE_OPENVINO_LIBRARY', '/some/where');
    expect(states().filter((state) => (state as unknown[])[2])).toEqual([]);
  });

  it('takes an empty ACCELNODE_RUNTIMES as none, and a relative one from the current folder', () => {
    vi.stubEnv('ACCELNODE_RUNTIMES', '');
    expect(runtimesFolder()).toMatch(/accelnode.*runtimes$/);
    vi.stubEnv('ACCELNODE_RUNTIMES', 'here');
    expect(runtimesFolder()).toBe(join(process.cwd(), 'here'));
  });

  it('removes one version or all', async () => {
    for (const version of ['2024.6.0', '2025.0.0', '2026.4.1']) place(version);
    expect(await removeRuntime('openvino', '2025.0.0')).toMatchObject([{ version: '2025.0.0' }]);
    expect(readdirSync(join(root, 'openvino')).sort()).toEqual(['2024.6.0', '2026.4.1']);
    expect(await removeRuntime('openvino')).toHaveLength(2);
    expect(contents()).toEqual([]);
  });

  it('says that there is nothing to remove', async () => {
    await expect(removeRuntime('openvino')).rejects.toMatchObject({ code: 'RUNTIME_NOT_FOUND' });
    expect(existsSync(root)).toBe(false);
    place('2024.6.0');
    await expect(removeRuntime('openvino', '2025.0.0')).rejects.toMatchObject({
      code: 'RUNTIME_NOT_FOUND',
      hint: 'Installed: 2024.6.0.',
    });
    await expect(removeRuntime('..')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });
});
