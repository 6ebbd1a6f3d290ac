/** What is refused of a TFLite model before TFLite sees it, and what is not. */
import { inspectTflite } from 'accelnode';
import { Builder } from 'flatbuffers';
import { expect, it } from 'vitest';

import { inspectToLoad } from '../../build-ts/tflite/inspect.js';
import { tfliteModel } from '../utils/tflite-model.js';
import type { TfliteModel, TfliteTensor } from '../utils/tflite-model.js';
import { sampleModels } from '../utils/tflite-samples.js';

const float = (name: string, shape: readonly number[]): TfliteTensor => ({ name, type: 'float32', shape });
const filters: TfliteTensor = { ...float('filters', [3, 2, 2, 2]), data: new Float32Array(24) };

const convolution = (changes: Partial<TfliteModel> = {}, x = float('x', [1, 4, 4, 2])): Uint8Array =>
  tfliteModel({
    tensors: [x, filters, float('y', [1, 3, 3, 3])],
    inputs: ['x'],
    outputs: ['y'],
    operators: [{ op: 'CONV_2D', inputs: ['x', 'filters', ''], outputs: ['y'] }],
    ...changes,
  });

it.each(Object.entries({ ...sampleModels, convolution: convolution() }))('takes a good model: %s', (_name, model) => {
  expect(() => inspectToLoad(model)).not.toThrow();
});

it('takes the shape of a scalar, which is a list of nothing', () => {
  const shape: TfliteTensor = { name: 'shape', type: 'int32', shape: [0], data: new Int32Array(0) };
  const scalar = tfliteModel({
    tensors: [float('x', [1]), shape, float('y', [])],
    inputs: ['x'],
    outputs: ['y'],
    operators: [{ op: 'RESHAPE', inputs: ['x', 'shape'], outputs: ['y'] }],
  });
  expect(() => inspectToLoad(scalar)).not.toThrow();
});

it('takes dimensions that are open for what they may be', () => {
  expect(() => inspectToLoad(convolution({}, float('x', [-1, -1, -1, 2])))).not.toThrow();
});

const add = { op: 'ADD', inputs: ['x', 'x'], outputs: ['y'] };
it.each<[RegExp, Uint8Array]>([
  [
    /reads tensor 3, which nobody has written/,
    convolution({
      tensors: [float('x', [1, 4, 4, 2]), filters, float('y', [1, 3, 3, 3]), float('z', [1, 4, 4, 2])],
      operators: [{ op: 'CONV_2D', inputs: ['z', 'filters', ''], outputs: ['y'] }],
    }),
  ],
  [/writes tensor 1, which is not its own/, convolution({ operators: [{ ...add, outputs: ['filters'] }] })],
  [/writes tensor 0, which is not its own/, convolution({ operators: [{ ...add, outputs: ['x'] }] })],
  [/writes tensor 2, which is not its own/, convolution({ operators: [add, add] })],
  [/gives tensor 2, which nobody has written/, convolution({ operators: [] })],
  [/has no input 1/, convolution({ operators: [{ ...add, inputs: ['x', ''] }] })],
  [/window of 2 for an image of 1/, convolution({}, float('x', [1, 1, 4, 2]))],
  [/3 filters of 2 channels for 4 channels/, convolution({}, float('x', [1, 4, 4, 4]))],
  [/elements, more than TFLite can count/, convolution({}, float('x', [1, 65536, 65536, 2]))],
  [
    /scales for its dimension 7, of 4/,
    convolution(
      {},
      {
        ...float('x', [1, 4, 4, 2]),
        quantization: { scale: 1, zeroPoint: 0, dimension: 7 },
      },
    ),
  ],
])('refuses a model: %s', (words, model) => {
  const refusal = { code: 'MODEL_INVALID', message: expect.stringMatching(words) as string };
  expect(() => inspectToLoad(model)).toThrow(expect.objectContaining(refusal) as Error);
  // To look at it does no harm.
  expect(inspectTflite(model).inputs).toHaveLength(1);
});

/** 3,000 graphs that are one and the same, of 3,000 tensors that are one and the same: 24 KB. */
function folded(count: number): Uint8Array {
  const builder = new Builder(1024);
  const repeated = (offset: number): number => {
    builder.startVector(4, count, 4);
    for (let i = 0; i < count; i++) builder.addOffset(offset);
    return builder.endVector();
  };
  const table = (fields: readonly number[]): number => {
    builder.startObject(8);
    fields.forEach((offset, field) => offset !== 0 && builder.addFieldOffset(field, offset, 0));
    return builder.endObject();
  };
  const graphs = repeated(table([repeated(table([]))]));
  builder.finish(table([0, 0, graphs]), 'TFL3');
  return builder.asUint8Array();
}

it('refuses what unfolds to more than a model has', () => {
  expect(() => inspectTflite(folded(10))).not.toThrow();
  expect(() => inspectTflite(folded(3000))).toThrow(expect.objectContaining({ code: 'MODEL_INVALID' }) as Error);
});
