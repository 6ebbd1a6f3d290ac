/** Comparing outputs: what counts as the same, and what does not. */
import { Tensor, verify } from 'accelnode';
import type { NullModel } from 'accelnode';
import { describe, expect, it } from 'vitest';

import { compareNumbers, compareTensors, fromBfloat16, fromFloat16, worse } from '../../build-ts/verify/compare.js';
import { seededInputs } from '../../build-ts/verify/random-inputs.js';
import { toleranceFor } from '../../build-ts/verify/tolerance.js';
import { fromBfloat16 as otherBfloat16, fromFloat16 as otherFloat16, toFloat16 } from '../utils/float16.js';
import { expectError, nullModel } from '../utils/session.js';

describe('the distance', () => {
  it.each<[string, number[], number[], object]>([
    ['equal', [1, -2, 0], [1, -2, 0], { cosine: 1, maxAbsolute: 0, maxRelative: 0, incomparable: 0 }],
    ['opposite', [-1, -2], [1, 2], { cosine: -1, maxAbsolute: 4 }],
    ['at right angles', [0, 1], [1, 0], { cosine: 0, maxAbsolute: 1 }],
    // The root mean square is 1: an element of 0 is off by 0.5 of that, one of 1 by as much of itself.
    ['off at a zero', [0.5, 1, 1, Math.SQRT2], [0, 1, 1, Math.SQRT2], { maxRelative: 0.5 }],
    ['all zeros', [0, 0], [0, 0], { cosine: undefined, maxAbsolute: 0, maxRelative: 0 }],
    ['something where there are zeros', [3, 0], [0, 0], { cosine: undefined, maxAbsolute: 3, maxRelative: 3 }],
    ['NaN in both', [NaN, 1], [NaN, 1], { nan: 1, referenceNan: 1, incomparable: 0, cosine: 1 }],
    ['NaN in one', [NaN, 1], [2, 1], { nan: 1, referenceNan: 0, incomparable: 1 }],
    ['NaN in the reference', [2, 1], [NaN, 1], { nan: 0, referenceNan: 1, incomparable: 1 }],
    ['the same infinity', [Infinity, 1], [Infinity, 1], { infinite: 1, referenceInfinite: 1, incomparable: 0 }],
    ['infinities apart', [Infinity], [-Infinity], { infinite: 1, referenceInfinite: 1, incomparable: 1 }],
    ['an overflow', [Infinity, 1], [65520, 1], { infinite: 1, referenceInfinite: 0, incomparable: 1 }],
    ['nothing', [], [], { elements: 0, cosine: undefined, maxAbsolute: 0 }],
  ])('of tensors that are %s', (_, actual, expected, difference) => {
    const found = compareNumbers(actual, expected);
    for (const [name, value] of Object.entries(difference) as [keyof typeof found, number | undefined][]) {
      if (value === undefined) expect(found[name], name).toBeUndefined();
      else expect(found[name], name).toBeCloseTo(value, 12);
    }
  });

  it('of several runs is the worst of them', () => {
    const [good, bad] = [compareNumbers([1, 2], [1, 2]), compareNumbers([2, -1], [1, 2])];
    expect(worse(good, bad)).toMatchObject({ elements: 4, cosine: 0, maxAbsolute: 3 });
    expect(worse(bad, good)).toEqual(worse(good, bad));
    expect(worse(good, compareNumbers([0], [0])).cosine).toBe(good.cosine);
  });

  it('of 16-bit floats is of the numbers that their bits stand for', () => {
    for (let bits = 0; bits < 2 ** 16; bits++) {
      if (!Object.is(fromFloat16(bits), otherFloat16(bits))) throw new Error(`float16 ${bits}`);
      if (!Object.is(fromBfloat16(bits), otherBfloat16(bits))) throw new Error(`bfloat16 ${bits}`);
    }
    const tensor = (...values: number[]): Tensor => new Tensor('float16', Uint16Array.from(values, toFloat16));
    expect(compareTensors(tensor(1, 2), tensor(1, 2.5))).toMatchObject({ maxAbsolute: 0.5 });
  });

  it('of 64-bit integers and booleans is of their numbers', () => {
    const tensor = (...values: bigint[]): Tensor => new Tensor('int64', BigInt64Array.from(values));
    expect(compareTensors(tensor(3n, -1n), tensor(3n, 1n))).toMatchObject({ maxAbsolute: 2 });
    const flags = (...values: number[]): Tensor => new Tensor('bool', Uint8Array.from(values));
    expect(compareTensors(flags(1, 0), flags(0, 0))).toMatchObject({ maxAbsolute: 1 });
  });
});

it.each([
  [undefined, 1e-3],
  ['typed', 1e-3],
  ['f32', 1e-3],
  ['fp16', 2e-2],
  ['f16', 2e-2],
  ['bf16', 1e-1],
  ['int8', 3e-1],
])('%s may be off by %d of its size', (precision, relative) => {
  expect(toleranceFor(precision).relative).toBe(relative);
});

