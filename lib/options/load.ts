import * as z from '../third-party/zod.js';

import { invalidArgument } from '../errors.js';
import { armnnOptions } from './armnn.js';
import type { ArmnnOptions } from './armnn.js';
import { cudaOptions } from './cuda.js';
import type { CudaOptions } from './cuda.js';
import { openvinoOptions } from './openvino.js';
import type { OpenvinoOptions } from './openvino.js';
import { agreesWithLanes, rknnOptions } from './rknn.js';
import type { RknnOptions } from './rknn.js';
import { rocmOptions } from './rocm.js';
import type { RocmOptions } from './rocm.js';
import { shapes } from './shapes.js';
import type { ShapeOption } from './shapes.js';

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
   *
   * TensorRT 10 takes `fp16` and `bf16` as leave to use them where they are faster, and `int8` with Q/DQ nodes in
   * the model or {@link CudaOptions.calibration}. In TensorRT 11 the model's own types and Q/DQ nodes decide:
   * `fp16`, `bf16` and `int8` are refused with what to do. MIGraphX converts the model to `fp16` or `bf16`, and quantizes it to
   * `int8` with {@link RocmOptions.calibration}. A plan, a `.mxr` or a `.rknn` has its precision already.
   */
  precision?: 'fp32' | 'fp16' | 'bf16' | 'int8' | 'auto' | undefined;
  /**
   * Runs that can be computed at the same time, each on a thread and a vendor context of its own
   * (infer request, execution context, NPU context). Default `auto`: as many as the runtime
   * recommends for its settings.
   */
  lanes?: number | 'auto' | undefined;
  /**
   * Shapes to fix or to bound at load, by input name. TensorRT needs them for every input with an open dimension;
   * they are its first optimisation profile ({@link CudaOptions.profiles} has more). MIGraphX compiles for `opt` at load, and for
   * others when a run needs them.
   */
  shapes?: Readonly<Record<string, ShapeOption>> | undefined;
  /**
   * Keep the compiled model, for a faster load next time: `true` in the user's cache folder, a
   * string in that folder. Default: off. With TensorRT and MIGraphX, `session.details.cache` says what came of it.
   */
  cache?: boolean | string | undefined;
  /**
   * Most bytes of the plans in that folder, for TensorRT: beyond it, those that have not been used for longest go.
   * Default: what `ACCELNODE_CACHE_LIMIT` says, such as `20GB`; else 10 GB.
   */
  cacheLimit?: number | undefined;
  /** Record the time of each layer, for {@link Session.profile}. Costs some speed. Default: off. */
  profiling?: boolean | undefined;
  /** Runs that may be pending at once; beyond it `run` rejects with QUEUE_FULL. Default: 1024. */
  maxQueue?: number | undefined;
  /**
   * Milliseconds without a run after which the session frees its model by itself, at most a quarter late, as
   * {@link Session.release} does. The next run loads it again. Bytes and calibration data that you gave are kept for
   * that, by reference: leave them as they are, and give calibration data that can be read more than once (an array, not
   * a generator), because each load reads it again. `Infinity`: only when `release()` is called. Default: never.
   */
  idleTtl?: number | undefined;
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
  /** Options that only Arm NN and TFLite have. */
  armnn?: ArmnnOptions | undefined;
  /** Options that only NVIDIA TensorRT has. */
  cuda?: CudaOptions | undefined;
  /** Options that only OpenVINO has. */
  openvino?: OpenvinoOptions | undefined;
  /** Options that only Rockchip RKNN has. */
  rknn?: RknnOptions | undefined;
  /** Options that only AMD MIGraphX has. */
  rocm?: RocmOptions | undefined;
}

const loadOptions = z
  .strictObject({
    device: z.union([z.string().min(1), z.array(z.string().min(1)).nonempty()]).default('auto'),
    precision: z.enum(['fp32', 'fp16', 'bf16', 'int8', 'auto']).optional(),
    lanes: z.union([z.int().min(1).max(256), z.literal('auto')]).default('auto'),
    shapes: shapes.optional(),
    cache: z.union([z.boolean(), z.string().min(1)]).default(false),
    cacheLimit: z.number().nonnegative().optional(),
    profiling: z.boolean().default(false),
    maxQueue: z.int().min(1).max(1_000_000).default(1024),
    // A timer takes no more milliseconds.
    idleTtl: z.union([z.number().positive().max(0x7fffffff), z.literal(Infinity)]).optional(),
    inline: z.boolean().optional(),
    signal: z.instanceof(AbortSignal).optional(),
    onProgress: z
      .custom<NonNullable<LoadOptions['onProgress']>>((value) => typeof value === 'function', 'must be a function')
      .optional(),
    armnn: armnnOptions.optional(),
    cuda: cudaOptions.optional(),
    openvino: openvinoOptions.optional(),
    rknn: rknnOptions.optional(),
    rocm: rocmOptions.optional(),
  })
  .refine(({ rknn, lanes }) => agreesWithLanes(rknn, lanes), {
    path: ['lanes'],
    message: 'must be as many as rknn.threads and rknn.coreMask say, or be left out',
  })
  .refine(({ rocm, precision }) => rocm?.calibration === undefined || precision === 'int8', {
    path: ['rocm', 'calibration'],
    message: "is only of use with precision: 'int8'",
  })
  .refine(
    ({ armnn, precision = 'auto' }) =>
      precision === 'auto' || (armnn?.fp16Turbo ?? precision === 'fp16') === (precision === 'fp16'),
    {
      path: ['armnn', 'fp16Turbo'],
      message: 'contradicts `precision`: leave one of them out',
    },
  )
  .refine(({ cuda, precision }) => cuda?.calibration === undefined || precision === 'int8', {
    path: ['cuda', 'calibration'],
    message: "is only of use with precision: 'int8'",
  })
  .refine(({ cuda, precision = 'fp32' }) => cuda?.stronglyTyped !== true || ['fp32', 'auto'].includes(precision), {
    path: ['precision'],
    message: 'must be left out with cuda.stronglyTyped: the types of the model decide',
  }) satisfies z.ZodType<unknown, LoadOptions>;

/** {@link LoadOptions} with defaults filled in and shapes as one [min, max, opt] for each dimension. */
export type ParsedLoadOptions = z.output<typeof loadOptions>;

export function parseLoadOptions(options: LoadOptions): ParsedLoadOptions {
  return parse(loadOptions, options, 'options');
}

/** @throws `INVALID_ARGUMENT` that names the field and what it should have been */
export function parse<Schema extends z.ZodType>(schema: Schema, value: unknown, what: string): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const lines = result.error.issues.flatMap(telling).map(({ path, message }) => {
    return `${[what, ...path.map(String)].join('.')}: ${message}`;
  });
  throw invalidArgument(lines.join('\n'));
}

type Issue = z.core.$ZodIssue;

/** Where several forms are allowed: what is wrong by the one that comes closest, where one does. */
function telling(issue: Issue): Issue[] {
  if (issue.code !== 'invalid_union') return [issue];
  const closeness = (issues: readonly Issue[]): number =>
    issues.some(({ code }) => code === 'custom') ? 2 : issues.every(({ code }) => code === 'invalid_type') ? 0 : 1;
  const [closest] = [...issue.errors].sort((a, b) => closeness(b) - closeness(a));
  if (closest === undefined || closeness(closest) === 0) return [issue];
  return closest.map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] })).flatMap(telling);
}
