/** Putting vendor runtimes into the runtimes folder, and taking them out. */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm, rmdir, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { describe } from '../data-type.js';
import { AccelError, invalidArgument } from '../errors.js';
import { checkOptions, checkSignal } from '../options/known.js';
import { folderFailure } from './failures.js';
import { installedRuntimes, runtimesFolder } from './folder.js';
import type { InstalledRuntime } from './folder.js';
import { withLock } from './lock.js';
import { findRelease, installableNames } from './manifest.js';
import type { Release, Wheel } from './manifest.js';
import { downloadWheel } from './pip.js';
import { findPython, runProgram } from './python.js';
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
  version: string;
  /** The wheel that is fetched. */
  source: string;
  /** The Python that does it. */
  python: PythonInfo;
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
const UNPACK = join(__dirname, 'unpack_wheel.py');

/**
 * Installs a vendor's runtime into the user's runtimes folder ({@link runtimesFolder}), where
 * `Session.load` finds it. The user's own pip fetches it, with the index, mirror and proxy that pip is
 * configured for; the file must have the hash that accelnode knows. Only the libraries that run models are
 * kept, and their licences.
 *
 * It is there completely or not at all, however it ends; several processes may install at once.
 * @param name `openvino`, `tensorrt-lean` or `cuda`
 * @throws {@link AccelError}
 * - `INVALID_ARGUMENT`: a runtime or version that can't be installed, or an option that is none
 * - `UNSUPPORTED`: no release for this platform, or no Python with pip
 * - `RUNTIME_NOT_FOUND`: pip did not get the file; the message has its words
 * - `RUNTIME_INCOMPATIBLE`: pip got another file than the one that accelnode knows
 * - `CANCELLED`: the signal was aborted
 * - `VENDOR_FAILURE`: anything else that pip or the system refused, such as a full disk
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
  return installRelease(findRelease(name, options.version), options);
}

/** {@link installRuntime} of a release that need not be in the manifest. */
export async function installRelease(release: Release, options: InstallOptions): Promise<InstallResult> {
  const { name, version, wheel } = release;
  const { onProgress, force = false } = options;
  const root = runtimesFolder();
  return withStop(options.signal, async (stop) => {
    const present = force ? undefined : findInstalled(name, version);
    if (present !== undefined) return { ...present, changed: false };

    const python = await findPython(options.python, stop.signal);
    const report = (step: InstallProgress['step'], done: number, total: number): void => {
      try {
        onProgress?.({ step, done, total, version, source: wheel.file, python });
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

        report('download', 0, wheel.size);
        const file = await downloadWheel(python, release, download, stop.signal, (bytes) =>
          report('download', bytes, wheel.size),
        );
        report('unpack', 0, wheel.installedSize);
        await unpack(python, wheel, file, unpacked, stop.signal, (bytes) =>
          report('unpack', bytes, wheel.installedSize),
        );
        const description = { name, version, library: wheel.library, source: wheel.file };
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
 * @throws {@link AccelError} `RUNTIME_NOT_FOUND` when there is nothing to remove; `VENDOR_FAILURE` when the
 * system does not let it go, as Windows does not while a process uses it
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

async function unpack(
  python: PythonInfo,
  wheel: Wheel,
  file: string,
  folder: string,
  signal: AbortSignal,
  onBytes: (bytes: number) => void,
): Promise<void> {
  const list = `${file}.json`;
  await writeFile(list, JSON.stringify(wheel.members.map((member) => [member, installedPath(member)])));
  const { status, output } = await runProgram(python.executable, [UNPACK, file, folder, list], {
    signal,
    env: { ...process.env, PYTHONIOENCODING: 'utf-8' },
    onLine: (line) => onBytes(Number(line)),
  });
  if (status === 0) return;
  const words = output.trim().split('\n').at(-1)!;
  const full = /\[Errno (28|122)\]|\[WinError 112\]/.test(words);
  throw new AccelError(
    'VENDOR_FAILURE',
    `${wheel.file} could not be unpacked: ${words || `ended with ${String(status)}`}`,
    {
      hint: full ? 'Make room, or set ACCELNODE_RUNTIMES to a folder on another disk.' : undefined,
    },
  );
}

/** Where a file of the wheel goes: the libraries beside one another, the licences in a folder of their own. */
function installedPath(member: string): string {
  const licence = /\.dist-info\/(?:licenses\/)?(.+)$/.exec(member);
  return licence === null ? basename(member) : join('licenses', licence[1]!);
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
