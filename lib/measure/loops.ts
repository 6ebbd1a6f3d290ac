/** Closed loops in JavaScript: requests by `Session.run` and `Session.runSync`, as a program makes them. */
import { setImmediate } from 'node:timers/promises';

import type { Inputs, WantedOutputs } from '../binding.js';
import { AccelError } from '../errors.js';
import type { Session } from '../session.js';
import type { MeasureOptions, RequestTimes } from './options.js';

/** Milliseconds after which a loop that keeps the event loop waiting lets it have a turn. */
const HEARING_INTERVAL = 100;

/** When a loop ends, and who is told. */
export interface Limits {
  duration: number;
  minRuns: number;
  maxRuns: number;
  signal?: AbortSignal | undefined;
  onProgress?: MeasureOptions['onProgress'];
}

/** Runs the model until the limits are reached; one in flight for each of `outputs`, on the inputs in turn. */
type Loop = (
  session: Session,
  inputs: readonly Inputs[],
  outputs: readonly WantedOutputs[],
  limits: Limits,
) => Promise<RequestTimes>;

export const asyncLoop: Loop = async (session, inputs, outputs, limits) => {
  const due: number[] = [];
  const ended: number[] = [];
  const begin = performance.now();
  let failed = false;
  const worker = async (own: WantedOutputs): Promise<void> => {
    while (!failed) {
      const start = performance.now() - begin;
      if (isOver(limits, start, due.length)) return;
      const index = due.push(start) - 1;
      try {
        throwIfAborted(limits.signal);
        await session.run(inputs[index % inputs.length]!, { outputs: own });
        ended[index] = performance.now() - begin;
        reportProgress(limits, ended[index]);
      } catch (error) {
        failed = true; // the others stop too, after the run that they are in
        throw error;
      }
    }
  };
  // All of them: the caller's tensors are in use until the last has ended.
  const ends = await Promise.allSettled(outputs.map(worker));
  const failure = ends.find((end) => end.status === 'rejected');
  if (failure !== undefined) throw failure.reason;
  return { due: Float64Array.from(due), ended: Float64Array.from(ended) };
};

export const syncLoop: Loop = async (session, inputs, [outputs], limits) => {
  const due: number[] = [];
  const ended: number[] = [];
  const begin = performance.now();
  let heard = 0;
  for (;;) {
    // Nobody can abort the signal while the event loop waits.
    if (limits.signal !== undefined && performance.now() - begin - heard > HEARING_INTERVAL) {
      await setImmediate();
      heard = performance.now() - begin;
    }
    const start = performance.now() - begin;
    if (isOver(limits, start, due.length)) return { due: Float64Array.from(due), ended: Float64Array.from(ended) };
    throwIfAborted(limits.signal);
    session.runSync(inputs[due.length % inputs.length]!, { outputs });
    due.push(start);
    ended.push(performance.now() - begin);
    reportProgress(limits, ended.at(-1)!);
  }
};

function isOver({ duration, minRuns, maxRuns }: Limits, elapsed: number, begun: number): boolean {
  return begun >= maxRuns || (elapsed >= duration && begun >= minRuns);
}

/** @throws `CANCELLED` */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted !== true) return;
  throw new AccelError('CANCELLED', 'The measurement was aborted by its signal.', { cause: signal.reason });
}

/** @throws `INVALID_ARGUMENT` when the caller's function does */
export function reportProgress({ onProgress, duration }: Limits, elapsed: number): void {
  try {
    onProgress?.(Math.min(elapsed, duration), duration);
  } catch (cause) {
    throw new AccelError('INVALID_ARGUMENT', `onProgress threw: ${String(cause)}`, { cause });
  }
}
