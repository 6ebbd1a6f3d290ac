/** Installations that are interrupted, that happen at the same time, or that fill the disk: real processes, real pip. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, utimesSync } from 'node:fs';
import { join } from 'node:path';

import { AccelError } from 'accelnode';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';

import { installRelease } from '../../build-ts/runtimes/install.js';
import { findRelease } from '../../build-ts/runtimes/manifest.js';
import type { Release } from '../../build-ts/runtimes/manifest.js';
import { runProgram } from '../utils/child.js';
import { LineChild, killGroup } from '../utils/line-child.js';
import { PackageIndex, makeRelease } from '../utils/package-index.js';
import { temporaryFolder } from '../utils/temporary-folder.js';

const members = [['openvino/libs/libopenvino_c.so.123', 1_000_000]] as const;
const command = join(import.meta.dirname, '..', '..', 'dist', 'cli.js');
const childScript = join(import.meta.dirname, '..', 'utils', 'install-child.mjs');

let root: string;

beforeEach(() => {
  root = join(temporaryFolder(), 'runtimes');
  vi.stubEnv('ACCELNODE_RUNTIMES', root);
});

afterEach(() => {
  vi.unstubAllEnvs();
});

/** With its pip, that it may have to be ended together with. */
function startChild(args: readonly string[], index: PackageIndex): LineChild {
  return new LineChild(args, { env: { ...process.env, ...index.environment }, detached: true });
}

function installChild(release: Release, index: PackageIndex): LineChild {
  return startChild([childScript, JSON.stringify(release)], index);
}

/** What a process says at last. It listens to no signal: that would change what its owner's listeners do. */
function outcome(changed: boolean): string {
  return JSON.stringify({ changed, signalListeners: 0 });
}

/** An index that sends half of a file, and the release that is in it. */
async function stallingIndex(): Promise<{ index: PackageIndex; release: Release; stalled: Promise<unknown> }> {
  const { release, files } = makeRelease(members);
  const index = await PackageIndex.start({ files, halfway: 'stall' });
  return { index, release, stalled: once(index, 'stalled') };
}

it('gives up in the middle of a download when the signal is aborted', async () => {
  const { index, release, stalled } = await stallingIndex();
  for (const [name, value] of Object.entries(index.environment)) vi.stubEnv(name, value);
  const controller = new AbortController();
  const installing = installRelease(release, { signal: controller.signal }).catch((thrown: unknown) => thrown);
  await stalled;
  expect(readdirSync(root).sort()).toEqual(['.lock', expect.stringMatching(/^\.staging-/)]);
  const closed = once(index, 'closed'); // by pip's end: the index keeps it open
  controller.abort('enough');
  const error = await installing;
  expect(error).toBeInstanceOf(AccelError);
  expect(error).toMatchObject({ code: 'CANCELLED', cause: 'enough' });
  await closed;
  expect(readdirSync(root)).toEqual([]);

  const aborted = AbortSignal.abort();
  await expect(installRelease(release, { signal: aborted })).rejects.toMatchObject({ code: 'CANCELLED' });
  expect(index.downloads).toBe(1);
  await index.close();
});

