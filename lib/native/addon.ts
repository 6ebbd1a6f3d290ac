/**
 * The C++ addon, with types. native/addon.cc and native/session_wrap.cc are the other side; nothing
 * is checked there, so everything that comes from a user is checked before it gets here.
 */
import { isMainThread } from 'node:worker_threads';

import packageJson = require('../../package.json');
import { AccelError } from '../errors.js';
import type { ErrorCode, LibraryAttempt } from '../errors.js';
import type { TypedArray } from '../data-type.js';
import { packageFolder } from '../package-folder.js';
import { missingPart } from './elf.js';
import { WrongAddon, explainLoadFailure } from './load-failure.js';
import type { LoadFailure } from './load-failure.js';

/** An input or output as the native model describes it. */
export interface NativeTensorInfo {
  name: string;
  /** One of the names in lib/data-type.ts, or `string`, or `unknown`. */
  type: string;
  /** -1 where dynamic; unset when not even the rank is known. */
  shape?: number[];
  min?: number[];
  max?: number[];
  details?: Record<string, unknown>;
}

export interface NativeDevice {
  id: string;
  name?: string;
  kind: 'cpu' | 'gpu' | 'npu';
  arch?: string;
  driver?: string;
  uuid?: string;
  memoryTotal?: number;
  memoryFree?: number;
  automatic: boolean;
  details?: Record<string, unknown>;
}

export interface NativeDeviceList {
  present: NativeDevice[];
  absent: { id: string; reason: string; hint: string }[];
  checks: { what: string; ok: boolean; found: string; hint: string }[];
}

export interface NativeRuntime {
  version: string;
  library?: string;
  libraries: LibraryAttempt[];
  warnings: string[];
  details?: Record<string, unknown>;
}

/** One file of a model: where it lies, or what is in it. */
export interface NativeModelSource {
  format: string;
  path?: string;
  weightsPath?: string;
  bytes?: Uint8Array;
  weights?: Uint8Array;
  /** Inputs and outputs in the file's order, where they are known without the runtime. */
  inputNames?: string[];
  outputNames?: string[];
  spec?: object;
}

export interface NativeLoadRequest {
  /** Names this load in {@link Addon.cancelLoad}. */
  id: number;
  backend: string;
  device: string;
  source: NativeModelSource;
  options: object;
  /** 0: as many as the model prefers. */
  lanes: number;
  onProgress?: ((phase: string, done: number, total: number) => void) | undefined;
  /** The build wants calibration data: one {@link Addon.calibrationBatch} answers it. */
  nextBatch?: ((index: number) => void) | undefined;
}

/** An input of a calibration batch: memory of the host that stays as it is until the next batch is wanted. */
export interface NativeCalibrationTensor {
  address: number;
  bytes: number;
  dims: number[];
}

/** An output whose shape was not known before the run. */
export interface NativeProducedOutput {
  dims: number[];
  /** Host memory that the backend allocated; unset when it wrote to the caller's. */
  data?: ArrayBuffer;
  /** Device memory that it allocated. */
  buffer?: NativeBuffer;
}

/** Memory that a backend allocated; native/buffer_wrap.h. */
export interface NativeBuffer {
  /** For the argument block. */
  readonly handle: number;
  /** For device memory, an address that only the device understands. */
  readonly address: number;
  readonly bytes: number;
  /** Over pinned memory. */
  readonly data?: ArrayBuffer;
  /** Fills the typed array from the buffer's start. Neither may be touched until it settles. */
  read(target: TypedArray): Promise<void>;
  write(source: TypedArray): Promise<void>;
  copyTo(target: NativeBuffer, bytes: number): Promise<void>;
  dispose(): void;
}

/** What a run has to say besides its outputs in the caller's memory. */
export type NativeOutcome = undefined | (NativeProducedOutput | undefined)[];

