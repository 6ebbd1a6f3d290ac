/**
 * One measured configuration: what `bench` prints, `analyze` collects and `plan` chooses from. Times are milliseconds,
 * memory is bytes, shares are percent. What nobody could measure is absent, never 0.
 */
import * as z from '../third-party/zod.js';

const positive = z.number().positive();
const amount = z.number().nonnegative();
const count = z.int().positive();

/** How the load was made. */
const load = z.discriminatedUnion('kind', [
  /** So many requests in flight at all times: the next begins when one ends. */
  z.strictObject({ kind: z.literal('closed'), concurrency: count }),
  /** So many requests a second, whether earlier ones have ended or not. */
  z.strictObject({
    kind: z.literal('open'),
    rate: positive,
    arrivals: z.enum(['constant', 'poisson']),
    concurrency: count.optional(),
  }),
]);

const latencies = z.strictObject({
  min: amount,
  max: amount,
  mean: amount,
  p50: amount,
  p90: amount,
  p95: amount,
  p99: amount,
  /** Standard deviation in percent of the mean. */
  cv: amount,
});

/** The mean parts of a request's latency, as far as the vendor tells them apart. */
const breakdown = z.strictObject({
  /** Waiting for a lane; in an open loop, from the moment when the request was due. */
  queue: amount.optional(),
  /** Moving inputs to the device. */
  h2d: amount.optional(),
  compute: amount.optional(),
  /** Moving outputs back. */
  d2h: amount.optional(),
});

/** The same over all requests, where the addon made them. */
const parts = z.strictObject({
  queue: latencies,
  h2d: latencies.optional(),
  compute: latencies,
  d2h: latencies.optional(),
});

/** While the load ran, its warm-up included; memory less what the idle process took before any model was loaded. */
const resources = z.strictObject({
  /** Bytes of the device's memory. */
  deviceMemory: amount.optional(),
  /** As the vendor counts them for the model; or what was in use at most, less what was before any model was loaded. */
  deviceMemoryIs: z.enum(['counted', 'difference']).optional(),
  /** Percent, the mean, of all who use the device. */
  deviceUtilization: amount.optional(),
  /** Watts, the mean, of the whole device. */
  power: amount.optional(),
  /** Degrees Celsius, the highest. */
  temperature: z.number().optional(),
  /** Bytes of this process in the host's memory, the most seen. */
  rss: amount.optional(),
  /** Percent of one core, the mean: 200 is two cores. */
  cpu: amount.optional(),
  /** What the device did before any model was loaded on it. */
  idle: z
    .strictObject({
      deviceMemory: amount.optional(),
      deviceUtilization: amount.optional(),
      power: amount.optional(),
    })
    .optional(),
  /** How that was found, and what finding it took. */
  sampling: z
    .strictObject({
      /** Milliseconds between two samples. */
      interval: positive,
      samples: count,
      /** Milliseconds of one sample, the mean. */
      took: amount,
      /** Percent of one core, of the thread that takes them. */
      overhead: amount.optional(),
    })
    .optional(),
});

/** Another model that was under load meanwhile. */
const neighbour = z.strictObject({ model: z.string().min(1), device: z.string().min(1), load });

export const resultRow = z.strictObject({
  /** The model's name: its file's, without folders. */
  model: z.string().min(1),
  backend: z.string().min(1),
  /** As in `Session.load`: `openvino:CPU`, `cuda:0`. */
  device: z.string().min(1),
  precision: z.string().optional(),
  /** The first dimension of every input. */
  batch: count,
  /** The shape of each input. */
  shapes: z.record(z.string(), z.array(z.int().nonnegative())),
  lanes: count,
  load,
  /** What ran at the same time, and is in these figures. Absent where there was nothing else. */
  beside: z.array(neighbour).optional(),
  /** Who made the requests: the addon's own loop, or JavaScript by `Session.run` or `Session.runSync`. */
  api: z.enum(['native', 'run', 'runSync']),
  /** Where inputs and outputs lie. */
  memory: z.enum(['host', 'pinned', 'device']),
  /** Were runs replayed as CUDA graphs? */
  graphs: z.boolean().optional(),
  /** The vendor's performance hint. */
  hint: z.string().optional(),

  /** Requests that were counted. */
  requests: count,
  /** Milliseconds that the counted requests took together. */
  duration: positive,
  /** Requests a second. */
  throughput: positive,
  /** Items of the batch a second. */
  samplesPerSecond: positive,
  latency: latencies,
  breakdown,
  parts: parts.optional(),
  resources,
  /** `Session.load`. */
  compile: amount.optional(),
  /** Bytes by which the process grew meanwhile. */
  compileMemory: amount.optional(),
  firstInference: amount.optional(),
  /** Did the three thirds of the time agree within the tolerance? Absent where there were too few requests to tell. */
  stable: z.boolean().optional(),
  /** Of ten parts in a row: requests a second and mean latencies, for comparisons. Absent when there were too few requests. */
  windows: z.strictObject({ throughput: z.array(positive), latency: z.array(amount) }).optional(),
  /** Times of the layers in the last run, in milliseconds, where they were asked for. */
  layers: z
    .array(
      z.strictObject({
        name: z.string(),
        type: z.string(),
        kernel: z.string(),
        status: z.string(),
        time: amount,
        cpuTime: amount,
      }),
    )
    .optional(),
  /** Open loop: requests that could not be made, as too many were in flight to the end. */
  unsent: z.int().nonnegative().optional(),
  /** Does it keep all limits of the analysis? Absent where nobody could measure what one is about, and from `bench`. */
  satisfies: z.boolean().optional(),
  /** Were its outputs close enough to those of the reference? Absent where they were not compared. */
  verified: z.boolean().optional(),
  /** What the reader must know: bound by transfers, spread too wide, and so on. */
  warnings: z.array(z.string()).optional(),
});

/** One measured configuration. */
export type ResultRow = z.output<typeof resultRow>;
/** Another model that was under load meanwhile. */
export type Neighbour = z.output<typeof neighbour>;
/** How a load was made: see {@link ResultRow}. */
export type LoadShape = z.output<typeof load>;
