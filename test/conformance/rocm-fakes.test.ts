/** What every backend must do, on the doubles of HIP and MIGraphX: this project's environment says which release. */
import { Tensor } from 'accelnode';
import type { DataType } from 'accelnode';
import { afterAll, describe, expect, it } from 'vitest';

import { echoModel } from '../fakes/cuda/setup.js';
import { makeWorkplace } from '../fakes/openvino/setup.js';
import { missing, openDoubles } from '../fakes/rocm/setup.js';
import { describeConformance } from './suite.js';
import type { Subject } from './suite.js';

const types: DataType[] = [
  ...(['float32', 'float64', 'float16', 'bfloat16', 'bool'] as const),
  ...(['int8', 'uint8', 'int16', 'uint16', 'int32', 'uint32', 'int64', 'uint64'] as const),
];

if (missing !== undefined) {
  describe.skip(`MIGraphX${missing}`, () => it('is not here', () => undefined));
} else {
  const place = makeWorkplace();
  const { control, release } = openDoubles(place.folder);

  const common: Omit<Subject, 'name'> = {
    device: 'rocm:0',
    types,
    copies: true,
    memories: ['pinned', 'device'],
    slow: {
      source: echoModel([{ name: 'x', type: 'float32', shape: [4] }], ({ name }) => [
        { name: 'slow 100', op: 'Identity', inputs: [name], outputs: [`${name}_out`] },
      ]),
      input: new Tensor('float32', [1, 2, 3, 4]),
    },
    echo: (inputs) => echoModel(inputs),
  };
  describeConformance({ ...common, name: `MIGraphX of ROCm ${release}` });
  describeConformance({
    ...common,
    name: `MIGraphX of ROCm ${release} with offload copy`,
    memories: ['pinned'],
    options: { rocm: { offloadCopy: true } },
  });

  describe(`the double of ROCm ${release}`, () => {
    afterAll(() => place.remove());
    it('found nothing wrong in all this, and no object is left', () => {
      expect(control.getText('violation')).toBe('');
      // Each session was closed, and what the runs gave out was disposed of; but pinned memory is the collector's.
      const { 'pinned memory': _, ...live } = control.live();
      expect(live).toEqual({});
    });
  });
}
