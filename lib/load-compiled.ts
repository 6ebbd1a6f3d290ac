/**
 * Loading on a backend whose compiled models accelnode keeps: from a compiled model that was given, from the
 * cache, or by compiling.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';

import type { NativeModelSource, NativeRuntime, NativeSession } from './native/addon.js';
import { backends } from './backends.js';
import { devicesOf } from './devices.js';
import type { Device } from './devices.js';
import { AccelError } from './errors.js';
import { aborted, cacheFolderOf, companionOption, libraryOption, loadNative } from './load-native.js';
import type { LoadTarget } from './load-native.js';
import { inspectOnnx } from './onnx/inspect.js';
import type { ModelSources, ReadSource } from './model-source.js';
import type { ParsedLoadOptions } from './options/load.js';
import { loadThroughCache } from './plan-cache/cached-load.js';
import type { CachedResult } from './plan-cache/cached-load.js';
import { FileNotes } from './plan-cache/file-notes.js';
import { keyWithRanges, planKey } from './plan-cache/key.js';
import type { KeyParts } from './plan-cache/key.js';
import { cacheLimit } from './plan-cache/limit.js';
import { partsOf, rulesOf } from './plan-parts.js';
import type { PlanRules } from './plan-rules/rules.js';
import { reasonOf } from './runtimes/failures.js';
import { openRuntime } from './runtimes/open.js';
import type { LoadedModel } from './session.js';

type Loaded = Pick<LoadedModel, 'native' | 'details'>;

export async function loadCompiled(target: LoadTarget, sources: ModelSources): Promise<Loaded> {
  const { planFormat, formats } = backends[target.backend];
  const plan = (sources as Partial<Record<string, ReadSource>>)[planFormat!];
  const model = formats.filter((format) => format !== planFormat).flatMap((format) => sources[format] ?? [])[0];
  if (plan === undefined) return loadModel(target, model!);
  try {
    if (plan.refused !== undefined) throw plan.refused;
    return { native: await loadPlan(target, plan, model) };
  } catch (error) {
    if (!isUnfit(error, rulesOf(target.backend))) throw error;
    if (model === undefined) throw refused(error, plan.format);
    const { native, details } = await loadModel(target, model);
    return { native, details: { ...details, planRefused: error.message } };
  }
}

/** A compiled model that was given; made of the model beside it, as far as names and types of ports tell. */
async function loadPlan(
  target: LoadTarget,
  plan: NativeModelSource,
  model: NativeModelSource | undefined,
): Promise<NativeSession> {
  if (model !== undefined && rulesOf(target.backend).opensWithModel === true) {
    return withFileOf(plan, (compiled) => loadNative({ ...target, compiled, compiledGiven: true }, model));
  }
  const native = await loadNative(target, plan);
  if (model === undefined) return native;
  try {
    const wanted = inspectOnnx(model.path ?? model.bytes!);
    const inputs = new Set(wanted.inputs.map(textOf));
    // An input that nothing uses may be missing in the plan.
    const fits =
      native.inputs.every((port) => inputs.has(textOf(port))) &&
      isDeepStrictEqual(native.outputs.map(textOf).sort(), wanted.outputs.map(textOf).sort());
    if (fits) return native;
    throw new AccelError(
      'MODEL_INVALID',
      `The ${plan.format} was made of another model than the one beside it: it has ${portsOf(native)}, the model has ` +
        `${portsOf(wanted)}.`,
    );
  } catch (error) {
    await native.close();
    throw error;
  }
}

