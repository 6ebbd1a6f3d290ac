import { Tensor, runtime } from 'accelnode';
import type { DataType, NullTensor } from 'accelnode';
import { describe, it } from 'vitest';

import { tfliteModel } from '../utils/tflite-model.js';
import type { TfliteOperator, TfliteTensor } from '../utils/tflite-model.js';
import { describeConformance } from './suite.js';

/** What TFLite's RESHAPE takes. */
const types: DataType[] = [
  'float32',
  'float16',
  'float64',
  'int8',
  'uint8',
  'int16',
  'uint16',
  'int32',
  'uint32',
  'int64',
  'uint64',
  'bool',
];

interface Chain {
  tensors: TfliteTensor[];
  operators: TfliteOperator[];
}

/** `outputs` computed from `inputs` by these operators, one chain for each input. */
function echo(inputs: readonly NullTensor[], chainFor: (input: NullTensor) => Chain): Uint8Array {
  const chains = inputs.map(chainFor);
  return tfliteModel({
    tensors: [
      ...inputs,
      ...inputs.map((input) => ({ ...input, name: `${input.name}_out` })),
      ...chains.flatMap(({ tensors }) => tensors),
    ],
    inputs: inputs.map(({ name }) => name),
    outputs: inputs.map(({ name }) => `${name}_out`),
    operators: chains.flatMap(({ operators }) => operators),
  });
}

/** To the shape that it has: a constant where that is fixed, else what SHAPE says. */
function reshape({ name, shape }: NullTensor): Chain {
  const isOpen = shape.some((dim) => dim < 0);
  const dims: TfliteTensor = { name: `${name}_dims`, type: 'int32', shape: [shape.length] };
  return {
    tensors: [isOpen ? dims : { ...dims, data: Int32Array.from(shape) }],
    operators: [
      ...(isOpen ? [{ op: 'SHAPE', inputs: [name], outputs: [dims.name] }] : []),
      { op: 'RESHAPE', inputs: [name, dims.name], outputs: [`${name}_out`] },
    ],
  };
}

/** Exact, and in place for no one. */
function negateTwice({ name, type, shape }: NullTensor): Chain {
  const middle = `${name}_negative`;
  return {
    tensors: [{ name: middle, type, shape }],
    operators: [
      { op: 'NEG', inputs: [name], outputs: [middle] },
      { op: 'NEG', inputs: [middle], outputs: [`${name}_out`] },
    ],
  };
}

const SIZE = 768;
const LAYERS = 24;
/** Some hundred milliseconds of multiplying matrices. */
const slow = {
  source: tfliteModel({
    tensors: [
      ...Array.from({ length: LAYERS + 1 }, (_, i): TfliteTensor => {
        const name = i === 0 ? 'x' : i === LAYERS ? 'x_out' : `x${i}`;
        return { name, type: 'float32', shape: [SIZE, SIZE] };
      }),
      { name: 'weights', type: 'float32', shape: [SIZE, SIZE], data: new Float32Array(SIZE * SIZE).fill(1 / SIZE) },
    ],
    inputs: ['x'],
    outputs: ['x_out'],
    operators: Array.from({ length: LAYERS }, (_, i) => ({
      op: 'FULLY_CONNECTED',
      inputs: [i === 0 ? 'x' : `x${i}`, 'weights', ''],
      outputs: [i === LAYERS - 1 ? 'x_out' : `x${i + 1}`],
    })),
  }),
  input: new Tensor('float32', new Float32Array(SIZE * SIZE).fill(1), [SIZE, SIZE]),
};

const found = await runtime('armnn').catch((error: unknown) => error as Error);
if (found instanceof Error) {
  describe.skip(`TFLite (skipped: ${found.message})`, () => it('is not here', () => undefined));
} else {
  // TFLite takes over only memory whose address is a multiple of 64, and none where shapes change.
  const common = { device: 'armnn:tflite', slow, copies: true };
  describeConformance({
    ...common,
    name: `TFLite ${found.version}, outputs that are views of inputs`,
    types,
    echo: (inputs) => echo(inputs, reshape),
  });
  describeConformance({
    ...common,
    name: `TFLite ${found.version}, outputs that are computed`,
    types: ['float32', 'int32', 'int64'],
    echo: (inputs) => echo(inputs, negateTwice),
  });
}
