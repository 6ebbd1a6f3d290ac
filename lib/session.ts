import { randomUUID } from 'node:crypto';
import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';

import { RECORD_SIZE, addPending, addon, deliverSoon, dropPending } from './native/addon.js';
import type { NativeOutcome, NativeSession, PendingRun } from './native/addon.js';
import type { BackendName } from './backends.js';
import { Binder } from './binding.js';
import type { Binding, Inputs, Outputs, TensorInfo, WantedOutputs } from './binding.js';
import { describe } from './data-type.js';
import { AccelError, invalidArgument, withContext } from './errors.js';
import type { DeviceAttempt } from './errors.js';
import type { MemoryKind } from './memory.js';
import type { ModelSource } from './model-source.js';
import { checkOptions, checkSignal } from './options/known.js';
import type { LoadOptions } from './options/load.js';
import type { Tensor } from './tensor.js';

/** Options of {@link Session.run}. */
export interface RunOptions {
  /** Gives the run up when aborted; it then rejects with CANCELLED, the signal's reason as `cause`. */
  signal?: AbortSignal | undefined;
  /** Milliseconds after which the run rejects with TIMEOUT. */
  timeout?: number | undefined;
  /** Which outputs to give, and where to write them. Default: all, into fresh tensors. */
  outputs?: WantedOutputs | undefined;
}

/** Options of {@link Session.runSync}. */
export type RunSyncOptions = Pick<RunOptions, 'outputs'>;

/** Options of {@link Session.close}. */
export interface CloseOptions {
  /** Cancel what is pending, instead of letting it finish. Default: false. */
  cancel?: boolean | undefined;
}

/** Options of {@link Session.export}. */
export interface ExportOptions {
  /** Gives the export up when aborted: what was at the path stays as it was. */
  signal?: AbortSignal | undefined;
}

/** Time of one layer in the last run, where the session was loaded with `profiling`. */
export interface LayerProfile {
  name: string;
  /** The operation. */
  type: string;
  /** What the vendor chose to compute it with. */
  kernel: string;
  status: 'executed' | 'not run' | 'optimized out' | 'unknown';
  /** Milliseconds. */
  time: number;
  /** Milliseconds of the CPU. */
  cpuTime: number;
}

/** What a session has done so far: sums over all its runs, times in milliseconds. */
export interface SessionStats {
  /** Runs that ended well. */
  runs: number;
  /** Runs that failed or were cancelled. */
  failed: number;
  /** Time of waiting for a lane. */
  queued: number;
  /** Time of moving inputs to the device, where the vendor tells it apart from computing. */
  h2d: number;
  /** Time of computing; where the vendor tells nothing apart, of the whole run. */
  compute: number;
  /** Time of moving outputs from the device. */
  d2h: number;
  /** Bytes that accelnode itself copied from one place in the host's memory to another. */
  bytesCopied: number;
  /** Bytes moved to the device's own memory. */
  bytesH2d: number;
  /** Bytes moved from the device's own memory. */
  bytesD2h: number;
  /** Runs, failed ones too, that `run` has computed on the calling thread: see {@link LoadOptions.inline}. */
  inline: number;
  /** Lanes that compute at this moment. */
  busyLanes: number;
}

/** Options of {@link Session.allocate}. */
export interface SessionAllocateOptions {
  /** Default: the kind that the session's device moves fastest, `pinned` where there is any. */
  memory?: MemoryKind | undefined;
}

/** Memory that a loaded model takes, in bytes, as far as the vendor tells. */
export interface MemoryUse {
  device?: number;
  host?: number;
  [more: string]: number | undefined;
}

/** What a loaded model is; made by lib/load.ts. */
export interface LoadedModel {
  native: NativeSession;
  backend: BackendName;
  device: string;
  attempts: readonly DeviceAttempt[];
  maxQueue: number;
  inline: boolean;
  /** What lib/ has to add to the vendor's facts. */
  details?: Readonly<Record<string, unknown>>;
}

// Set by the class below: a run that ends has to reach the session's private fields.
let endRun: (
  session: Session,
  binding: Binding,
  outcome: AccelError | NativeOutcome,
  records: Float64Array,
  at: number,
) => AccelError | Outputs;

/**
 * A model on a device, ready to run.
 *
 * ```ts
 * const session = await Session.load('model.onnx', { device: 'openvino:CPU' });
 * const { logits } = await session.run({ image: new Tensor('float32', pixels, [1, 3, 224, 224]) });
 * await session.close();
 * ```
 *
 * Runs are computed on threads of the session's own, its lanes, so that they do not hold up the event loop; but
 * for those that take less than going there would ({@link LoadOptions.inline}).
 * A session belongs to the thread (main or worker) that loaded it.
 */
