/**
 * Small TFLite models as bytes, for tests that need no trained one.
 *
 *     tfliteModel({
 *       tensors: [{ name: 'x', type: 'float32', shape: [-1, 3] }, { name: 'y', type: 'float32', shape: [-1, 3] }],
 *       inputs: ['x'],
 *       outputs: ['y'],
 *       operators: [{ op: 'NEG', inputs: ['x'], outputs: ['y'] }],
 *     });
 *
 * The numbers are field numbers of TensorFlow's schema.fbs.
 */
import type { DataType } from 'accelnode';
import { Builder } from 'flatbuffers';

export interface TfliteTensor {
  name: string;
  type: DataType;
  /** -1 for a dimension that is not fixed. */
  shape: readonly number[];
  /** Of a constant. */
  data?: ArrayBufferView;
  /** One scale and zero point, or one for each index of `dimension`. */
  quantization?: { scale: number | readonly number[]; zeroPoint: number | readonly number[]; dimension?: number };
}

export interface TfliteOperator {
  /** A built-in operator, or the name of one that is not. */
  op: string;
  /** '' for an input that is left out. */
  inputs: readonly string[];
  outputs: readonly string[];
}

export interface TfliteModel {
  tensors: readonly TfliteTensor[];
  inputs: readonly string[];
  outputs: readonly string[];
  operators: readonly TfliteOperator[];
  /** By key: names of inputs and outputs, with the tensors that they mean. */
  signatures?: Readonly<Record<string, { inputs: Record<string, string>; outputs: Record<string, string> }>>;
}

interface KnownOperator {
  /** BuiltinOperator */
  code: number;
  /** The kind of its options, 0: it needs none; and those of them that matter here, as bytes or words. */
  options: number;
  fields?: readonly (readonly ['byte' | 'word', number])[];
}

const OPERATORS: Readonly<Record<string, KnownOperator>> = {
  ADD: { code: 0, options: 11 },
  /** Without padding, step by step, with nothing fused to it. */
  CONV_2D: {
    code: 3,
    options: 1,
    fields: [
      ['byte', 1],
      ['word', 1],
      ['word', 1],
      ['byte', 0],
      ['word', 1],
      ['word', 1],
    ],
  },
  DEQUANTIZE: { code: 6, options: 0 },
  FULLY_CONNECTED: { code: 9, options: 8 },
  RELU: { code: 19, options: 0 },
  RESHAPE: { code: 22, options: 0 },
  SOFTMAX: { code: 25, options: 9 },
  NEG: { code: 59, options: 42 },
  SHAPE: { code: 77, options: 55, fields: [['byte', 2]] }, // int32
  COS: { code: 108, options: 0 },
  WHERE: { code: 109, options: 0 },
  QUANTIZE: { code: 114, options: 0 },
};
const CUSTOM = 32;

/** TensorType */
const TYPES: Partial<Record<DataType, number>> = {
  float32: 0,
  float16: 1,
  int32: 2,
  uint8: 3,
  int64: 4,
  bool: 6,
  int16: 7,
  int8: 9,
  float64: 10,
  uint64: 12,
  uint32: 15,
  uint16: 16,
};

export function tfliteModel({ tensors, inputs, outputs, operators, signatures = {} }: TfliteModel): Uint8Array {
  const write = new Writer();
  const indexOf = (name: string): number => {
    const index = tensors.findIndex((tensor) => tensor.name === name);
    if (index < 0 && name !== '') throw new Error(`There is no tensor "${name}".`);
    return index;
  };
  const codes = [...new Set(operators.map(({ op }) => op))];
  const constants = tensors.filter(({ data }) => data !== undefined);

  const subgraph = write.table([
    write.offsets(
      tensors.map((tensor) =>
        writeTensor(write, tensor, tensor.data === undefined ? 0 : 1 + constants.indexOf(tensor)),
      ),
    ),
    write.ints(inputs.map(indexOf)),
    write.ints(outputs.map(indexOf)),
    write.offsets(
      operators.map(({ op, inputs: from, outputs: to }) => {
        const { options, fields = [] } = OPERATORS[op] ?? { options: 0 };
        const values = fields.map(([size, value]) => (size === 'byte' ? write.int8(value) : write.int32(value)));
        return write.table([
          write.uint32(codes.indexOf(op)),
          write.ints(from.map(indexOf)),
          write.ints(to.map(indexOf)),
          options === 0 ? undefined : write.uint8(options),
          options === 0 ? undefined : write.table(values),
        ]);
      }),
    ),
  ]);
  const toMap = (names: Record<string, string>): Value =>
    write.offsets(
      Object.entries(names).map(([name, tensor]) => write.table([write.text(name), write.uint32(indexOf(tensor))])),
    );
  const model = write.table([
    write.uint32(3), // the schema's version
    write.offsets(codes.map((op) => writeCode(write, op))),
    write.offsets([subgraph]),
    undefined,
    write.offsets([write.table([]), ...constants.map(({ data }) => write.table([write.bytes(data!)]))]),
    undefined,
    undefined,
    write.offsets(
      Object.entries(signatures).map(([key, { inputs: from, outputs: to }]) =>
        write.table([toMap(from), toMap(to), write.text(key)]),
      ),
    ),
  ]);
  return write.finish(model);
}

