import { invalidArgument } from './errors.js';

/**
 * The element types that a tensor can hold, and the typed array that each lives in. The names are
 * those of native/data_type.h.
 *
 * `float16` and `bfloat16` are bit patterns in a `Uint16Array`; `float16` may also be a
 * `Float16Array` where the platform has one. `bool` is one byte an element, 0 or 1. `int4` and
 * `uint4` are packed two to a byte, the first in the low half.
 */
export interface DataTypeMap {
  /** IEEE 754, 32 bits. */
  float32: Float32Array;
  /** IEEE 754, 16 bits: 5 of exponent, 10 of mantissa; as bit patterns. */
  float16: Uint16Array;
  /** The upper half of a float32, 16 bits: 8 of exponent, 7 of mantissa; as bit patterns. */
  bfloat16: Uint16Array;
  /** IEEE 754, 64 bits. */
  float64: Float64Array;
  /** -128 to 127. */
  int8: Int8Array;
  /** 0 to 255. */
  uint8: Uint8Array;
  /** 16 bits with a sign. */
  int16: Int16Array;
  /** 16 bits without a sign. */
  uint16: Uint16Array;
  /** 32 bits with a sign. */
  int32: Int32Array;
  /** 32 bits without a sign. */
  uint32: Uint32Array;
  /** 64 bits with a sign, as bigints. */
  int64: BigInt64Array;
  /** 64 bits without a sign, as bigints. */
  uint64: BigUint64Array;
  /** A byte for each element, 0 or 1. */
  bool: Uint8Array;
  /** -8 to 7, two to a byte. */
  int4: Uint8Array;
  /** 0 to 15, two to a byte. */
  uint4: Uint8Array;
  /** 8 bits: 4 of exponent, 3 of mantissa; as bit patterns. */
  float8e4m3: Uint8Array;
  /** 8 bits: 5 of exponent, 2 of mantissa; as bit patterns. */
  float8e5m2: Uint8Array;
}

/** The name of an element type. */
export type DataType = keyof DataTypeMap;

/** The typed array of an element type. */
export type TypedArray = DataTypeMap[DataType];

type ArrayConstructor = new (buffer: ArrayBufferLike, byteOffset?: number, length?: number) => TypedArray;

/** How elements of one type are stored. */
export interface DataTypeInfo {
  readonly bits: number;
  /** The typed array that holds it. */
  readonly array: ArrayConstructor & { readonly BYTES_PER_ELEMENT: number };
}

export const dataTypes: Readonly<Record<DataType, DataTypeInfo>> = {
  float32: { bits: 32, array: Float32Array },
  float16: { bits: 16, array: Uint16Array },
  bfloat16: { bits: 16, array: Uint16Array },
  float64: { bits: 64, array: Float64Array },
  int8: { bits: 8, array: Int8Array },
  uint8: { bits: 8, array: Uint8Array },
  int16: { bits: 16, array: Int16Array },
  uint16: { bits: 16, array: Uint16Array },
  int32: { bits: 32, array: Int32Array },
  uint32: { bits: 32, array: Uint32Array },
  int64: { bits: 64, array: BigInt64Array },
  uint64: { bits: 64, array: BigUint64Array },
  bool: { bits: 8, array: Uint8Array },
  int4: { bits: 4, array: Uint8Array },
  uint4: { bits: 4, array: Uint8Array },
  float8e4m3: { bits: 8, array: Uint8Array },
  float8e5m2: { bits: 8, array: Uint8Array },
};

export function isDataType(name: unknown): name is DataType {
  return typeof name === 'string' && Object.hasOwn(dataTypes, name);
}

/** Items of the typed array that hold `elements` elements; differs only for packed types. */
export function arrayLength(type: DataType, elements: number): number {
  const { bits, array } = dataTypes[type];
  return Math.ceil((elements * bits) / (8 * array.BYTES_PER_ELEMENT));
}

/**
 * The number of elements of a shape.
 * @throws `INVALID_ARGUMENT` when a dimension is no whole number of at least 0, or the product is
 * too large to be counted exactly.
 */
export function elementCount(dims: readonly number[], what = 'dims'): number {
  let count = 1;
  for (const dim of dims) {
    if (!Number.isSafeInteger(dim) || dim < 0) {
      throw invalidArgument(
        `${what} must be whole numbers of at least 0, not ${describe(dim)}.`,
        'A tensor that is passed to a run has no dynamic dimensions.',
      );
    }
    count *= dim;
  }
  if (!Number.isSafeInteger(count)) throw invalidArgument(`${what} [${dims.join(', ')}] have too many elements.`);
  return count;
}

/** A value for an error message: short, and without calling anything of it. */
export function describe(value: unknown): string {
  if (value === null) return 'null';
  if (typeof value === 'string') return JSON.stringify(value.length > 60 ? `${value.slice(0, 57)}…` : value);
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'function') return 'a function';
  if (typeof value === 'symbol') return 'a symbol';
  if (typeof value !== 'object') return String(value); // eslint-disable-line @typescript-eslint/no-base-to-string -- a number, boolean or undefined by now
  if (Array.isArray(value)) return 'an array';
  return value.constructor?.name ? `a ${value.constructor.name}` : 'an object';
}
