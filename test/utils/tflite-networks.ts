/** .tflite models that compute something, for comparing one backend's results with another's. */
import { Tensor } from 'accelnode';

import { tfliteModel } from './tflite-model.js';
import type { TfliteTensor } from './tflite-model.js';

const SIZE = 32;
const LAYERS = 4;

const float = (name: string, shape: readonly number[]): TfliteTensor => ({ name, type: 'float32', shape });

/** Numbers between -1 and 1 that look random and are the same each time. */
export function noise(length: number, seed: number): Float32Array {
  let state = seed;
  return Float32Array.from({ length }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return state / 2 ** 31;
  });
}

/** Four dense layers with bias and rectifier: y = layer(layer(layer(layer(x)))). */
export const dense = tfliteModel({
  tensors: [
    float('x', [1, SIZE]),
    ...Array.from({ length: LAYERS }, (_, i) => [
      { ...float(`weights${i}`, [SIZE, SIZE]), data: noise(SIZE * SIZE, 7 * i + 1).map((value) => value / 4) },
      { ...float(`bias${i}`, [SIZE]), data: noise(SIZE, 11 * i + 1) },
      float(`product${i}`, [1, SIZE]),
      float(i === LAYERS - 1 ? 'y' : `layer${i}`, [1, SIZE]),
    ]).flat(),
  ],
  inputs: ['x'],
  outputs: ['y'],
  operators: Array.from({ length: LAYERS }, (_, i) => [
    {
      op: 'FULLY_CONNECTED',
      inputs: [i === 0 ? 'x' : `layer${i - 1}`, `weights${i}`, `bias${i}`],
      outputs: [`product${i}`],
    },
    { op: 'RELU', inputs: [`product${i}`], outputs: [i === LAYERS - 1 ? 'y' : `layer${i}`] },
  ]).flat(),
});

/** An input for {@link dense}. */
export const denseInput = (seed = 1): Tensor<'float32'> => new Tensor('float32', noise(SIZE, seed), [1, SIZE]);
