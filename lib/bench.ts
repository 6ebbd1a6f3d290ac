/**
 * Measuring one configuration: a closed loop with a set number of runs in flight.
 */
import { mean, quantileSorted, standardDeviation } from 'simple-statistics';

import type { Inputs, WantedOutputs } from './binding.js';
import type { Session } from './session.js';

export interface MeasureOptions {
  /** Runs in flight at the same time. Default: the session's lanes. */
  concurrency?: number | undefined;
  /** Milliseconds of runs that are not counted. Default: 200. */
  warmup?: number | undefined;
  /** Milliseconds to measure for. Default: 3000. */
  duration?: number | undefined;
  /** At least this many runs, however long they take. Default: 10. */
  minRuns?: number | undefined;
  /** Call `runSync` instead: one run at a time, on the calling thread. */
  sync?: boolean | undefined;
  signal?: AbortSignal | undefined;
  onProgress?: ((elapsed: number, duration: number) => void) | undefined;
}

/** Latencies in milliseconds. */
export interface Latencies {
  min: number;
  max: number;
  mean: number;
  p50: number;
  p90: number;
  p95: number;
  p99: number;
  /** Standard deviation in percent of the mean. */
  cv: number;
}

export interface Measurement {
  runs: number;
  /** Milliseconds that the counted runs took together, from the first start to the last end. */
  duration: number;
  /** Runs a second. */
  throughput: number;
  /** From the call to the outcome. */
  latency: Latencies;
  /** Means of a run, in milliseconds: waiting for a lane, and computing. Unset for `sync`. */
  queued?: number;
  compute?: number;
}

/** Runs `session` on the same inputs over and over, with outputs that are allocated once. */
export async function measure(session: Session, inputs: Inputs, options: MeasureOptions = {}): Promise<Measurement> {
  const { sync = false, concurrency = sync ? 1 : session.lanes, warmup = 200, duration = 3000, minRuns = 10 } = options;
  const loop = sync ? syncLoop : asyncLoop;
  await loop(session, inputs, concurrency, warmup, 1, [], options);
  const latencies: number[] = [];
  const before = session.stats();
  const begin = performance.now();
  await loop(session, inputs, concurrency, duration, minRuns, latencies, options);
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

type Loop = typeof asyncLoop;

async function asyncLoop(
  session: Session,
  inputs: Inputs,
  concurrency: number,
  duration: number,
  minRuns: number,
  latencies: number[],
  { signal, onProgress }: MeasureOptions,
): Promise<void> {
  const begin = performance.now();
  let started = 0;
  const worker = async (): Promise<void> => {
    const outputs = await reusableOutputs(session, inputs);
    for (;;) {
      const start = performance.now();
      if (start - begin >= duration && started >= minRuns) return;
      signal?.throwIfAborted();
      started++;
      await session.run(inputs, { outputs });
      const end = performance.now();
      latencies.push(end - start);
      onProgress?.(Math.min(end - begin, duration), duration);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
}

const syncLoop: Loop = async (session, inputs, _concurrency, duration, minRuns, latencies, { signal, onProgress }) => {
  const outputs = await reusableOutputs(session, inputs);
  const begin = performance.now();
  for (let runs = 0; ; runs++) {
    const start = performance.now();
    if (start - begin >= duration && runs >= minRuns) return;
    signal?.throwIfAborted();
    session.runSync(inputs, { outputs });
    latencies.push(performance.now() - start);
    onProgress?.(Math.min(start - begin, duration), duration);
  }
};

/** Tensors for the outputs, so that the loop measures inference and not allocation. */
async function reusableOutputs(session: Session, inputs: Inputs): Promise<WantedOutputs> {
  const outputs = await session.run(inputs);
  return Object.fromEntries(
    session.outputs.map(({ name, shape }) => [name, shape?.every((dim) => dim >= 0) ? outputs[name]! : null]),
  );
}
