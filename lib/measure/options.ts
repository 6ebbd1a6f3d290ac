/** What `measure` takes and gives. */
import type { Inputs } from '../binding.js';
import type { MemoryKind } from '../memory.js';
import type { Session } from '../session.js';

/** What a session may have pending, at most: see `maxQueue`. */
export const MOST_PENDING = 1_000_000;
/** Requests a second of an open loop. The longest pause between two is then a quarter of an hour. */
export const LEAST_RATE = 0.001;
export const MOST_RATE = 1_000_000;

/** Who makes the requests of a measurement: see {@link MeasureOptions.api}. */
export type MeasureApi = 'native' | 'run' | 'runSync';

/** Options of {@link measure}. */
export interface MeasureOptions {
  /**
   * Who makes the requests. `run` and `runSync`: JavaScript, by the session's methods of these names, as your program
   * would; `native`: the addon, from a thread of its own, which leaves the event loop and JavaScript out. Default: `run`;
   * `native` with `rate`.
   */
  api?: MeasureApi | undefined;
  /** Short for `api: 'runSync'`: one run at a time, on the calling thread. */
  sync?: boolean | undefined;
  /**
   * A closed loop: so many requests in flight at all times. With `rate`: at most so many, further ones wait for their
   * turn. Default: the session's lanes; 64 with `rate`, or the session's `maxQueue` if that is less.
   */
  concurrency?: number | undefined;
  /**
   * An open loop: requests a second, at moments that are fixed before, whether earlier ones have ended or not. Latency
   * counts from these moments, so that a device that falls behind is seen to. From 0.001 to 1,000,000.
   */
  rate?: number | undefined;
  /** The gaps between the requests of an open loop: all the same, or as of independent users. Default: `constant`. */
  arrivals?: 'constant' | 'poisson' | undefined;
  /** Of the gaps of `poisson`: the same number, the same gaps. Default: 1. */
  seed?: number | undefined;
  /** Milliseconds of runs that are not counted: at least one for each in flight; with `rate`, one for each lane. Default: 200. */
  warmup?: number | undefined;
  /** Milliseconds to measure for. Default: 3000. */
  duration?: number | undefined;
  /** At least this many runs, however long they take. Default: 10. */
  minRuns?: number | undefined;
  /** At most this many, as the times of each are kept: 32 bytes. Default: 10,000,000. */
  maxRuns?: number | undefined;
  /** Percent by which the thirds of a measurement may differ for it to be {@link Measurement.stable}. Default: 10. */
  tolerance?: number | undefined;
  /** Measure again while it is not stable, until so many milliseconds were measured in all. Default: `duration`. */
  maxDuration?: number | undefined;
  /** Give the times of each request: {@link Measurement.times}. Default: false. */
  times?: boolean | undefined;
  /**
   * The memory that outputs are written to, as {@link Session.allocate} has it. Inputs lie where you have put them.
   * Default: `host`.
   */
  memory?: MemoryKind | undefined;
  /**
   * Other models under load at the same time, to see how far they get in each other's way: from before the warm-up until the
   * last run has ended. If one of them fails, so does the measurement. Default: none.
   */
  beside?: readonly Companion[] | undefined;
  /** Ends the measurement when aborted, after the runs that have begun. */
  signal?: AbortSignal | undefined;
  /** Told after each run; by `native`, ten times a second. What it does is not measured, but delays the next run. */
  onProgress?: ((elapsed: number, duration: number) => void) | undefined;
}

/**
 * A model that is under load while another one is measured: {@link MeasureOptions.beside}. The addon makes its requests, and
 * warms it up before.
 */
export interface Companion {
  /** The model, on its device. */
  session: Session;
  /** What it runs on: one set of inputs, or several in turn. */
  inputs: Inputs | readonly Inputs[];
  /** By which errors call it. Default: `beside[0]`, and so on. */
  name?: string | undefined;
  /** As {@link MeasureOptions.concurrency}. Default: 1; 64 with `rate`. */
  concurrency?: number | undefined;
  /** As {@link MeasureOptions.rate}: requests a second of an open loop. Default: a closed loop. */
  rate?: number | undefined;
  /** As {@link MeasureOptions.arrivals}. */
  arrivals?: 'constant' | 'poisson' | undefined;
  /** As {@link MeasureOptions.seed}. */
  seed?: number | undefined;
  /** As {@link MeasureOptions.memory}. */
  memory?: MemoryKind | undefined;
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

/** Latencies of the parts of a run. Moving is apart only where the vendor tells it from computing. */
export interface LatencyParts {
  /** Waiting for a lane; in an open loop, from the moment when the request was due. */
  queued: Latencies;
  /** Computing. */
  compute: Latencies;
  /** Moving inputs to the device. */
  h2d?: Latencies;
  /** Moving outputs back. */
  d2h?: Latencies;
}

/** Of each request that was counted, in the order of `due`; milliseconds since the measurement began. */
export interface RequestTimes {
  /** When it was to be made. In a closed loop: when it was. */
  due: Float64Array;
  /** When a lane took it. Only of the requests that the addon makes. */
  started?: Float64Array;
  /** When its outputs were complete. */
  ended: Float64Array;
}

/** Figures of parts of a measurement in a row, with as many runs each. */
export interface Windows {
  /** Runs a second, of each part. */
  throughput: number[];
  /** The mean latency in milliseconds, of each part. */
  latency: number[];
}

/** What {@link measure} found. */
export interface Measurement {
  /** Runs that were counted: those after the warm-up. */
  runs: number;
  /**
   * Milliseconds that the counted runs took together, from the first start to the last end; in an open loop, at least as
   * long as it was to be.
   */
  duration: number;
  /** Runs a second. */
  throughput: number;
  /** From the call to the outcome; in an open loop, from the moment when the request was due. */
  latency: Latencies;
  /**
   * How long a run waited for a lane, the mean in milliseconds; in an open loop, from the moment when it was due. Unset
   * for `runSync`.
   */
  queued?: number;
  /** How long a run computed, the mean in milliseconds. Unset for `runSync`. */
  compute?: number;
  /** Moving a run's inputs to the device, the mean in milliseconds, where the vendor tells it apart from computing. */
  h2d?: number;
  /** Moving a run's outputs back, likewise. */
  d2h?: number;
  /** These parts over all runs, as `latency` has the whole. Only of runs that the addon makes. */
  parts?: LatencyParts;
  /**
   * Do the thirds of the measurement agree within the tolerance, in throughput and in mean latency? Unset when there are
   * too few runs to tell.
   */
  stable?: boolean;
  /** Of ten parts of the measurement. Their spread tells how far to trust the whole. Unset when there are too few runs. */
  windows?: Windows;
  /** Open loop: requests that were made more than a millisecond late, as too many were in flight, or the CPU was busy. */
  late?: number;
  /** Open loop: requests that were due and could not be made at all, as too many were in flight to the end. */
  unsent?: number;
  /** What to mind when reading the figures, a sentence each. */
  warnings: string[];
  /** Of the companions, in their order, while this was measured, its warm-up included. With {@link MeasureOptions.beside}. */
  beside?: Measurement[];
  /** With {@link MeasureOptions.times}. */
  times?: RequestTimes;
}
