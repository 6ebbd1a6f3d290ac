/** The distance between two tensors of the same shape, as numbers. */
import type { Tensor } from '../tensor.js';
import type { OutputDifference } from './verify.js';

/** An array of numbers or a typed array. */
type Numbers = Readonly<Iterable<number> & ArrayLike<number>>;

export interface Difference extends Omit<OutputDifference, 'name' | 'cosine' | 'passed' | 'reason'> {
  cosine: number | undefined;
  /** Elements that are a number in only one of the two, or infinities of different signs. */
  incomparable: number;
}

/**
 * Elements that are NaN, or the same infinity, in both are no difference. The relative difference of an element is by the
 * larger of its expected size and the reference's root mean square: beside elements of size 1, one of 1e-9 is a zero.
 */
export function compareTensors(actual: Tensor, expected: Tensor): Difference {
  return compareNumbers(numbersOf(actual), numbersOf(expected));
}

export function compareNumbers(actual: Numbers, expected: Numbers): Difference {
  const scale = rootMeanSquare(expected);
  const found = { ...count(actual, expected), maxAbsolute: 0, maxRelative: 0, incomparable: 0 };
  let [product, actualSquares, expectedSquares] = [0, 0, 0];
  for (let i = 0; i < expected.length; i++) {
    const [a, b] = [actual[i]!, expected[i]!];
    if (!Number.isFinite(a) || !Number.isFinite(b)) {
      if (!Object.is(a, b)) found.incomparable++;
      continue;
    }
    const difference = Math.abs(a - b);
    found.maxAbsolute = Math.max(found.maxAbsolute, difference);
    if (difference > 0) {
      // A reference of nothing but zeros has no size to compare with.
      const size = Math.max(Math.abs(b), scale) || 1;
      found.maxRelative = Math.max(found.maxRelative, difference / size);
    }
    product += a * b;
    actualSquares += a * a;
    expectedSquares += b * b;
  }
  const lengths = Math.sqrt(actualSquares) * Math.sqrt(expectedSquares);
  // Rounding may lead beyond 1.
  const cosine = lengths === 0 ? undefined : Math.max(-1, Math.min(1, product / lengths));
  return { elements: expected.length, cosine, ...found };
}

/** The difference over several runs: the worst of each figure, and the sums of the counts. */
export function worse(a: Difference, b: Difference): Difference {
  return {
    elements: a.elements + b.elements,
    cosine: a.cosine === undefined || b.cosine === undefined ? (a.cosine ?? b.cosine) : Math.min(a.cosine, b.cosine),
    maxAbsolute: Math.max(a.maxAbsolute, b.maxAbsolute),
    maxRelative: Math.max(a.maxRelative, b.maxRelative),
    nan: a.nan + b.nan,
    infinite: a.infinite + b.infinite,
    referenceNan: a.referenceNan + b.referenceNan,
    referenceInfinite: a.referenceInfinite + b.referenceInfinite,
    incomparable: a.incomparable + b.incomparable,
  };
}

function count(actual: Numbers, expected: Numbers): Record<Counted, number> {
  const found = { nan: 0, infinite: 0, referenceNan: 0, referenceInfinite: 0 };
  for (let i = 0; i < expected.length; i++) {
    if (Number.isNaN(actual[i])) found.nan++;
    else if (!Number.isFinite(actual[i])) found.infinite++;
    if (Number.isNaN(expected[i])) found.referenceNan++;
    else if (!Number.isFinite(expected[i])) found.referenceInfinite++;
  }
  return found;
}

type Counted = 'nan' | 'infinite' | 'referenceNan' | 'referenceInfinite';

function rootMeanSquare(values: Numbers): number {
  let sum = 0;
  let finite = 0;
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    sum += value ** 2;
    finite++;
  }
  return finite === 0 ? 0 : Math.sqrt(sum / finite);
}

/** The elements as numbers, whatever their type. Of packed types, the bytes. */
function numbersOf({ type, data }: Tensor): Numbers {
  if (type === 'float16') return Float64Array.from(data as Uint16Array, fromFloat16);
  if (type === 'bfloat16') return Float32Array.from(data as Uint16Array, fromBfloat16);
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) return Float64Array.from(data, Number);
  return data;
}

/** The number that a float16's bits stand for. */
export function fromFloat16(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (1 + fraction / 0x400) * 2 ** (exponent - 15);
}

const word = new DataView(new ArrayBuffer(4));

/** The number that a bfloat16's bits stand for: they are the upper half of a float32. */
export function fromBfloat16(bits: number): number {
  word.setUint32(0, bits << 16);
  return word.getFloat32(0);
}
