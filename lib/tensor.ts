import { addon } from './native/addon.js';
import { arrayLength, dataTypes, describe, elementCount, isDataType } from './data-type.js';
import type { DataType, DataTypeMap } from './data-type.js';
import { AccelError, invalidArgument } from './errors.js';

/** Dimensions beyond these are refused; native/tensor.h keeps shapes inline. */
const MAX_RANK = addon.maxRank;

const Float16ArrayIfAny = (globalThis as { Float16Array?: new () => object }).Float16Array;

// Set by the class below, which alone sees its private field.
let readAddress: (tensor: Tensor) => number;

/** Plain values that a tensor can be made of; they are copied into a typed array. */
export type TensorValues = readonly (number | bigint | boolean)[];

/**
 * An n-dimensional array in ordinary memory: a typed array and its shape, in row-major order. The
 * constructor's arguments are in the order of onnxruntime's `Tensor`.
 *
 * A tensor does not copy the typed array that it is made of: what you write into `data` is what the
 * next run reads. While a run is pending, neither write to its inputs nor transfer their buffers to
 * another thread.
 */
export class Tensor<T extends DataType = DataType> {
  readonly type: T;
  readonly data: DataTypeMap[T];
  /** The shape. */
  readonly dims: readonly number[];
  /** The number of elements. */
  readonly size: number;
  /** The bytes that the elements take. */
  readonly byteLength: number;

  /** Where the data lies, once a run has asked. */
  #address = 0;

  /**
   * @param type the element type
   * @param data a typed array of that type, used as it is; or plain values, which are copied
   * @param dims the shape; by default one dimension
   * @throws {@link AccelError} `INVALID_ARGUMENT` when they do not fit each other, or the buffer is
   * detached or resizable
   */
  constructor(type: T, data: DataTypeMap[T] | TensorValues, dims?: readonly number[]) {
    if (!isDataType(type)) {
      throw unknownType(type);
    }
    const array = Array.isArray(data)
      ? fromValues(type, data as TensorValues)
      : checkedArray(type, data as DataTypeMap[T]);
    const shape = dims === undefined ? [array.length] : checkedDims(dims);
    const size = elementCount(shape);
    const length = arrayLength(type, size);
    if (array.length !== length) {
      throw invalidArgument(
        `A ${type} tensor of shape [${shape.join(', ')}] has ${size} elements, but its data has ${array.length}` +
          `${length === size ? '' : `, not the ${length} that they pack into`}.`,
      );
    }
    this.type = type;
    this.data = array as DataTypeMap[T];
    this.dims = Object.freeze(shape);
    this.size = size;
    this.byteLength = array.byteLength;
  }

  /**
   * A tensor of zeros.
   * @param dims the shape
   * @throws {@link AccelError} `INVALID_ARGUMENT` for a shape that is none; `OUT_OF_MEMORY`
   */
  static zeros<T extends DataType>(type: T, dims: readonly number[]): Tensor<T> {
    if (!isDataType(type)) throw unknownType(type);
    const length = arrayLength(type, elementCount(dims));
    const TypedArrayOfType = dataTypes[type].array as unknown as new (length: number) => DataTypeMap[T];
    let data;
    try {
      data = new TypedArrayOfType(length);
    } catch (cause) {
      throw new AccelError('OUT_OF_MEMORY', `There is no memory for a ${type} tensor of shape [${dims.join(', ')}].`, {
        cause,
      });
    }
    return new Tensor(type, data, dims);
  }

  static {
    readAddress = (tensor) => {
      if (tensor.#address === 0 && tensor.byteLength > 0) tensor.#address = addon.addressOf(tensor.data);
      return tensor.#address;
    };
  }
}

/** The address of a tensor's data, for the argument block of a run; 0 for one without elements. */
export function addressOf(tensor: Tensor): number {
  return readAddress(tensor);
}

/** Has the buffer been transferred away since the tensor was made? */
export function isDetached(tensor: Tensor): boolean {
  return tensor.data.byteLength !== tensor.byteLength;
}

function unknownType(type: unknown): AccelError {
  return invalidArgument(
    `There is no data type ${describe(type)}.`,
    `There are: ${Object.keys(dataTypes).join(', ')}.`,
  );
}

function checkedDims(dims: readonly number[]): number[] {
  if (!Array.isArray(dims)) throw invalidArgument(`dims must be an array of numbers, not ${describe(dims)}.`);
  if (dims.length > MAX_RANK) throw invalidArgument(`A tensor has at most ${MAX_RANK} dimensions, not ${dims.length}.`);
  return [...(dims as number[])];
}

function fromValues(type: DataType, values: TensorValues): DataTypeMap[DataType] {
  const { array, bits } = dataTypes[type];
  if (bits === 4 || type === 'float16' || type === 'bfloat16' || type.startsWith('float8')) {
    throw invalidArgument(
      `A ${type} tensor can't be made of plain values.`,
      `Give its bit patterns in a ${array.name}.`,
    );
  }
  const wide = type === 'int64' || type === 'uint64';
  const items = [...values].map((value: unknown): number | bigint => {
    if (typeof value !== 'number' && typeof value !== 'bigint' && typeof value !== 'boolean') {
      throw invalidArgument(`Tensor values must be numbers, bigints or booleans, not ${describe(value)}.`);
    }
    if (!wide) return Number(value);
    if (typeof value === 'number' && !Number.isSafeInteger(value)) {
      throw invalidArgument(`${value} can't be an element of an ${type} tensor.`);
    }
    return BigInt(value);
  });
  return new (array as unknown as new (items: (number | bigint)[]) => DataTypeMap[DataType])(items);
}

function checkedArray<T extends DataType>(type: T, data: DataTypeMap[T]): DataTypeMap[T] {
  const { array } = dataTypes[type];
  const fits =
    data instanceof array ||
    (type === 'float16' && Float16ArrayIfAny !== undefined && data instanceof Float16ArrayIfAny);
  if (!fits) throw invalidArgument(`The data of a ${type} tensor must be a ${array.name}, not ${describe(data)}.`);
  const buffer = data.buffer as { resizable?: boolean; growable?: boolean; detached?: boolean };
  if (buffer.resizable === true || buffer.growable === true) {
    throw invalidArgument(
      'The buffer of a tensor must not be resizable: its memory could move while a run uses it.',
      'Make the ArrayBuffer without maxByteLength.',
    );
  }
  if (buffer.detached === true)
    throw invalidArgument('The buffer of the tensor is detached: it was transferred elsewhere.');
  return data;
}
