/** What the tests with the doubles of CUDA and TensorRT need: their folders, control blocks, models. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { Tensor } from 'accelnode';
import type { DataType, NullTensor } from 'accelnode';

import { fakesFolder } from '../../../scripts/setup/fakes.mjs';
import { onnxModel } from '../../utils/onnx-model.js';
import type { OnnxNode } from '../../utils/onnx-model.js';
import { CONTROL_VARIABLE, Control } from './control.mjs';

export const majors = [10, 11] as const;
export type Major = (typeof majors)[number];

/** Why the doubles can't be used; to be added to a suite's name. */
export const missing =
  process.platform === 'linux' ? undefined : ' (skipped: the stand-ins for CUDA and TensorRT are for Linux)';

export const folderOf = (major: Major): string => join(fakesFolder, `tensorrt${major}`);
export const libraryOf = (major: Major): string => join(folderOf(major), `libnvinfer.so.${major}`);

export const majorOf = (library: string): Major => (library.endsWith('10') ? 10 : 11);

export interface Doubles {
  readonly control: Control;
  /** For the environment of the process that opens them. */
  readonly env: Record<string, string>;
}

/** A control block in a folder of its own, and the environment that leads a process to the doubles. */
export function makeDoubles(folder: string, major: Major, library = libraryOf(major)): Doubles {
  const path = join(mkdtempSync(join(folder, 'control-')), 'control');
  return {
    control: Control.create(path),
    env: { [CONTROL_VARIABLE]: path, ACCELNODE_CUDA_LIBRARY: library },
  };
}

/** `outputs` computed from `inputs` by these nodes, one chain for each input. */
export function echoModel(inputs: readonly NullTensor[], nodesFor?: (input: NullTensor) => OnnxNode[]): Uint8Array {
  const values = inputs.map(({ name, type, shape }) => ({
    name,
    type,
    shape: shape.map((dim, i) => (dim < 0 ? `any ${i} of ${name}` : dim)),
  }));
  const identity = ({ name }: NullTensor): OnnxNode[] => [
    { name: `copy ${name}`, op: 'Identity', inputs: [name], outputs: [`${name}_out`] },
  ];
  return onnxModel({
    inputs: values,
    outputs: values.map((value) => ({ ...value, name: `${value.name}_out` })),
    nodes: inputs.flatMap(nodesFor ?? identity),
  });
}

const float = (name: string, shape: (number | string)[]) => ({ name, type: 'float32' as DataType, shape });

const models = {
  /** sum = a + b, copy = a */
  mix: onnxModel({
    inputs: [float('a', [2, 2]), float('b', [2, 2])],
    nodes: [
      { name: 'add', op: 'Add', inputs: ['a', 'b'], outputs: ['sum'] },
      { name: 'pass', op: 'Identity', inputs: ['a'], outputs: ['copy'] },
    ],
    outputs: [float('sum', [2, 2]), float('copy', [2, 2])],
  }),
  /** y = x + [1, 2, 3] for any number of rows */
  rows: onnxModel({
    inputs: [float('x', ['rows', 3])],
    initializers: [{ name: 'bias', tensor: new Tensor('float32', [1, 2, 3]) }],
    nodes: [{ name: 'bias', op: 'Add', inputs: ['x', 'bias'], outputs: ['y'] }],
    outputs: [float('y', ['rows', 3])],
  }),
  /** places = where x is not 0 */
  places: onnxModel({
    inputs: [float('x', [6])],
    nodes: [{ name: 'find', op: 'NonZero', inputs: ['x'], outputs: ['places'] }],
    outputs: [{ name: 'places', type: 'int64', shape: [1, 'count'] }],
  }),
  /** y = x stretched to the shape that the input `shape` has as its values, size = the shape of y */
  stretch: onnxModel({
    inputs: [float('x', ['any', 3]), { name: 'shape', type: 'int64', shape: [2] }],
    nodes: [
      { name: 'stretch', op: 'Expand', inputs: ['x', 'shape'], outputs: ['y'] },
      { name: 'measure', op: 'Shape', inputs: ['y'], outputs: ['size'] },
    ],
    outputs: [float('y', ['rows', 'columns']), { name: 'size', type: 'int64', shape: [2] }],
  }),
  /** Two operators that TensorRT does not have. */
  strange: onnxModel({
    inputs: [float('x', [6])],
    nodes: [
      { name: 'first', op: 'Whirl', inputs: ['x'], outputs: ['turned'] },
      { name: 'second', op: 'Twist', inputs: ['turned'], outputs: ['y'] },
    ],
    outputs: [float('y', [6])],
  }),
};

export type ModelName = keyof typeof models;

/** Writes the models into a folder; their files by name. */
export function writeModels(folder: string): Record<ModelName, string> {
  const write = (name: string, bytes: Uint8Array): [string, string] => {
    const path = join(folder, `${name}.onnx`);
    writeFileSync(path, bytes);
    return [name, path];
  };
  return Object.fromEntries(Object.entries(models).map(([name, bytes]) => write(name, bytes))) as Record<
    ModelName,
    string
  >;
}

export interface Opened extends Doubles {
  readonly major: Major;
  readonly models: Record<ModelName, string>;
}

/** The doubles of the project's environment, for use in this process; before the first load. */
export function openDoubles(folder: string): Opened {
  const major = majorOf(process.env.ACCELNODE_CUDA_LIBRARY!);
  const doubles = makeDoubles(folder, major);
  process.env[CONTROL_VARIABLE] = doubles.env[CONTROL_VARIABLE];
  return { ...doubles, major, models: writeModels(folder) };
}

/** Bounds for the model `rows`. */
export const rowsFrom1To8 = { x: { min: [1, 3], opt: [2, 3], max: [8, 3] } };

/** Resolves once `field` of the block has this value. */
export async function reaches(control: { get(field: string): number }, field: string, value: number): Promise<void> {
  while (control.get(field) !== value) await new Promise(setImmediate);
}
