/**
 * Loading a model on the first device that can run it.
 */
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import { addon } from './native/addon.js';
import type { NativeModelSource, NativeSession } from './native/addon.js';
import { backends, splitDevice, vendorNames } from './backends.js';
import type { BackendName } from './backends.js';
import { devicesOf } from './devices.js';
import { AccelError, withContext } from './errors.js';
import type { DeviceAttempt } from './errors.js';
import { readModelSource } from './model-source.js';
import { inspectOnnx } from './onnx/inspect.js';
import type { ModelSource, ModelSources } from './model-source.js';
import { parseLoadOptions } from './options/load.js';
import type { LoadOptions, ParsedLoadOptions } from './options/load.js';
import { cacheFolder } from './runtimes/folder.js';
import { openRuntime } from './runtimes/open.js';
import type { LoadedModel } from './session.js';

/** A device to try. Without a device of its own, the backend is asked which it has. */
interface Candidate {
  backend: BackendName;
  device: string | undefined;
}

let lastLoadId = 0;

export async function loadOnFirstDevice(source: ModelSource, given: LoadOptions): Promise<LoadedModel> {
  const options = parseLoadOptions(given);
  if (options.signal !== undefined) throwIfAborted(options.signal);
  const candidates = parseDevices(options.device);
  const sources = await readModelSource(source);

  const refusals: Refusal[] = [];
  for (const candidate of candidates) {
    try {
      for (const device of await devicesToTry(candidate, sources, options)) {
        try {
          const native = await loadOn(candidate.backend, device, sources, options);
          return {
            native,
            backend: candidate.backend,
            device: `${candidate.backend}:${device}`,
            attempts: refusals.map(toAttempt),
            maxQueue: options.maxQueue,
            inline: options.inline ?? takesAlwaysAsLong(sourceFor(candidate.backend, sources)),
          };
        } catch (error) {
          const refusal = withContext(error, candidate.backend, `${candidate.backend}:${device}`);
          refusals.push({ error: passedOver(refusal), tried: true });
        }
      }
    } catch (error) {
      refusals.push({ error: passedOver(withContext(error, candidate.backend)), tried: false });
    }
  }
  throw noDevice(refusals);
}

/** Why a device was passed over. */
interface Refusal {
  error: AccelError;
  /** Did it get as far as loading the model? */
  tried: boolean;
}

/** The error, if the next device is to be tried: a mistake of the caller, or the caller's wish, ends the load. */
function passedOver(error: unknown): AccelError {
  if (!(error instanceof AccelError) || error.code === 'INVALID_ARGUMENT' || error.code === 'CANCELLED') throw error;
  return error;
}

function toAttempt({ error }: Refusal): DeviceAttempt {
  const { code, message, hint, backend = '', device = backend } = error;
  return { device, code, message, ...(hint === undefined ? {} : { hint }) };
}

function noDevice(refusals: readonly Refusal[]): AccelError {
  if (refusals.length === 1) return refusals[0]!.error;
  const attempts = refusals.map(toAttempt);
  const telling = mostTelling(refusals);
  const lines = attempts.map(({ device, message }) => `\n  ${device}: ${message.replaceAll('\n', '\n    ')}`);
  return new AccelError(telling.code, `No device could load the model.${lines.join('')}`, {
    hint: telling.hint ?? '`npx accelnode doctor` shows what each backend needs on this machine.',
    libraries: telling.libraries,
    attempts,
  });
}

/**
 * The refusal that says most about why nothing could load the model: that of a device which tried comes
 * before that of a backend which lacks its runtime, and this before that of one which could not have
 * loaded this model on any machine. Of equals, the backend that is preferred.
 */
function mostTelling(refusals: readonly Refusal[]): AccelError {
  const rank = ({ tried, error: { code } }: Refusal): number => {
    if (tried) return 0;
    return code === 'UNSUPPORTED' || code === 'MODEL_UNSUPPORTED' ? 2 : 1;
  };
  return [...refusals].sort((a, b) => rank(a) - rank(b))[0]!.error;
}

function parseDevices(device: string | readonly string[]): Candidate[] {
  const names = typeof device === 'string' ? [device] : device;
  return names.flatMap((name) => {
    if (name === 'auto') {
      return vendorNames.map((backend) => ({ backend, device: undefined }));
    }
    const { backend, name: own } = splitDevice(name);
    return [{ backend, device: own }];
  });
}

async function devicesToTry(
  candidate: Candidate,
  sources: ModelSources,
  options: ParsedLoadOptions,
): Promise<string[]> {
  const { backend, device } = candidate;
  sourceFor(backend, sources);
  const library = libraryOption(backend, options);
  if (device !== undefined) {
    await openRuntime(backend, library);
    return [device];
  }
  const { present } = await devicesOf(backend, library);
  const usable = backend === 'null' ? present : present.filter(({ automatic }) => automatic);
  if (usable.length === 0) throw new AccelError('DEVICE_NOT_FOUND', `${backends[backend].product} finds no device.`);
  return usable.map(({ id }) => id.slice(backend.length + 1));
}

function libraryOption(backend: BackendName, options: ParsedLoadOptions): string | undefined {
  return backend === 'openvino' ? options.openvino?.library : undefined;
}

function sourceFor(backend: BackendName, sources: ModelSources): NativeModelSource {
  const { product, formats } = backends[backend];
  for (const format of formats) {
    const source = sources[format];
    if (source !== undefined) return source;
  }
  throw new AccelError(
    'MODEL_UNSUPPORTED',
    `${product} loads ${formats.join(', ')} models; the model was given as ${Object.keys(sources).join(', ')}.`,
    { backend },
  );
}