describe.skipIf(process.platform === 'win32')('signals (Windows has none)', () => {
  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('the command leaves nothing behind on %s', async (signal, exitCode) => {
    const { archive, version } = findRelease('openvino', undefined);
    const index = await PackageIndex.start({ files: { [archive.file]: new Uint8Array(1_000_000) }, halfway: 'stall' });
    const stalled = once(index, 'stalled');
    const child = startChild([command, 'runtime', 'install', `openvino@${version}`], index);
    await stalled;
    const closed = once(index, 'closed');
    child.process.kill(signal);
    const { code, stderr } = await child.ended;
    await closed;
    expect({ code, stderr }).toEqual({ code: exitCode, stderr: expect.stringContaining('error CANCELLED') as string });
    expect(readdirSync(root)).toEqual([]);
    await index.close();
  });

  it('the next one clears up after a process that was killed, and does not wait for it', async () => {
    const { index, release, stalled } = await stallingIndex();
    const child = installChild(release, index);
    await stalled;
    // With its pip, as at the end of a session; the connection ends when that is gone.
    const closed = once(index, 'closed');
    killGroup(child.process);
    await Promise.all([closed, child.ended]);
    expect(existsSync(join(root, 'openvino'))).toBe(false);
    expect(readdirSync(root).sort()).toEqual(['.lock', expect.stringMatching(/^\.staging-/)]);
    // The lock counts as taken until nobody has touched it for 15 seconds.
    const longAgo = new Date(Date.now() - 60_000);
    utimesSync(join(root, '.lock'), longAgo, longAgo);

    const next = await installChild(release, index).ended;
    expect(next.lines).toEqual(['download', 'unpack', outcome(true)]);
    expect(readdirSync(root)).toEqual(['openvino']);
    await index.close();
  });
});

it('two processes install once', async () => {
  const { index, release, stalled } = await stallingIndex();
  const first = installChild(release, index);
  await stalled;
  const second = installChild(release, index);
  await second.prints('wait');
  index.proceed();
  expect((await first.ended).lines).toEqual(['download', 'unpack', outcome(true)]);
  expect((await second.ended).lines).toEqual(['wait', outcome(false)]);
  expect(index.downloads).toBe(1);
  expect(readdirSync(root)).toEqual(['openvino']);
  await index.close();
});

it('who waits for another process can give up', async () => {
  const { index, release, stalled } = await stallingIndex();
  const first = installChild(release, index);
  await stalled;
  const controller = new AbortController();
  const onProgress = (): void => controller.abort();
  await expect(installRelease(release, { signal: controller.signal, onProgress })).rejects.toMatchObject({
    code: 'CANCELLED',
  });
  index.proceed();
  expect((await first.ended).code).toBe(0);
  await index.close();
});

// A disk of one's own needs a mount, which not every system permits.
const unshare = ['--mount', ...(process.getuid?.() === 0 ? [] : ['--user', '--map-root-user'])];
const canMount = spawnSync('unshare', [...unshare, 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt']).status === 0;

describe.skipIf(!canMount)(`a disk${canMount ? '' : ' (skipped: this user may not mount one)'}`, () => {
  it.each([
    ['the wheel', members, 'There is no space left for what pip downloads'],
    // This one is small until it is unpacked.
    ['what is in it', [['openvino/libs/libopenvino_c.so.123', -8_000_000]] as const, 'could not be unpacked'],
  ])('has no room for %s', async (_, content, message) => {
    const { release, files } = makeRelease(content);
    const index = await PackageIndex.start({ files });
    mkdirSync(root);
    const script = 'mount -t tmpfs -o size=800k tmpfs "$1" && "$2" "$3" "$4"; code=$?; ls -A "$1"; exit $code';
    const child = spawn(
      'unshare',
      [...unshare, 'sh', '-c', script, 'sh', root, process.execPath, childScript, JSON.stringify(release)],
      { env: { ...process.env, ...index.environment }, stdio: ['ignore', 'pipe', 'inherit'], detached: true },
    );
    onTestFinished(() => killGroup(child));
    let stdout = '';
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    await once(child, 'close');
    const lines = stdout.trim().split('\n');
    // Nothing is listed after it: the disk is empty again.
    expect(JSON.parse(lines.at(-1)!)).toEqual({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining(message) as string,
    });
    await index.close();
  });

  it('may be read-only', async () => {
    mkdirSync(root);
    const script = 'mount -t tmpfs -o ro tmpfs "$1" && ACCELNODE_RUNTIMES=$1/a/b exec "$2" "$3" "$4"';
    const release = JSON.stringify(makeRelease(members).release);
    const args = [...unshare, 'sh', '-c', script, 'sh', root, process.execPath, childScript, release];
    const { stdout } = await runProgram('unshare', args);
    expect(JSON.parse(stdout)).toEqual({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('it is read-only') as string,
    });
  });
});
