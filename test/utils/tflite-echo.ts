/** TFLite models for the conformance suite: outputs that are the inputs again, and runs that take long. */
import { Tensor } from 'accelnode';
import type { NullTensor } from 'accelnode';

import { tfliteModel } from './tflite-model.js';
import type { TfliteOperator, TfliteTensor } from './tflite-model.js';

export interface Chain {
  tensors: TfliteTensor[];
  operators: TfliteOperator[];
}

/** `outputs` computed from `inputs` by these operators, one chain for each input. */
export function echoTflite(inputs: readonly NullTensor[], chainFor: (input: NullTensor) => Chain): Uint8Array {
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
export function reshape({ name, shape }: NullTensor): Chain {
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
export function negateTwice({ name, type, shape }: NullTensor): Chain {
  const middle = `${name}_negative`;
  return {
    tensors: [{ name: middle, type, shape }],
    operators: [
      { op: 'NEG', inputs: [name], outputs: [middle] },
      { op: 'NEG', inputs: [middle], outputs: [`${name}_out`] },
    ],
  };
}

/** So many multiplications of matrices, each some milliseconds on TFLite's own kernels when they are of this size. */
export function slowTflite(layers: number, size = 768): { source: Uint8Array; input: Tensor } {
  const nameOf = (i: number): string => (i === 0 ? 'x' : i === layers ? 'x_out' : `x${i}`);
  return {
    source: tfliteModel({
      tensors: [
        ...Array.from({ length: layers + 1 }, (_, i): TfliteTensor => {
          return { name: nameOf(i), type: 'float32', shape: [size, size] };
        }),
        { name: 'weights', type: 'float32', shape: [size, size], data: new Float32Array(size * size).fill(1 / size) },
      ],
      inputs: ['x'],
      outputs: ['x_out'],
      operators: Array.from({ length: layers }, (_, i) => ({
        op: 'FULLY_CONNECTED',
        inputs: [nameOf(i), 'weights', ''],
        outputs: [nameOf(i + 1)],
      })),
    }),
    input: new Tensor('float32', new Float32Array(size * size).fill(1), [size, size]),
  };
}
