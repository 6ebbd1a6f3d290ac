/**
 * The user's runtimes folder, where `accelnode runtime install` puts vendor libraries:
 * `<folder>/<runtime>/<version>/`, each complete and described by its `runtime.json`.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { AccelError } from '../errors.js';
import { rcompare, valid } from '../third-party/semver.js';

/** What `runtime.json` says. */
export interface InstalledRuntime {
  /** `openvino`, `tensorrt-lean`, `cuda`, `tflite` */
  name: string;
  /** The release, e.g. `2025.4.1`. */
  version: string;
  /** The folder that holds it. */
  folder: string;
  /** The library to open, relative to the folder. */
  library: string;
  /** Where it came from, e.g. the name of the wheel. */
  source: string;
}

/**
 * The folder itself: `ACCELNODE_RUNTIMES`, or the user's data folder. It need not exist.
 * @throws {@link AccelError} `INVALID_ARGUMENT` for a user without a home, unless the variable is set
 */
export function runtimesFolder(): string {
  return setting('ACCELNODE_RUNTIMES') ?? join(userFolders('ACCELNODE_RUNTIMES').data, 'runtimes');
}

/**
 * The folder for compiled models, when `cache: true`: `ACCELNODE_CACHE`, or the user's cache folder.
 * @throws {@link AccelError} `INVALID_ARGUMENT` for a user without a home, unless the variable is set
 */
export function cacheFolder(): string {
  return setting('ACCELNODE_CACHE') ?? userFolders('ACCELNODE_CACHE').cache;
}

/** Looked for when they are needed: in a container the user may have neither a name nor a home. */
function userFolders(variable: string): { data: string; cache: string } {
  try {
    // eslint-disable-next-line @typescript-eslint/no-require-imports
    const { envPaths } = require('../third-party/env-paths.js') as typeof import('../third-party/env-paths.js');
    return envPaths('accelnode', { suffix: '' });
  } catch (cause) {
    throw new AccelError('INVALID_ARGUMENT', 'The user that this process runs as has no home folder.', {
      hint: `Set HOME, or ${variable} to the folder to use.`,
      cause,
    });
  }
}

/** The environment variable that names a runtime's library. */
export function libraryVariable(backend: string): string {
  return `ACCELNODE_${backend.toUpperCase()}_LIBRARY`;
}

/** An environment variable that holds a path; an empty one counts as unset, as everywhere else. */
function setting(name: string): string | undefined {
  const value = process.env[name];
  return value === undefined || value === '' ? undefined : resolve(value);
}

/** What is installed, the newest version of each runtime first. Folders without a good description are left out. */
export function installedRuntimes(name?: string): InstalledRuntime[] {
  const found: InstalledRuntime[] = [];
  const root = runtimesFolder();
  for (const each of name === undefined ? listFolder(root) : [name]) {
    for (const version of listFolder(join(root, each))) {
      const runtime = readDescription(join(root, each, version));
      if (runtime?.name === each && runtime.version === version) found.push(runtime);
    }
  }
  return found.sort((a, b) => a.name.localeCompare(b.name) || compareVersions(a.version, b.version));
}

/** The newest first. */
export function compareVersions(a: string, b: string): number {
  // TensorRT's versions have four numbers.
  if (valid(a) === null || valid(b) === null) return b.localeCompare(a, 'en', { numeric: true });
  return rcompare(a, b);
}

function listFolder(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => !name.startsWith('.'));
  } catch {
    return []; // no such folder: nothing is installed
  }
}

function readDescription(folder: string): InstalledRuntime | undefined {
  try {
    const text = readFileSync(join(folder, 'runtime.json'), 'utf8');
    const { name, version, library, source } = JSON.parse(text) as Record<string, unknown>;
    if ([name, version, library, source].some((field) => typeof field !== 'string')) return undefined;
    return { name, version, library, source, folder } as InstalledRuntime;
  } catch {
    return undefined;
  }
}
