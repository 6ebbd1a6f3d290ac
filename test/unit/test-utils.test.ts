/** What other tests rely on must itself be able to fail. */
import { Tensor } from 'accelnode';
import type { TensorLike } from 'accelnode';
import { describe, expect, it } from 'vitest';

import { compare, expectAllClose, expectClose } from '../utils/compare.js';
import { fromBfloat16, fromFloat16, toBfloat16, toFloat16 } from '../utils/float16.js';
import { randomTensor } from '../utils/random.js';
import { readTensorProto } from '../utils/tensor-proto.js';

const floats = (...values: number[]): Tensor => new Tensor('float32', values);

describe('compare', () => {
  it.each<[string, TensorLike, TensorLike, number]>([
    ['equal tensors', floats(1, -2, NaN, Infinity), floats(1, -2, NaN, Infinity), 0],
    ['an element of the largest size', floats(1.5, 1), floats(1, 1), 0.5],
    ['a large element', floats(110, 0), floats(100, 0), 0.1],
    ['a small element, by the scale of all', floats(3, 4, 0.5), floats(3, 4, 0), 0.5 / Math.sqrt(25 / 3)],
    ['anything where zeros should be', floats(0, 1e-30), floats(0, 0), Infinity],
    ['a missing NaN', floats(1), floats(NaN), Infinity],
    ['a NaN too many', floats(NaN), floats(1), Infinity],
    ['another infinity', floats(Infinity), floats(-Infinity), Infinity],
    ['a number in place of infinity', floats(1e38), floats(Infinity), Infinity],
    ['another shape', new Tensor('float32', [1, 2], [1, 2]), floats(1, 2), Infinity],
    ['another type', new Tensor('int32', [1]), floats(1), Infinity],
    ['integers one apart', new Tensor('int64', [2n ** 60n + 1n]), new Tensor('int64', [2n ** 60n]), Infinity],
    ['no elements', new Tensor('float32', [], [0]), new Tensor('float32', [], [0]), 0],
  ])('%s', (_, actual, expected, error) => {
    expect(compare(actual, expected).error).toBeCloseTo(error, 6);
  });

  it('names the worst element', () => {
    expect(() => expectClose(floats(1, 2.5, 3), floats(1, 2, 3.1))).toThrow(/element 1 is 2.5, not 2;/);
    expect(() => expectClose(floats(1.00009), floats(1))).not.toThrow();
    expect(() => expectClose(floats(1.00011), floats(1))).toThrow();
    expect(() => expectAllClose({ a: floats(1) }, { b: floats(1) })).toThrow('The outputs are a, not b.');
  });

  it('allows float16 one step, and no more', () => {
    const half = (bits: number): Tensor => new Tensor('float16', new Uint16Array([bits]));
    expect(() => expectClose(half(0x3c01), half(0x3c00))).not.toThrow();
    expect(() => expectClose(half(0x3c02), half(0x3c00))).toThrow();
  });
});

describe('half precision', () => {
  it('all float16 bit patterns come back', () => {
    for (let bits = 0; bits < 0x10000; bits++) {
      const value = fromFloat16(bits);
      if (Number.isNaN(value)) expect(toFloat16(value)).toBe(0x7e00);
      else if (toFloat16(value) !== bits) expect.fail(`${bits} became ${toFloat16(value)}`);
    }
  });

  it.each([
    [1 + 2 ** -11, 0x3c00], // half way: to even
    [1 + 3 * 2 ** -11, 0x3c02],
    [65519, 0x7bff],
    [65520, 0x7c00],
    [2 ** -25, 0],
    [2 ** -24 * 1.5, 2],
    [-0, 0x8000],
    [2047.9, 0x6800], // carries into the exponent
  ])('%f is rounded to the nearest float16', (value, bits) => {
    expect(toFloat16(value)).toBe(bits);
  });

  it('bfloat16', () => {
    expect([toBfloat16(1), toBfloat16(-2.5), toBfloat16(NaN), toBfloat16(1 + 2 ** -8)]).toEqual([
      0x3f80, 0xc020, 0x7fc0, 0x3f80,
    ]);
    expect([fromBfloat16(0x3f80), fromBfloat16(0xc020), fromBfloat16(0xff80)]).toEqual([1, -2.5, -Infinity]);
  });
});

describe('random tensors', () => {
  it('are the same for the same seed, and lie within their bounds', () => {
    const one = randomTensor('float32', [1000], { seed: 7, min: -3, max: 5 });
    expect(randomTensor('float32', [1000], { seed: 7, min: -3, max: 5 }).data).toEqual(one.data);
    expect(randomTensor('float32', [1000], { seed: 8, min: -3, max: 5 }).data).not.toEqual(one.data);
    expect(Math.min(...one.data)).toBeLessThan(-2.9);
    expect(Math.max(...one.data)).toBeGreaterThan(4.9);
    expect(one.data.every((value) => value >= -3 && value < 5)).toBe(true);
    expect(new Set(randomTensor('int64', [100], { min: -1, max: 1 }).data)).toEqual(new Set([-1n, 0n, 1n]));
  });
});

describe('TensorProto', () => {
  const varint = (field: number, value: number): number[] => [field << 3, value];
  const bytes = (field: number, ...content: number[]): number[] => [(field << 3) | 2, content.length, ...content];

  it.each<[string, number[], Tensor]>([
    ['raw data', [...varint(1, 2), ...varint(2, 1), ...bytes(9, 0, 0, 128, 63, 0, 0, 0, 192)], floats(1, -2)],
    ['packed floats', [...bytes(1, 2), ...varint(2, 1), ...bytes(4, 0, 0, 128, 63, 0, 0, 0, 192)], floats(1, -2)],
    [
      'integers one by one',
      [...varint(1, 2), ...varint(2, 6), ...varint(5, 3), ...varint(5, 4)],
      new Tensor('int32', [3, 4]),
    ],
    ['int64', [...varint(1, 1), ...varint(2, 7), ...bytes(7, 5)], new Tensor('int64', [5n])],
    [
      'float16 as integers',
      [...varint(1, 1), ...varint(2, 10), ...bytes(5, 0x80, 0x78)],
      new Tensor('float16', new Uint16Array([0x3c00])),
    ],
    ['a scalar with a name', [...varint(2, 9), ...bytes(8, 97), ...bytes(9, 1)], new Tensor('bool', [1], [])],
    ['no elements', [...varint(1, 0), ...varint(2, 1), ...bytes(9)], new Tensor('float32', [], [0])],
  ])('%s', (_, proto, expected) => {
    const tensor = readTensorProto(Uint8Array.from(proto));
    expect([tensor.type, tensor.dims, tensor.data]).toEqual([expected.type, expected.dims, expected.data]);
  });

  it('in a Buffer of a pool, at an odd place', () => {
    const proto = Buffer.from([...varint(1, 1), ...varint(2, 1), ...bytes(9, 0, 0, 128, 63)]);
    expect(readTensorProto(proto).data).toEqual(new Float32Array([1]));
  });

  it('refuses strings', () => {
    expect(() => readTensorProto(Uint8Array.from([...varint(1, 1), ...varint(2, 8)]))).toThrow('string');
  });
});
