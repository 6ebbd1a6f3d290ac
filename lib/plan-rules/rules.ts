/** What the plan cache has to know of a backend. */
import type { Device } from '../devices.js';
import type { NativeRuntime } from '../native/addon.js';
import type { ParsedLoadOptions } from '../options/load.js';

/**
 * What a compiled model of one backend depends on, beside the model and its weights. lib/plan-parts.ts has the list of
 * these; all else about keeping compiled models is the same for every backend.
 */
export interface PlanRules {
  /** The device that compiles, for a device of this name; undefined for one that compiles nothing. Default: that device. */
  readonly compiler?: (device: string) => string | undefined;
  /** Versions, the kind of device, and the options that building reads. Defaults are left out or written out: one of them. */
  readonly facts: (
    options: ParsedLoadOptions,
    runtime: NativeRuntime,
    device: Device,
  ) => Readonly<Record<string, unknown>>;
  /** Other files that it is made from, such as plugins. */
  readonly files?: (options: ParsedLoadOptions) => readonly string[];
  /** A file that building reads if it is there, and writes otherwise: the ranges of a calibration. */
  readonly ranges?: (options: ParsedLoadOptions) => string | undefined;
  /** Why what these options make can't be kept, as a sentence; undefined when it can. */
  readonly unkept?: (options: ParsedLoadOptions) => string | undefined;
  /** Whether files that building keeps something in can be used. @throws `INVALID_ARGUMENT` */
  readonly checkFiles?: (options: ParsedLoadOptions) => void;
  /** The file in the cache's folder for measured times of kernels, which builds share: `timing-….cache`. */
  readonly timingCache?: (runtime: NativeRuntime, device: Device) => string;
  /**
   * The vendor's function that refuses a compiled model which does not fit: another `RUNTIME_INCOMPATIBLE` of a load is
   * about the machine. Default: each is about the compiled model.
   */
  readonly opensWith?: string;
  /**
   * Does opening a kept one take the model that it was made from as well, for what the compiled model does not say: names
   * of outputs, and which shapes may change? Default: false.
   */
  readonly opensWithModel?: boolean;
}
