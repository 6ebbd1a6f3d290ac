/** Calibration data on its way from the caller's iterator to the addon, which is played by the test. */
import { Tensor } from 'accelnode';
import type { AccelError, CalibrationBatch, OnnxTensorInfo } from 'accelnode';
import { describe, expect, it } from 'vitest';

import { Calibration } from '../../build-ts/calibration.js';
import type { CalibrationAnswer, CalibrationBatches } from '../../build-ts/calibration.js';
import { parseLoadOptions } from '../../build-ts/options/load.js';

const inputs: OnnxTensorInfo[] = [
  { name: 'image', type: 'float32', shape: ['batch', 2] },
  { name: 'ids', type: 'int64', shape: [3] },
];
const { shapes } = parseLoadOptions({ shapes: { image: { min: [1, 2], opt: [4, 2], max: [8, 2] } } });

const image = (value = 0): Tensor => new Tensor('float32', new Float32Array(8).fill(value), [4, 2]);
const ids = (): Tensor => new Tensor('int64', [1, 2, 3]);

/** The addon: asks for a batch, and gets one answer. */
class Asker {
  readonly calibration: Calibration;
  #answered: (answer: CalibrationAnswer) => void = () => {
    throw new Error('Nobody has asked.');
  };

  constructor(batches: CalibrationBatches, given = shapes) {
    this.calibration = new Calibration('cuda.calibration', batches, inputs, given, (answer) => this.#answered(answer));
  }

  ask(): Promise<CalibrationAnswer> {
    return new Promise((resolve, reject) => {
      this.#answered = (answer) => {
        this.#answered = () => reject(new Error('It was answered twice.'));
        resolve(answer);
      };
      this.calibration.next();
    });
  }
}

/** An iterator that counts what is done with it. */
function counted(batches: readonly unknown[]): CalibrationBatches & { asked: number; returned: number } {
  return {
    asked: 0,
    returned: 0,
    [Symbol.asyncIterator]() {
      return {
        next: () => {
          const value = batches[this.asked++] as CalibrationBatch;
          return Promise.resolve({ done: value === undefined, value });
        },
        return: () => {
          this.returned++;
          return Promise.resolve({ done: true as const, value: undefined });
        },
      };
    },
  };
}

describe('the batches', () => {
  it('come one by one, in the order of the inputs, and end', async () => {
    const batches = counted([
      { ids: ids(), image: image() },
      { image: new Float32Array(8), ids: new BigInt64Array(3) },
    ]);
    const asker = new Asker(batches);
    expect(batches.asked).toBe(0);
    for (const expected of [1, 2]) {
      const answer = (await asker.ask()) as { address: number; bytes: number; dims: number[] }[];
      expect(batches.asked).toBe(expected);
      expect(answer.map(({ bytes, dims }) => ({ bytes, dims }))).toEqual([
        { bytes: 32, dims: [4, 2] },
        { bytes: 24, dims: [3] },
      ]);
      for (const { address } of answer) expect(address).toBeGreaterThan(0);
    }
    expect(await asker.ask()).toBeNull();
    expect(await asker.ask()).toBeNull();
    expect(batches.asked).toBe(3);
    await asker.calibration.close();
    expect(batches.returned).toBe(0); // it has ended by itself
    expect(asker.calibration.error).toBeUndefined();
  });

  it.each<[string, () => CalibrationBatches]>([
    ['an array', () => [{ image: image(), ids: ids() }]],
    [
      'a generator',
      function* () {
        yield { image: image(), ids: ids() };
      },
    ],
    [
      'an async generator',
      async function* () {
        await Promise.resolve();
        yield { image: image(), ids: ids() };
      },
    ],
  ])('may be %s', async (_what, make) => {
    const asker = new Asker(make());
    expect(await asker.ask()).toHaveLength(2);
    expect(await asker.ask()).toBeNull();
  });

  it('keep their memory until the next is wanted', async () => {
    const first = image();
    const asker = new Asker([
      { image: first, ids: ids() },
      { image: image(), ids: ids() },
    ]);
    await asker.ask();
    await expect(first.write(new Float32Array(8))).rejects.toThrow(/being used/);
    await asker.ask();
    await first.write(new Float32Array(8));
    await asker.calibration.close();
  });

  it('are stopped when the load ends before them', async () => {
    const batches = counted([{ image: image(), ids: ids() }]);
    const asker = new Asker(batches);
    await asker.ask();
    await asker.calibration.close();
    await asker.calibration.close();
    expect(batches.returned).toBe(1);
    expect(await asker.ask()).toBeNull();
    expect(batches.asked).toBe(1);
  });

  it('are not begun when nobody asks', async () => {
    const batches = counted([]);
    await new Asker(batches).calibration.close();
    expect(batches).toMatchObject({ asked: 0, returned: 0 });
  });

  it('that hang are not waited for', async () => {
    let returned = false;
    const asker = new Asker({
      [Symbol.asyncIterator]: () => ({
        next: () => new Promise<never>(() => undefined),
        return: () => {
          returned = true;
          return new Promise<never>(() => undefined);
        },
      }),
    });
    void asker.ask();
    await asker.calibration.close();
    expect(returned).toBe(true);
  });

  it('that come when nobody waits any more are not kept', async () => {
    const late = image();
    let arrive: () => void = () => undefined;
    const asker = new Asker({
      [Symbol.asyncIterator]: () => ({
        next: () =>
          new Promise((resolve) => {
            arrive = () => resolve({ done: false, value: { image: late, ids: ids() } });
          }),
      }),
    });
    const answer = asker.ask();
    await asker.calibration.close();
    arrive();
    expect(await answer).toBeNull();
    await late.write(new Float32Array(8).fill(1)); // refused while it is in use
  });
});

