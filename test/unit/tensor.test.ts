import { Tensor } from 'accelnode';
import type { DataType } from 'accelnode';
import { describe, expect, it } from 'vitest';

import { expectError } from '../utils/session.js';

describe('Tensor', () => {
  it('uses the typed array that it is given', () => {
    const data = new Float32Array(6);
    const tensor = new Tensor('float32', data, [2, 3]);
    expect(tensor.data).toBe(data);
    expect(tensor).toMatchObject({ type: 'float32', dims: [2, 3], size: 6, byteLength: 24 });
    expect(Object.isFrozen(tensor.dims)).toBe(true);
  });

  it('has one dimension unless told otherwise', () => {
    expect(new Tensor('int32', new Int32Array(5)).dims).toEqual([5]);
  });

  it('makes typed arrays of plain values', () => {
    expect(new Tensor('float32', [1, 2.5]).data).toEqual(new Float32Array([1, 2.5]));
    expect(new Tensor('int64', [1, 2n, -3] as number[]).data).toEqual(new BigInt64Array([1n, 2n, -3n]));
    expect(new Tensor('bool', [true, false]).data).toEqual(new Uint8Array([1, 0]));
  });

  it('holds scalars and tensors without elements', () => {
    expect(new Tensor('float32', [7], []).size).toBe(1);
    expect(new Tensor('float32', [], [0, 3]).size).toBe(0);
  });

  it('packs four-bit types two to a byte', () => {
    expect(new Tensor('int4', new Uint8Array(3), [5])).toMatchObject({ size: 5, byteLength: 3 });
    expect(Tensor.zeros('uint4', [2, 2]).byteLength).toBe(2);
  });

  it('takes views that begin anywhere in a buffer, and shared memory', () => {
    expect(new Tensor('float32', new Float32Array(new ArrayBuffer(64), 4, 3)).byteLength).toBe(12);
    expect(new Tensor('float32', new Float32Array(new SharedArrayBuffer(12))).size).toBe(3);
  });

  it.each<[string, () => unknown]>([
    ['an unknown type', () => new Tensor('float31' as DataType, new Float32Array(1))],
    ['a name that every object has', () => new Tensor('constructor' as DataType, new Float32Array(1))],
    ['another typed array', () => new Tensor('float32', new Float64Array(1) as never)],
    ['bytes for floats', () => new Tensor('float32', new Uint8Array(4) as never)],
    ['no array at all', () => new Tensor('float32', 'abc' as never)],
    ['null', () => new Tensor('float32', null as never)],
    ['text among the values', () => new Tensor('float32', [1, '2'] as never)],
    ['a fraction for int64', () => new Tensor('int64', [1.5])],
    ['plain values for float16', () => new Tensor('float16', [1])],
    ['too many elements', () => new Tensor('float32', new Float32Array(7), [2, 3])],
    ['too few elements', () => new Tensor('float32', new Float32Array(5), [2, 3])],
    ['a negative dimension', () => new Tensor('float32', new Float32Array(6), [-2, -3])],
    ['NaN as a dimension', () => new Tensor('float32', new Float32Array(6), [NaN])],
    ['a fraction as a dimension', () => new Tensor('float32', new Float32Array(6), [1.5, 4])],
    ['infinite dimensions', () => new Tensor('float32', new Float32Array(6), [Infinity])],
    ['huge dimensions', () => new Tensor('float32', new Float32Array(6), [2 ** 40, 2 ** 40])],
    ['2^31 elements that are not there', () => new Tensor('float32', new Float32Array(6), [2 ** 31])],
    ['dims that are no array', () => new Tensor('float32', new Float32Array(6), 6 as never)],
    ['17 dimensions', () => new Tensor('float32', new Float32Array(1), Array<number>(17).fill(1))],
    ['a resizable buffer', () => new Tensor('float32', new Float32Array(new ArrayBuffer(8, { maxByteLength: 16 })))],
    [
      'a growable shared buffer',
      () => new Tensor('float32', new Float32Array(new SharedArrayBuffer(8, { maxByteLength: 16 }))),
    ],
    ['a detached buffer', () => new Tensor('float32', detached(), [2])],
  ])('refuses %s', async (_what, make) => {
    const error = await expectError('INVALID_ARGUMENT', make);
    expect(error.message).not.toMatch(/undefined|\[object/);
  });

  it('says so when there is no memory for zeros', async () => {
    const error = await expectError('OUT_OF_MEMORY', () => Tensor.zeros('float64', [2 ** 40]));
    expect(error.hint).toContain('Free memory');
  });
});

function detached(): Float32Array {
  const data = new Float32Array(2);
  structuredClone(data.buffer, { transfer: [data.buffer] });
  return data;
}
