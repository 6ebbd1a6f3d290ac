/** What every backend must do, on the doubles of CUDA and TensorRT: this project's environment says which major. */
import { Tensor } from 'accelnode';
import type { DataType } from 'accelnode';
import { afterAll, describe, expect, it } from 'vitest';

import { CONTROL_VARIABLE } from '../fakes/cuda/control.mjs';
import { echoModel, majorOf, makeDoubles, missing } from '../fakes/cuda/setup.js';
import { makeWorkplace } from '../fakes/openvino/setup.js';
import { describeConformance } from './suite.js';
import type { Subject } from './suite.js';

/** Those of TensorRT's types that tensors can have. */
const types: DataType[] = ['float32', 'float16', 'bfloat16', 'int8', 'uint8', 'int32', 'int64', 'bool'];

if (missing !== undefined) {
  describe.skip(`TensorRT${missing}`, () => it('is not here', () => undefined));
} else {
  const place = makeWorkplace();
  const major = majorOf(process.env.ACCELNODE_CUDA_LIBRARY!);
  const { control, env } = makeDoubles(place.folder, major);
  // The doubles look at it when they are opened, which is at the first load.
  process.env[CONTROL_VARIABLE] = env[CONTROL_VARIABLE];

  // TensorRT must be told the bounds of what is dynamic.
  const common: Omit<Subject, 'name'> = {
    device: 'cuda:0',
    types,
    copies: true,
    memories: ['pinned', 'device'],
    optionsFor: (inputs) => ({
      shapes: Object.fromEntries(
        inputs
          .filter(({ shape }) => shape.includes(-1))
          .map(({ name, shape }) => [
            name,
            {
              min: shape.map((dim) => (dim < 0 ? 0 : dim)),
              opt: shape.map((dim) => (dim < 0 ? 4 : dim)),
              max: shape.map((dim) => (dim < 0 ? 128 : dim)),
            },
          ]),
      ),
    }),
    slow: {
      source: echoModel([{ name: 'x', type: 'float32', shape: [4] }], ({ name }) => [
        { name: 'slow 100', op: 'Identity', inputs: [name], outputs: [`${name}_out`] },
      ]),
      input: new Tensor('float32', [1, 2, 3, 4]),
    },
    echo: (inputs) => echoModel(inputs),
  };
  describeConformance({ ...common, name: `TensorRT ${major}` });
  describeConformance({ ...common, name: `TensorRT ${major} with CUDA graphs`, options: { cuda: { graphs: true } } });
  describeConformance({
    ...common,
    name: `TensorRT ${major}, lanes sharing memory`,
    options: { cuda: { sharedMemory: true } },
  });

  describe(`the double of TensorRT ${major}`, () => {
    afterAll(() => place.remove());
    it('found nothing wrong in all this, and no object is left', () => {
      expect(control.getText('violation')).toBe('');
      // Each session was closed, and what the runs gave out was disposed of; but pinned memory is the collector's.
      const { 'pinned memory': _, ...live } = control.live();
      // The stream in whose order memory comes and goes is kept as long as the process.
      expect(live).toEqual({ stream: 1 });
    });
  });
}
