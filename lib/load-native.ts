/** One load by the addon: from checked options and a source to a native session. */
import { join, resolve } from 'node:path';

import { backendsFolder, halfPrecision, tuningOf } from './armnn-settings.js';
import { addon } from './native/addon.js';
import type { NativeModelSource, NativeSession } from './native/addon.js';
import type { BackendName } from './backends.js';
import { Calibration } from './calibration.js';
import type { CalibrationAnswer } from './calibration.js';
import { AccelError } from './errors.js';
import { makeFolder } from './make-folder.js';
import { checkExternalFiles } from './onnx/external-data.js';
import { inspectOnnx } from './onnx/inspect.js';
import type { OnnxInfo, OnnxTensorInfo } from './onnx/inspect.js';
import type { CudaCalibration } from './options/cuda.js';
import type { LoadOptions, ParsedLoadOptions } from './options/load.js';
import { reasonOf } from './runtimes/failures.js';
import { cacheFolder } from './runtimes/folder.js';
import { inspectToLoad } from './tflite/inspect.js';

/** Where to load, and how. */
export interface LoadTarget {
  backend: BackendName;
  /** Without the backend's name. */
  device: string;
  options: ParsedLoadOptions;
  /** In the folder of the plan cache; unless `cuda.timingCache` says something else. */
  timingCache?: string | undefined;
  /** What the model was compiled to before, on a backend that opens it together with the model. */
  compiled?: string | undefined;
  /** Will what is compiled now be exported? */
  keepCompiled?: boolean | undefined;
  /** Did the caller give it? Then it is not known how it was compiled. */
  compiledGiven?: boolean | undefined;
}

let lastLoadId = 0;

export function libraryOption(
  backend: BackendName,
  { armnn, openvino, cuda, rknn, rocm }: ParsedLoadOptions,
): string | undefined {
  if (backend === 'openvino') return openvino?.library;
  if (backend === 'rocm') return rocm?.library;
  if (backend === 'rknn') return rknn?.library;
  if (backend === 'armnn') return armnn?.library;
  return backend === 'cuda' ? cuda?.library : undefined;
}

/** Another library that the user named, for {@link openRuntime}. */
export function companionOption(backend: BackendName, { armnn }: ParsedLoadOptions): string | undefined {
  return backend === 'armnn' ? armnn?.delegate : undefined;
}

/** The folder for compiled models, where the option `cache` asks for one. */
export function cacheFolderOf(backend: BackendName, { cache }: ParsedLoadOptions): string | undefined {
  if (cache === false) return undefined;
  return cache === true ? join(cacheFolder(), backend) : resolve(cache);
}

export async function loadNative(target: LoadTarget, given: NativeModelSource): Promise<NativeSession> {
  const { backend, device, options } = target;
  const { signal, onProgress } = options;
  const id = ++lastLoadId;
  const progress = onProgress && new Progress(onProgress, () => addon.cancelLoad(id));
  const onnx = given.format === 'onnx' ? inspect(given) : undefined;
  if (onnx !== undefined && onnx.externalData.length > 0) checkExternalFiles(given.path ?? given.bytes!);
  const source = backend === 'armnn' ? withShapes(given, options.armnn?.signature) : withNames(given, onnx);
  const calibration = onnx && calibrationOf(target, id, onnx);
  const loading = addon.load({
    id,
    backend,
    device,
    source,
    options: nativeOptions(target),
    lanes: options.lanes === 'auto' ? 0 : options.lanes,
    onProgress: progress && ((phase, done, total) => progress.report(phase, done, total)),
    nextBatch: calibration?.next,
  });
  // Also after an abort, which does not wait for it: the load's thread may be reading a batch.
  const ended = (): void => calibration?.release();
  loading.then(ended, ended);
  const wrong = (): AccelError | undefined => progress?.error ?? calibration?.error;
  try {
    const native = await (signal === undefined ? loading : abortable(loading, id, signal));
    await calibration?.close();
    const error = wrong();
    if (error === undefined) return native;
    await native.close();
    throw error;
  } catch (error) {
    // Whoever aborts a load does not wait for what can't be stopped.
    const closing = calibration?.close();
    if (signal?.aborted !== true) await closing;
    throw wrong() ?? explain(error, source);
  }
}

/** The caller's calibration data, which a plan has no use for. */
function calibrationOf(
  { backend, options, compiled }: LoadTarget,
  id: number,
  onnx: OnnxInfo,
): Calibration | undefined {
  const batches = calibrationOption(backend, options)?.batches;
  if (batches === undefined || compiled !== undefined) return undefined;
  const answer = (batch: CalibrationAnswer): void => addon.calibrationBatch(id, batch);
  return new Calibration(`${backend}.calibration`, batches, onnx.inputs, options.shapes, answer);
}

