/** What the tests with TFLite's interposer need: its build for the release, a control block, models. */
import { existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { fakesFolder } from '../../../scripts/setup/fakes.mjs';
import { tfliteModel } from '../../utils/tflite-model.js';
import type { TfliteTensor } from '../../utils/tflite-model.js';
import { CONTROL_VARIABLE, Control, REAL_VARIABLE } from './control.mjs';

/** The TFLite of this project. */
export const realLibrary = process.env.ACCELNODE_ARMNN_LIBRARY ?? '';
export const isOlder = realLibrary.includes('2.9.0');

/** Why there is nothing to stand in front of; to be added to a suite's name. */
export const missing = existsSync(realLibrary) ? undefined : ' (skipped: this TFLite is not there)';

/** Has those functions that the real one has. */
export const interposer = join(fakesFolder, isOlder ? 'tflite_older' : 'tflite', 'libtensorflowlite_c.so');

export interface Interposed {
  readonly control: Control;
  /** For the environment of the process that opens it. */
  readonly env: Record<string, string>;
}

export function makeInterposer(folder: string): Interposed {
  const path = join(mkdtempSync(join(folder, 'tflite-')), 'control');
  return {
    control: Control.create(path),
    env: { [CONTROL_VARIABLE]: path, [REAL_VARIABLE]: realLibrary, ACCELNODE_ARMNN_LIBRARY: interposer },
  };
}

const float = (name: string, shape: readonly number[]): TfliteTensor => ({ name, type: 'float32', shape });

const MODELS = {
  /** sum = a + b, negative = -a */
  mix: tfliteModel({
    tensors: ['a', 'b', 'sum', 'negative'].map((name) => float(name, [2, 2])),
    inputs: ['a', 'b'],
    outputs: ['sum', 'negative'],
    operators: [
      { op: 'ADD', inputs: ['a', 'b'], outputs: ['sum'] },
      { op: 'NEG', inputs: ['a'], outputs: ['negative'] },
    ],
  }),
  /** y = x + [1, 2, 3] for any number of rows; the signature calls them image and label */
  rows: tfliteModel({
    tensors: [float('x', [-1, 3]), { ...float('bias', [3]), data: new Float32Array([1, 2, 3]) }, float('y', [-1, 3])],
    inputs: ['x'],
    outputs: ['y'],
    operators: [{ op: 'ADD', inputs: ['x', 'bias'], outputs: ['y'] }],
    signatures: { serve: { inputs: { image: 'x' }, outputs: { label: 'y' } } },
  }),
  /** where x is true */
  where: tfliteModel({
    tensors: [
      { name: 'x', type: 'bool', shape: [4] },
      { name: 'where', type: 'int64', shape: [-1, 1] },
    ],
    inputs: ['x'],
    outputs: ['where'],
    operators: [{ op: 'WHERE', inputs: ['x'], outputs: ['where'] }],
  }),
};

export type ModelName = keyof typeof MODELS;

/** Writes the models of operations.mjs into a folder; their files by name. */
export function writeModels(folder: string): Record<ModelName, string> {
  const write = ([name, bytes]: [string, Uint8Array]): [string, string] => {
    const path = join(folder, `${name}.tflite`);
    writeFileSync(path, bytes);
    return [name, path];
  };
  return Object.fromEntries(Object.entries(MODELS).map(write)) as Record<ModelName, string>;
}
