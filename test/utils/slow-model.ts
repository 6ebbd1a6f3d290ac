import { Tensor } from 'accelnode';

import { onnxModel } from './onnx-model.js';

/** A model whose runs take long, and an input for it. */
export interface SlowModel {
  bytes: Uint8Array;
  input: Tensor;
}

/** 24 multiplications of matrices of this size. */
function matrixProducts(size: number): SlowModel {
  const shape = [size, size];
  const weights = new Tensor('float32', new Float32Array(size * size).fill(1 / size), shape);
  return {
    bytes: onnxModel({
      inputs: [{ name: 'x', type: 'float32', shape }],
      outputs: [{ name: 'x_out', type: 'float32', shape }],
      initializers: [{ name: 'weights', tensor: weights }],
      nodes: Array.from({ length: 24 }, (_, i) => ({
        op: 'MatMul',
        inputs: [i === 0 ? 'x' : `x${i}`, 'weights'],
        outputs: [i === 23 ? 'x_out' : `x${i + 1}`],
      })),
    }),
    input: new Tensor('float32', new Float32Array(size * size).fill(1), shape),
  };
}

/** Some hundred milliseconds on a CPU. */
export const slowModel = matrixProducts(768);

/** The same where nothing is done to be fast. */
export const slowReferenceModel = matrixProducts(96);