export class Session {
  /** The backend that runs it. */
  readonly backend: BackendName;
  /** The device that really runs it, e.g. `openvino:CPU`. */
  readonly device: string;
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
  /** How many runs can be computed at the same time. */
  readonly lanes: number;
  /** The devices that were passed over for this one, and why. Empty when one device was asked for. */
  readonly attempts: readonly DeviceAttempt[];
  /** The precision that it computes in, in the vendor's words; unset when the vendor does not tell. */
  readonly precision?: string;
  /**
   * Further facts about what was loaded, in the vendor's words. `cache`, where the option `cache` was given to
   * TensorRT: `{ hit, key, file, stored, reason? }`. `planRefused`: why a plan that was given was not used.
   */
  readonly details: Readonly<Record<string, unknown>>;

  readonly #native: NativeSession;
  readonly #binder: Binder;
  readonly #maxQueue: number;
  readonly #inline: boolean;
  readonly #stats = {
    runs: 0,
    failed: 0,
    queued: 0,
    h2d: 0,
    compute: 0,
    d2h: 0,
    bytesCopied: 0,
    bytesH2d: 0,
    bytesD2h: 0,
    inline: 0,
  };
  #pending = 0;
  #whenIdle: (() => void)[] = [];
  #closed: Promise<void> | undefined;

  /**
   * Loads a model and compiles it for a device, on a thread of its own.
   *
   * @throws {@link AccelError}
   * - `MODEL_INVALID`, `MODEL_UNSUPPORTED`: about the model
   * - `RUNTIME_NOT_FOUND`, `RUNTIME_INCOMPATIBLE`, `DEVICE_NOT_FOUND`: about this machine
   * - `INVALID_ARGUMENT`: about the options
   * - `OUT_OF_MEMORY`, `UNSUPPORTED`, `CANCELLED`, `VENDOR_FAILURE`
   *
   * When several devices were tried and none could, `attempts` lists each refusal.
   */
  static async load(source: ModelSource, options: LoadOptions = {}): Promise<Session> {
    // Loaded when it is first needed: the checks of options take longer to start than all the rest.
    // Not by import(), which test runners such as Jest refuse in CommonJS.
    // eslint-disable-next-line @typescript-eslint/no-require-imports
    const { loadOnFirstDevice } = require('./load.js') as typeof import('./load.js');
    return new Session(await loadOnFirstDevice(source, options));
  }

  private constructor({ native, backend, device, attempts, maxQueue, inline, details }: LoadedModel) {
    this.#native = native;
    this.#binder = new Binder(native, device);
    this.#maxQueue = maxQueue;
    this.#inline = inline;
    this.backend = backend;
    this.device = device;
    this.attempts = attempts;
    this.inputs = this.#binder.inputs;
    this.outputs = this.#binder.outputs;
    this.lanes = native.lanes;
    this.details = details === undefined ? native.details : { ...native.details, ...details };
    const precision = this.details['precision'];
    if (typeof precision === 'string') this.precision = precision;
  }

  /** Runs that have not ended yet, waiting or being computed. */
  get pending(): number {
    return this.#pending;
  }

  /** Has `close` been called? */
  get closed(): boolean {
    return this.#closed !== undefined;
  }

  /**
   * Runs the model.
   *
   * The inputs' memory is read while the run is pending, and outputs that you gave are written: do
   * neither touch nor transfer them until the promise settles. It settles only when the device has
   * let go of them, also after an abort or a time-out: at once for a run that is still waiting;
   * for one that is being computed, as soon as the vendor stops.
   *
   * @param inputs a tensor for each input of the model, by name
   * @throws {@link AccelError} `INVALID_ARGUMENT`, `CLOSED`, `QUEUE_FULL`, `CANCELLED`, `TIMEOUT`,
   * `OUT_OF_MEMORY`, `DEVICE_LOST`, `VENDOR_FAILURE`
   */
  run(inputs: Inputs, options: RunOptions = {}): Promise<Outputs> {
    return new Promise((resolve, reject) => {
      this.#requireOpen();
      if (this.#pending >= this.#maxQueue) throw this.#queueFull();
      checkOptions(options, RUN_OPTIONS);
      const { signal, timeout, outputs } = options;
      const limited = signal !== undefined || timeout !== undefined;
      if (limited) checkLimits(signal, timeout);
      const binding = this.#binder.bind(inputs, outputs);
      const run = new SessionRun(this, binding, resolve, reject);
      const id = addPending(run);
      try {
        if (this.#native.submit(id, this.#inline && !limited && this.#pending === 0)) deliverSoon();
      } catch (error) {
        // One of the caller's getters has closed the session.
        dropPending(id);
        binding.release();
        throw withContext(error, this.backend, this.device);
      }
      this.#pending++;
      if (limited) run.limit(signal, timeout, () => this.#native.cancel(id));
    });
  }

  /**
   * Runs the model on the calling thread, which it blocks, before all runs that are waiting. For
   * scripts and worker threads; a service wants {@link Session.run}.
   * @throws as {@link Session.run}
   */
  runSync(inputs: Inputs, options: RunSyncOptions = {}): Outputs {
    this.#requireOpen();
    checkOptions(options, RUN_SYNC_OPTIONS);
    const binding = this.#binder.bind(inputs, options.outputs);
    const block = this.#native.arguments;
    try {
      const outcome = this.#native.runSync();
      this.#stats.runs++;
      return this.#binder.collect(binding, outcome);
    } catch (error) {
      this.#stats.failed++;
      throw withContext(error, this.backend, this.device);
    } finally {
      this.#count(block, block.length - RECORD_SIZE);
      binding.release();
    }
  }

  /**
   * A tensor for an input or output, in the memory that the session's device moves fastest.
   * @param name of the input or output
   * @param dims its shape; by default the model's, where that is fixed
   * @throws {@link AccelError} `INVALID_ARGUMENT`, `OUT_OF_MEMORY`; `UNSUPPORTED` for a kind of memory
   * that the device does not have
   */
  allocate(name: string, dims?: readonly number[], options: SessionAllocateOptions = {}): Tensor {
    this.#requireOpen();
    checkOptions(options, ALLOCATE_OPTIONS);
    const { memory = addon.externalBuffers() ? this.#native.preferredMemory : 'host' } = options;
    return this.#binder.allocate(name, dims, memory);
  }

  /** Resolves when no run is pending. */
  idle(): Promise<void> {
    if (this.#pending === 0) return Promise.resolve();
    return new Promise((resolve) => this.#whenIdle.push(resolve));
  }

  /** Counts and times of all runs so far. */
  stats(): SessionStats {
    return { ...this.#stats, busyLanes: this.closed ? 0 : this.#native.busyLanes() };
  }

  /** Memory that the model takes, in bytes. Empty where the vendor does not tell. */
  memory(): MemoryUse {
    this.#requireOpen();
    return (this.#native.memory() ?? {}) as MemoryUse;
  }

  /**
   * Times of the layers in the last run of a lane.
   * @throws {@link AccelError} `UNSUPPORTED` where the backend can't tell, or when the session was loaded
   * without `profiling`
   */
  async profile(): Promise<LayerProfile[]> {
    this.#requireOpen();
    try {
      return (await this.#native.profile()) as LayerProfile[];
    } catch (error) {
      throw withContext(error, this.backend, this.device);
    }
  }

  /**
   * Writes the compiled model to a file in the backend's own format (OpenVINO: blob, TensorRT: plan), for a faster
   * load on the same device with the same runtime. An existing file is replaced when the new one is
   * complete.
   * @throws {@link AccelError} `UNSUPPORTED` where the backend can't; `INVALID_ARGUMENT` for a path that
   * can't be written; `CANCELLED`; `VENDOR_FAILURE`
   */
  async export(path: string, options: ExportOptions = {}): Promise<void> {
    this.#requireOpen();
    checkOptions(options, EXPORT_OPTIONS);
    const { signal } = options;
    checkSignal(signal);
    if (typeof path !== 'string' || path === '' || path.includes('\0')) {
      throw invalidArgument(`The path to export to must be that of a file, not ${describe(path)}.`);
    }
    const target = resolve(path);
    const partial = join(dirname(target), `.${randomUUID()}.partial`);
    try {
      await mkdir(dirname(target), { recursive: true });
      await this.#native.export(partial);
      if (signal?.aborted === true) {
        throw new AccelError('CANCELLED', 'The export was aborted by its signal.', { cause: signal.reason });
      }
      await rename(partial, target);
    } catch (error) {
      await rm(partial, { force: true }).catch(() => undefined);
      if (error instanceof AccelError) throw withContext(error, this.backend, this.device);
      const { code = 'no reason given' } = error as NodeJS.ErrnoException;
      throw new AccelError('INVALID_ARGUMENT', `Can't write ${target}: ${code}.`, { cause: error });
    }
  }

  /**
   * Ends the session: nothing is accepted any more, what is pending finishes (or is cancelled), then
   * lanes and model are freed. Called again, it returns the same promise.
   */
  close(options: CloseOptions = {}): Promise<void> {
    try {
      checkOptions(options, CLOSE_OPTIONS);
      const { cancel = false } = options;
      if (typeof cancel !== 'boolean') throw invalidArgument(`cancel must be true or false, not ${describe(cancel)}.`);
      this.#closed ??= this.#native.close(cancel);
      return this.#closed;
    } catch (error) {
      const refused = error as AccelError;
      return Promise.reject(refused);
    }
  }

  /** For `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  static {
    endRun = (session, binding, outcome, records, at) => {
      const stats = session.#stats;
      session.#count(records, at);
      binding.release();
      if (--session.#pending === 0 && session.#whenIdle.length > 0) {
        for (const resolve of session.#whenIdle.splice(0)) resolve();
      }
      if (outcome instanceof AccelError) {
        stats.failed++;
        return withContext(outcome, session.backend, session.device) as AccelError;
      }
      stats.runs++;
      return session.#binder.collect(binding, outcome);
    };
  }

  /** Adds the record of a run. */
  #count(records: Float64Array, at: number): void {
    const stats = this.#stats;
    stats.queued += records[at + 2]! / 1e6;
    stats.h2d += records[at + 3]! / 1e6;
    stats.compute += records[at + 4]! / 1e6;
    stats.d2h += records[at + 5]! / 1e6;
    stats.bytesCopied += records[at + 6]!;
    stats.bytesH2d += records[at + 7]!;
    stats.bytesD2h += records[at + 8]!;
    stats.inline += records[at + 9]!;
  }

  #requireOpen(): void {
    if (this.#closed !== undefined) {
      throw new AccelError('CLOSED', 'The session is closed.', { backend: this.backend, device: this.device });
    }
  }

  #queueFull(): AccelError {
    return new AccelError('QUEUE_FULL', `${this.#maxQueue} runs are pending already.`, {
      backend: this.backend,
      device: this.device,
      hint: 'Wait for some of them (session.pending, session.idle()), or raise maxQueue.',
    });
  }
}

/** Milliseconds between two cancels of a run that has not ended. */
const REPEAT_CANCEL = 5;

/** A run under way. It holds its session and tensors until it has ended. */
class SessionRun implements PendingRun {
  readonly #session: Session;
  readonly #binding: Binding;
  readonly #resolve: (outputs: Outputs) => void;
  readonly #reject: (error: unknown) => void;
  /** Why it was given up, if it was. */
  #givenUp: AccelError | undefined;
  #dropLimits: (() => void) | undefined;

  constructor(
    session: Session,
    binding: Binding,
    resolve: (outputs: Outputs) => void,
    reject: (error: unknown) => void,
  ) {
    this.#session = session;
    this.#binding = binding;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  /** Gives the run up when the signal is aborted or the time has passed. */
  limit(signal: AbortSignal | undefined, timeout: number | undefined, cancel: () => void): void {
    const { backend, device } = this.#session;
    let repeated: NodeJS.Timeout | undefined;
    const giveUp = (error: AccelError): void => {
      this.#givenUp ??= error;
      cancel();
      // Vendors forget a cancel that comes a moment before their part of the run begins.
      repeated ??= setInterval(cancel, REPEAT_CANCEL);
    };
    const onAbort = (): void =>
      giveUp(
        new AccelError('CANCELLED', 'The run was aborted by its signal.', { backend, device, cause: signal?.reason }),
      );
    const timer =
      timeout === undefined
        ? undefined
        : setTimeout(
            () => giveUp(new AccelError('TIMEOUT', `The run took longer than ${timeout} ms.`, { backend, device })),
            timeout,
          );
    signal?.addEventListener('abort', onAbort, { once: true });
    this.#dropLimits = () => {
      clearTimeout(timer);
      clearInterval(repeated);
      signal?.removeEventListener('abort', onAbort);
    };
  }

  finish(outcome: AccelError | NativeOutcome, records: Float64Array, at: number): void {
    this.#dropLimits?.();
    let result: AccelError | Outputs;
    try {
      result = endRun(this.#session, this.#binding, outcome, records, at);
    } catch (error) {
      this.#reject(error); // the runs that are delivered with this one are not to suffer
      return;
    }
    if (this.#givenUp !== undefined) {
      this.#reject(this.#givenUp);
    } else if (result instanceof AccelError) {
      this.#reject(result);
    } else {
      this.#resolve(result);
    }
  }
}

const RUN_OPTIONS: ReadonlySet<string> = new Set(['signal', 'timeout', 'outputs']);
const RUN_SYNC_OPTIONS: ReadonlySet<string> = new Set(['outputs']);
const CLOSE_OPTIONS: ReadonlySet<string> = new Set(['cancel']);
const ALLOCATE_OPTIONS: ReadonlySet<string> = new Set(['memory']);
const EXPORT_OPTIONS: ReadonlySet<string> = new Set(['signal']);

function checkLimits(signal: AbortSignal | undefined, timeout: number | undefined): void {
  checkSignal(signal);
  if (timeout !== undefined && !(typeof timeout === 'number' && timeout > 0 && timeout <= 0x7fffffff)) {
    throw invalidArgument(
      `timeout must be a number of milliseconds, more than 0 and at most 2147483647, not ${describe(timeout)}.`,
    );
  }
  if (signal?.aborted) {
    throw new AccelError('CANCELLED', 'The signal was aborted before the run began.', { cause: signal.reason });
  }
}