function writeCode(write: Writer, op: string): Value {
  const builtin = OPERATORS[op]?.code ?? CUSTOM;
  // The code stands twice: as a byte, from before there were more than 127, and as an int.
  return write.table([
    write.int8(Math.min(builtin, 127)),
    builtin === CUSTOM ? write.text(op) : undefined,
    write.int32(1),
    write.int32(builtin),
  ]);
}

function writeTensor(write: Writer, { name, type, shape, quantization }: TfliteTensor, buffer: number): Value {
  const number = TYPES[type];
  if (number === undefined) throw new Error(`TFLite has no ${type}.`);
  const isOpen = shape.some((dim) => dim < 0);
  return write.table([
    write.ints(shape.map((dim) => Math.abs(dim))),
    write.int8(number),
    write.uint32(buffer),
    write.text(name),
    quantization && writeQuantization(write, quantization),
    undefined,
    undefined,
    isOpen ? write.ints(shape) : undefined,
    write.uint8(1), // a shape without dimensions is that of a scalar
  ]);
}

function writeQuantization(
  write: Writer,
  { scale, zeroPoint, dimension = 0 }: NonNullable<TfliteTensor['quantization']>,
): Value {
  return write.table([
    undefined,
    undefined,
    write.floats([scale].flat()),
    write.longs([zeroPoint].flat()),
    undefined,
    undefined,
    write.int32(dimension),
  ]);
}

/** A field of a table, ready to be put into it; vectors, texts and tables have been written before. */
type Value = (builder: Builder, field: number) => void;

class Writer {
  readonly #builder = new Builder(1024);
  /** Where the tables begin, by the value that stands for each. */
  readonly #at = new Map<Value, number>();

  uint8(value: number): Value {
    return (builder, field) => builder.addFieldInt8(field, value, 0);
  }
  int8(value: number): Value {
    return (builder, field) => builder.addFieldInt8(field, value, 0);
  }
  int32(value: number): Value {
    return (builder, field) => builder.addFieldInt32(field, value, 0);
  }
  uint32(value: number): Value {
    return (builder, field) => builder.addFieldInt32(field, value, 0);
  }
  text(value: string): Value {
    return this.#offset(this.#builder.createString(value));
  }

  ints(values: readonly number[]): Value {
    return this.#vector(4, values, (value) => this.#builder.addInt32(value));
  }
  longs(values: readonly number[]): Value {
    return this.#vector(8, values, (value) => this.#builder.addInt64(BigInt(value)));
  }
  floats(values: readonly number[]): Value {
    return this.#vector(4, values, (value) => this.#builder.addFloat32(value));
  }
  offsets(tables: readonly Value[]): Value {
    return this.#vector(4, tables, (table) => this.#builder.addOffset(this.#at.get(table)!));
  }

  /** Of a constant, aligned as TFLite wants it. */
  bytes({ buffer, byteOffset, byteLength }: ArrayBufferView): Value {
    this.#builder.startVector(1, byteLength, 16);
    for (const byte of new Uint8Array(buffer, byteOffset, byteLength).toReversed()) this.#builder.addInt8(byte);
    return this.#offset(this.#builder.endVector());
  }

  table(fields: readonly (Value | undefined)[]): Value {
    this.#builder.startObject(fields.length);
    fields.forEach((field, index) => field?.(this.#builder, index));
    return this.#offset(this.#builder.endObject());
  }

  finish(table: Value): Uint8Array {
    this.#builder.finish(this.#at.get(table)!, 'TFL3');
    return this.#builder.asUint8Array().slice();
  }

  #vector<T>(size: number, values: readonly T[], add: (value: T) => void): Value {
    this.#builder.startVector(size, values.length, size);
    for (const value of [...values].reverse()) add(value);
    return this.#offset(this.#builder.endVector());
  }

  #offset(at: number): Value {
    const value: Value = (builder, field) => builder.addFieldOffset(field, at, 0);
    this.#at.set(value, at);
    return value;
  }
}
