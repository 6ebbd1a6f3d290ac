/** Putting vendor runtimes into the runtimes folder, and taking them out. */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm, rmdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { describe } from '../data-type.js';
import { AccelError, invalidArgument } from '../errors.js';
import { checkOptions, checkSignal } from '../options/known.js';
import { folderFailure } from './failures.js';
import { installedRuntimes, runtimesFolder } from './folder.js';
import type { InstalledRuntime } from './folder.js';
import { withLock } from './lock.js';
import type { Client } from './client.js';
import { findClient } from './clients.js';
import { findReleases, installableNames } from './manifest.js';
import type { Release } from './manifest.js';
import type { PythonInfo } from './python.js';

/** Options of {@link installRuntime}. */
export interface InstallOptions {
  /** Default: the newest version that suits this machine. {@link runtimeReleases} lists them. */
  version?: string | undefined;
  /** Install again what is there already. Default: off. */
  force?: boolean | undefined;
  /**
   * The Python whose pip fetches it, 3.9 or later: a command or a path. Only this one is tried. Default:
   * `ACCELNODE_PYTHON`, else `python3`, `python`, and on Windows `py -3`.
   */
  python?: string | undefined;
  /** Gives up when aborted, and leaves nothing behind. */
  signal?: AbortSignal | undefined;
  /** Told how far it has come. */
  onProgress?: ((progress: InstallProgress) => void) | undefined;
}

/** How far an installation has come. */
export interface InstallProgress {
  /** `wait`: until another process is done with the runtimes folder. */
  step: 'wait' | 'download' | 'unpack';
  /** Bytes of this step that are done. */
  done: number;
  /** Bytes of this step. */
  total: number;
  /** The release that is installed. */
  version: string;
  /** The archive that is fetched. */
  source: string;
  /** The program that does it: `npm 11.2.0`. */
  client: string;
  /** The Python that it runs in, if it does. */
  python?: PythonInfo;
}

/** What {@link installRuntime} did. */
export interface InstallResult extends InstalledRuntime {
  /** `false` when it was there already, and nothing was done. */
  changed: boolean;
}

const INSTALL_OPTIONS: ReadonlySet<string> = new Set<keyof InstallOptions>([
  'version',
  'force',
  'python',
  'signal',
  'onProgress',
]);

const STAGING = '.staging-';

/**
 * Installs a vendor's runtime into the user's runtimes folder ({@link runtimesFolder}), where
 * `Session.load` finds it. The user's own pip, npm or Maven fetches it, with the index, mirror and proxy that
 * it is configured for; the file must have the hash that accelnode knows. Only the libraries that run models are
 * kept, and their licences.
 *
 * It is there completely or not at all, however it ends; several processes may install at once.
 * @param name `openvino`, `tensorrt-lean`, `cuda` or `tflite`
 * @throws {@link AccelError}
 * - `INVALID_ARGUMENT`: a runtime or version that can't be installed, or an option that is none; a runtimes folder that
 *   this user can't write to, or a full disk
 * - `UNSUPPORTED`: no release for this platform, or nothing to fetch it with (Python with pip, npm, Maven)
 * - `RUNTIME_NOT_FOUND`: the file was not to be had; the message has the program's words
 * - `RUNTIME_INCOMPATIBLE`: it got another file than the one that accelnode knows
 * - `CANCELLED`: the signal was aborted
 * - `VENDOR_FAILURE`: anything else that the program or the system refused
 */
export async function installRuntime(name: string, options: InstallOptions = {}): Promise<InstallResult> {
  checkOptions(options, INSTALL_OPTIONS);
  const { python, signal, onProgress } = options;
  if (python !== undefined && typeof python !== 'string') {
    throw invalidArgument(`python must be a command or a path, not ${describe(python)}.`);
  }
  checkSignal(signal);
  if (onProgress !== undefined && typeof onProgress !== 'function') {
    throw invalidArgument(`onProgress must be a function, not ${describe(onProgress)}.`);
  }
  return installRelease(await chooseRelease(findReleases(name, options.version), options), options);
}

/** The newest for which there is somebody to fetch it; when there is nobody, the newest, which then says so. */
async function chooseRelease(releases: readonly Release[], { version, signal }: InstallOptions): Promise<Release> {
  const { client: first } = releases[0]!;
  if (version !== undefined || releases.every(({ client }) => client === first)) return releases[0]!;
  return withStop(signal, async (stop) => {
    for (const release of releases) {
      const present = findInstalled(release.name, release.version);
      if (present !== undefined || (await hasClient(release, stop.signal))) return release;
    }
    return releases[0]!;
  });
}

async function hasClient({ client }: Release, signal: AbortSignal): Promise<boolean> {
  try {
    await findClient(client, undefined, signal);
    return true;
  } catch (error) {
    if (error instanceof AccelError && error.code === 'UNSUPPORTED') return false;
    throw error;
  }
}

