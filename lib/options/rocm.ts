import * as z from '../third-party/zod.js';

import { isIterable } from './cuda.js';
import type { CalibrationBatch } from './cuda.js';

/** What finds the number ranges for `precision: 'int8'`. */
export interface RocmCalibration {
  /**
   * Representative inputs, batch by batch, each of exactly the shapes that the model is compiled for first (`opt`).
   * MIGraphX looks at all of them together, so all are copied to memory first: a few dozen are enough.
   */
  batches: AsyncIterable<CalibrationBatch> | Iterable<CalibrationBatch>;
}

/** Options that only AMD MIGraphX has. Those about compiling have no effect on a `.mxr`, which is compiled already. */
export interface RocmOptions {
  /**
   * The library to use, `libmigraphx_c.so.3`, or the folder that it lies in: an absolute path, or one relative to the
   * current directory. Only this one is tried. One process holds one MIGraphX, so the first use decides.
   */
  library?: string | undefined;
  /**
   * May functions such as Gelu be computed faster and less exactly? Default: MIGraphX's, true. migraphx-driver:
   * `--disable-fast-math` turns it off.
   */
  fastMath?: boolean | undefined;
  /** Look for the fastest kernels by trying all; takes much longer. Default: false. migraphx-driver: `--exhaustive-tune`. */
  exhaustiveTune?: boolean | undefined;
  /**
   * Let MIGraphX copy inputs and outputs itself, from and to ordinary memory, in place of accelnode, which uses
   * pinned memory and lets copies overlap with other lanes' computing. Tensors must then be host memory, pinned or not; none on the device. Default: false.
   * migraphx-driver: `--enable-offload-copy`.
   */
  offloadCopy?: boolean | undefined;
  /** For `precision: 'int8'`, which needs it. */
  calibration?: RocmCalibration | undefined;
  /**
   * Most compiled programs that are kept, one for each set of shapes that runs have had. Beyond it, the one that was
   * not used for longest goes, and is compiled again when it is needed. Default: 8.
   */
  maxPrograms?: number | undefined;
  /**
   * Most iterations of an ONNX loop whose number is not a constant. Outputs that gather something from each iteration
   * have always so many rows, the rest of them zeros. Default: MIGraphX's, 10.
   */
  loopIterations?: number | undefined;
}

export const rocmOptions = z.strictObject({
  library: z.string().min(1).optional(),
  fastMath: z.boolean().optional(),
  exhaustiveTune: z.boolean().optional(),
  offloadCopy: z.boolean().optional(),
  calibration: z
    .strictObject({
      batches: z.custom<RocmCalibration['batches']>(isIterable, 'must be an iterable or an async iterable'),
    })
    .optional(),
  maxPrograms: z.int().min(1).max(1024).optional(),
  loopIterations: z.int().positive().optional(),
}) satisfies z.ZodType<unknown, RocmOptions>;

/** {@link RocmOptions}, checked. */
export type ParsedRocmOptions = z.output<typeof rocmOptions>;