export interface NativeSession {
  /**
   * The argument block: {@link ARGUMENT_SIZE} numbers for each input, then for each output, which
   * `submit` and `runSync` read before they return. Then {@link RECORD_SIZE} numbers that `runSync` writes.
   */
  readonly arguments: Float64Array;
  readonly inputs: NativeTensorInfo[];
  readonly outputs: NativeTensorInfo[];
  readonly lanes: number;
  /** May its runs be inline, as far as the backend can tell? */
  readonly computesOnCaller: boolean;
  readonly preferredMemory: 'host' | 'pinned';
  readonly details: Record<string, unknown>;
  /**
   * Queues a run, or makes it at once if it may be `inline` and is expected to be short. Its outcome comes to
   * {@link onRunsDone}. True when it was made: the outcome then waits for {@link deliverSoon}.
   */
  submit(id: number, inline: boolean): boolean;
  runSync(): NativeOutcome;
  cancel(id: number): void;
  /** Cancels what is pending, also behind a close; nothing more is accepted. */
  cancelAll(): void;
  /** Accepts nothing more; settles when what is pending has ended and lanes and model are gone. */
  close(): Promise<void>;
  profile(): Promise<unknown>;
  memory(): unknown;
  busyLanes(): number;
  export(path: string): Promise<void>;
  /** Makes requests until the plan is fulfilled, one fails, or it is stopped; settles when nothing is in flight. */
  generateLoad(request: NativeGeneratorRequest): Promise<NativeLoadReport>;
  /** Settles when what counts of the load has begun, in a closed loop with requests in flight, or never will. */
  loadCounts(id: number): Promise<void>;
  stopLoad(id: number): void;
}

/** A load that the addon makes by itself; native/load_generator.h. Times in milliseconds. */
export interface NativeLoadPlan {
  /** Requests a second of an open loop; 0: a closed one. */
  rate: number;
  /** Exponential gaps, from `seed`. */
  poisson: boolean;
  seed: number;
  warmup: number;
  duration: number;
  warmupRuns: number;
  minRuns: number;
  maxRuns: number;
}

export interface NativeGeneratorRequest extends NativeLoadPlan {
  /** Names it in `stopLoad`. */
  id: number;
  /** Argument blocks without their records: for each request in flight, or set of inputs if these are more. */
  blocks: Float64Array;
  /** In flight, at most. */
  requests: number;
  inputSets: number;
}

/** Times of each request in milliseconds since the begin of what counts, in the order of `due`. */
export interface NativeLoadReport {
  /** What ended the load; the columns are then empty. */
  error?: AccelError;
  due: Float64Array;
  sent: Float64Array;
  started: Float64Array;
  ended: Float64Array;
  /** Parts of each run; 0 where the vendor does not tell them apart from computing. */
  h2d: Float32Array;
  compute: Float32Array;
  d2h: Float32Array;
  /** Of what counts, until it was stopped or nothing was in flight any more. */
  duration: number;
  /** Sums as in a record, with the numbers of runs and of failed ones at the front: of what counts, and of all. */
  counted: Float64Array;
  all: Float64Array;
  late: number;
  unsent: number;
}

/** Samples of a device and of this process; native/resource_sampler.h. What nobody could measure is unset. */
export interface NativeSamplingReport {
  samples: number;
  /** Of the device, the means: percent and watts. */
  utilization?: number;
  power?: number;
  /** The most: degrees Celsius, and bytes in use, whoever uses them. */
  temperature?: number;
  memory?: number;
  /** Of this process, the most: bytes. */
  rss?: number;
  /** Percent of a core, of the process, and of the thread that takes the samples. */
  cpu?: number;
  overhead?: number;
  /** Milliseconds of one sample, the mean. */
  took: number;
  /** What could not be looked at, a sentence each. */
  problems: string[];
}

interface Addon {
  /** Of the package that it was built from. */
  readonly version: string;
  readonly backends: readonly string[];
  readonly errorCodes: readonly string[];
  readonly dataTypes: readonly string[];
  readonly maxRank: number;
  init(hooks: {
    makeError: (fields: NativeError) => AccelError;
    onRunsDone: (count: number, extras: unknown[] | undefined) => void;
    records: Float64Array;
  }): void;
  /** @param companion another library that the user named, '' for none */
  open(
    backend: string,
    candidates: { name: string; origin: string }[],
    exclusive: boolean,
    companion: string,
  ): Promise<NativeRuntime>;
  devices(backend: string): Promise<NativeDeviceList>;
  load(request: NativeLoadRequest): Promise<NativeSession>;
  cancelLoad(id: number): void;
  /** Answers `nextBatch` of a load: tensors in the order of the inputs, null at the end, or what is wrong. */
  calibrationBatch(id: number, batch: NativeCalibrationTensor[] | null | AccelError): void;
  /**
   * Samples a device of the backend, which is open, every `interval` milliseconds until `stopSampling`. `begun`
   * settles with the first sample.
   */
  sample(request: { id: number; backend: string; device: string; interval: number }): {
    begun: Promise<void>;
    ended: Promise<NativeSamplingReport>;
  };
  stopSampling(id: number): void;
  allocate(backend: string, device: string, kind: 'pinned' | 'device', bytes: number): NativeBuffer;
  addressOf(view: TypedArray): number;
  externalBuffers(): boolean;
  deliver(): void;
  shutdown(exitCode: number): void;
}