/** {@link installRuntime} of a release that need not be in the manifest. */
export async function installRelease(release: Release, options: InstallOptions): Promise<InstallResult> {
  const { name, version, archive } = release;
  const { onProgress, force = false } = options;
  const root = runtimesFolder();
  return withStop(options.signal, async (stop) => {
    const present = force ? undefined : findInstalled(name, version);
    if (present !== undefined) return { ...present, changed: false };

    const client: Client = await findClient(release.client, options.python, stop.signal);
    const { python } = client;
    const by = { client: client.name, ...(python === undefined ? {} : { python }) };
    const report = (step: InstallProgress['step'], done: number, total: number): void => {
      try {
        onProgress?.({ step, done, total, version, source: archive.file, ...by });
      } catch (error) {
        stop.abort(error); // thrown into a stream or a timer, it would end the process
      }
    };
    const wait = (): void => report('wait', 0, 1);
    return withLock(root, stop, wait, async () => {
      // It may have been what was waited for.
      const meanwhile = force ? undefined : findInstalled(name, version);
      if (meanwhile !== undefined) return { ...meanwhile, changed: false };
      return withStaging(root, async (staging) => {
        const download = join(staging, 'download');
        const unpacked = join(staging, 'unpacked');
        await Promise.all([mkdir(download), mkdir(unpacked)]);

        report('download', 0, archive.size);
        const file = await client.download(release, download, stop.signal, (bytes) =>
          report('download', bytes, archive.size),
        );
        report('unpack', 0, archive.installedSize);
        await client.unpack(archive, file, unpacked, stop.signal, (bytes) =>
          report('unpack', bytes, archive.installedSize),
        );
        const description = { name, version, library: archive.library, source: archive.file };
        await writeFile(join(unpacked, 'runtime.json'), `${JSON.stringify(description, null, 2)}\n`);

        stop.signal.throwIfAborted();
        const folder = join(root, name, version);
        await replaceFolder(unpacked, folder, join(staging, 'replaced'));
        return { ...description, folder, changed: true };
      });
    });
  });
}

/**
 * Removes an installed runtime from the runtimes folder.
 * @param version Default: all that are installed
 * @returns what was removed
 * @throws {@link AccelError} `RUNTIME_NOT_FOUND` when there is nothing to remove; `INVALID_ARGUMENT` when this user can't
 * write to the folder; `VENDOR_FAILURE` when the system does not let it go, as Windows does not while a process uses it
 */
export async function removeRuntime(name: string, version?: string): Promise<InstalledRuntime[]> {
  if (!installableNames.includes(name)) {
    throw invalidArgument(
      `There is no runtime named ${JSON.stringify(name)}.`,
      `accelnode installs and removes ${installableNames.join(', ')}.`,
    );
  }
  const root = runtimesFolder();
  const wanted = (): InstalledRuntime[] =>
    installedRuntimes(name).filter((runtime) => version === undefined || runtime.version === version);
  const notFound = (): AccelError => {
    const others = installedRuntimes(name).map((runtime) => runtime.version);
    return new AccelError(
      'RUNTIME_NOT_FOUND',
      `${version === undefined ? name : `${name} ${version}`} is not installed in ${root}.`,
      { backend: name, hint: others.length === 0 ? undefined : `Installed: ${others.join(', ')}.` },
    );
  };
  // Without this, removing what is not there would make the folder.
  if (wanted().length === 0) throw notFound();
  const ignoreWait = (): void => undefined;
  return withLock(root, new AbortController(), ignoreWait, async () => {
    const removed = wanted();
    if (removed.length === 0) throw notFound();
    return withStaging(root, async (staging) => {
      // Moved away first: it is gone at once, and never half there.
      for (const runtime of removed) await moveFolder(runtime.folder, join(staging, runtime.version));
      await rmdir(join(root, name)).catch(() => undefined); // others may be in it
      return removed;
    });
  });
}

/** Gives a task a controller that is aborted with the caller's signal, the reason being our error. */
async function withStop<T>(signal: AbortSignal | undefined, task: (stop: AbortController) => Promise<T>): Promise<T> {
  const stop = new AbortController();
  const cancel = (): void =>
    stop.abort(new AccelError('CANCELLED', 'The installation was aborted by its signal.', { cause: signal?.reason }));
  if (signal?.aborted === true) cancel();
  stop.signal.throwIfAborted();
  signal?.addEventListener('abort', cancel);
  try {
    return await task(stop);
  } finally {
    signal?.removeEventListener('abort', cancel);
  }
}

function findInstalled(name: string, version: string): InstalledRuntime | undefined {
  return installedRuntimes(name).find((runtime) => runtime.version === version);
}

/** Gives a task a folder on the same disk as what it makes. The lock must be held. */
async function withStaging<T>(root: string, task: (staging: string) => Promise<T>): Promise<T> {
  try {
    for (const entry of await readdir(root)) {
      // Nobody else can be at work, so these are of processes that died.
      if (entry.startsWith(STAGING)) await removeFolder(join(root, entry));
    }
    const staging = await mkdtemp(join(root, STAGING));
    try {
      return await task(staging);
    } finally {
      await removeFolder(staging);
    }
  } catch (error) {
    throw folderFailure(error, root);
  }
}

/** Puts a folder in its place; one that is there goes aside, and comes back when that fails. */
async function replaceFolder(folder: string, target: string, aside: string): Promise<void> {
  await mkdir(dirname(target), { recursive: true });
  const replaces = existsSync(target);
  if (replaces) await moveFolder(target, aside);
  try {
    await moveFolder(folder, target);
  } catch (error) {
    if (replaces) await moveFolder(aside, target);
    throw error;
  }
}

async function moveFolder(from: string, to: string): Promise<void> {
  // Virus scanners on Windows hold new files open for a moment, and with them the folder.
  for (let attempts = process.platform === 'win32' ? 20 : 1; ; attempts--) {
    try {
      await rename(from, to);
      return;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (attempts === 1 || (code !== 'EPERM' && code !== 'EBUSY' && code !== 'EACCES')) throw error;
    }
    await sleep(100);
  }
}

async function removeFolder(folder: string): Promise<void> {
  // What can't be removed now is removed next time: see withStaging.
  await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }).catch(() => undefined);
}
