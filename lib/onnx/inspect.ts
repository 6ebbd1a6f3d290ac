/**
 * What an ONNX model says about itself, without a runtime. Field numbers are those of onnx.proto,
 * the specification of the format. Weights are skipped, not read.
 */
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';

import type { DataType } from '../data-type.js';
import { AccelError } from '../errors.js';
import { FileSource, MemorySource } from './byte-source.js';
import type { ByteSource } from './byte-source.js';
import { bytesOf, fields, textOf } from './message.js';
import type { Field } from './message.js';

/** An input or output of an ONNX graph. */
export interface OnnxTensorInfo {
  name: string;
  type: DataType | 'string' | 'unknown';
  /** A number, the name of a symbolic dimension, or `?`. Unset when the rank is not given. */
  shape?: (number | string)[];
}

export interface OnnxInfo {
  format: 'onnx';
  irVersion: number;
  producer: string;
  graph: string;
  documentation: string;
  /** Version of each operator set, by domain; the standard one is `ai.onnx`. */
  opsets: Record<string, number>;
  metadata: Record<string, string>;
  inputs: OnnxTensorInfo[];
  outputs: OnnxTensorInfo[];
  /** How many nodes there are of each operator, the most frequent first. Without those of subgraphs. */
  operators: Record<string, number>;
  /** Elements of all weights. */
  parameters: number;
  /** Files that hold weights, relative to the model. */
  externalData: string[];
}

/** TensorProto.DataType by number. */
export const onnxTypes: readonly (DataType | 'string' | 'unknown')[] = [
  'unknown',
  'float32',
  'uint8',
  'int8',
  'uint16',
  'int16',
  'int32',
  'int64',
  'string',
  'bool',
  'float16',
  'float64',
  'uint32',
  'uint64',
  'unknown', // complex64
  'unknown', // complex128
  'bfloat16',
  'float8e4m3',
  'unknown', // float8e4m3fnuz
  'float8e5m2',
  'unknown', // float8e5m2fnuz
  'uint4',
  'int4',
];

/**
 * Reads a model's description.
 * @param model a file's path or URL, or what is in it
 * @throws {@link AccelError} `MODEL_INVALID`, with the position of the damage
 */
export function inspectOnnx(model: string | URL | Uint8Array): OnnxInfo {
  if (model instanceof Uint8Array) return readModel(new MemorySource(model));
  using source = new FileSource(model);
  return readModel(source);
}

function readModel(source: ByteSource): OnnxInfo {
  const info: OnnxInfo = {
    format: 'onnx',
    irVersion: 0,
    producer: '',
    graph: '',
    documentation: '',
    opsets: {},
    metadata: {},
    inputs: [],
    outputs: [],
    operators: {},
    parameters: 0,
    externalData: [],
  };
  let producerVersion = '';
  let graphs = 0;
  for (const field of fields(source, 0, source.size)) {
    // ModelProto
    if (field.number === 1) info.irVersion = field.value;
    else if (field.number === 2) info.producer = textOf(source, field);
    else if (field.number === 3) producerVersion = textOf(source, field);
    else if (field.number === 6) info.documentation = textOf(source, field);
    else if (field.number === 7) {
      graphs++;
      readGraph(source, field, info);
    } else if (field.number === 8) {
      const { domain, version } = readOpset(bytesOf(source, field));
      info.opsets[domain === '' ? 'ai.onnx' : domain] = version;
    } else if (field.number === 14) {
      const [key, value] = readStringPair(bytesOf(source, field));
      info.metadata[key] = value;
    }
  }
  if (graphs !== 1) throw new AccelError('MODEL_INVALID', 'This is no ONNX model: it has no graph.');
  info.producer = `${info.producer} ${producerVersion}`.trim();
  info.operators = Object.fromEntries(Object.entries(info.operators).sort(([, a], [, b]) => b - a));
  return info;
}

function readGraph(source: ByteSource, graph: Field, info: OnnxInfo): void {
  const initializers = new Set<string>();
  const externalData = new Set<string>();
  for (const field of fields(source, graph.begin, graph.end)) {
    // GraphProto
    if (field.number === 1) {
      const operator = readOperator(source, field);
      info.operators[operator] = (info.operators[operator] ?? 0) + 1;
    } else if (field.number === 2) info.graph = textOf(source, field);
    else if (field.number === 5) {
      const { name, elements, location } = readInitializer(source, field);
      initializers.add(name);
      info.parameters += elements;
      if (location !== undefined) externalData.add(location);
    } else if (field.number === 11) info.inputs.push(readValueInfo(bytesOf(source, field)));
    else if (field.number === 12) info.outputs.push(readValueInfo(bytesOf(source, field)));
  }
  // Before IR version 4 every weight was listed as an input too.
  info.inputs = info.inputs.filter(({ name }) => !initializers.has(name));
  info.externalData = [...externalData];
}

