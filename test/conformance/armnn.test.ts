import { existsSync } from 'node:fs';

import { runtime } from 'accelnode';
import type { DataType } from 'accelnode';
import { describe, it } from 'vitest';

import { echoTflite, negateTwice, reshape, slowTflite } from '../utils/tflite-echo.js';
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

// A processor that QEMU plays takes half a second for a layer of that size.
const slow = process.arch === 'x64' ? slowTflite(24) : slowTflite(2, 384);

// One that is there has to open.
const library = process.env.ACCELNODE_ARMNN_LIBRARY ?? '';
const found = existsSync(library) ? await runtime('armnn') : new Error(`there is no ${library}`);
if (found instanceof Error) {
  describe.skip(`TFLite (skipped: ${found.message})`, () => it('is not here', () => undefined));
} else {
  // TFLite takes over only memory whose address is a multiple of 64, and none where shapes change.
  const common = { device: 'armnn:tflite', slow, copies: true };
  describeConformance({
    ...common,
    name: `TFLite ${found.version}, outputs that are views of inputs`,
    types,
    echo: (inputs) => echoTflite(inputs, reshape),
  });
  describeConformance({
    ...common,
    name: `TFLite ${found.version}, outputs that are computed`,
    types: ['float32', 'int32', 'int64'],
    echo: (inputs) => echoTflite(inputs, negateTwice),
  });
}
