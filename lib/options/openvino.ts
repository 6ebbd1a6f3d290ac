import * as z from '../third-party/zod.js';

/** What is done to an image input inside the graph, on the device. */
export interface OpenvinoPreprocess {
  /** Element type of what `run` gets, e.g. `uint8` for decoded images. It is converted to float32. */
  type?: 'uint8' | 'float32' | 'float16' | undefined;
  /** Axes of what `run` gets, e.g. `NHWC`. */
  layout?: string | undefined;
  /** Axes that the model wants, e.g. `NCHW`; transposed when `layout` differs. */
  modelLayout?: string | undefined;
  /** Channel order of what `run` gets. */
  color?: 'rgb' | 'bgr' | undefined;
  /** Channel order that the model wants; reversed when `color` differs. */
  modelColor?: 'rgb' | 'bgr' | undefined;
  /** Scale height and width to the model's. Without `height` and `width` any image size may come. */
  resize?: 'linear' | 'cubic' | 'nearest' | undefined;
  /** Height of the images that `run` gets, in pixels, where it is fixed. */
  height?: number | undefined;
  /** Width of the images that `run` gets, in pixels, where it is fixed. */
  width?: number | undefined;
  /**
   * Subtracted, one for each channel or one for all. In the units of the input (0…255 for uint8) and
   * in the model's order of colours.
   */
  mean?: number | readonly number[] | undefined;
  /** Divided by, after the mean is subtracted. */
  scale?: number | readonly number[] | undefined;
}

/** Options that only OpenVINO has. */
export interface OpenvinoOptions {
  /**
   * The library to use, `libopenvino_c`: an absolute path, or one relative to the current directory.
   * Only this one is tried. One process holds one OpenVINO, so the first use decides.
   */
  library?: string | undefined;
  /**
   * OpenVINO's PERFORMANCE_HINT. Default: `latency` with one lane, `throughput` with several;
   * `none` leaves it to the device.
   */
  hint?: 'latency' | 'throughput' | 'cumulative_throughput' | 'none' | undefined;
  /** NUM_STREAMS: inferences that the device computes at the same time. */
  streams?: number | 'auto' | undefined;
  /** INFERENCE_NUM_THREADS: CPU threads. */
  threads?: number | undefined;
  /** Steps put before the model's inputs, by input name. */
  preprocess?: Readonly<Record<string, OpenvinoPreprocess>> | undefined;
  /** Further properties under OpenVINO's own names, e.g. `{ ENABLE_CPU_PINNING: false }`. */
  config?: Readonly<Record<string, string | number | boolean>> | undefined;
}

const positive = z.int().positive();
const perChannel = z
  .union([z.number(), z.array(z.number()).nonempty()])
  .transform((value) => (typeof value === 'number' ? [value] : value));
const layout = z.string().regex(/^(?!.*(.).*\1)[A-Z]+$/i, 'must name each axis by one letter, e.g. "NHWC"');

const preprocess = z
  .strictObject({
    type: z.enum(['uint8', 'float32', 'float16']).optional(),
    layout: layout.optional(),
    modelLayout: layout.optional(),
    color: z.enum(['rgb', 'bgr']).optional(),
    modelColor: z.enum(['rgb', 'bgr']).optional(),
    resize: z.enum(['linear', 'cubic', 'nearest']).optional(),
    height: positive.optional(),
    width: positive.optional(),
    mean: perChannel.optional(),
    scale: perChannel.optional(),
  })
  .refine((step) => (step.height === undefined) === (step.width === undefined), 'height and width go together')
  .refine((step) => (step.color === undefined) === (step.modelColor === undefined), 'color and modelColor go together')
  .refine(
    (step) => step.layout !== undefined || !(step.resize ?? step.height ?? step.mean ?? step.scale ?? step.color),
    'layout is needed to know which axes are height, width and channels',
  );

export const openvinoOptions = z.strictObject({
  library: z.string().min(1).optional(),
  hint: z.enum(['latency', 'throughput', 'cumulative_throughput', 'none']).optional(),
  streams: z.union([positive, z.literal('auto')]).optional(),
  threads: positive.optional(),
  preprocess: z.record(z.string(), preprocess).optional(),
  config: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
}) satisfies z.ZodType<unknown, OpenvinoOptions>;
