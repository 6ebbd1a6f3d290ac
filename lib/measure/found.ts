/** What a load has found, and the measurement that becomes of it. */
import type { NativeLoadReport } from '../native/addon.js';
import type { ParsedMeasureOptions } from '../options/measure.js';
import { FIGURES } from './comparison.js';
import type { Measurement, RequestTimes } from './options.js';
import { differences, isStable, summarize, windowsOf } from './statistics.js';
import { warningsAbout } from './warnings.js';

/** The times of a loop's runs, and the mean parts of them in milliseconds. */
export type Found = Omit<Measurement, 'runs' | 'duration' | 'throughput' | 'latency' | 'stable' | 'warnings'> & {
  times: RequestTimes;
};

/** What the summary depends on. */
export type LoadFacts = Pick<
  ParsedMeasureOptions,
  'api' | 'concurrency' | 'rate' | 'arrivals' | 'duration' | 'maxRuns' | 'tolerance' | 'times'
>;

/** Of a load that the addon has made. */
export function foundNatively(report: NativeLoadReport, rate: number | undefined): Found {
  const { due, started, ended, counted, late, unsent } = report;
  const [h2d, compute, d2h] = [3, 4, 5].map((at) => counted[at]! / 1e6 / counted[0]!) as [number, number, number];
  const moved = h2d + d2h > 0;
  const parts = {
    queued: summarize(differences(started, due)),
    compute: summarize(report.compute),
    ...(moved ? { h2d: summarize(report.h2d), d2h: summarize(report.d2h) } : {}),
  };
  return {
    times: { due, started, ended },
    queued: parts.queued.mean,
    compute,
    ...(moved ? { h2d, d2h } : {}),
    parts,
    ...(rate === undefined ? {} : { late, unsent }),
  };
}

export function summary({ times, ...found }: Found, lanes: number, options: LoadFacts): Measurement {
  const runs = times.ended.length;
  const span = spanOf(times);
  const duration = runs < options.maxRuns ? Math.max(span, dueSpan(runs, options)) : span;
  const stable = isStable(times, options.tolerance);
  const windows = windowsOf(times, FIGURES);
  const measurement = {
    runs,
    duration,
    throughput: (runs / duration) * 1000,
    latency: summarize(differences(times.ended, times.due)),
    ...found,
    ...(stable === undefined ? {} : { stable }),
    ...(windows === undefined ? {} : { windows }),
  };
  return {
    ...measurement,
    warnings: warningsAbout(measurement, { ...options, lanes }),
    ...(options.times ? { times } : {}),
  };
}

/** After the last request of an open loop nothing is due for a while, which is a part of the rate. Milliseconds. */
function dueSpan(runs: number, { rate, arrivals, duration }: LoadFacts): number {
  if (rate === undefined) return 0;
  return arrivals === 'poisson' ? duration : Math.max(duration, (runs / rate) * 1000);
}

/** Milliseconds from the first start to the last end. */
export function spanOf({ due, ended }: RequestTimes): number {
  return ended.reduce((last, time) => Math.max(last, time), 0) - due[0]!;
}
