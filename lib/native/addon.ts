/**
 * The C++ addon, with types. native/addon.cc and native/session_wrap.cc are the other side; nothing
 * is checked there, so everything that comes from a user is checked before it gets here.
 */
import { join } from 'node:path';
import { isMainThread } from 'node:worker_threads';

import nodeGypBuild = require('node-gyp-build');

import { AccelError } from '../errors.js';
import type { ErrorCode, LibraryAttempt } from '../errors.js';
import type { TypedArray } from '../data-type.js';

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
}

/** An output whose shape was not known before the run. */
export interface NativeProducedOutput {
  dims: number[];
  /** Memory that the backend allocated; unset when it wrote to the caller's. */
  data?: ArrayBuffer;
}

/** What a run has to say besides its outputs in the caller's memory. */
export type NativeOutcome = undefined | (NativeProducedOutput | undefined)[];

export interface NativeSession {
  /**
   * The argument block: {@link ARGUMENT_SIZE} numbers for each input, then for each output: address,
   * byte length, rank, dimensions. `submit` and `runSync` read it before they return.
   */
  readonly arguments: Float64Array;
  readonly inputs: NativeTensorInfo[];
  readonly outputs: NativeTensorInfo[];
  readonly lanes: number;
  readonly details: Record<string, unknown>;
  /** Queues a run; its outcome comes to {@link onRunsDone}. */
  submit(id: number): void;
  runSync(): NativeOutcome;
  cancel(id: number): void;
  close(cancel: boolean): Promise<void>;
  profile(): Promise<unknown>;
  memory(): unknown;
  export(path: string): Promise<void>;
}

interface Addon {
  readonly backends: readonly string[];
  readonly errorCodes: readonly string[];
  readonly dataTypes: readonly string[];
  readonly maxRank: number;
  init(hooks: {
    makeError: (fields: NativeError) => AccelError;
    onRunsDone: (count: number, extras: unknown[] | undefined) => void;
    records: Float64Array;
  }): void;
  open(backend: string, candidates: { name: string; origin: string }[], exclusive: boolean): Promise<NativeRuntime>;
  devices(backend: string): Promise<NativeDeviceList>;
  load(request: NativeLoadRequest): Promise<NativeSession>;
  cancelLoad(id: number): void;
  addressOf(view: TypedArray): number;
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

/** Numbers of a tensor in the argument block: address, byte length, rank, 16 dimensions. */
export const ARGUMENT_SIZE = 19;
/** Numbers of a finished run: id, failed, then nanoseconds queued, H2D, computing, D2H. */
const RECORD_SIZE = 6;
const RECORD_CAPACITY = 256;

/** A run that is under way, as the delivery of outcomes sees it. */
export interface PendingRun {
  finish(outcome: AccelError | NativeOutcome, times: RunTimes): void;
}

/** Milliseconds. */
export interface RunTimes {
  /** From the call to the start on a lane. */
  queued: number;
  h2d: number;
  compute: number;
  d2h: number;
}

const packageRoot = join(__dirname, '..', '..');
export const addon = nodeGypBuild(packageRoot) as Addon;

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

/** Called by the addon once for all runs that have ended since the last time. */
function onRunsDone(count: number, extras: unknown[] | undefined): void {
  for (let i = 0; i < count; i++) {
    const at = i * RECORD_SIZE;
    const id = records[at]!;
    const run = pending[id]!;
    pending[id] = undefined;
    freeIds.push(id);
    run.finish(extras?.[i] as AccelError | NativeOutcome, {
      queued: records[at + 2]! / 1e6,
      h2d: records[at + 3]! / 1e6,
      compute: records[at + 4]! / 1e6,
      d2h: records[at + 5]! / 1e6,
    });
  }
}

function makeError({ code, message, details, ...rest }: NativeError): AccelError {
  return new AccelError(code, message, { ...rest, libraries: details?.libraries });
}

addon.init({ makeError, onRunsDone, records });

// Node runs no clean-up hooks when process.exit is called, and static destructors of the vendor's
// libraries would meet running lanes. Workers do have their hooks run.
if (isMainThread) process.on('exit', (code) => addon.shutdown(code));
