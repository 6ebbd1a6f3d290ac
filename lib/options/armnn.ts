import * as z from '../third-party/zod.js';

/** Tuning of Arm's OpenCL kernels. One for the whole process: all its sessions must give the same. */
export interface ArmnnTuning {
  /** How long it looks: 0 uses what `file` has, 1 rapid, 2 normal, 3 exhaustive. Default: 2. */
  level?: 0 | 1 | 2 | 3 | undefined;
  /**
   * Where it keeps what it has found, when the process ends. One file serves all models of a machine. Default: `tuning.csv`
   * in accelnode's cache folder for Arm NN.
   */
  file?: string | undefined;
}

/** Options that only Arm NN and TFLite have. */
export interface ArmnnOptions {
  /** The TFLite to use, `libtensorflowlite_c`. Only this one is tried. One process holds one TFLite. */
  library?: string | undefined;
  /** Arm NN's delegate, `libarmnnDelegate.so`. Default: what `ACCELNODE_ARMNN_DELEGATE` names, else the system's. */
  delegate?: string | undefined;
  /** Threads of TFLite's own kernels, and of CpuAcc. Default: what they choose. */
  threads?: number | undefined;
  /**
   * reduce-fp32-to-fp16: compute in half precision where the backend can. When Arm NN refuses to load the model so, it is
   * loaded without, and `session.attempts` has the refusal; `session.precision` says what became of it. Default: false.
   * `precision: 'fp16'` is the same as a demand: what can't compute so is refused.
   */
  fp16Turbo?: boolean | undefined;
  /** enable-fast-math: Winograd and other kernels that round differently. Default: true. */
  fastMath?: boolean | undefined;
  /** memory-import: the backend works on the tensors' own memory instead of copies. Default: false. */
  memoryImport?: boolean | undefined;
  /** Tuning of GpuAcc. Default: none. */
  tuning?: ArmnnTuning | undefined;
  /**
   * dynamic-backends-path: the folder with the backends of an Arm NN that has them as files of their own. One only.
   * Default: what `ACCELNODE_ARMNN_BACKENDS` names, else where that Arm NN was built to look.
   */
  dynamicBackends?: string | undefined;
  /**
   * logging-severity of Arm NN, from which on lines of its log come to `session.details.log`. The last session of the
   * process decides. Default: `warning`.
   */
  logging?: 'trace' | 'debug' | 'info' | 'warning' | undefined;
  /** The signature to run, by its key; its names are those of the inputs and outputs then. TFLite 2.16 and later. */
  signature?: string | undefined;
}

const text = z
  .string()
  .min(1)
  .refine((value) => !value.includes('\0'), 'has no zero byte in it');

export const armnnOptions = z.strictObject({
  library: text.optional(),
  delegate: text.optional(),
  // Arm NN ends the process for -1.
  threads: z.int().min(1).max(64).optional(),
  fp16Turbo: z.boolean().optional(),
  fastMath: z.boolean().optional(),
  memoryImport: z.boolean().optional(),
  tuning: z.strictObject({ level: z.literal([0, 1, 2, 3]).optional(), file: text.optional() }).optional(),
  dynamicBackends: text.optional(),
  // Less would hide what became of fp16Turbo.
  logging: z.enum(['trace', 'debug', 'info', 'warning']).optional(),
  signature: text.optional(),
}) satisfies z.ZodType<unknown, ArmnnOptions>;