describe('random inputs', () => {
  const infos = [
    { name: 'image', type: 'uint8', shape: [2, -1] },
    { name: 'x', type: 'float32', shape: [8] },
    { name: 'half', type: 'float16', shape: [8] },
    { name: 'ids', type: 'int64', shape: [8] },
  ] as const;

  it('are the same for the same seed, and others for another', () => {
    const [a, b, c] = [1, 1, 2].map((seed) => seededInputs(infos, { image: [2, 9] }, seed));
    expect(a).toEqual(b);
    expect(a!.x!.data).not.toEqual(c!.x!.data);
    expect(a!.image!.dims).toEqual([2, 9]);
    for (const value of a!.x!.data as Float32Array) expect(value).toBeLessThan(1);
    for (const value of a!.ids!.data as BigInt64Array) expect([0n, 1n]).toContain(value);
    for (const bits of a!.half!.data as Uint16Array) expect(fromFloat16(bits)).toBeGreaterThanOrEqual(0.5);
  });

  it('differ between the sets of a seed, and from all sets of another seed', () => {
    const first = [1, 2, 3].flatMap((seed) =>
      [0, 1, 2].map((set) => (seededInputs(infos, {}, seed, set).x!.data as Float32Array)[0]),
    );
    expect(new Set(first).size).toBe(9);
  });

  it('use the whole range of 8-bit integers, and small ones of others', () => {
    const types = ['int8', 'uint8', 'bool', 'int16', 'int32', 'int64', 'uint64'] as const;
    const inputs = seededInputs(
      types.map((type) => ({ name: type, type, shape: [4096] })),
      {},
      1,
    );
    const rangeOf = (type: string): number[] => {
      const values = Array.from(inputs[type]!.data as Int32Array | BigInt64Array, Number);
      return [Math.min(...values), Math.max(...values)];
    };
    expect(types.map(rangeOf)).toEqual([[-128, 127], [0, 255], ...types.slice(2).map(() => [0, 1])]);
  });

  it('have 1 for open dimensions, and refuse what has no number of them', async () => {
    expect(seededInputs(infos, {}, 1).image!.dims).toEqual([2, 1]);
    await expectError('INVALID_ARGUMENT', () => seededInputs([{ name: 'x', type: 'float32' }], {}, 1));
    await expectError('UNSUPPORTED', () => seededInputs([{ name: 'x', type: 'string', shape: [1] }], {}, 1));
  });
});

describe('verify', () => {
  const model = nullModel();
  const onNull = { load: { device: 'null:0' }, reference: 'null:1' };

  it('passes what computes the same', async () => {
    expect(await verify(model, onNull)).toEqual({
      device: 'null:0',
      reference: 'null:1',
      passed: true,
      tolerance: toleranceFor('fp32'),
      inputs: 3,
      outputs: [
        {
          name: 'x',
          elements: 12,
          cosine: expect.closeTo(1, 12) as number,
          maxAbsolute: 0,
          maxRelative: 0,
          nan: 0,
          infinite: 0,
          referenceNan: 0,
          referenceInfinite: 0,
          passed: true,
        },
      ],
    });
  });

  it('runs given inputs, and random ones too where they are asked for', async () => {
    const inputs = [{ x: Float32Array.of(1, NaN, Infinity, 0) }];
    const found = await verify(model, { ...onNull, inputs });
    expect(found).toMatchObject({ inputs: 1, outputs: [{ nan: 1, referenceNan: 1, infinite: 1, passed: true }] });
    expect((await verify(model, { ...onNull, inputs, random: 2 })).inputs).toBe(3);
  });

  it('makes random inputs when their turn comes: of any number only those that are run', async () => {
    const failing = nullModel({ failAt: 3 });
    await expectError('VENDOR_FAILURE', () => verify(failing, { ...onNull, random: 1e9 }));
  });

  it('fails what is beyond the tolerance, and says by how much', async () => {
    const found = await verify(model, { ...onNull, tolerance: { cosine: 1.1 } });
    expect(found.passed).toBe(false);
    expect(found.outputs[0]!.reason).toMatch(/^The cosine is 1\.00000, less than 1\.1\.$/);
  });

  it.each<[string, number[], RegExp]>([
    ['no element at all', [], /^There is not a single element to compare\./],
    ['NaN alone', [NaN, NaN], /^No element is a number in either of the two, so that nothing could be compared\./],
  ])('does not pass %s, and says why', async (_, values, reason) => {
    const open = nullModel({ inputs: [{ name: 'x', type: 'float32', shape: [-1] }] });
    const found = await verify(open, { ...onNull, inputs: [{ x: new Tensor('float32', values, [values.length]) }] });
    expect(found).toMatchObject({ passed: false, outputs: [{ elements: values.length, passed: false }] });
    expect(found.outputs[0]!.reason).toMatch(reason);
  });

  it.each([
    { random: -1 },
    { random: 0 },
    { seed: 0.5 },
    { reference: '' },
    { tolerance: { cosine: NaN } },
    { inputs: {} },
  ])('refuses %j', async (options) => {
    const error = await expectError('INVALID_ARGUMENT', () => verify(model, { ...onNull, ...(options as object) }));
    expect(error.message).toMatch(/options\./);
  });

  it('says that it is the reference that can not be loaded', async () => {
    const error = await expectError('DEVICE_NOT_FOUND', () => verify(model, { ...onNull, reference: 'null:9' }));
    expect(error.message).toMatch(/^The reference null:9 can't be loaded: /);
  });

  it('passes on why a run fails', () => {
    const failing: NullModel = { ...model.null, failAt: 2 };
    return expectError('VENDOR_FAILURE', () => verify({ null: failing }, onNull));
  });
});