async function loadOn(
  backend: BackendName,
  device: string,
  sources: ModelSources,
  options: ParsedLoadOptions,
): Promise<NativeSession> {
  const { signal, onProgress } = options;
  const id = ++lastLoadId;
  const progress = onProgress && new Progress(onProgress, () => addon.cancelLoad(id));
  const source = withNames(sourceFor(backend, sources));
  const loading = addon.load({
    id,
    backend,
    device,
    source,
    options: await nativeOptions(backend, options),
    lanes: options.lanes === 'auto' ? 0 : options.lanes,
    onProgress: progress && ((phase, done, total) => progress.report(phase, done, total)),
  });
  try {
    const native = await (signal === undefined ? loading : abortable(loading, id, signal));
    if (progress?.error === undefined) return native;
    await native.close(true);
    throw progress.error;
  } catch (error) {
    throw progress?.error ?? explain(error, source);
  }
}

/** The caller's onProgress, whose own failure ends the load. */
class Progress {
  error: AccelError | undefined;
  readonly #callback: NonNullable<LoadOptions['onProgress']>;
  readonly #giveUp: () => void;

  constructor(callback: NonNullable<LoadOptions['onProgress']>, giveUp: () => void) {
    this.#callback = callback;
    this.#giveUp = giveUp;
  }

  report(phase: string, done: number, total: number): void {
    if (this.error !== undefined) return;
    try {
      this.#callback(phase, done, total);
    } catch (cause) {
      this.error = new AccelError('INVALID_ARGUMENT', `onProgress threw: ${String(cause)}`, { cause });
      this.#giveUp();
    }
  }
}

/** ONNX: the names of inputs and outputs as the file has them, which a runtime may have merged. */
function withNames(source: NativeModelSource): NativeModelSource {
  if (source.format !== 'onnx') return source;
  try {
    const { inputs, outputs } = inspectOnnx(source.path ?? source.bytes!);
    return { ...source, inputNames: inputs.map(({ name }) => name), outputNames: outputs.map(({ name }) => name) };
  } catch {
    return source; // the runtime will refuse it, and `explain` says what is wrong
  }
}

/** Operators that make a run's duration depend on its data: by their own work, or by shapes that they decide. */
const DATA_DEPENDENT = new Set([
  'Loop',
  'If',
  'Scan',
  'SequenceMap',
  'NonZero',
  'Unique',
  'NonMaxSuppression',
  'Compress',
]);

/** Does one run take about as long as another, as far as the model shows? */
function takesAlwaysAsLong({ format, path, bytes }: NativeModelSource): boolean {
  if (format !== 'onnx') return format === 'null';
  try {
    const operators = Object.keys(inspectOnnx(path ?? bytes!).operators);
    // Those of another domain may be functions, with anything in them.
    return !operators.some((name) => DATA_DEPENDENT.has(name) || name.includes('.'));
  } catch {
    return false;
  }
}

/** Runtimes say little about a damaged file; the ONNX reader says where the damage is. */
function explain(error: unknown, source: NativeModelSource): unknown {
  if (!(error instanceof AccelError) || error.code !== 'MODEL_INVALID' || source.format !== 'onnx') return error;
  try {
    inspectOnnx(source.path ?? source.bytes!);
    return error;
  } catch (cause) {
    const { message: damage } = cause as Error;
    const { message, call, status } = error;
    return new AccelError('MODEL_INVALID', message, { call, status, hint: damage, cause });
  }
}

/** Rejects when the signal is aborted, without waiting for a vendor that can't be stopped. */
function abortable(loading: Promise<NativeSession>, id: number, signal: AbortSignal): Promise<NativeSession> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      addon.cancelLoad(id);
      reject(aborted(signal));
      // A load that could not be stopped is thrown away when it is done.
      loading.then((native) => native.close(true)).catch(() => undefined);
    };
    if (signal.aborted) {
      onAbort();
      return;
    }
    signal.addEventListener('abort', onAbort, { once: true });
    // Before the caller learns the outcome: an abort after that must not close the session.
    loading.finally(() => signal.removeEventListener('abort', onAbort)).then(resolve, reject);
  });
}

function throwIfAborted(signal: AbortSignal): void {
  if (signal.aborted) throw aborted(signal);
}

function aborted(signal: AbortSignal): AccelError {
  return new AccelError('CANCELLED', 'The load was aborted by its signal.', { cause: signal.reason });
}

/** The options as the addon reads them: common ones at the top, the backend's own under its name. */
async function nativeOptions(backend: BackendName, options: ParsedLoadOptions): Promise<object> {
  const { precision, lanes, shapes, profiling, cache } = options;
  let cacheDir: string | undefined;
  if (cache !== false) {
    cacheDir = cache === true ? join(cacheFolder(), backend) : resolve(cache);
    await mkdir(cacheDir, { recursive: true }).catch((cause: unknown) => {
      const reason = (cause as NodeJS.ErrnoException).code ?? 'no reason given';
      throw new AccelError('INVALID_ARGUMENT', `Can't make the cache folder ${cacheDir}: ${reason}.`, { cause });
    });
  }
  const { library: _library, ...own } = options.openvino ?? {};
  return {
    precision,
    lanes: lanes === 'auto' ? undefined : lanes,
    shapes,
    profiling,
    cacheDir,
    ...(backend === 'openvino' ? { openvino: own } : {}),
  };
}