/** Gives `use` a compiled model as a file, which is one for as long as that takes. */
async function withFileOf<Result>(
  { path, bytes, format }: NativeModelSource,
  use: (path: string) => Promise<Result>,
): Promise<Result> {
  if (path !== undefined) return use(path);
  const folder = await mkdtemp(join(tmpdir(), 'accelnode-'));
  try {
    const file = join(folder, `model.${format}`);
    await writeFile(file, bytes!, { mode: 0o600 });
    return await use(file);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

interface Port {
  name: string;
  type: string;
}

function textOf({ name, type }: Port): string {
  return `${name} (${type})`;
}

function portsOf({ inputs, outputs }: { inputs: readonly Port[]; outputs: readonly Port[] }): string {
  return [inputs, outputs].map((ports) => ports.map(textOf).join(', ')).join(' → ');
}

/** Is the compiled model at fault, so that compiling again would help? */
function isUnfit(error: unknown, { opensWith }: PlanRules): error is AccelError {
  if (!(error instanceof AccelError)) return false;
  if (error.code === 'MODEL_INVALID') return true;
  // Without the vendor's refusal of the plan, it is the machine that is not good enough.
  return error.code === 'RUNTIME_INCOMPATIBLE' && (opensWith === undefined || error.call === opensWith);
}

function refused({ code, message, hint, call, status, cause }: AccelError, format: string): AccelError {
  const again = `With the ONNX model beside it, it is made again when needed: { ${format}, onnx }.`;
  return new AccelError(code, message, { call, status, cause, hint: hint === undefined ? again : `${hint} ${again}` });
}

async function loadModel(target: LoadTarget, source: NativeModelSource): Promise<Loaded> {
  const { backend, options } = target;
  const { checkFiles, compiler } = rulesOf(backend);
  checkFiles?.(options);
  const folder = cacheFolderOf(backend, options);
  const compiling = compiler === undefined ? target.device : compiler(target.device);
  if (folder === undefined || compiling === undefined) return { native: await loadNative(target, source) };

  const [library, companion] = [libraryOption(backend, options), companionOption(backend, options)];
  const runtime = await openRuntime(backend, library, companion);
  const { present } = await devicesOf(backend, library, companion);
  const device = present.find(({ id }) => id === `${backend}:${compiling}`);
  // The addon says what is wrong with the device.
  if (device === undefined) {
    const native = await loadNative(target, source);
    return {
      native,
      details: { cache: { hit: false, stored: false, reason: `There is no ${backend}:${compiling}.` } },
    };
  }

  const timings = rulesOf(backend).timingCache?.(runtime, device);
  const timed = timings === undefined ? target : { ...target, timingCache: join(folder, timings) };
  const { loaded, cache, made } = await loadCached(timed, source, folder, runtime, device);
  return { native: loaded, details: { ...made, cache } };
}

async function loadCached(
  target: LoadTarget,
  source: NativeModelSource,
  folder: string,
  runtime: NativeRuntime,
  device: Device,
): Promise<CachedResult<NativeSession>> {
  const { backend, options } = target;
  const { signal, onProgress, cacheLimit: limit = cacheLimit() } = options;
  const { ranges, unkept, opensWithModel } = rulesOf(backend);
  const extension = backends[backend].planFormat!;
  const build = (): Promise<NativeSession> => loadNative(target, source);
  const uncached = async (reason: string): Promise<CachedResult<NativeSession>> => {
    return { loaded: await build(), cache: { hit: false, stored: false, reason } };
  };

  const reason = unkept?.(options);
  if (reason !== undefined) return uncached(reason);

  const notes = new FileNotes();
  const rangesFile = ranges?.(options);
  let parts: KeyParts;
  let modelKey: string;
  try {
    await notes.add([source.path ?? source.bytes!]); // first, as it tells which files there are
    parts = partsOf(target, source, runtime, device);
    await notes.add(parts.files);
    modelKey = await planKey(parts);
  } catch (error) {
    // A weights file that is missing, say. The runtime says what it makes of that.
    return uncached(`What the plan depends on could not be read: ${reasonOf(error)}.`);
  }
  try {
    const result = await loadThroughCache<NativeSession>({
      folder,
      extension,
      description: { model: source.path ?? 'bytes', backend, facts: parts.facts },
      limit,
      key: () => keyWithRanges(modelKey, rangesFile),
      keyToStore: async (before) => {
        const changed = await notes.findChanged();
        if (changed !== undefined) return { reason: `${changed} changed while the plan was built from it.` };
        const key = await keyWithRanges(modelKey, rangesFile);
        // Ranges that the build found there are those that it has read; otherwise it has written them.
        if (before !== modelKey && before !== key) return { reason: `${rangesFile!} changed during the build.` };
        return { key };
      },
      open: (file) =>
        opensWithModel === true
          ? loadNative({ ...target, compiled: file }, source)
          : loadNative(target, { format: extension, path: file }),
      build: () => loadNative({ ...target, keepCompiled: true }, source),
      describe: ({ details }) => ({ precision: details['precision'] }),
      save: (native, path) => native.export(path),
      signal,
      onWait: () => tellWaiting(onProgress),
    });
    if (signal?.aborted !== true) return result;
    await result.loaded.close();
    throw aborted(signal);
  } catch (error) {
    throw signal?.aborted === true ? aborted(signal) : error;
  }
}

function tellWaiting(onProgress: ParsedLoadOptions['onProgress']): void {
  try {
    onProgress?.('waiting for another process that builds the same', 0, 1);
  } catch (cause) {
    throw new AccelError('INVALID_ARGUMENT', `onProgress threw: ${String(cause)}`, { cause });
  }
}
