/** Small models of each kind that tests of TFLite need: floats, open shapes, integers, quantized ones. */
import { tfliteModel } from './tflite-model.js';
import type { TfliteTensor } from './tflite-model.js';

const float = (name: string, shape: readonly number[]): TfliteTensor => ({ name, type: 'float32', shape });

/** y = max(0, x + [1, -2, 3, -4]) */
const relu = tfliteModel({
  tensors: [
    float('x', [1, 4]),
    { ...float('bias', [4]), data: new Float32Array([1, -2, 3, -4]) },
    float('sum', [1, 4]),
    float('y', [1, 4]),
  ],
  inputs: ['x'],
  outputs: ['y'],
  operators: [
    { op: 'ADD', inputs: ['x', 'bias'], outputs: ['sum'] },
    { op: 'RELU', inputs: ['sum'], outputs: ['y'] },
  ],
});

/** y = -x, of any number of rows. */
const negative = tfliteModel({
  tensors: [float('x', [-1, 3]), float('y', [-1, 3])],
  inputs: ['x'],
  outputs: ['y'],
  operators: [{ op: 'NEG', inputs: ['x'], outputs: ['y'] }],
  signatures: { serve: { inputs: { image: 'x' }, outputs: { label: 'y' } } },
});

/** Where x is true. */
const where = tfliteModel({
  tensors: [
    { name: 'x', type: 'bool', shape: [4] },
    { name: 'where', type: 'int64', shape: [-1, 1] },
  ],
  inputs: ['x'],
  outputs: ['where'],
  operators: [{ op: 'WHERE', inputs: ['x'], outputs: ['where'] }],
});

/** y = softmax(W x), and x in another shape. */
const dense = tfliteModel({
  tensors: [
    float('x', [2, 4]),
    { ...float('weights', [3, 4]), data: new Float32Array(12).map((_, i) => i / 12) },
    float('product', [2, 3]),
    float('y', [2, 3]),
    { name: 'shape', type: 'int32', shape: [1], data: Int32Array.of(8) },
    float('flat', [8]),
  ],
  inputs: ['x'],
  outputs: ['y', 'flat'],
  operators: [
    { op: 'FULLY_CONNECTED', inputs: ['x', 'weights', ''], outputs: ['product'] },
    { op: 'SOFTMAX', inputs: ['product'], outputs: ['y'] },
    { op: 'RESHAPE', inputs: ['x', 'shape'], outputs: ['flat'] },
  ],
});

/**
 * A convolution of 1 by 1, in int8 with a scale for each of its 2 filters. With scales of powers of two all of it is
 * exact: y[0] = 0.5 x[0] - x[1], y[1] = 2 x[0] + 4 x[1].
 */
const perChannel = tfliteModel({
  tensors: [
    { name: 'x', type: 'int8', shape: [1, 2, 2, 2], quantization: { scale: 0.5, zeroPoint: -1 } },
    {
      name: 'filters',
      type: 'int8',
      shape: [2, 1, 1, 2],
      data: Int8Array.of(2, -4, 2, 4),
      quantization: { scale: [0.25, 1], zeroPoint: [0, 0], dimension: 0 },
    },
    {
      name: 'bias',
      type: 'int32',
      shape: [2],
      data: new Int32Array(2),
      quantization: { scale: [0.125, 0.5], zeroPoint: [0, 0], dimension: 0 },
    },
    { name: 'y', type: 'int8', shape: [1, 2, 2, 2], quantization: { scale: 0.5, zeroPoint: 3 } },
  ],
  inputs: ['x'],
  outputs: ['y'],
  operators: [{ op: 'CONV_2D', inputs: ['x', 'filters', 'bias'], outputs: ['y'] }],
});

export const sampleModels = { relu, negative, where, dense, perChannel };
