/** What a placement is asked for with, and what it is. */

/** What a placement strives for; see {@link PlacementRequest.goal}. */
export type PlacementGoal = 'min-devices' | 'min-cost' | 'max-throughput' | 'min-latency';

/** One way to run a model, with what it takes of a device. Figures that are not known are left out. */
export interface ModelConfiguration {
  /** What it is called; shown beside the model. */
  name?: string | undefined;
  /** Device memory in MB (2^20 bytes). */
  memoryMB: number;
  /** Use of the memory's bandwidth in percent, or whatever else a device has 100 of. */
  memoryPercent?: number | undefined;
  /** Use of the device's processors in percent, at the throughput below; without what the idle device uses. */
  utilizationPercent?: number | undefined;
  /** What it reaches when it has the device to itself, e.g. inferences a second; in the unit of {@link PlacementModel.rate}. */
  throughput?: number | undefined;
  /** Milliseconds; the 99th percentile, say. */
  latency?: number | undefined;
  /** Items of a batch. */
  batch?: number | undefined;
  /** As in `Session.load`. */
  lanes?: number | undefined;
  /** As in `Session.load`. */
  precision?: string | undefined;
  /** The shape of each input, the batch included. */
  shapes?: Readonly<Record<string, readonly number[]>> | undefined;
  /** Requests in flight at all times, for the throughput above. */
  concurrency?: number | undefined;
  /** The model's file. */
  path?: string | undefined;
  /** The kind of device, or the device, that it was measured on: it runs on no other kind. Default: on any. */
  device?: string | undefined;
}

/** A model to place, with one configuration or several to choose among. */
export interface PlacementModel {
  /** Its name: no two models share one. */
  name: string;
  /** What is demanded of it, in the unit of its throughput. Unset: one copy, whatever it carries. */
  rate?: number | undefined;
  /** At least one. */
  configurations: readonly ModelConfiguration[];
}

/** Devices that are alike. */
export interface DeviceKind {
  /** Its name. Devices of it are called `name#1`, `name#2` and so on, unless `ids` has their names. */
  name: string;
  /** Memory of a device in MB (2^20 bytes). */
  memoryMB: number;
  /** Price of a device, in any currency. */
  price?: number | undefined;
  /** So many there are. Default: as many as `ids` lists, or any number. */
  count?: number | undefined;
  /** The devices' own names, e.g. `cuda:0`. */
  ids?: readonly string[] | undefined;
}

/** What {@link placeModels} is to place, on what, and how. */
export interface PlacementRequest {
  /** The models. */
  models: readonly PlacementModel[];
  /** The devices that there are, or could be bought. */
  devices: readonly DeviceKind[];
  /**
   * - `min-devices`: the fewest devices. They may be busy beyond 100 percent, unless a limit says otherwise. Of the
   *   configurations that fit there as well, those with the highest throughput.
   * - `min-cost`: the lowest sum of prices, likewise.
   * - `max-throughput`: the highest sum of throughputs, where no model disturbs another: no device is used beyond 100 percent,
   *   or the limits. Among those, the fewest devices.
   * - `min-latency`: the same with the lowest sum of latencies.
   *
   * Default: `min-devices`.
   */
  goal?: PlacementGoal | undefined;
  /** Limit on the sum of a device's utilizations, in percent. `Infinity`: none. Default: 100 for the last two goals, else none. */
  maxUtilizationPercent?: number | undefined;
  /** Limit on the sum of a device's memory percentages, likewise. */
  maxMemoryPercent?: number | undefined;
  /** MB that the idle server takes of each device. Default: 0. */
  reservedMB?: number | undefined;
  /** Do the models' figures include it? Then it is taken off each. Default: false. */
  memoryIncludesReserved?: boolean | undefined;
  /** Percent of a device's processors that are in use when it is idle; once for each device. Default: 0. */
  reservedUtilizationPercent?: number | undefined;
  /** A model's name, and the kind, the device or the other model that it stays with. */
  pins?: Readonly<Record<string, string>> | undefined;
  /** Lists of models of which no two share a device. */
  apart?: readonly (readonly string[])[] | undefined;
  /** Milliseconds to search for at most. Default: 60000. */
  timeLimit?: number | undefined;
  /** Ends the search when aborted: what has been found is the result. */
  signal?: AbortSignal | undefined;
  /** Told of each better placement, and of each better bound. */
  onProgress?: ((progress: PlacementProgress) => void) | undefined;
}

/** How far the search has come. */
export interface PlacementProgress {
  /** Devices of the best placement so far. Unset while there is none. */
  count?: number;
  /** No placement has fewer. */
  bound: number;
}

/** A model on a device. */
export interface PlacedModel {
  /** Its name. */
  model: string;
  /** The configuration that was chosen. */
  configuration: ModelConfiguration;
  /**
   * What this copy is to carry, where a rate is demanded: if a model would need four copies of its configuration, a quarter.
   * Copies of one model may have different configurations; together they carry the rate, or more.
   */
  rate?: number;
}

/** A device in use. */
export interface PlacedDevice {
  /** Its name. */
  device: string;
  /** The name of its kind. */
  kind: string;
  /** The names of the models on it. */
  models: string[];
  /** The same, with their configurations. */
  placed: PlacedModel[];
  /** MB in use: the models' and what is reserved. */
  memoryMB: number;
  /** MB that the device has. */
  memoryTotalMB: number;
  /** Sum of the models'. Unset where it is not known of one. */
  memoryPercent?: number;
  /** Sum of the models' and of what is reserved. Unset where it is not known of one model. */
  utilizationPercent?: number;
}

/** What a limit asks for, whatever the others do. */
export interface LimitNeed {
  /** The resource. */
  limit: 'memory' | 'memory percent' | 'utilization';
  /** What the models take of it together, in MB or percent, by the configurations that take least. */
  total: number;
  /** What the largest device has of it for models. */
  perDevice: number;
  /** The quotient: no fewer devices can do. */
  devices: number;
}

/** Where models go, and what is known of it. */
export interface Placement {
  /** What was striven for. */
  goal: PlacementGoal;
  /** Devices in use. */
  count: number;
  /** Is it proved that nothing is better by the goal? */
  proved: boolean;
  /** No placement that reaches the goal as well has fewer devices than this. */
  bound: number;
  /** By the goal's own measure. Unset where no model has a figure for it. */
  objective?: {
    /** What it counts: `devices`, `price`, `throughput` or `latency`. */
    measure: 'devices' | 'price' | 'throughput' | 'latency';
    /** What the placement reaches. */
    value: number;
    /** What no placement can beat. */
    bound: number;
    /** How far they are apart, in percent of the value. */
    gapPercent: number;
  };
  /** Why the search ended. `failed`: the solver did; a note says how. */
  ended: 'proved' | 'time limit' | 'aborted' | 'failed';
  /** Milliseconds that it took. */
  elapsed: number;
  /** The devices. */
  devices: PlacedDevice[];
  /** What each limit asks for, the tightest first. */
  needs: LimitNeed[];
  /** What the reader must know, a sentence each. */
  notes: string[];
}
