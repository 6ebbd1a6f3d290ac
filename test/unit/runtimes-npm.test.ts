/** Installing through the real npm, from a registry on this machine that has small tarballs; and without Maven. */
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, readFileSync, readdirSync, realpathSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { delimiter, join } from 'node:path';
import { gzipSync } from 'node:zlib';

import { AccelError, installRuntime, installedRuntimes } from 'accelnode';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { installRelease } from '../../build-ts/runtimes/install.js';
import type { Release } from '../../build-ts/runtimes/manifest.js';
import { PackageIndex, makeRelease, npmEnvironment } from '../utils/package-index.js';
import type { IndexOptions } from '../utils/package-index.js';
import { expectError } from '../utils/session.js';
import { temporaryFolder } from '../utils/temporary-folder.js';

let root: string;
let cache: string;

beforeEach(() => {
  const folder = temporaryFolder();
  root = join(folder, 'not yet there');
  cache = join(folder, 'cache');
  vi.stubEnv('ACCELNODE_RUNTIMES', root);
});

afterEach(() => {
  vi.unstubAllEnvs();
});

/** A tar of these files, compressed. */
function tarball(files: Readonly<Record<string, string>>): Uint8Array {
  const blocks = Object.entries(files).flatMap(([name, content]) => {
    const header = Buffer.alloc(512);
    header.write(name, 0);
    header.write('0000644\0', 100);
    header.write('0000000\0', 108);
    header.write('0000000\0', 116);
    header.write(`${content.length.toString(8).padStart(11, '0')}\0`, 124);
    header.write('00000000000\0', 136);
    header.write('        0', 148); // a file; spaces where the sum will be
    header.write('ustar\x0000', 257);
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
    const body = Buffer.alloc(Math.ceil(content.length / 512) * 512);
    body.write(content, 'latin1');
    return [header, body];
  });
  return gzipSync(Buffer.concat([...blocks, Buffer.alloc(1024)]));
}

const FILE = 'small-1.0.0.tgz';
const LIBRARY = 'package/cc_deps/libtensorflowlite_c.so';
const random = Buffer.from(Array.from({ length: 60_000 }, (_, i) => (i * i * 31 + (i >> 3)) & 0xff)).toString('latin1');
const content = tarball({
  'package/package.json': '{"name":"small","version":"1.0.0"}',
  'package/README.md': 'left out',
  [LIBRARY]: random,
});

function releaseOf(changes: Partial<Release['archive']> = {}): Release {
  return {
    name: 'tflite',
    version: '2.9.0',
    client: 'npm',
    archive: {
      package: 'small',
      packageVersion: '1.0.0',
      file: FILE,
      platform: 'manylinux_2_27_x86_64',
      size: content.length,
      sha256: createHash('sha256').update(content).digest('hex'),
      library: 'libtensorflowlite_c.so',
      installedSize: random.length,
      members: [LIBRARY, 'package/package.json'],
      ...changes,
    },
  };
}

const packument = (files: string): object => ({
  name: 'small',
  'dist-tags': { latest: '1.0.0' },
  versions: {
    '1.0.0': {
      name: 'small',
      version: '1.0.0',
      dist: {
        tarball: `${files}/${FILE}`,
        integrity: `sha512-${createHash('sha512').update(content).digest('base64')}`,
      },
    },
  },
});
const registry: IndexOptions = { files: { [FILE]: content }, packument };