describe('a mistake', () => {
  const detached = (): Float32Array => {
    const array = new Float32Array(8);
    structuredClone(array.buffer, { transfer: [array.buffer] });
    return array;
  };

  it.each<[string, unknown, RegExp]>([
    ['nothing', null, /batch 2 must be an object of tensors by input name, not null/],
    ['a number', 5, /batch 2 must be an object/],
    ['no input', {}, /batch 2, input "image" is missing/],
    ['an input too few', { image: image() }, /batch 2, input "ids" is missing/],
    ['an input too many', { image: image(), ids: ids(), mask: ids() }, /batch 2: the model has no input "mask"/],
    ['an input of Object', { image: image(), ids: ids(), toString: ids() }, /no input "toString"/],
    ['a type', { image: ids(), ids: ids() }, /batch 2, input "image" must be float32, not int64/],
    ['an array of a type', { image: new Float64Array(8), ids: ids() }, /input "image": .* must be a Float32Array/],
    [
      'a shape',
      { image: new Tensor('float32', new Float32Array(2), [1, 2]), ids: ids() },
      /input "image" must have the shape \[4, 2\], not \[1, 2\]/,
    ],
    [
      'a rank',
      { image: new Tensor('float32', new Float32Array(8), [4, 2, 1]), ids: ids() },
      /input "image" must have the shape \[4, 2\], not \[4, 2, 1\]/,
    ],
    ['a length', { image: new Float32Array(7), ids: ids() }, /input "image": .* 8 elements, but its data has 7/],
    ['a plain array', { image: [1, 2], ids: ids() }, /input "image" must be a Tensor or a Float32Array, not an array/],
    ['a detached array', { image: detached(), ids: ids() }, /batch 2, input "image".*(detached|has 0)/],
  ])('in %s is told with the batch and the input', async (_what, batch, message) => {
    const batches = counted([{ image: image(), ids: ids() }, batch]);
    const asker = new Asker(batches);
    await asker.ask();
    const answer = (await asker.ask()) as AccelError;
    expect(answer).toMatchObject({ name: 'AccelError', code: 'INVALID_ARGUMENT' });
    expect(answer.message).toMatch(/^cuda\.calibration\.batches: /);
    expect(answer.message).toMatch(message);
    expect(asker.calibration.error).toBe(answer);
    await asker.calibration.close();
    expect(batches.returned).toBe(1);
  });

  it.each<[string, CalibrationBatches]>([
    [
      'throws',
      {
        [Symbol.iterator]: () => ({
          next: () => {
            throw new Error('no disk');
          },
        }),
      },
    ],
    [
      'rejects',
      (async function* (): AsyncGenerator<CalibrationBatch> {
        await Promise.reject(new Error('no disk'));
        yield {};
      })(),
    ],
    [
      'can not be made',
      {
        [Symbol.iterator]: () => {
          throw new Error('no disk');
        },
      },
    ],
  ])('of an iterator that %s is the cause', async (_what, batches) => {
    const asker = new Asker(batches);
    const answer = (await asker.ask()) as AccelError;
    expect(answer).toMatchObject({ code: 'INVALID_ARGUMENT', cause: { message: 'no disk' } });
    expect(answer.message).toBe('cuda.calibration.batches: batch 1 could not be had: Error: no disk');
    await asker.calibration.close();
    expect(asker.calibration.error).toBe(answer);
  });

  it('of an iterator that can not be stopped is told', async () => {
    const asker = new Asker({
      [Symbol.iterator]: () => ({
        next: () => ({ done: false, value: { image: image(), ids: ids() } }),
        return: () => {
          throw new Error('stuck');
        },
      }),
    });
    await asker.ask();
    await asker.calibration.close();
    expect(asker.calibration.error).toMatchObject({ code: 'INVALID_ARGUMENT', cause: { message: 'stuck' } });
  });

  it('is a typed array where the shape is open', async () => {
    const asker = new Asker([{ image: new Float32Array(8), ids: ids() }], {});
    const answer = (await asker.ask()) as AccelError;
    expect(answer.message).toContain('the model leaves its shape open');
    expect(answer.hint).toContain('Give a Tensor');
    // A tensor has a shape.
    expect(await new Asker([{ image: image(), ids: ids() }], {}).ask()).toHaveLength(2);
  });
});