interface NativeError {
  code: ErrorCode;
  message: string;
  hint?: string;
  call?: string;
  status?: number;
  details?: { libraries?: LibraryAttempt[] };
}

/** Most dimensions of a tensor; native/tensor.h keeps shapes inline. */
export const MAX_RANK = 16;
/** Numbers of a tensor in the argument block: address, handle, byte length, rank, dimensions. */
export const ARGUMENT_SIZE = 4 + MAX_RANK;
/** Addresses of outputs that have none: the backend allocates them, or nobody wants them. */
export const ALLOCATE_HOST = 0;
export const NOT_WANTED = -1;
export const ALLOCATE_DEVICE = -2;

/**
 * Numbers that tell of a finished run: id, failed; nanoseconds waiting for a lane, moving to the device,
 * computing, moving back; bytes that accelnode copied, bytes moved to the device and back; 1 if it was inline.
 */
export const RECORD_SIZE = 10;
const RECORD_CAPACITY = 256;

/** A run that is under way, as the delivery of outcomes sees it. */
export interface PendingRun {
  /** @param at where its record begins in `records`, which is only valid until this returns */
  finish(outcome: AccelError | NativeOutcome, records: Float64Array, at: number): void;
}

let failure: LoadFailure | undefined;

/**
 * The addon. Where it can't be loaded, importing the package does not fail: much of it needs no addon (inspecting models,
 * installing runtimes, the types), nor do tools that only look at what it exports. The first use of it throws the reason.
 */
export const addon = loadAddon();

function loadAddon(): Addon {
  const folder = packageFolder();
  let file: string | undefined;
  try {
    // Elsewhere, node-gyp-build would find whatever addon is near the bundle.
    if (folder === undefined) throw new Error('this is no file of the package');
    // Here, because it looks at the system when it is loaded, which Node's permission model may forbid.
    // eslint-disable-next-line @typescript-eslint/no-require-imports
    const nodeGypBuild = require('node-gyp-build') as typeof import('node-gyp-build');
    file = nodeGypBuild.path(folder);
    const missing = missingPart(file);
    if (missing !== undefined) throw new Error(missing);
    const loaded = nodeGypBuild(folder) as Addon;
    if (loaded.version !== packageJson.version) throw new WrongAddon(loaded.version);
    return loaded;
  } catch (cause) {
    failure = { folder, file, cause };
    return new Proxy({} as Addon, { get: requireAddon });
  }
}

/** @throws `UNSUPPORTED` with the reason, when the addon could not be loaded */
export function requireAddon(): void {
  if (failure !== undefined) throw explainLoadFailure(failure);
}

const records = new Float64Array(RECORD_CAPACITY * RECORD_SIZE);

/**
 * The runs under way in this thread, by id. Each holds its tensors, which keeps their memory alive
 * until the lane is done with it.
 */
const pending: (PendingRun | undefined)[] = [];
const freeIds: number[] = [];

export function addPending(run: PendingRun): number {
  const id = freeIds.pop() ?? pending.length;
  pending[id] = run;
  return id;
}

/** For a run that was not submitted after all. */
export function dropPending(id: number): void {
  pending[id] = undefined;
  freeIds.push(id);
}

/** As it is now: users' tests put something else in its place. */
const { setImmediate: inNextTurn } = globalThis;
const deliver = (): void => addon.deliver();

/** Hands over the outcomes of inline runs when the event loop has turned. */
export function deliverSoon(): void {
  inNextTurn(deliver);
}

/** Called by the addon once for all runs that have ended since the last time. */
function onRunsDone(count: number, extras: unknown[] | undefined): void {
  for (let i = 0; i < count; i++) {
    const at = i * RECORD_SIZE;
    const id = records[at]!;
    const run = pending[id]!;
    dropPending(id);
    run.finish(extras?.[i] as AccelError | NativeOutcome, records, at);
  }
}

const MEMORY_HINT =
  'Close other sessions and processes that use the same memory, or load with fewer lanes, smaller shapes or a smaller precision.';

function makeError({ code, message, hint, details, ...rest }: NativeError): AccelError {
  const advice = hint ?? (code === 'OUT_OF_MEMORY' ? MEMORY_HINT : undefined);
  return new AccelError(code, message, { ...rest, hint: advice, libraries: details?.libraries });
}

if (failure === undefined) initialize();

function initialize(): void {
  addon.init({ makeError, onRunsDone, records });
  // Node runs no clean-up hooks when process.exit is called, and static destructors of the vendor's
  // libraries would meet running lanes. Workers do have their hooks run.
  if (isMainThread) process.on('exit', (code: unknown) => addon.shutdown(Number(code))); // process.exit('3') gives a string
}
