/**
 * Measuring one configuration: a closed loop with a set number of runs in flight.
 */
import { mean, quantileSorted, standardDeviation } from './third-party/simple-statistics.js';

import type { Inputs, OutputTarget, WantedOutputs } from './binding.js';
import { describe, isDataType } from './data-type.js';
import { AccelError, invalidArgument } from './errors.js';
import type { MemoryKind } from './memory.js';
import { Session } from './session.js';
import { Tensor } from './tensor.js';

/** Options of {@link measure}. */
export interface MeasureOptions {
  /** Runs in flight at the same time. Default: the session's lanes. */
  concurrency?: number | undefined;
  /** Milliseconds of runs that are not counted: at least one for each in flight. Default: 200. */
  warmup?: number | undefined;
  /** Milliseconds to measure for. Default: 3000. */
  duration?: number | undefined;
  /** At least this many runs, however long they take. Default: 10. */
  minRuns?: number | undefined;
  /** Call `runSync` instead: one run at a time, on the calling thread. */
  sync?: boolean | undefined;
  /**
   * The memory that outputs are written to, as {@link Session.allocate} has it. Inputs lie where you have put them.
   * Default: `host`.
   */
  memory?: MemoryKind | undefined;
  /** Ends the measurement when aborted, after the runs that have begun. */
  signal?: AbortSignal | undefined;
  /** Told after each run. What it does is not measured, but delays the next run. */
  onProgress?: ((elapsed: number, duration: number) => void) | undefined;
}

/** Latencies in milliseconds. */
export interface Latencies {
  /** The shortest. */
  min: number;
  /** The longest. */
  max: number;
  /** The arithmetic mean. */
  mean: number;
  /** The median. */
  p50: number;
  /** What 90 percent of the runs did not exceed; interpolated, as the other percentiles are. */
  p90: number;
  /** The same for 95 percent. */
  p95: number;
  /** The same for 99 percent. */
  p99: number;
  /** Standard deviation in percent of the mean. */
  cv: number;
}

/** What {@link measure} found. */
export interface Measurement {
  /** Runs that were counted: those after the warm-up. */
  runs: number;
  /** Milliseconds that the counted runs took together, from the first start to the last end. */
  duration: number;
  /** Runs a second. */
  throughput: number;
  /** From the call to the outcome. */
  latency: Latencies;
  /** How long a run waited for a lane, the mean in milliseconds. Unset for `sync`. */
  queued?: number;
  /** How long a run computed, the mean in milliseconds. Unset for `sync`. */
  compute?: number;
  /** Moving a run's inputs to the device, the mean in milliseconds, where the vendor tells it apart from computing. */
  h2d?: number;
  /** Moving a run's outputs back, likewise. */
  d2h?: number;
}

/**
 * Runs `session` on the same inputs over and over, while nobody else does. Outputs are allocated once, where the
 * model fixes their shape.
 * @throws {@link AccelError} `INVALID_ARGUMENT`, `CANCELLED`, and as {@link Session.run}
 */
export async function measure(session: Session, inputs: Inputs, options: MeasureOptions = {}): Promise<Measurement> {
  if (!(session instanceof Session)) throw invalidArgument(`session must be a Session, not ${describe(session)}.`);
  // Loaded when it is first needed, as in Session.load.
  const { parseMeasureOptions } = await import('./options/measure.js');
  const { sync, memory, concurrency = sync ? 1 : session.lanes, ...limits } = parseMeasureOptions(options);
  // A tensor that two runs write to at once would be no fair measure, so each in flight has its own.
  const outputs = Array.from({ length: concurrency }, () => reusableOutputs(session, memory));
  const loop = sync ? syncLoop : asyncLoop;
  const { signal } = limits;
  await loop(session, inputs, outputs, { signal, duration: limits.warmup, minRuns: concurrency });
  const before = session.stats();
  const begin = performance.now();
  const latencies = await loop(session, inputs, outputs, limits);
  const elapsed = performance.now() - begin;
  const after = session.stats();
  const runs = latencies.length;
  return {
    runs,
    duration: elapsed,
    throughput: (runs / elapsed) * 1000,
    latency: summarize(latencies),
    ...(sync
      ? {}
      : { queued: (after.queued - before.queued) / runs, compute: (after.compute - before.compute) / runs }),
    ...(after.h2d + after.d2h > before.h2d + before.d2h
      ? { h2d: (after.h2d - before.h2d) / runs, d2h: (after.d2h - before.d2h) / runs }
      : {}),
  };
}

export function summarize(latencies: readonly number[]): Latencies {
  const sorted = Float64Array.from(latencies).sort() as unknown as number[];
  const average = mean(sorted);
  return {
    min: sorted[0]!,
    max: sorted.at(-1)!,
    mean: average,
    p50: quantileSorted(sorted, 0.5),
    p90: quantileSorted(sorted, 0.9),
    p95: quantileSorted(sorted, 0.95),
    p99: quantileSorted(sorted, 0.99),
    cv: (standardDeviation(sorted) / average) * 100,
  };
}

/** When a loop ends, and who is told. */
interface Limits {
  duration: number;
  minRuns: number;
  signal?: AbortSignal | undefined;
  onProgress?: MeasureOptions['onProgress'];
}

/** Runs the model until the limits are reached; one in flight for each of `outputs`. Gives the latency of each. */
type Loop = (session: Session, inputs: Inputs, outputs: readonly WantedOutputs[], limits: Limits) => Promise<number[]>;

const asyncLoop: Loop = async (session, inputs, outputs, limits) => {
  const latencies: number[] = [];
  const begin = performance.now();
  let started = 0;
  let failed = false;
  const worker = async (own: WantedOutputs): Promise<void> => {
    while (!failed) {
      const start = performance.now();
      if (start - begin >= limits.duration && started >= limits.minRuns) return;
      started++;
      try {
        throwIfAborted(limits.signal);
        await session.run(inputs, { outputs: own });
        const end = performance.now();
        latencies.push(end - start);
        report(limits, end - begin);
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
  return latencies;
};

const syncLoop: Loop = (session, inputs, [outputs], limits) => {
  const latencies: number[] = [];
  const begin = performance.now();
  for (;;) {
    const start = performance.now();
    if (start - begin >= limits.duration && latencies.length >= limits.minRuns) return Promise.resolve(latencies);
    throwIfAborted(limits.signal);
    session.runSync(inputs, { outputs });
    const end = performance.now();
    latencies.push(end - start);
    report(limits, end - begin);
  }
};

function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted !== true) return;
  throw new AccelError('CANCELLED', 'The measurement was aborted by its signal.', { cause: signal.reason });
}

function report({ onProgress, duration }: Limits, elapsed: number): void {
  try {
    onProgress?.(Math.min(elapsed, duration), duration);
  } catch (cause) {
    throw new AccelError('INVALID_ARGUMENT', `onProgress threw: ${String(cause)}`, { cause });
  }
}

/** Tensors for the outputs, so that the loop measures inference and not allocation. */
function reusableOutputs(session: Session, memory: MemoryKind): WantedOutputs {
  return Object.fromEntries<OutputTarget>(
    session.outputs.map(({ name, type, shape }): [string, OutputTarget] => {
      const fixed = shape?.every((dim) => dim >= 0) === true && isDataType(type);
      if (!fixed) return [name, memory === 'device' ? 'device' : null];
      return [name, memory === 'host' ? Tensor.zeros(type, shape) : session.allocate(name, shape, { memory })];
    }),
  );
}
