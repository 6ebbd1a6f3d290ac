import * as z from '../third-party/zod.js';

import type { TypedArray } from '../data-type.js';
import type { Tensor } from '../tensor.js';
import { shapes } from './shapes.js';
import type { ShapeOption } from './shapes.js';

/**
 * One batch of calibration data: a tensor for each input of the model, by name. A typed array stands for a tensor
 * of the input's whole shape.
 */
export type CalibrationBatch = Readonly<Record<string, Tensor | TypedArray>>;

/** What finds the number ranges for `precision: 'int8'`; TensorRT 10 only, where it is deprecated. */
export interface CudaCalibration {
  /**
   * Representative inputs, batch by batch, each of exactly the shapes that the first profile is tuned for (`opt`).
   * Read only when an engine is built and `cache` does not hold the ranges already; from the beginning by each device
   * that is tried, which a generator can't do twice. The iterator's `return` is called when no more batches are wanted.
   */
  batches?: AsyncIterable<CalibrationBatch> | Iterable<CalibrationBatch> | undefined;
  /**
   * A file that keeps the ranges: read when it is there, else written, in a folder that is there. trtexec: `--calib`. Without it, engines
   * made with `batches` are not kept in the plan cache, because the data can't be told apart.
   */
  cache?: string | undefined;
  /** How ranges are chosen: by entropy (default), or as the smallest and largest value seen. */
  algorithm?: 'entropy2' | 'minmax' | undefined;
}

/** Bounds of the values of inputs, by name; all three as long as the input has values. */
export type ShapeValues = Readonly<
  Record<
    string,
    {
      /** The smallest that each value can be. */
      min: readonly number[];
      /** The values to tune for. Default: `max`. */
      opt?: readonly number[] | undefined;
      /** The largest that each value can be. */
      max: readonly number[];
    }
  >
>;

/** Where TensorRT may take kernels from. */
export type TacticSource = 'cublas' | 'cublasLt' | 'cudnn' | 'edgeMaskConvolutions' | 'jitConvolutions';

/**
 * Options that only NVIDIA TensorRT has. They hold for TensorRT 10 and 11 if nothing else is said. Those about
 * building have no effect on a plan, which is built already.
 */
export interface CudaOptions {
  /**
   * The library to use, `libnvinfer.so.N` or `libnvinfer_lean.so.N`, or the folder that it lies in: an absolute
   * path, or one relative to the current directory. Only this one is tried, and its siblings (the ONNX parser, the
   * plugins) are looked for beside it first. One process holds one TensorRT, so the first use decides.
   */
  library?: string | undefined;
  /**
   * Most bytes of device memory that a kernel may use beside inputs and outputs. Default: all that the device has.
   * trtexec: `--memPoolSize=workspace:…` (in MiB there).
   */
  workspace?: number | undefined;
  /** 0 to 5: how long to look for fast kernels. Default: TensorRT's, 3. trtexec: `--builderOptimizationLevel`. */
  optimizationLevel?: number | undefined;
  /**
   * May matrix products of float32 be computed in TF32, which has 10 bits of mantissa? Default: false, because
   * fp32 means fp32. trtexec's default is on, and `--noTF32` turns it off.
   */
  tf32?: boolean | undefined;
  /**
   * Compute each layer in exactly the types that the network gives. Precision then comes from the model, and
   * `precision` must be left out, `fp32` or `auto`. Default: false on TensorRT 10; TensorRT 11 knows nothing else.
   * trtexec: `--stronglyTyped`.
   */
  stronglyTyped?: boolean | undefined;
  /** Use kernels for weights with 2:4 structured sparsity, where the weights have it. Default: false. trtexec: `--sparsity=enable`. */
  sparseWeights?: boolean | undefined;
  /** Exactly these sources of kernels. Default: TensorRT's choice. trtexec: `--tacticSources`. */
  tacticSources?: readonly TacticSource[] | undefined;
  /**
   * A file that keeps measured times of kernels over builds: read when it is there, written after each build.
   * Default: a file in the plan cache's folder when `cache` is on, else none. `false`: none. trtexec:
   * `--timingCacheFile`.
   */
  timingCache?: string | false | undefined;
  /**
   * Make a plan that later releases of the same TensorRT major load too; or load one, which brings code of its own that
   * TensorRT runs only when told to trust it. Default: false. trtexec: `--versionCompatible`.
   */
  versionCompatible?: boolean | undefined;
  /** Leave the lean runtime out of a version compatible plan. Default: false. trtexec: `--excludeLeanRuntime`. */
  excludeLeanRuntime?: boolean | undefined;
  /**
   * Make a plan for other GPUs too: `amperePlus` for Ampere and later, `sameComputeCapability` for all of this
   * compute capability. Costs some speed. Default: `none`. trtexec: `--hardwareCompatibilityLevel`.
   */
  hardwareCompatibility?: 'none' | 'amperePlus' | 'sameComputeCapability' | undefined;
  /** Make a plan whose weights can be exchanged. Default: false. trtexec: `--refit`. */
  refittable?: boolean | undefined;
  /** Libraries with plugins that the model needs. trtexec: `--dynamicPlugins`. */
  plugins?: readonly string[] | undefined;
  /** Most streams beside the main one that a run may use. Default: TensorRT's choice. trtexec: `--maxAuxStreams`. */
  maxAuxStreams?: number | undefined;
  /**
   * Further optimisation profiles, beside the one that `shapes` gives. A run takes the first that its shapes fit.
   * trtexec: `--profile` with `--minShapes`, `--optShapes`, `--maxShapes`.
   */
  profiles?: readonly Readonly<Record<string, ShapeOption>>[] | undefined;
  /**
   * For inputs whose values decide shapes (the second input of ONNX's `Expand`, say): the range of each value, by
   * input. One for all profiles, or a list with one for each, that of `shapes` first. trtexec gives such values in
   * `--minShapes`, `--optShapes`, `--maxShapes`.
   */
  shapeValues?: ShapeValues | readonly ShapeValues[] | undefined;
  /** For `precision: 'int8'` on TensorRT 10, with models that have no Q/DQ nodes. */
  calibration?: CudaCalibration | undefined;
  /** Record a run as a CUDA graph for each shape, and replay it. Default: false. trtexec: `--useCudaGraph` (10), on by default (11). */
  graphs?: boolean | undefined;
  /**
   * Let all lanes use one block of device memory for what lies between layers. Takes less memory, and the lanes
   * compute in turn. Default: false.
   */
  sharedMemory?: boolean | undefined;
  /**
   * Keep what each layer became, for `session.details.layers` and {@link Session.profile}. Default: false. trtexec:
   * `--dumpLayerInfo`.
   */
  engineInspector?: boolean | undefined;
}

