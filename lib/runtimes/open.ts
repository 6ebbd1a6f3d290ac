import { readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { addon, requireAddon } from '../native/addon.js';
import type { NativeRuntime } from '../native/addon.js';
import { noRuntimeHere } from '../backend-platforms.js';
import { backendNames, isBackendName } from '../backends.js';
import type { BackendName } from '../backends.js';
import { describe } from '../data-type.js';
import { invalidArgument, withContext } from '../errors.js';
import { installedRuntimes, libraryVariable } from './folder.js';

/** What the main library of a runtime is called, most wanted first. */
const LIBRARY_NAMES: Partial<Record<BackendName, readonly RegExp[]>> = {
  openvino: [/^(libopenvino_c\.so(\.\d+)?|openvino_c\.dll|libopenvino_c(\.\d+)?\.dylib)$/],
  armnn: [/^(libtensorflowlite_c|libtensorflow-lite|libjnitensorflowlite)\.so(\.\d+)*$/],
  cuda: [/^libnvinfer\.so\.11$/, /^libnvinfer\.so\.10$/, /^libnvinfer_lean\.so\.11$/, /^libnvinfer_lean\.so\.10$/],
  rocm: [/^libmigraphx_c\.so\.3$/],
  rknn: [/^librknnrt\.so$/, /^librknn_api\.so$/],
};

/** Which runtimes of the runtimes folder a backend uses; by default the one of its own name. */
const RUNTIMES: Partial<Record<BackendName, readonly string[]>> = {
  armnn: ['tflite'],
  cuda: ['tensorrt-lean', 'cuda'],
};

/** Those of them that a library which the user named needs, and does not bring itself. */
const COMPANIONS: Partial<Record<BackendName, readonly string[]>> = { cuda: ['cuda'] };

/** Backends that this thread has opened. Other threads name the library again where only a named one can be opened. */
const opened = new Set<BackendName>();

/**
 * Opens the vendor's runtime of a backend, once per process; later calls return what is open.
 *
 * A library that the user named, by the option or by `ACCELNODE_<BACKEND>_LIBRARY`, is the only one
 * tried: falling back from it to another would be a silent change of what runs. Otherwise the newest
 * runtime in the runtimes folder comes first, then those of the system, unless there can be none on this platform.
 *
 * @param companion another library that the user named, which the backend opens when it needs it: Arm NN's delegate
 * @throws `RUNTIME_NOT_FOUND` or `RUNTIME_INCOMPATIBLE` with every library tried; `UNSUPPORTED` where there is none for this
 * platform
 */
export async function openRuntime(backend: BackendName, library?: string, companion = ''): Promise<NativeRuntime> {
  if (!isBackendName(backend)) {
    throw invalidArgument(`There is no backend ${describe(backend)}.`, `Backends: ${backendNames.join(', ')}.`);
  }
  if (library !== undefined && (typeof library !== 'string' || library.includes('\0'))) {
    throw invalidArgument(`A library is named by its path, not by ${describe(library)}.`);
  }
  requireAddon();
  const variable = libraryVariable(backend);
  const named = library ?? process.env[variable];
  const isNamed = named !== undefined && named !== '';
  const candidates = isNamed
    ? [
        { name: libraryFile(backend, resolve(named)), origin: library === undefined ? variable : 'option' },
        ...installedLibraries(COMPANIONS[backend] ?? []),
      ]
    : installedLibraries(RUNTIMES[backend] ?? [backend]);
  const impossible = candidates.length === 0 && !opened.has(backend) ? noRuntimeHere(backend) : undefined;
  if (impossible !== undefined) throw impossible;
  try {
    const runtime = await addon.open(backend, candidates, isNamed, companion && resolve(companion));
    opened.add(backend);
    return runtime;
  } catch (error) {
    throw withContext(error, backend);
  }
}

function installedLibraries(names: readonly string[]): { name: string; origin: string }[] {
  return names.flatMap((each) =>
    installedRuntimes(each).map((runtime) => ({
      name: join(runtime.folder, runtime.library),
      origin: 'runtimes folder',
    })),
  );
}

/** A folder may be named in place of the library in it. */
function libraryFile(backend: BackendName, path: string): string {
  const patterns = LIBRARY_NAMES[backend];
  if (patterns === undefined) return path;
  try {
    const files = statSync(path).isDirectory() ? readdirSync(path) : [];
    const names = patterns.flatMap((pattern) => files.find((file) => pattern.test(file)) ?? []);
    return names[0] === undefined ? path : join(path, names[0]);
  } catch {
    return path; // missing, or not ours to read: the loader says which
  }
}
