/** Comparing tensors with what they should be. */
import type { DataType, Tensor, TensorLike } from 'accelnode';

import { fromBfloat16, fromFloat16 } from './float16.js';

/** How far a float32 output may be off, relative to what it should be. */
export const TOLERANCE = 1e-4;

/** The distance of neighbouring numbers: two that were rounded differently are so far apart. */
const ROUNDING: Partial<Record<DataType, number>> = { float16: 2 ** -10, bfloat16: 2 ** -7 };

export interface Comparison {
  /** The largest relative error; 0 for exactly equal tensors, Infinity where they can't be compared. */
  error: number;
  /** In words: which element it is. */
  worst: string;
}

/**
 * The worst element of `actual`. An element's error is relative to the larger of its expected value
 * and the root mean square of all finite expected values: next to those of size 1, 1e-9 is a zero.
 * Not-a-number and infinities must be at the same places. Integers and booleans, which have no
 * tolerance, count as equal or not.
 */
export function compare(actual: TensorLike, expected: TensorLike): Comparison {
  if (actual.type !== expected.type) {
    return { error: Infinity, worst: `the type is ${actual.type}, not ${expected.type}` };
  }
  if (actual.dims.join() !== expected.dims.join()) {
    return { error: Infinity, worst: `the shape is [${actual.dims.join()}], not [${expected.dims.join()}]` };
  }
  const real = actual.type.startsWith('float') || actual.type === 'bfloat16';
  return real ? compareReals(valuesOf(actual), valuesOf(expected)) : compareExactly(actual, expected);
}

/**
 * Throws when `actual` differs by more than the tolerance, or, for float16 and bfloat16, by more than
 * their own spacing if that is larger.
 */
export function expectClose(
  actual: TensorLike,
  expected: TensorLike,
  tolerance = TOLERANCE,
  what = 'The tensor',
): void {
  const allowed = Math.max(tolerance, ROUNDING[expected.type as DataType] ?? 0);
  const { error, worst } = compare(actual, expected);
  if (!(error <= allowed)) throw new Error(`${what} is off by ${error.toPrecision(3)}: ${worst}.`);
}

/** {@link expectClose} for all outputs of a run, which must be the same ones in the same order. */
export function expectAllClose(
  actual: Readonly<Record<string, Tensor>>,
  expected: Readonly<Record<string, TensorLike>>,
  tolerance?: number,
): void {
  const names = Object.keys(expected);
  if (Object.keys(actual).join() !== names.join()) {
    throw new Error(`The outputs are ${Object.keys(actual).join()}, not ${names.join()}.`);
  }
  for (const name of names) expectClose(actual[name]!, expected[name]!, tolerance, `The output "${name}"`);
}

/** A tensor's elements as plain numbers. */
export function valuesOf({ type, data }: TensorLike): Float64Array {
  if (type === 'float16') return Float64Array.from(data as Uint16Array, fromFloat16);
  if (type === 'bfloat16') return Float64Array.from(data as Uint16Array, fromBfloat16);
  return Float64Array.from(data as ArrayLike<number>, Number);
}

function compareReals(actual: Float64Array, expected: Float64Array): Comparison {
  const scale = rootMeanSquare(expected);
  const result: Comparison = { error: 0, worst: 'none' };
  for (let i = 0; i < expected.length; i++) {
    const error = errorOf(actual[i]!, expected[i]!, scale);
    if (error > result.error) {
      result.error = error;
      result.worst = `element ${i} is ${actual[i]}, not ${expected[i]}; the tensor's scale is ${scale.toPrecision(3)}`;
    }
  }
  return result;
}

function errorOf(actual: number, expected: number, scale: number): number {
  if (Object.is(actual, expected) || actual === expected) return 0;
  const difference = Math.abs(actual - expected);
  return Number.isFinite(difference) ? difference / Math.max(Math.abs(expected), scale) : Infinity;
}

function rootMeanSquare(values: Float64Array): number {
  const finite = values.filter(Number.isFinite);
  return finite.length === 0 ? 0 : Math.sqrt(finite.reduce((sum, value) => sum + value * value, 0) / finite.length);
}

function compareExactly(actual: TensorLike, expected: TensorLike): Comparison {
  const [given, wanted] = [actual.data as ArrayLike<unknown>, expected.data as ArrayLike<unknown>];
  for (let i = 0; i < wanted.length; i++) {
    if (given[i] !== wanted[i]) {
      return { error: Infinity, worst: `element ${i} is ${String(given[i])}, not ${String(wanted[i])}` };
    }
  }
  return { error: 0, worst: 'none' };
}