const path = z.string().min(1);

export function isIterable(value: unknown): boolean {
  return typeof value === 'object' && value !== null && (Symbol.asyncIterator in value || Symbol.iterator in value);
}

const values = z.array(z.int());
const shapeValues = z.record(
  z.string(),
  z
    .strictObject({ min: values, opt: values.optional(), max: values })
    .refine(
      ({ min, opt, max }) => max.length === min.length && (opt === undefined || opt.length === min.length),
      'min, opt and max must be equally long',
    )
    // As the addon reads shapes too.
    .transform(({ min, opt, max }) => min.map((value, i) => [value, max[i]!, (opt ?? max)[i]!] as const))
    .refine((ranges) => ranges.every(([min, max, opt]) => min <= opt && opt <= max), 'min ≤ opt ≤ max must hold'),
);

export const cudaOptions = z
  .strictObject({
    library: path.optional(),
    workspace: z.int().positive().optional(),
    optimizationLevel: z.int().min(0).max(5).optional(),
    tf32: z.boolean().optional(),
    stronglyTyped: z.boolean().optional(),
    sparseWeights: z.boolean().optional(),
    tacticSources: z
      .array(z.enum(['cublas', 'cublasLt', 'cudnn', 'edgeMaskConvolutions', 'jitConvolutions']))
      .optional(),
    timingCache: z.union([path, z.literal(false)]).optional(),
    versionCompatible: z.boolean().optional(),
    excludeLeanRuntime: z.boolean().optional(),
    hardwareCompatibility: z.enum(['none', 'amperePlus', 'sameComputeCapability']).optional(),
    refittable: z.boolean().optional(),
    plugins: z.array(path).optional(),
    maxAuxStreams: z.int32().nonnegative().optional(),
    profiles: z.array(shapes).optional(),
    shapeValues: z.union([shapeValues.transform((each) => [each]), z.array(shapeValues)]).optional(),
    calibration: z
      .strictObject({
        batches: z
          .custom<NonNullable<CudaCalibration['batches']>>(isIterable, 'must be an iterable or an async iterable')
          .optional(),
        cache: path.optional(),
        algorithm: z.enum(['entropy2', 'minmax']).optional(),
      })
      .refine(({ batches, cache }) => batches !== undefined || cache !== undefined, 'needs batches, cache or both')
      .optional(),
    graphs: z.boolean().optional(),
    sharedMemory: z.boolean().optional(),
    engineInspector: z.boolean().optional(),
  })
  .refine(({ excludeLeanRuntime, versionCompatible }) => excludeLeanRuntime !== true || versionCompatible === true, {
    path: ['excludeLeanRuntime'],
    message: 'is about a version compatible plan: set versionCompatible too',
  }) satisfies z.ZodType<unknown, CudaOptions>;

/** {@link CudaOptions} with shapes as one [min, max, opt] for each dimension. */
export type ParsedCudaOptions = z.output<typeof cudaOptions>;
