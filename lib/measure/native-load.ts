/** Loads that the addon makes by itself: closed and open loops without JavaScript. */
import type { Inputs, WantedOutputs } from '../binding.js';
import type { AccelError } from '../errors.js';
import { generateLoad } from '../session.js';
import type { Session } from '../session.js';
import type { NativeLoadReport } from '../native/addon.js';
import { reportProgress, throwIfAborted } from './loops.js';
import type { Limits } from './loops.js';

/** What a load is, besides its limits. */
export interface LoadOptions {
  warmup: number;
  /** Runs of the warm-up, at least. */
  warmupRuns: number;
  /** Requests a second of an open loop; 0: a closed one. */
  rate: number;
  poisson: boolean;
  seed: number;
}

/** Milliseconds between two calls of `onProgress`. */
const PROGRESS_INTERVAL = 100;

/** Runs the model until the limits are reached, at most one in flight for each of `outputs`, on the inputs in turn. */
export async function nativeLoad(
  session: Session,
  inputs: readonly Inputs[],
  outputs: readonly WantedOutputs[],
  { signal, ...limits }: Limits,
  options: LoadOptions,
  onCounting?: () => void,
): Promise<NativeLoadReport> {
  throwIfAborted(signal);
  // One of our own, as the caller's onProgress may fail.
  const stop = new AbortController();
  const abort = (): void => stop.abort();
  signal?.addEventListener('abort', abort, { once: true });
  let failure: AccelError | undefined;
  const begin = performance.now() + options.warmup;
  const { onProgress, ...rest } = limits;
  const timer =
    onProgress &&
    setInterval(() => {
      try {
        reportProgress(limits, Math.max(0, performance.now() - begin));
      } catch (error) {
        failure ??= error as AccelError;
        abort();
      }
    }, PROGRESS_INTERVAL);
  try {
    const report = await generateLoad(session, inputs, outputs, { ...options, ...rest }, stop.signal, onCounting);
    if (failure !== undefined) throw failure;
    throwIfAborted(signal);
    return report;
  } finally {
    clearInterval(timer);
    signal?.removeEventListener('abort', abort);
  }
}
