import * as z from '../third-party/zod.js';

/** How one input is given to a Rockchip NPU. */
export interface RknnInput {
  /**
   * What the caller gives. `raw`: what the model itself has, as it is: quantised numbers, or float16. Others are converted by
   * librknnrt. Default: `float32` for what is float16 or quantised in the model, else `raw`.
   */
  type?: 'float32' | 'float16' | 'int8' | 'uint8' | 'int16' | 'raw' | undefined;
  /**
   * The order of its axes. `native`: the NPU's own, such as NC1HWC2, which is then `raw`. Default: the model's, as a
   * rule NHWC.
   */
  layout?: 'NHWC' | 'NCHW' | 'native' | undefined;
}

/** How one output is given by a Rockchip NPU. */
export interface RknnOutput {
  /**
   * `raw`: what the model itself has; `details` of the output has the scale and zero point. Default: `float32` for what is
   * float16 or quantised in the model, else `raw`.
   */
  type?: 'float32' | 'raw' | undefined;
  /** As {@link RknnInput.layout}; the model's is as a rule NCHW. */
  layout?: 'NHWC' | 'NCHW' | 'native' | undefined;
}

/** Options that only Rockchip RKNN has. */
export interface RknnOptions {
  /**
   * The library to use, `librknnrt.so`, or the folder that it lies in. Only this one is tried. One process holds one
   * librknnrt.
   */
  library?: string | undefined;
  /**
   * Runs computed at the same time, each on a core of the NPU; they share the model's weights. At most as many as the chip has
   * cores: 3 on RK3588, 2 on RK3576, 1 on RK3566 and RK3568. It is the number of lanes, which {@link LoadOptions.lanes}
   * must not contradict. Default: what `lanes` says, else a lane for each core.
   */
  threads?: 1 | 2 | 3 | undefined;
  /**
   * Which cores compute.
   * - `auto` (default): with several lanes, a core each; with one, librknnrt finds one for each run.
   * - `per-thread`: a core each, the first one too.
   * - `all`: each run on all cores, which makes only convolutions, additions, concatenations and ReLUs faster.
   * - a mask: 1, 2, 4 for one core, 3 for the first two, 7 for all three; or one for each lane.
   */
  coreMask?: 'auto' | 'per-thread' | 'all' | number | readonly number[] | undefined;
  /** Let librknnrt raise the whole process to the highest priority (nice -19), as it does by itself. Default: false. */
  highPriority?: boolean | undefined;
  /** rknn_set_batch_core_num: over how many cores a model that was converted with a batch spreads it. Default: librknnrt's. */
  batchCores?: 1 | 2 | 3 | undefined;
  /** By name of the input. */
  inputs?: Readonly<Record<string, RknnInput>> | undefined;
  /** By name of the output. */
  outputs?: Readonly<Record<string, RknnOutput>> | undefined;
}

const MASKS: readonly number[] = [1, 2, 3, 4, 7];

const coreMask = z
  .int()
  .refine((mask) => MASKS.includes(mask), `must be one of ${MASKS.join(', ')}: librknnrt takes no others, nor 5 and 6`);

const layout = z.enum(['NHWC', 'NCHW', 'native']).optional();
const nativeIsRaw = ({ type, layout: order }: { type?: string | undefined; layout?: string | undefined }): boolean =>
  order !== 'native' || type === undefined || type === 'raw';
const NATIVE_IS_RAW = "layout: 'native' is raw: leave the type out";

export const rknnOptions = z
  .strictObject({
    library: z.string().min(1).optional(),
    threads: z.literal([1, 2, 3]).optional(),
    coreMask: z.union([z.enum(['auto', 'per-thread', 'all']), coreMask, z.array(coreMask).min(1).max(256)]).optional(),
    highPriority: z.boolean().optional(),
    batchCores: z.literal([1, 2, 3]).optional(),
    inputs: z
      .record(
        z.string(),
        z
          .strictObject({ type: z.enum(['float32', 'float16', 'int8', 'uint8', 'int16', 'raw']).optional(), layout })
          .refine(nativeIsRaw, NATIVE_IS_RAW),
      )
      .optional(),
    outputs: z
      .record(
        z.string(),
        z.strictObject({ type: z.enum(['float32', 'raw']).optional(), layout }).refine(nativeIsRaw, NATIVE_IS_RAW),
      )
      .optional(),
  })
  .refine(
    ({ threads, coreMask: masks }) => threads === undefined || !Array.isArray(masks) || masks.length === threads,
    { path: ['coreMask'], message: 'must have a mask for each of threads' },
  ) satisfies z.ZodType<unknown, RknnOptions>;

/** {@link RknnOptions}, checked. */
export type ParsedRknnOptions = z.output<typeof rknnOptions>;

/** Do `threads` and masks agree with the lanes that were asked for? */
export function agreesWithLanes(rknn: ParsedRknnOptions | undefined, lanes: number | 'auto'): boolean {
  if (lanes === 'auto') return true;
  const { threads, coreMask: masks } = rknn ?? {};
  return (threads ?? lanes) === lanes && (!Array.isArray(masks) || masks.length === lanes);
}
