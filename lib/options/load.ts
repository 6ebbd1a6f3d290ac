import { z } from 'zod';

import { invalidArgument } from '../errors.js';
import { openvinoOptions } from './openvino.js';
import type { OpenvinoOptions } from './openvino.js';

/** One dimension: its size; -1 for any; or the smallest and largest size that will come. */
export type DimensionRange = number | readonly [min: number, max: number];

/** The shapes of an input that a session shall take. */
export type ShapeOption =
  | readonly DimensionRange[]
  | {
      min: readonly number[];
      /** The shape to tune for, where the device tunes. */
      opt?: readonly number[] | undefined;
      max: readonly number[];
    };

/** Options of {@link Session.load}. */
export interface LoadOptions {
  /**
   * Where to run.
   * - `auto` (default): the best device found on this machine.
   * - a device: `openvino:CPU`, `openvino:GPU.1`, `openvino:AUTO:GPU,CPU`, `cuda:0`, … Exactly this
   *   one or an error.
   * - a backend: `openvino` is the best device of that backend.
   * - a list of these: the first that can run the model. `session.attempts` says why the ones before
   *   it could not.
   */
  device?: string | readonly string[] | undefined;
  /**
   * What to compute in. Default: `fp32` wherever the device can, so that results do not depend on
   * what the device would prefer; `auto` leaves it to the device. `session.precision` says what it
   * became.
   */
  precision?: 'fp32' | 'fp16' | 'bf16' | 'int8' | 'auto' | undefined;
  /**
   * Runs that can be computed at the same time, each on a thread and a vendor context of its own
   * (infer request, execution context, NPU context). Default `auto`: as many as the runtime
   * recommends for its settings.
   */
  lanes?: number | 'auto' | undefined;
  /** Shapes to fix or to bound at load, by input name. */
  shapes?: Readonly<Record<string, ShapeOption>> | undefined;
  /**
   * Keep the compiled model, for a faster load next time: `true` in the user's cache folder, a
   * string in that folder. Default: off.
   */
  cache?: boolean | string | undefined;
  /** Record the time of each layer, for {@link Session.profile}. Costs some speed. Default: off. */
  profiling?: boolean | undefined;
  /** Runs that may be pending at once; beyond it `run` rejects with QUEUE_FULL. Default: 1024. */
  maxQueue?: number | undefined;
  /**
   * May `run` compute on the calling thread when that takes less than handing the run to a lane and
   * being woken again, by what the last runs took (up to 30 µs)? Only for models of fixed shapes on a CPU, when
   * runs come one at a time, without `signal` and `timeout`. The promise still settles in a later turn of the
   * event loop. Should a run take longer for once, it has held up the event loop, and the next ones go to lanes.
   *
   * Default: where nothing in the model could make one run take longer than another, as far as is known: ONNX
   * without loops, branches, functions and operators whose shapes depend on data. `true`: any model of fixed shapes.
   * `false`: never.
   */
  inline?: boolean | undefined;
  /** Gives the load up when aborted. */
  signal?: AbortSignal | undefined;
  /** Told how far the load has come, as far as the vendor tells. If it throws, the load is given up. */
  onProgress?: ((phase: string, done: number, total: number) => void) | undefined;
  /** Options that only OpenVINO has. */
  openvino?: OpenvinoOptions | undefined;
}

const size = z.int().min(-1);
const range = z
  .union([size, z.tuple([z.int().nonnegative(), z.int().positive()])])
  .transform((dim): [number, number] => (typeof dim === 'number' ? [dim, dim] : dim))
  .refine(([min, max]) => min <= max, 'the smallest size is larger than the largest');
const sizes = z.array(z.int().nonnegative());
const shape = z.union([
  z.array(range),
  z
    .strictObject({ min: sizes, opt: sizes.optional(), max: sizes })
    .refine(
      ({ min, opt, max }) =>
        min.length === max.length &&
        min.every((dim, i) => dim <= max[i]!) &&
        (opt === undefined || (opt.length === min.length && opt.every((dim, i) => dim >= min[i]! && dim <= max[i]!))),
      'min ≤ opt ≤ max must hold in every dimension',
    )
    .transform(({ min, max }) => min.map((dim, i): [number, number] => [dim, max[i]!])),
]);

const loadOptions = z.strictObject({
  device: z.union([z.string().min(1), z.array(z.string().min(1)).nonempty()]).default('auto'),
  precision: z.enum(['fp32', 'fp16', 'bf16', 'int8', 'auto']).optional(),
  lanes: z.union([z.int().min(1).max(256), z.literal('auto')]).default('auto'),
  shapes: z.record(z.string(), shape).optional(),
  cache: z.union([z.boolean(), z.string().min(1)]).default(false),
  profiling: z.boolean().default(false),
  maxQueue: z.int().min(1).max(1_000_000).default(1024),
  inline: z.boolean().optional(),
  signal: z.instanceof(AbortSignal).optional(),
  onProgress: z
    .custom<NonNullable<LoadOptions['onProgress']>>((value) => typeof value === 'function', 'must be a function')
    .optional(),
  openvino: openvinoOptions.optional(),
}) satisfies z.ZodType<unknown, LoadOptions>;

/** {@link LoadOptions} with defaults filled in and shapes as one [min, max] for each dimension. */
export type ParsedLoadOptions = z.output<typeof loadOptions>;

export function parseLoadOptions(options: LoadOptions): ParsedLoadOptions {
  return parse(loadOptions, options, 'options');
}

/** @throws `INVALID_ARGUMENT` that names the field and what it should have been */
export function parse<Schema extends z.ZodType>(schema: Schema, value: unknown, what: string): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const lines = result.error.issues.map((issue) => {
    const path = [what, ...issue.path.map(String)].join('.');
    return `${path}: ${issue.message}`;
  });
  throw invalidArgument(lines.join('\n'));
}
