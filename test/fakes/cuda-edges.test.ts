/** Rules of CUDA and TensorRT that a double which does its work would let one break: see test/mistakes/cuda.mjs. */
import { Session, Tensor } from 'accelnode';
import { afterAll, afterEach, describe, expect, it } from 'vitest';

import { expectError } from '../utils/session.js';
import { missing, openDoubles } from './cuda/setup.js';
import { makeWorkplace } from './openvino/setup.js';

describe.skipIf(missing)(`at the edges of the rules${missing ?? ''}`, () => {
  const place = makeWorkplace();
  const { control, models } = openDoubles(place.folder);
  const device = 'cuda:0';
  afterAll(() => place.remove());
  afterEach(() => {
    expect(control.getText('violation')).toBe('');
    for (const field of ['integrated', 'failAt', 'lost']) control.set(field, 0);
  });

  it('a session that has lost its device stays lost, even if calls succeed again', async () => {
    const session = await Session.load(models.mix, { device, lanes: 2 });
    const inputs = { a: new Float32Array(4), b: new Float32Array(4) };
    control.arm(1, { status: 700, text: '' });
    await expectError('DEVICE_LOST', () => session.run(inputs));
    control.disarm();
    control.set('lost', 0);
    for (let i = 0; i < 4; i++) {
      const error = await expectError('DEVICE_LOST', () => session.run(inputs));
      expect(error.message).toContain('in an earlier run');
    }
    await session.close();
  });

  it.each([214, 220, 226, 700, 702, 709, 710, 714, 715, 716, 717, 718, 719, 721, 810, 999])(
    'the device is lost after the status %i, and after others not',
    async (status) => {
      const session = await Session.load(models.mix, { device, lanes: 1 });
      const inputs = { a: new Float32Array(4), b: new Float32Array(4) };
      control.arm(1, { status: 1, text: '' });
      await expectError('VENDOR_FAILURE', () => session.run(inputs));
      await session.run(inputs);
      control.arm(1, { status, text: '' });
      await expectError('DEVICE_LOST', () => session.run(inputs));
      control.disarm();
      control.set('lost', 0);
      await session.close();
    },
  );

  it('memory that is not aligned as TensorRT wants it is not used as it is', async () => {
    control.set('integrated', 1);
    const session = await Session.load(models.mix, { device, lanes: 1 });
    const pinned = Tensor.allocate('float32', [8], { memory: 'pinned', device });
    const slice = (begin: number): Tensor => new Tensor('float32', pinned.data.subarray(begin, begin + 4), [2, 2]);
    pinned.data.set([1, 2, 3, 4, 5, 6, 7, 8]);
    const copied = session.stats().bytesCopied;
    const { sum } = await session.run({ a: slice(0), b: slice(4) });
    expect([...sum!.data]).toEqual([6, 8, 10, 12]);
    const perTensor = 16;
    // The input that is not aligned, and both outputs, which the caller left to the session.
    expect(session.stats().bytesCopied - copied).toBe(3 * perTensor);
    await session.close();
    pinned.dispose();
  });
});
