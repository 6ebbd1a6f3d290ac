/** What a session tells about its runs and its model. */

/** Time of one layer in the last run, where the session was loaded with `profiling`. */
export interface LayerProfile {
  /** The layer's name, as the vendor calls it after compiling. */
  name: string;
  /** The operation. With TensorRT, empty unless `cuda.engineInspector` was given. */
  type: string;
  /** What the vendor chose to compute it with. With TensorRT as `type`. */
  kernel: string;
  /** What became of it in that run. `unknown` where the vendor does not tell. */
  status: 'executed' | 'not run' | 'optimized out' | 'unknown';
  /** Milliseconds. */
  time: number;
  /** Milliseconds of the CPU. */
  cpuTime: number;
}

/** Memory that a loaded model takes, in bytes, as far as the vendor tells. */
export interface MemoryUse {
  /** Of the device's own memory. */
  device?: number;
  /** Of the host's memory. */
  host?: number;
  /** What else the vendor tells apart, under its own names. */
  [more: string]: number | undefined;
}

/** What a session has done so far: sums over all its runs, times in milliseconds. */
export interface SessionStats {
  /** Runs that ended well. */
  runs: number;
  /** Runs that failed or were cancelled. */
  failed: number;
  /** Time of waiting for a lane. */
  queued: number;
  /** Time of moving inputs to the device, where the vendor tells it apart from computing. */
  h2d: number;
  /** Time of computing; where the vendor tells nothing apart, of the whole run. */
  compute: number;
  /** Time of moving outputs from the device. */
  d2h: number;
  /** Bytes that accelnode itself copied from one place in the host's memory to another. */
  bytesCopied: number;
  /** Bytes moved to the device's own memory. */
  bytesH2d: number;
  /** Bytes moved from the device's own memory. */
  bytesD2h: number;
  /** Runs, failed ones too, that `run` has computed on the calling thread: see {@link LoadOptions.inline}. */
  inline: number;
  /** How often the model was loaded again after {@link Session.release}. */
  reloads: number;
  /** Lanes that compute at this moment. */
  busyLanes: number;
}

/** Of all runs so far, without what is only true of this moment. */
export type RunSums = Omit<SessionStats, 'busyLanes'>;

export function noRuns(): RunSums {
  return {
    runs: 0,
    failed: 0,
    queued: 0,
    h2d: 0,
    compute: 0,
    d2h: 0,
    bytesCopied: 0,
    bytesH2d: 0,
    bytesD2h: 0,
    inline: 0,
    reloads: 0,
  };
}

/** Adds the record of a run, which `RECORD_SIZE` in native/addon.ts describes. */
export function addRecord(sums: RunSums, records: Float64Array, at: number): void {
  sums.queued += records[at + 2]! / 1e6;
  sums.h2d += records[at + 3]! / 1e6;
  sums.compute += records[at + 4]! / 1e6;
  sums.d2h += records[at + 5]! / 1e6;
  sums.bytesCopied += records[at + 6]!;
  sums.bytesH2d += records[at + 7]!;
  sums.bytesD2h += records[at + 8]!;
  sums.inline += records[at + 9]!;
}
