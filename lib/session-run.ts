/** One run of a session, from the call to the outcome. */
import type { NativeOutcome, NativeSession, PendingRun } from './native/addon.js';
import type { Binding, Outputs } from './binding.js';
import { describe } from './data-type.js';
import { AccelError, invalidArgument } from './errors.js';
import { checkSignal } from './options/known.js';

/** The session, as its runs see it. */
export interface RunOwner {
  readonly backend: string;
  readonly device: string;
  /** Counts a run that has ended, lets go of its tensors, and gives what the caller gets. */
  end(binding: Binding, outcome: AccelError | NativeOutcome, records: Float64Array, at: number): AccelError | Outputs;
  /** Counts a run that has failed before it came to a lane. */
  drop(): void;
  /** A run does not wait any more for the model to be loaded. */
  leave(): void;
}

/** Milliseconds between two cancels of a run that has not ended. */
const REPEAT_CANCEL = 5;

/** A run under way. It holds its session and tensors until it has ended. */
export class SessionRun implements PendingRun {
  readonly #owner: RunOwner;
  readonly #resolve: (outputs: Outputs) => void;
  readonly #reject: (error: unknown) => void;
  /** These are unset as long as it waits for the model to be loaded. */
  #native: NativeSession | undefined;
  #id = 0;
  #binding: Binding | undefined;
  #ended = false;
  /** Why it was given up, if it was. */
  #givenUp: AccelError | undefined;
  #dropLimits: (() => void) | undefined;

  constructor(owner: RunOwner, resolve: (outputs: Outputs) => void, reject: (error: unknown) => void) {
    this.#owner = owner;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** It is in the queue of `native`. */
  submitted(native: NativeSession, id: number, binding: Binding): void {
    this.#native = native;
    this.#id = id;
    this.#binding = binding;
  }

  /** Gives the run up when the signal is aborted or the time has passed. */
  limit(signal: AbortSignal | undefined, timeout: number | undefined): void {
    const { backend, device } = this.#owner;
    let repeated: NodeJS.Timeout | undefined;
    const giveUp = (error: AccelError): void => {
      if (this.#native === undefined) {
        this.#owner.leave();
        this.fail(error);
        return;
      }
      this.#givenUp ??= error;
      const cancel = (): void => this.#native!.cancel(this.#id);
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
    this.#ended = true;
    this.#dropLimits?.();
    let result: AccelError | Outputs;
    try {
      result = this.#owner.end(this.#binding!, outcome, records, at);
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

  /** It ends before it came to a lane. */
  fail(error: unknown): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#dropLimits?.();
    this.#owner.drop();
    this.#reject(error);
  }
}

/** @throws `INVALID_ARGUMENT`; `CANCELLED` when there is no point in beginning */
export function checkLimits(signal: AbortSignal | undefined, timeout: number | undefined): void {
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