/** NodeProto: op_type and domain. */
function readOperator(source: ByteSource, node: Field): string {
  let operator = '';
  let domain = '';
  for (const field of fields(source, node.begin, node.end)) {
    if (field.number === 4) operator = textOf(source, field);
    else if (field.number === 7) domain = textOf(source, field);
  }
  return domain === '' || domain === 'ai.onnx' ? operator : `${domain}.${operator}`;
}

/** TensorProto, all but its data. */
function readInitializer(source: ByteSource, tensor: Field): { name: string; elements: number; location?: string } {
  let name = '';
  let elements = 1;
  let location: string | undefined;
  for (const field of fields(source, tensor.begin, tensor.end)) {
    if (field.number === 1) {
      for (const dim of readDims(source, field)) elements *= dim;
    } else if (field.number === 8) name = textOf(source, field);
    else if (field.number === 13) {
      const [key, value] = readStringPair(bytesOf(source, field));
      if (key === 'location') location = value;
    }
  }
  return { name, elements, ...(location === undefined ? {} : { location }) };
}

/** Repeated int64, packed or not. */
function readDims(source: ByteSource, field: Field): number[] {
  if (field.wireType === WireType.Varint) return [field.value];
  const reader = new BinaryReader(bytesOf(source, field));
  const dims: number[] = [];
  while (reader.pos < reader.len) dims.push(Number(reader.int64()));
  return dims;
}

/** Reads the fields of a small message; `read` returns false for those it does not want. */
function readMessage(bytes: Uint8Array, read: (field: number, reader: BinaryReader) => boolean): void {
  const reader = new BinaryReader(bytes);
  try {
    while (reader.pos < reader.len) {
      const [field, wireType] = reader.tag();
      if (!read(field, reader)) reader.skip(wireType, field);
    }
  } catch (cause) {
    throw new AccelError('MODEL_INVALID', 'This is no complete ONNX model: a message in it is damaged.', { cause });
  }
}

/** OperatorSetIdProto */
function readOpset(bytes: Uint8Array): { domain: string; version: number } {
  const opset = { domain: '', version: 0 };
  readMessage(bytes, (field, reader) => {
    if (field === 1) opset.domain = reader.string();
    else if (field === 2) opset.version = Number(reader.int64());
    else return false;
    return true;
  });
  return opset;
}

/** StringStringEntryProto */
function readStringPair(bytes: Uint8Array): [key: string, value: string] {
  const pair: [string, string] = ['', ''];
  readMessage(bytes, (field, reader) => {
    if (field !== 1 && field !== 2) return false;
    pair[field - 1] = reader.string();
    return true;
  });
  return pair;
}

/** ValueInfoProto → TypeProto → TypeProto.Tensor → TensorShapeProto */
function readValueInfo(bytes: Uint8Array): OnnxTensorInfo {
  const info: OnnxTensorInfo = { name: '', type: 'unknown' };
  readMessage(bytes, (field, reader) => {
    if (field === 1) info.name = reader.string();
    else if (field === 2) readTypeProto(reader.bytes(), info);
    else return false;
    return true;
  });
  return info;
}

function readTypeProto(bytes: Uint8Array, info: OnnxTensorInfo): void {
  readMessage(bytes, (field, reader) => {
    if (field !== 1) return false; // only tensors: no sequences, maps, optionals
    readMessage(reader.bytes(), (inner, tensor) => {
      if (inner === 1) info.type = onnxTypes[tensor.int32()] ?? 'unknown';
      else if (inner === 2) info.shape = readShape(tensor.bytes());
      else return false;
      return true;
    });
    return true;
  });
}

function readShape(bytes: Uint8Array): (number | string)[] {
  const shape: (number | string)[] = [];
  readMessage(bytes, (field, reader) => {
    if (field !== 1) return false;
    let dim: number | string = '?';
    readMessage(reader.bytes(), (inner, dimension) => {
      if (inner === 1) dim = Number(dimension.int64());
      else if (inner === 2) dim = dimension.string() || '?';
      else return false;
      return true;
    });
    shape.push(dim);
    return true;
  });
  return shape;
}