/** The calibration that a backend's own options ask for. */
export function calibrationOption(
  backend: BackendName,
  { cuda, rocm }: ParsedLoadOptions,
): CudaCalibration | undefined {
  if (backend === 'rocm') return rocm?.calibration;
  return backend === 'cuda' ? cuda?.calibration : undefined;
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

/** What an ONNX model says about itself; undefined when it is damaged. */
function inspect(source: NativeModelSource): OnnxInfo | undefined {
  try {
    return inspectOnnx(source.path ?? source.bytes!);
  } catch {
    return undefined; // the runtime will refuse it, and `explain` says what is wrong
  }
}

/** ONNX: inputs and outputs as the file has them, which a runtime may have merged, or made fixed. */
function withNames(source: NativeModelSource, onnx: OnnxInfo | undefined): NativeModelSource {
  if (onnx === undefined) return source;
  const { inputs, outputs, operators } = onnx;
  return {
    ...source,
    inputNames: inputs.map(({ name }) => name),
    outputNames: outputs.map(({ name }) => name),
    spec: {
      inputs: inputs.map(withOpenDims),
      outputs: outputs.map(withOpenDims),
      operators: Object.keys(operators),
    },
  };
}

/** As the addon tells shapes: -1 for a dimension that is left open. */
function withOpenDims({ name, type, shape }: OnnxTensorInfo): object {
  return { name, type, shape: shape?.map((dim) => (typeof dim === 'number' ? dim : -1)) };
}

/** TFLite's C API does not say which dimensions are open; the file does. What would end TFLite is refused. */
function withShapes(source: NativeModelSource, signature: string | undefined): NativeModelSource {
  const { inputs, outputs, operators, halfWeights } = inspectToLoad(source.path ?? source.bytes!, signature);
  return { ...source, spec: { inputs, outputs, operators, halfWeights } };
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
      loading.then((native) => native.close()).catch(() => undefined);
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

export function aborted(signal: AbortSignal): AccelError {
  return new AccelError('CANCELLED', 'The load was aborted by its signal.', { cause: signal.reason });
}

/** The options as the addon reads them: common ones at the top, the backend's own under its name. */
function nativeOptions(target: LoadTarget): object {
  const { backend, options } = target;
  const { precision, lanes, shapes, profiling } = options;
  const cacheDir = cacheFolderOf(backend, options);
  const common = { precision, lanes: lanes === 'auto' ? undefined : lanes, shapes, profiling, cacheDir };
  if (backend === 'cuda') return { ...common, cuda: cudaOptions(target) };
  if (backend === 'rocm') return { ...common, rocm: rocmOptions(target) };
  if (backend === 'armnn') return { ...common, armnn: armnnOptions(target) };
  if (backend === 'rknn') return { ...common, rknn: rknnOptions(target) };
  if (cacheDir !== undefined) makeCacheFolder(cacheDir);
  if (backend !== 'openvino') return common;
  const { library: _library, ...own } = options.openvino ?? {};
  return { ...common, openvino: own };
}

function makeCacheFolder(folder: string): void {
  try {
    makeFolder(folder);
  } catch (cause) {
    throw new AccelError('INVALID_ARGUMENT', `Can't make the cache folder ${folder}: ${reasonOf(cause)}.`, { cause });
  }
}

function armnnOptions({ device, options, compiled, keepCompiled }: LoadTarget): object {
  const { library: _library, delegate, ...own } = options.armnn ?? {};
  return {
    ...own,
    ...halfPrecision(device, options),
    delegate: delegate && resolve(delegate),
    dynamicBackends: backendsFolder(options.armnn),
    tuning: tuningOf(options.armnn),
    compiled,
    keepCompiled,
  };
}

function rknnOptions({ options }: LoadTarget): object {
  const { library: _library, ...own } = options.rknn ?? {};
  return own;
}

function cudaOptions({ options, timingCache: common }: LoadTarget): object {
  const { library: _library, timingCache: given, plugins, calibration, ...own } = options.cuda ?? {};
  const timingCache = given ?? common;
  return {
    ...own,
    timingCache: timingCache === false || timingCache === undefined ? undefined : resolve(timingCache),
    ownTimingCache: given === undefined,
    plugins: plugins?.map((plugin) => resolve(plugin)),
    calibration: calibration && {
      cache: calibration.cache === undefined ? undefined : resolve(calibration.cache),
      algorithm: calibration.algorithm,
      batches: calibration.batches !== undefined,
    },
  };
}

function rocmOptions({ options, compiled, compiledGiven }: LoadTarget): object {
  const { library: _library, calibration, ...own } = options.rocm ?? {};
  return { ...own, calibrated: calibration !== undefined, compiled, compiledGiven };
}
