/** `accelnode compile MODEL -d rknn:rk3588`: models for Rockchip NPUs are made on any machine, by rknn-toolkit2. */
import { statSync } from 'node:fs';
import { basename, extname, join, resolve } from 'node:path';

import { AccelError } from '../index.js';
import type { LoadOptions, ShapeOption } from '../index.js';
import { formatOf, readModelSource } from '../model-source.js';
import { isRknnTarget, rknnTargets } from '../rknn-source.js';
import type { RknnTarget } from '../rknn-source.js';
import { convertToRknn } from '../runtimes/rknn-toolkit.js';
import { Progress, formatBytes, print, printJson } from './output.js';

/** What of the command's options is for it. */
export interface CompileRknnOptions {
  device: string;
  precision?: LoadOptions['precision'];
  shapes: Record<string, ShapeOption>;
  output?: string;
  dataset?: string;
  json?: true;
}

export function isRknnDevice(device: string): boolean {
  return device === 'rknn' || device.startsWith('rknn:');
}

/** The file to write: two chips have two models. */
export function rknnOutput(model: string, { device, output }: Pick<CompileRknnOptions, 'device' | 'output'>): string {
  return resolve(output ?? join('.', `${basename(model, extname(model))}.${targetOf(device)}.rknn`));
}

export async function compileForRknn(model: string, options: CompileRknnOptions, signal: AbortSignal): Promise<void> {
  const target = targetOf(options.device);
  const dataset = datasetOf(options);
  const shapes = Object.fromEntries(Object.entries(options.shapes).map(([name, shape]) => [name, fixed(name, shape)]));
  const format = formatOf(model);
  await readModelSource(model); // there, and not empty
  if (format !== 'onnx' && format !== 'tflite') {
    throw new AccelError('MODEL_UNSUPPORTED', `Models for Rockchip NPUs are made of ONNX or TFLite, not ${format}.`);
  }
  if (format === 'tflite' && Object.keys(shapes).length > 0) {
    throw new AccelError('INVALID_ARGUMENT', '--shapes: rknn-toolkit2 takes no shapes for a TFLite model.', {
      hint: 'Leave --shapes out: a TFLite model has its own. Fix them where it is made, or convert it from ONNX.',
    });
  }
  const output = rknnOutput(model, options);
  const progress = new Progress(options.json);
  const begin = performance.now();
  try {
    await convertToRknn({
      ...{ model, format, target, dataset, shapes, output, signal },
      onProgress: (phase, done, total) => progress.update(phase, done, total),
    });
  } finally {
    progress.stop();
  }
  const { size } = statSync(output);
  const milliseconds = performance.now() - begin;
  const precision = dataset === undefined ? 'fp16' : 'int8';
  if (options.json) printJson({ model, device: `rknn:${target}`, precision, output, size, milliseconds });
  else {
    print(
      `${model} for ${target} in ${precision}: ${output}, ${formatBytes(size)}, in ${(milliseconds / 1000).toFixed(1)} s`,
    );
  }
}

function targetOf(device: string): RknnTarget {
  const target = device.slice('rknn:'.length);
  if (isRknnTarget(target)) return target;
  throw new AccelError('INVALID_ARGUMENT', `${device} does not say for which chip to compile.`, {
    hint: `Name it: ${rknnTargets.map((each) => `rknn:${each}`).join(', ')}. \`accelnode devices\` tells the one of a board.`,
  });
}

function datasetOf({ precision = 'auto', dataset }: CompileRknnOptions): string | undefined {
  if (precision === 'int8') {
    if (dataset === undefined) {
      throw new AccelError('INVALID_ARGUMENT', 'For int8, rknn-toolkit2 must see inputs: --dataset.', {
        hint: 'A text file whose lines name images or .npy files, one for each input.',
      });
    }
    if (statSync(dataset, { throwIfNoEntry: false })?.isFile() === true) return dataset;
    throw new AccelError('INVALID_ARGUMENT', `Can't read ${dataset}: there is no such file.`);
  }
  if (precision !== 'fp16' && precision !== 'auto') {
    throw new AccelError('INVALID_ARGUMENT', `Rockchip NPUs compute in fp16 or int8, not in ${precision}.`);
  }
  if (dataset === undefined) return undefined;
  throw new AccelError('INVALID_ARGUMENT', '--dataset is only of use with --precision int8.');
}

function fixed(name: string, shape: ShapeOption): number[] {
  if (Array.isArray(shape) && shape.every((dim) => typeof dim === 'number' && dim > 0)) return shape as number[];
  throw new AccelError('INVALID_ARGUMENT', `--shapes ${name}: rknn-toolkit2 takes one shape, in which all is fixed.`);
}
