/** Tensors of numbers that look random and are the same in each run. */
import { Tensor } from 'accelnode';
import type { DataType, DataTypeMap } from 'accelnode';

import { dataTypes } from '../../lib/data-type.js';
import { toBfloat16, toFloat16 } from './float16.js';

export interface RandomOptions {
  /** Default: 1. */
  seed?: number;
  /** Smallest number. Default: -1, for integers 0. */
  min?: number;
  /** Largest number; for integers, it may come too. Default: 1, for integers 100. */
  max?: number;
}

/** Numbers in [0, 1), by the generator splitmix32. */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = state ^ (state >>> 16);
    mixed = Math.imul(mixed, 0x21f0aaad);
    mixed ^= mixed >>> 15;
    mixed = Math.imul(mixed, 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
  };
}

/** A tensor of any type but the packed ones and float8. */
export function randomTensor<T extends DataType>(
  type: T,
  dims: readonly number[],
  { seed = 1, min, max }: RandomOptions = {},
): Tensor<T> {
  const { array, bits } = dataTypes[type];
  if (bits === 4 || type.startsWith('float8')) throw new Error(`No random ${type} tensors.`);
  const next = randomNumbers(seed);
  const size = dims.reduce((product, dim) => product * dim, 1);
  const real = type.startsWith('float') || type === 'bfloat16';
  const low = min ?? (real ? -1 : 0);
  const high = max ?? (type === 'bool' || real ? 1 : 100);
  const items = Array.from({ length: size }, () => {
    if (!real) return Math.floor(low + next() * (high - low + 1));
    const value = low + next() * (high - low);
    if (type === 'float16') return toFloat16(value);
    return type === 'bfloat16' ? toBfloat16(value) : value;
  });
  const wide = type === 'int64' || type === 'uint64';
  const Items = array as unknown as new (items: (number | bigint)[]) => DataTypeMap[T];
  return new Tensor(type, new Items(wide ? items.map(BigInt) : items), dims);
}
