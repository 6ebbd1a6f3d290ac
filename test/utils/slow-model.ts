import { Tensor } from 'accelnode';

import { onnxModel } from './onnx-model.js';

const SIZE = 768;

/** A model of 24 matrix multiplications, some hundred milliseconds on a CPU, and an input for it. */
export const slowModel = {
  bytes: onnxModel({
    inputs: [{ name: 'x', type: 'float32', shape: [SIZE, SIZE] }],
    outputs: [{ name: 'x_out', type: 'float32', shape: [SIZE, SIZE] }],
    initializers: [
      { name: 'weights', tensor: new Tensor('float32', new Float32Array(SIZE * SIZE).fill(1 / SIZE), [SIZE, SIZE]) },
    ],
    nodes: Array.from({ length: 24 }, (_, i) => ({
      op: 'MatMul',
      inputs: [i === 0 ? 'x' : `x${i}`, 'weights'],
      outputs: [i === 23 ? 'x_out' : `x${i + 1}`],
    })),
  }),
  input: new Tensor('float32', new Float32Array(SIZE * SIZE).fill(1), [SIZE, SIZE]),
};
