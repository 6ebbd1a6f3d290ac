/** What becomes of the times of requests. */
import { mean, quantileSorted, standardDeviation } from '../third-party/simple-statistics.js';

import type { Latencies, RequestTimes } from './options.js';

/** Parts of a measurement that are compared: perf_analyzer's rule looks at three windows, too. */
const WINDOWS = 3;

/** Runs in each of them: the throughput of fewer is that of single runs. */
const RUNS_PER_WINDOW = 3;

export function summarize(latencies: ArrayLike<number>): Latencies {
  // simple-statistics wants arrays by type, and does nothing with them that a Float64Array can't do.
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
    cv: average === 0 ? 0 : (standardDeviation(sorted) / average) * 100,
  };
}

/** The differences, item by item: latencies, waits. */
export function differences(later: Float64Array, earlier: Float64Array): Float64Array {
  return later.map((time, i) => time - earlier[i]!);
}

/**
 * Do throughput and mean latency of three windows in a row each stay within `tolerance` percent of their mean?
 * The windows have as many runs each, so that a run more or less makes no difference. Undefined for too few runs.
 */
export function isStable({ due, ended }: Pick<RequestTimes, 'due' | 'ended'>, tolerance: number): boolean | undefined {
  const size = Math.floor(ended.length / WINDOWS);
  if (size < RUNS_PER_WINDOW) return undefined;
  const order = Uint32Array.from(ended, (_, i) => i).sort((a, b) => ended[a]! - ended[b]!);
  const rates: number[] = [];
  const latencies: number[] = [];
  let begin = Math.min(due[0]!, ended[order[0]!]!);
  for (let window = 0; window < WINDOWS; window++) {
    const runs = order.subarray(window * size, (window + 1) * size);
    const end = ended[runs.at(-1)!]!;
    rates.push(size / (end - begin));
    latencies.push(runs.reduce((sum, i) => sum + ended[i]! - due[i]!, 0) / size);
    begin = end;
  }
  return agree(rates, tolerance) && agree(latencies, tolerance);
}

function agree(values: readonly number[], tolerance: number): boolean {
  const average = mean([...values]);
  return values.every((value) => Math.abs(value - average) <= (tolerance / 100) * average);
}