async function withRegistry<T>(options: IndexOptions, use: (index: PackageIndex) => Promise<T>): Promise<T> {
  const index = await PackageIndex.start(options);
  for (const [name, value] of Object.entries(index.npmEnvironment(cache))) vi.stubEnv(name, value);
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

async function failure(release: Release, options: IndexOptions): Promise<AccelError> {
  const error = await withRegistry(options, () => installRelease(release, {}).catch((thrown: unknown) => thrown));
  expect(error).toBeInstanceOf(AccelError);
  expect(contents()).toEqual([]);
  return error as AccelError;
}

describe('npm', () => {
  it('fetches a tarball, of which the library and the licence are kept, once', () =>
    withRegistry(registry, async (index) => {
      const seen: string[] = [];
      const onProgress = ({ step, client }: { step: string; client: string }): void => {
        expect(client).toMatch(/^npm \d+\./);
        if (seen.at(-1) !== step) seen.push(step);
      };
      const folder = join(root, 'tflite', '2.9.0');
      expect(await installRelease(releaseOf(), { onProgress })).toMatchObject({ folder, source: FILE, changed: true });
      expect(seen).toEqual(['download', 'unpack']);
      expect(readFileSync(join(folder, 'libtensorflowlite_c.so'), 'latin1')).toBe(random);
      expect(readdirSync(join(folder, 'licenses')).sort()).toEqual(['Apache-2.0.txt', 'package.json']);
      expect(installedRuntimes('tflite')).toMatchObject([{ version: '2.9.0', library: 'libtensorflowlite_c.so' }]);
      const { downloads } = index;
      expect(await installRelease(releaseOf(), {})).toMatchObject({ changed: false });
      expect(index.downloads).toBe(downloads);
    }));

  it('refuses a file of another hash than the one that is known', async () => {
    const error = await failure(releaseOf({ sha256: '0'.repeat(64) }), registry);
    expect(error.code).toBe('RUNTIME_INCOMPATIBLE');
    expect(error.message).toContain('not the file that accelnode knows');
  });

  it('refuses a file that is not what the registry promises', async () => {
    const error = await failure(releaseOf(), { ...registry, files: { [FILE]: tarball({ [LIBRARY]: 'other' }) } });
    expect(error).toMatchObject({ code: 'RUNTIME_INCOMPATIBLE', hint: expect.stringContaining('try again') as string });
  });

  it.each([
    [401, 'turned npm away'],
    [403, 'turned npm away'],
    [404, 'does not have the file'],
  ])('says that the registry answered %i', async (status, words) => {
    const error = await failure(releaseOf(), { files: {}, status });
    expect(error.code).toBe('RUNTIME_NOT_FOUND');
    expect(error.message).toContain(words);
    expect(error.message).toMatch(/\n {2}file: small-1\.0\.0\.tgz\n {2}npm: /);
  });

  it('says that the registry can not be reached, and how to do without', async () => {
    for (const [name, value] of Object.entries(npmEnvironment(9, cache))) vi.stubEnv(name, value);
    const error = await expectError('RUNTIME_NOT_FOUND', () => installRelease(releaseOf(), {}));
    expect(error.message).toContain('could not reach its registry');
    expect(error.hint).toContain('copy the folder that `npx accelnode runtime path` names');
    expect(contents()).toEqual([]);
  });

  it('refuses a download that was cut short', async () => {
    const error = await failure(releaseOf(), { ...registry, halfway: 'cut' });
    expect(['RUNTIME_NOT_FOUND', 'RUNTIME_INCOMPATIBLE']).toContain(error.code);
  });

  it('refuses a tarball that lacks a file', async () => {
    const error = await failure(releaseOf({ members: [LIBRARY, 'package/absent'] }), registry);
    expect(error).toMatchObject({
      code: 'VENDOR_FAILURE',
      message: expect.stringContaining('package/absent') as string,
    });
  });

  it('gives up in the middle of a download when the signal is aborted', () =>
    withRegistry({ ...registry, halfway: 'stall' }, async (index) => {
      const stalled = once(index, 'stalled');
      const controller = new AbortController();
      const installing = installRelease(releaseOf(), { signal: controller.signal }).catch((thrown: unknown) => thrown);
      await stalled;
      const closed = once(index, 'closed'); // by npm's end: the registry keeps it open
      controller.abort('enough');
      expect(await installing).toMatchObject({ code: 'CANCELLED', cause: 'enough' });
      await closed;
      expect(contents()).toEqual([]);
    }));
});

describe.skipIf(process.platform === 'win32')('Maven (a shell script in its place, not on Windows)', () => {
  function writeProgram(folder: string, name: string, script: string): void {
    writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(folder, name), 0o755);
  }

  /** A Maven that does this; the folder that it is in. */
  function stubMaven(script: string): string {
    const folder = temporaryFolder();
    writeProgram(folder, 'mvn', `[ "$1" = --version ] && echo "Apache Maven 3.9.9" && exit 0\n${script}`);
    vi.stubEnv('PATH', [folder, process.env.PATH!].join(delimiter));
    return folder;
  }

  /** A PATH on which there is nothing but Node.js and npm. */
  function stubNoMaven(): void {
    const folder = temporaryFolder();
    const npm = process.env.PATH!.split(delimiter).find((each) => existsSync(join(each, 'npm')))!;
    writeProgram(folder, 'npm', `exec '${process.execPath}' '${realpathSync(join(npm, 'npm'))}' "$@"`);
    vi.stubEnv('PATH', folder);
  }

  const library = 'org/small/libjnitensorflowlite.so';
  /** A jar is a zip file, as a wheel is. */
  const { release: wheel, files } = makeRelease([
    [library, 300_000],
    ['META-INF/pom.xml', '<project/>'],
    ['META-INF/MANIFEST.MF', 'left out'],
  ]);
  const jar = Object.values(files)[0]!;
  const release: Release = {
    ...wheel,
    name: 'tflite',
    client: 'maven',
    archive: {
      ...wheel.archive,
      package: 'org.small:small',
      packageVersion: '1.0.0',
      file: 'small-1.0.0-linux-x86_64.jar',
      library: 'libjnitensorflowlite.so',
      members: [library, 'META-INF/pom.xml'],
    },
  };

  it('fetches a jar by its coordinates', async () => {
    const source = join(temporaryFolder(), 'source.jar');
    writeFileSync(source, jar);
    const bin = stubMaven(
      `echo "$@" > "$(dirname "$0")/arguments"; for each; do case "$each" in -DoutputDirectory=*) ` +
        `cp '${source}' "\${each#*=}/small-1.0.0-linux-x86_64.jar";; esac; done`,
    );
    const { folder } = await installRelease(release, {});
    expect(readFileSync(join(bin, 'arguments'), 'utf8')).toContain(
      '-Dartifact=org.small:small:1.0.0:jar:linux-x86_64 ',
    );
    expect(readFileSync(join(folder, 'libjnitensorflowlite.so'))).toHaveLength(300_000);
    expect(readdirSync(join(folder, 'licenses')).sort()).toEqual(['Apache-2.0.txt', 'pom.xml']);
  });

  it.each([
    ['[ERROR] x: Unknown host repo.example: Name or service not known', 'RUNTIME_NOT_FOUND', /could not reach/],
    ['[ERROR] x: Cannot access y in offline mode', 'RUNTIME_NOT_FOUND', /could not reach/],
    ['[ERROR] x: authentication failed for y, status: 401 Unauthorized', 'RUNTIME_NOT_FOUND', /turned Maven away/],
    ['[ERROR] x: PKIX path building failed', 'RUNTIME_NOT_FOUND', /certificate/],
    ['[ERROR] Could not find artifact a:b:jar:1 in central', 'RUNTIME_NOT_FOUND', /does not have the file/],
    ['java.io.IOException: No space left on device', 'INVALID_ARGUMENT', /no space/],
    ['[ERROR] something else', 'VENDOR_FAILURE', /Maven failed\.\n.*\n {2}Maven: \[ERROR\] something else/],
  ])('understands a Maven that prints %j', async (said, code, words) => {
    stubMaven(`echo '${said}'; exit 1`);
    await expect(installRelease(release, {})).rejects.toMatchObject({
      code,
      message: expect.stringMatching(words) as string,
    });
    expect(contents()).toEqual([]);
  });

  it('is not needed: without it the newest is the one that npm fetches', async () => {
    stubNoMaven();
    const error = await withRegistry({ files: {}, status: 404 }, () =>
      expectError('RUNTIME_NOT_FOUND', () => installRuntime('tflite')),
    );
    expect(error.message).toContain('tfjs-tflite-node');
    const named = await expectError('UNSUPPORTED', () => installRuntime('tflite', { version: '2.21.0' }));
    expect(named.hint).toContain('tflite@2.9.0');
  });
});
