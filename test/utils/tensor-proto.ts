/** ONNX's TensorProto, in which its test data come. Field numbers are those of onnx.proto. */
import { readFileSync } from 'node:fs';

import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import { Tensor } from 'accelnode';
import type { DataType, DataTypeMap } from 'accelnode';

import { arrayLength, dataTypes, isDataType } from '../../lib/data-type.js';
import { onnxTypes } from '../../lib/onnx/inspect.js';

/** Reads a file that holds one TensorProto. */
export function readTensorFile(path: string): Tensor {
  return readTensorProto(readFileSync(path));
}

export function readTensorProto(bytes: Uint8Array): Tensor {
  const reader = new BinaryReader(bytes);
  const dims: number[] = [];
  const values: (number | bigint)[] = [];
  let type: (typeof onnxTypes)[number] = 'unknown';
  let raw: Uint8Array | undefined;
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    if (field === 1) readRepeated(reader, wireType, () => dims.push(Number(reader.int64())));
    else if (field === 2) type = onnxTypes[reader.int32()] ?? 'unknown';
    else if (field === 4) readRepeated(reader, wireType, () => values.push(reader.float()));
    else if (field === 5) readRepeated(reader, wireType, () => values.push(reader.int32()));
    else if (field === 7) readRepeated(reader, wireType, () => values.push(BigInt(reader.int64())));
    else if (field === 9) raw = reader.bytes();
    else if (field === 10) readRepeated(reader, wireType, () => values.push(reader.double()));
    else if (field === 11) readRepeated(reader, wireType, () => values.push(BigInt(reader.uint64())));
    else reader.skip(wireType, field);
  }
  if (!isDataType(type)) throw new TypeError(`no tensor of type ${type} can be read`);
  return new Tensor(type, raw === undefined ? fromFields(type, values) : fromRaw(type, raw, dims), dims);
}

/** A repeated number is packed into one field, or has a field for each. */
function readRepeated(reader: BinaryReader, wireType: WireType, readOne: () => void): void {
  if (wireType !== WireType.LengthDelimited) {
    readOne();
    return;
  }
  const end = reader.uint32() + reader.pos;
  while (reader.pos < end) readOne();
}

/** `raw_data` is little-endian, as all platforms of ours are; its place in the file is not aligned. */
function fromRaw<T extends DataType>(type: T, raw: Uint8Array, dims: readonly number[]): DataTypeMap[T] {
  const length = arrayLength(
    type,
    dims.reduce((product, dim) => product * dim, 1),
  );
  return new dataTypes[type].array(new Uint8Array(raw).buffer, 0, length) as DataTypeMap[T];
}

/** float16 and bfloat16 come as bit patterns in int32_data, small unsigned numbers as they are. */
function fromFields<T extends DataType>(type: T, values: readonly (number | bigint)[]): DataTypeMap[T] {
  const wide = type === 'int64' || type === 'uint64';
  const Items = dataTypes[type].array as unknown as new (items: (number | bigint)[]) => DataTypeMap[T];
  return new Items(values.map((value) => (wide ? BigInt(value) : Number(value))));
}
