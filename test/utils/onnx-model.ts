/**
 * Small ONNX models as bytes, for tests that need no trained one.
 *
 *     onnxModel({
 *       inputs: [{ name: 'x', type: 'float32', shape: ['batch', 3] }],
 *       initializers: [{ name: 'bias', tensor: new Tensor('float32', [1, 2, 3]) }],
 *       nodes: [{ op: 'Add', inputs: ['x', 'bias'], outputs: ['y'] }],
 *       outputs: [{ name: 'y', type: 'float32', shape: ['batch', 3] }],
 *     });
 *
 * The numbers are field numbers of onnx.proto.
 */
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { Tensor } from 'accelnode';
import type { DataType } from 'accelnode';

export interface OnnxValue {
  name: string;
  type: DataType;
  /** A name stands for a dimension that is not fixed. */
  shape: readonly (number | string)[];
}

export interface OnnxNode {
  name?: string;
  op: string;
  inputs: readonly string[];
  outputs: readonly string[];
  /** Whole numbers become INT and INTS, tensors TENSOR. */
  attributes?: Readonly<Record<string, number | readonly number[] | Tensor>>;
}

export interface OnnxModel {
  inputs: readonly OnnxValue[];
  outputs: readonly OnnxValue[];
  nodes: readonly OnnxNode[];
  initializers?: readonly { name: string; tensor: Tensor }[];
  opset?: number;
}

/** TensorProto.DataType */
const ELEMENT_TYPES: Partial<Record<DataType, number>> = {
  float32: 1,
  uint8: 2,
  int8: 3,
  uint16: 4,
  int16: 5,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  float64: 11,
  uint32: 12,
  uint64: 13,
  bfloat16: 16,
};

/** AttributeProto.AttributeType */
const INT = 2;
const TENSOR = 4;
const INTS = 7;

export function onnxModel({ inputs, outputs, nodes, initializers = [], opset = 17 }: OnnxModel): Uint8Array {
  const model = new BinaryWriter();
  int(model, 1, 8); // ir_version
  message(model, 8, (opsets) => int(opsets, 2, opset));
  message(model, 7, (graph) => {
    for (const node of nodes) message(graph, 1, (writer) => writeNode(writer, node));
    text(graph, 2, 'test');
    for (const { name, tensor } of initializers) message(graph, 5, (writer) => writeTensor(writer, name, tensor));
    for (const value of inputs) message(graph, 11, (writer) => writeValue(writer, value));
    for (const value of outputs) message(graph, 12, (writer) => writeValue(writer, value));
  });
  return model.finish();
}

function writeNode(writer: BinaryWriter, { name = '', op, inputs, outputs, attributes = {} }: OnnxNode): void {
  for (const name of inputs) text(writer, 1, name);
  for (const name of outputs) text(writer, 2, name);
  if (name !== '') text(writer, 3, name);
  text(writer, 4, op);
  for (const [key, value] of Object.entries(attributes)) {
    message(writer, 5, (attribute) => {
      text(attribute, 1, key);
      if (typeof value === 'number') {
        int(attribute, 3, value);
      } else if (value instanceof Tensor) {
        message(attribute, 5, (tensor) => writeTensor(tensor, '', value));
      } else {
        for (const item of value) int(attribute, 8, item);
      }
      int(attribute, 20, typeof value === 'number' ? INT : value instanceof Tensor ? TENSOR : INTS);
    });
  }
}

function writeTensor(writer: BinaryWriter, name: string, { type, dims, data }: Tensor): void {
  for (const dim of dims) int(writer, 1, dim);
  int(writer, 2, elementType(type));
  text(writer, 8, name);
  writer.tag(9, WireType.LengthDelimited).bytes(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
}

function writeValue(writer: BinaryWriter, { name, type, shape }: OnnxValue): void {
  text(writer, 1, name);
  message(writer, 2, (types) =>
    message(types, 1, (tensor) => {
      int(tensor, 1, elementType(type));
      message(tensor, 2, (dims) => {
        for (const dim of shape) {
          message(dims, 1, (writer) => (typeof dim === 'number' ? int(writer, 1, dim) : text(writer, 2, dim)));
        }
      });
    }),
  );
}

function elementType(type: DataType): number {
  const number = ELEMENT_TYPES[type];
  if (number === undefined) throw new Error(`The builder knows no ONNX number for ${type}.`);
  return number;
}

function int(writer: BinaryWriter, field: number, value: number): void {
  writer.tag(field, WireType.Varint).int64(value);
}

function text(writer: BinaryWriter, field: number, value: string): void {
  writer.tag(field, WireType.LengthDelimited).string(value);
}

function message(writer: BinaryWriter, field: number, write: (writer: BinaryWriter) => void): void {
  writer.tag(field, WireType.LengthDelimited).fork();
  write(writer);
  writer.join();
}
