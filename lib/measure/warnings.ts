/** What a reader of a measurement must know: the rules are trtexec's, as far as they make sense for each backend. */
import type { Measurement } from './options.js';

/** Percent of the mean. */
const WIDE_SPREAD = 2.5;
/** Of so few runs, the 99th percentile is hardly more than the longest. */
const RUNS_FOR_P99 = 100;
/** Percent of the lanes' time. */
const IDLE = 20;
/** Percent of the requests. */
const LATE = 1;

/** How a measurement was made, as far as its warnings depend on it. */
export interface MeasuredLoad {
  api: string;
  lanes: number;
  /** In flight, at most. */
  concurrency: number;
  /** Requests a second of an open loop. */
  rate?: number | undefined;
  tolerance: number;
  /** Milliseconds to measure for, and runs that end it before. */
  duration: number;
  maxRuns: number;
}

export function warningsAbout(measurement: Omit<Measurement, 'warnings'>, load: MeasuredLoad): string[] {
  return [
    ...spread(measurement, load),
    ...bounds(measurement, load),
    ...(load.rate === undefined ? [] : fallenBehind(measurement, load.rate)),
  ];
}

function spread(
  { latency, stable, runs, duration }: Omit<Measurement, 'warnings'>,
  { tolerance, ...asked }: MeasuredLoad,
): string[] {
  const warnings: string[] = [];
  if (runs >= asked.maxRuns && duration < asked.duration) {
    warnings.push(`Ended at ${runs} runs, before ${asked.duration} ms were over.`);
  }
  if (stable === false) {
    warnings.push(
      `The thirds of the measurement differ by more than ${tolerance} % of their mean: measure longer, or find out who else is at work.`,
    );
  }
  if (latency.cv > WIDE_SPREAD) {
    warnings.push(
      `The coefficient of variance is ${latency.cv.toFixed(1)} %, more than ${WIDE_SPREAD} %: others may have been at work, or clocks have changed.`,
    );
  }
  if (runs < RUNS_FOR_P99) warnings.push(`${runs} runs are too few for a 99th percentile.`);
  return warnings;
}

/** What, other than computing, decides the figures. */
function bounds(
  { latency, queued = 0, compute = 0, h2d = 0, d2h = 0, runs, duration }: Omit<Measurement, 'warnings'>,
  { api, lanes, concurrency, rate }: MeasuredLoad,
): string[] {
  const warnings: string[] = [];
  if (h2d + d2h > compute && compute > 0) {
    warnings.push(
      'Bound by transfers: moving inputs and outputs takes longer than computing. Measured with memory "device", there are none.',
    );
  }
  if (rate === undefined && concurrency > lanes && queued > latency.mean / 2) {
    warnings.push(
      `Bound by the queue: most of a run's latency is waiting for a lane, as ${concurrency} are in flight on ${lanes}.`,
    );
  }
  const idle = 100 * (1 - (runs * (h2d + compute + d2h)) / (lanes * duration));
  if (rate === undefined && concurrency >= lanes && compute > 0 && idle > IDLE) {
    const who = api === 'native' ? 'handing requests over' : "JavaScript's event loop";
    warnings.push(
      `Bound by requests: the lanes were idle for ${idle.toFixed(0)} % of the time, for ${who}. More in flight than lanes may help.`,
    );
  }
  return warnings;
}

function fallenBehind({ runs, late = 0, unsent = 0 }: Omit<Measurement, 'warnings'>, rate: number): string[] {
  if (unsent > 0) {
    return [
      `${unsent} of ${runs + unsent} requests could not be made: ${rate} a second are more than can be done, and latencies would grow without end.`,
    ];
  }
  const share = (100 * late) / runs;
  return share > LATE ? [`${share.toFixed(1)} % of the requests were made more than a millisecond late.`] : [];
}
