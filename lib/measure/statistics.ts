/** What becomes of the times of requests. */
import { mean, quantileSorted, standardDeviation } from '../third-party/simple-statistics.js';

import type { Latencies, RequestTimes, Windows } from './options.js';

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
 * Undefined for too few runs.
 */
export function isStable(times: Pick<RequestTimes, 'due' | 'ended'>, tolerance: number): boolean | undefined {
  const windows = windowsOf(times, WINDOWS);
  return windows && agree(windows.throughput, tolerance) && agree(windows.latency, tolerance);
}

/** The windows have as many runs each, so that a run more or less makes no difference. Undefined for too few runs. */
export function windowsOf({ due, ended }: Pick<RequestTimes, 'due' | 'ended'>, count: number): Windows | undefined {
  const size = Math.floor(ended.length / count);
  if (size < RUNS_PER_WINDOW) return undefined;
  const order = Uint32Array.from(ended, (_, i) => i).sort((a, b) => ended[a]! - ended[b]!);
  const throughput: number[] = [];
  const latency: number[] = [];
  let begin = Math.min(due[0]!, ended[order[0]!]!);
  for (let window = 0; window < count; window++) {
    const runs = order.subarray(window * size, (window + 1) * size);
    const end = ended[runs.at(-1)!]!;
    throughput.push((size / (end - begin)) * 1000);
    latency.push(runs.reduce((sum, i) => sum + ended[i]! - due[i]!, 0) / size);
    begin = end;
  }
  // No clock can tell the runs apart.
  if (![...throughput, ...latency].every((figure) => figure > 0 && figure < Infinity)) return undefined;
  return { throughput, latency };
}

function agree(values: readonly number[], tolerance: number): boolean {
  const average = mean([...values]);
  return values.every((value) => Math.abs(value - average) <= (tolerance / 100) * average);
}
