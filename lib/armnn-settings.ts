/** What the options for Arm NN come to: its paths, half precision, and what is tried without it. */
import { statSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { AccelError } from './errors.js';
import type { ArmnnOptions } from './options/armnn.js';
import { cacheFolder } from './runtimes/folder.js';

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
