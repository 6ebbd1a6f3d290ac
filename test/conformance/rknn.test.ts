/** What every backend must do, on the double of librknnrt: this project's environment says which release. */
import { Tensor } from 'accelnode';
import type { DataType } from 'accelnode';
import { afterAll, describe, expect, it } from 'vitest';

import { makeWorkplace } from '../fakes/openvino/setup.js';
import { echoModel, missing, openDouble } from '../fakes/rknn/setup.js';
import { describeConformance } from './suite.js';
import type { Subject } from './suite.js';

const types: DataType[] = [
  ...(['float32', 'bool', 'int8', 'uint8', 'int16', 'uint16', 'int32', 'uint32', 'int64'] as const),
];

if (missing !== undefined) {
  describe.skip(`RKNN${missing}`, () => it('is not here', () => undefined));
} else {
  const place = makeWorkplace();
  const { control, release } = openDouble(place.folder);
  const older = release === '1.4.0';

  const subject: Subject = {
    name: `librknnrt ${release}`,
    device: 'rknn:0',
    types,
    copies: true,
    memories: older ? [] : ['pinned'],
    open: older ? 'no' : 'listed',
    slow: {
      source: echoModel([{ name: 'x', type: 'float32', shape: [4] }], { work: 50_000 }),
      input: new Tensor('float32', [1, 2, 3, 4]),
    },
    echo: (inputs) => echoModel(inputs),
  };
  describeConformance(subject);
  // Of models with several shapes, the NPU uses no memory of the caller's in place.
  if (!older) describeConformance({ ...subject, name: `${subject.name}, shapes fixed`, open: 'no' });

  describe(`the double of librknnrt ${release}`, () => {
    afterAll(() => place.remove());
    it('found nothing wrong in all this, and no context is left', () => {
      expect(control.getText('violation')).toBe('');
      // Each session was closed; but memory of tensors is the collector's.
      const { memory: _, ...live } = control.live();
      expect(live).toEqual({});
    });
  });
}
