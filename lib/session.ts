import { randomUUID } from 'node:crypto';
import { rename, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';

import { RECORD_SIZE, addPending, addon, deliverSoon, dropPending } from './native/addon.js';
import type { NativeLoadPlan, NativeLoadReport, NativeOutcome, NativeSession } from './native/addon.js';
import type { BackendName } from './backends.js';
import { Binder } from './binding.js';
import type { Binding, Inputs, Outputs, TensorInfo, WantedOutputs } from './binding.js';
import { describe } from './data-type.js';
import { AccelError, invalidArgument, withContext } from './errors.js';
import type { DeviceAttempt } from './errors.js';
import { withInspected } from './layer-profile.js';
import { makeFolder } from './make-folder.js';
import type { MemoryKind } from './memory.js';
import type { ModelSource } from './model-source.js';
import { checkOptions, checkSignal } from './options/known.js';
import type { LoadOptions } from './options/load.js';
import { Residency } from './residency.js';
import type { Reload, ResidentModel } from './residency.js';
import { reasonOf } from './runtimes/failures.js';
import { bindAll, runLoad } from './session-load.js';
import { SessionRun, checkLimits } from './session-run.js';
import type { RunOwner } from './session-run.js';
import { addRecord, noRuns } from './session-stats.js';
import type { LayerProfile, MemoryUse, SessionStats } from './session-stats.js';
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

/** Options of {@link Session.reload}. */
export interface ReloadOptions {
  /** Stops waiting when aborted, and gives the load up unless somebody else waits for it. */
  signal?: AbortSignal | undefined;
}

/** Options of {@link Session.export}. */
export interface ExportOptions {
  /** Gives the export up when aborted: what was at the path stays as it was. */
  signal?: AbortSignal | undefined;
}

/** Options of {@link Session.allocate}. */
export interface SessionAllocateOptions {
  /** Default: the kind that the session's device moves fastest, `pinned` where there is any. */
  memory?: MemoryKind | undefined;
}

/** What a loaded model is; made by lib/load.ts. */
export interface LoadedModel extends ResidentModel {
  backend: BackendName;
  device: string;
  attempts: readonly DeviceAttempt[];
  maxQueue: number;
  inline: boolean;
  idleTtl: number | undefined;
  /** Unset when the model can't be loaded again. */
  reload: Reload | undefined;
}

/**
 * Has the addon make requests by itself, as lib/measure/ plans them: at most one in flight for each of `outputs`, which
 * count as pending meanwhile, on the inputs in turn. An abort ends it when those in flight have ended. The first error
 * ends it, too, and is thrown.
 */
export let generateLoad: (
  session: Session,
  inputs: readonly Inputs[],
  outputs: readonly WantedOutputs[],
  plan: NativeLoadPlan,
  signal: AbortSignal,
  onCounting?: () => void,
) => Promise<NativeLoadReport>;

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
  /** What the model takes, in the model's order. */
  readonly inputs: readonly TensorInfo[];
  /** What the model gives, in the model's order. */
  readonly outputs: readonly TensorInfo[];
  /** How many runs can be computed at the same time. */
  readonly lanes: number;
  /** The devices that were passed over for this one, and why. Empty when one device was asked for. */
  readonly attempts: readonly DeviceAttempt[];
  /** The precision that it computes in, in the vendor's words; unset when the vendor does not tell. */
  readonly precision?: string;

  readonly #residency: Residency;
  readonly #binder: Binder;
  readonly #owner: RunOwner;
  readonly #preferredMemory: MemoryKind;
  readonly #maxQueue: number;
  readonly #inline: boolean;
  readonly #idleTtl: number | undefined;
  readonly #stats = noRuns();
  #details: Readonly<Record<string, unknown>>;
  #pending = 0;
  #whenIdle: (() => void)[] = [];
  #closed: Promise<void> | undefined;
  #idleWatch: NodeJS.Timeout | undefined;

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

  private constructor({ native, details, backend, device, attempts, maxQueue, inline, idleTtl, reload }: LoadedModel) {
    this.#binder = new Binder(native, device);
    this.#residency = new Residency(native, reload, (model) => this.#attach(model));
    this.#owner = {
      backend,
      device,
      end: (binding, outcome, records, at) => this.#end(binding, outcome, records, at),
      drop: () => this.#countEnd('failed'),
      leave: () => this.#residency.leave(),
    };
    this.#maxQueue = maxQueue;
    this.#inline = inline;
    this.#idleTtl = idleTtl;
    this.#preferredMemory = native.preferredMemory;
    this.#details = { ...native.details, ...details };
    this.backend = backend;
    this.device = device;
    this.attempts = attempts;
    this.inputs = this.#binder.inputs;
    this.outputs = this.#binder.outputs;
    this.lanes = native.lanes;
    const precision = this.details['precision'];
    if (typeof precision === 'string') this.precision = precision;
    this.#watchIdle();
  }

  /**
   * Further facts about what was loaded, in the vendor's words. `cache`, where the option `cache` was given to
   * TensorRT or MIGraphX: `{ hit, key, file, stored, reason? }`. `planRefused`: why a plan that was given was not used.
   */
  get details(): Readonly<Record<string, unknown>> {
    return this.#details;
  }

  /**
   * Operators, by their names in the model, that the device has left to another, slower one: with Arm NN, to TFLite's own
   * kernels. Unset where the backend has nothing to fall back to.
   */
  get fallbackOperators(): readonly string[] | undefined {
    return this.#details['fallbackOperators'] as readonly string[] | undefined;
  }

  /** Runs that have not ended yet, waiting or being computed. */
  get pending(): number {
    return this.#pending;
  }

  /** Is the model not loaded at the moment, after {@link Session.release} or {@link LoadOptions.idleTtl}? */
  get released(): boolean {
    return this.#residency.native === undefined && !this.closed;
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
      const run = new SessionRun(this.#owner, resolve, reject);
      const { native } = this.#residency;
      if (native === undefined) this.#submitOnceLoaded(run, inputs, outputs);
      else this.#submit(native, run, inputs, outputs, this.#inline && !limited && this.#pending === 0);
      this.#pending++;
      if (limited) run.limit(signal, timeout);
    });
  }

  /**
   * Runs the model on the calling thread, which it blocks, before all runs that are waiting. For
   * scripts and worker threads; a service wants {@link Session.run}.
   * @throws as {@link Session.run}; `UNSUPPORTED` when the session is released
   */
  runSync(inputs: Inputs, options: RunSyncOptions = {}): Outputs {
    this.#requireOpen();
    checkOptions(options, RUN_SYNC_OPTIONS);
    const { native } = this.#residency;
    if (native === undefined) throw this.#notLoaded();
    const binding = this.#binder.bind(inputs, options.outputs);
    const block = native.arguments;
    try {
      const outcome = native.runSync();
      this.#stats.runs++;
      return this.#binder.collect(binding, outcome);
    } catch (error) {
      this.#stats.failed++;
      throw withContext(error, this.backend, this.device);
    } finally {
      addRecord(this.#stats, block, block.length - RECORD_SIZE);
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
    const { memory = addon.externalBuffers() ? this.#preferredMemory : 'host' } = options;
    return this.#binder.allocate(name, dims, memory);
  }

  /** Resolves when no run is pending. */
  idle(): Promise<void> {
    if (this.#pending === 0) return Promise.resolve();
    return new Promise((resolve) => this.#whenIdle.push(resolve));
  }

  /** Counts and times of all runs so far. */
  stats(): SessionStats {
    return { ...this.#stats, busyLanes: this.closed ? 0 : (this.#residency.native?.busyLanes() ?? 0) };
  }

  /** Memory that the model takes, in bytes. Empty where the vendor does not tell, and when it is released. */
  memory(): MemoryUse {
    this.#requireOpen();
    return (this.#residency.native?.memory() ?? {}) as MemoryUse;
  }

  /**
   * Times of the layers in the last run of a lane.
   * @throws {@link AccelError} `UNSUPPORTED` where the backend can't tell, or when the session was loaded
   * without `profiling`
   */
  async profile(): Promise<LayerProfile[]> {
    this.#requireOpen();
    try {
      const native = await this.#residency.load();
      return withInspected((await native.profile()) as LayerProfile[], this.details['layers']);
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
      makeFolder(dirname(target));
      const native = await this.#residency.load();
      await native.export(partial);
      if (signal?.aborted === true) {
        throw new AccelError('CANCELLED', 'The export was aborted by its signal.', { cause: signal.reason });
      }
      await rename(partial, target);
    } catch (error) {
      await rm(partial, { force: true }).catch(() => undefined);
      if (error instanceof AccelError) throw withContext(error, this.backend, this.device);
      throw new AccelError('INVALID_ARGUMENT', `Can't write ${target}: ${reasonOf(error)}.`, { cause: error });
    }
  }

  /**
   * Frees lanes and model when the pending runs have ended, so that nothing is left on the device, and keeps the
   * session: its next run loads the model again, on the same device, from the cache if there is one
   * ({@link LoadOptions.cache}), and runs until then wait. GPUs of some vendors draw more power as long as a
   * model is loaded. {@link LoadOptions.idleTtl} calls this by itself. Tensors stay as they are.
   *
   * `runSync` throws while the session is released.
   * @throws {@link AccelError} `UNSUPPORTED` for a model that was given as bytes, without `idleTtl`; `CLOSED`
   */
  async release(): Promise<void> {
    this.#requireOpen();
    clearInterval(this.#idleWatch);
    try {
      await this.#residency.release();
    } catch (error) {
      throw withContext(error, this.backend, this.device);
    }
    // A load that it has waited for has begun to watch again.
    if (this.released) clearInterval(this.#idleWatch);
  }

  /**
   * Loads the model again after a release; for those who do not want the first run to wait.
   * @throws {@link AccelError} as {@link Session.load}; `MODEL_INVALID` when the file is not what it was. The
   * session stays released.
   */
  async reload(options: ReloadOptions = {}): Promise<void> {
    this.#requireOpen();
    checkOptions(options, RELOAD_OPTIONS);
    const { signal } = options;
    checkLimits(signal, undefined);
    const leave = (): void => this.#residency.leave();
    try {
      const loading = this.#residency.load();
      await (signal === undefined ? loading : unlessAborted(loading, signal, leave));
    } catch (error) {
      throw this.#loadError(error);
    }
  }

  /**
   * Ends the session: nothing is accepted any more, what is pending finishes (or is cancelled), then
   * lanes and model are freed. Called again, it returns the same promise, and cancels what is still pending if told
   * to.
   */
  close(options: CloseOptions = {}): Promise<void> {
    try {
      checkOptions(options, CLOSE_OPTIONS);
      const { cancel = false } = options;
      if (typeof cancel !== 'boolean') throw invalidArgument(`cancel must be true or false, not ${describe(cancel)}.`);
      clearInterval(this.#idleWatch);
      if (cancel) this.#residency.cancelAll();
      this.#closed ??= this.#residency.close();
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
    generateLoad = (session, ...rest) => session.#generateLoad(...rest);
  }

  async #generateLoad(
    inputs: readonly Inputs[],
    outputs: readonly WantedOutputs[],
    plan: NativeLoadPlan,
    signal: AbortSignal,
    onCounting?: () => void,
  ): Promise<NativeLoadReport> {
    this.#requireOpen();
    if (this.#pending + outputs.length > this.#maxQueue) throw this.#queueFull();
    const bindings: Binding[] = [];
    this.#pending += outputs.length;
    try {
      const native = await this.#residency.load().catch((error: unknown) => {
        throw this.#loadError(error);
      });
      const blocks = bindAll(this.#binder, native, inputs, outputs, bindings);
      const report = await runLoad(
        native,
        { ...plan, blocks, requests: outputs.length, inputSets: inputs.length },
        signal,
        onCounting,
      );
      addRecord(this.#stats, report.all, 0);
      this.#stats.runs += report.all[0]!;
      this.#stats.failed += report.all[1]!;
      if (report.error !== undefined) throw report.error;
      return report;
    } catch (error) {
      throw withContext(error, this.backend, this.device);
    } finally {
      for (const binding of bindings) binding.release();
      this.#pending -= outputs.length;
      this.#wakeIdle();
    }
  }

  /** Puts a run into the queue, or makes it at once if it may be `inline`. */
  #submit(
    native: NativeSession,
    run: SessionRun,
    inputs: Inputs,
    outputs: WantedOutputs | undefined,
    inline: boolean,
  ): void {
    const binding = this.#binder.bind(inputs, outputs);
    const id = addPending(run);
    try {
      if (native.submit(id, inline)) deliverSoon();
    } catch (error) {
      // One of the caller's getters has closed the session.
      dropPending(id);
      binding.release();
      throw withContext(error, this.backend, this.device);
    }
    run.submitted(native, id, binding);
  }

  #submitOnceLoaded(run: SessionRun, inputs: Inputs, outputs: WantedOutputs | undefined): void {
    const submit = (native: NativeSession): void => {
      if (run.ended) return;
      // Released again meanwhile.
      if (native !== this.#residency.native) this.#submitOnceLoaded(run, inputs, outputs);
      else this.#submit(native, run, inputs, outputs, false);
    };
    this.#residency
      .load()
      .then(submit)
      .catch((error: unknown) => run.fail(this.#loadError(error)));
  }

  #end(binding: Binding, outcome: AccelError | NativeOutcome, records: Float64Array, at: number): AccelError | Outputs {
    addRecord(this.#stats, records, at);
    binding.release();
    if (outcome instanceof AccelError) {
      this.#countEnd('failed');
      return withContext(outcome, this.backend, this.device) as AccelError;
    }
    this.#countEnd('runs');
    return this.#binder.collect(binding, outcome);
  }

  #countEnd(as: 'runs' | 'failed'): void {
    this.#stats[as]++;
    this.#pending--;
    this.#wakeIdle();
  }

  #wakeIdle(): void {
    if (this.#pending > 0) return;
    for (const resolve of this.#whenIdle.splice(0)) resolve();
  }

  /** Takes over a model that was loaded again. */
  #attach({ native, details }: ResidentModel): void {
    this.#binder.attach(native);
    this.#details = { ...native.details, ...details };
    this.#stats.reloads++;
    this.#watchIdle();
  }

  /** Has the model released when nothing ran for `idleTtl`. Looks now and then, so that runs need not tell. */
  #watchIdle(): void {
    if (this.#idleTtl === undefined || !Number.isFinite(this.#idleTtl)) return;
    const stats = this.#stats;
    let seen = -1;
    let idleLooks = 0;
    clearInterval(this.#idleWatch);
    this.#idleWatch = setInterval(() => {
      const ended = stats.runs + stats.failed;
      idleLooks = this.#pending === 0 && ended === seen ? idleLooks + 1 : 0;
      seen = ended;
      // What can go wrong is that it was closed meanwhile.
      if (idleLooks === LOOKS_PER_TTL) this.release().catch(() => undefined);
    }, this.#idleTtl / LOOKS_PER_TTL);
    this.#idleWatch.unref();
  }

  #requireOpen(): void {
    if (this.#closed !== undefined) {
      throw this.#closedError();
    }
  }

  /** Why the model could not be loaded again. */
  #loadError(error: unknown): unknown {
    return this.closed ? this.#closedError() : withContext(error, this.backend, this.device);
  }

  #closedError(): AccelError {
    return new AccelError('CLOSED', 'The session is closed.', { backend: this.backend, device: this.device });
  }

  #notLoaded(): AccelError {
    return new AccelError('UNSUPPORTED', 'The session is released, and runSync does not load its model again.', {
      backend: this.backend,
      device: this.device,
      hint: 'Call `await session.reload()` before, or use `run`.',
    });
  }

  #queueFull(): AccelError {
    return new AccelError('QUEUE_FULL', `${this.#maxQueue} runs are pending already.`, {
      backend: this.backend,
      device: this.device,
      hint: 'Wait for some of them (session.pending, session.idle()), or raise maxQueue.',
    });
  }
}

/** The same, but for a signal that is aborted first; `leave` then says that nobody waits here any more. */
function unlessAborted<T>(loading: Promise<T>, signal: AbortSignal, leave: () => void): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      leave();
      reject(new AccelError('CANCELLED', 'The load was aborted by its signal.', { cause: signal.reason }));
    };
    signal.addEventListener('abort', onAbort, { once: true });
    loading.finally(() => signal.removeEventListener('abort', onAbort)).then(resolve, reject);
  });
}

/** How often a session with `idleTtl` is looked at in that time. */
const LOOKS_PER_TTL = 4;

const RUN_OPTIONS: ReadonlySet<string> = new Set(['signal', 'timeout', 'outputs']);
const RUN_SYNC_OPTIONS: ReadonlySet<string> = new Set(['outputs']);
const CLOSE_OPTIONS: ReadonlySet<string> = new Set(['cancel']);
const RELOAD_OPTIONS: ReadonlySet<string> = new Set(['signal']);
const ALLOCATE_OPTIONS: ReadonlySet<string> = new Set(['memory']);
const EXPORT_OPTIONS: ReadonlySet<string> = new Set(['signal']);
