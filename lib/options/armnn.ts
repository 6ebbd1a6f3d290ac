import { statSync } from 'node:fs';
import { join, resolve } from 'node:path';

import * as z from '../third-party/zod.js';

import { AccelError } from '../errors.js';
import { cacheFolder } from '../runtimes/folder.js';

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

/** Tuning with its defaults: an absolute path. */
export function tuningOf(options: ArmnnOptions | undefined): { level: number; file: string } | undefined {
  const tuning = options?.tuning;
  if (tuning === undefined) return undefined;
  return { level: tuning.level ?? 2, file: resolve(tuning.file ?? join(cacheFolder(), 'armnn', 'tuning.csv')) };
}

/**
 * The folder of Arm NN's backends, as an absolute path. Looked at before Arm NN is: it keeps the one that its first session
 * named, and leaves one that it can't use at that.
 * @throws `INVALID_ARGUMENT` when it is no folder
 */
export function backendsFolder(options: ArmnnOptions | undefined): string | undefined {
  const named = options?.dynamicBackends ?? process.env['ACCELNODE_ARMNN_BACKENDS'];
  if (named === undefined || named === '') return undefined;
  const folder = resolve(named);
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true) return folder;
  throw new AccelError('INVALID_ARGUMENT', `There is no folder ${folder} for armnn.dynamicBackends.`, {
    hint: 'Name the one folder that the files Arm_CpuAcc_backend.so, Arm_GpuAcc_backend.so, … lie in.',
  });
}

/** What of half precision the addon is to ask for. @throws `UNSUPPORTED` for a precision that there is not */
export function halfPrecision(
  device: string,
  { precision = 'fp32', armnn }: { precision?: string | undefined; armnn?: ArmnnOptions | undefined },
): { fp16Turbo: boolean; halfDemanded: boolean } {
  const halfDemanded = precision === 'fp16';
  if (precision === 'bf16' || precision === 'int8' || (halfDemanded && device === 'tflite')) {
    throw new AccelError('UNSUPPORTED', `armnn:${device} does not compute in ${precision}.`, {
      hint:
        precision === 'int8'
          ? "A quantized .tflite computes in its own types: leave `precision` out, and quantize the model with TensorFlow's converter."
          : "Leave `precision` out. Arm NN's backends, not TFLite itself, take 'fp16'.",
    });
  }
  return { fp16Turbo: halfDemanded || (armnn?.fp16Turbo ?? false), halfDemanded };
}

/** The same options without what Arm NN may have refused them for; undefined when there is nothing of that kind. */
export function withoutTurbo<Options extends { armnn?: ArmnnOptions | undefined; precision?: string | undefined }>(
  backend: string,
  device: string,
  options: Options,
): Options | undefined {
  if (backend !== 'armnn' || device === 'tflite' || options.armnn?.fp16Turbo !== true) return undefined;
  if (options.precision === 'fp16') return undefined; // a demand
  return { ...options, armnn: { ...options.armnn, fp16Turbo: false } };
}

/** Is GpuAcc among the backends of a device: `GpuAcc`, `GpuAcc,CpuAcc`? */
export function compilesOnGpu(device: string): boolean {
  return device.split(',').includes('GpuAcc');
}
