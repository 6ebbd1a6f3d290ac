/**
 * What an ONNX model says about itself, without a runtime. Field numbers are those of onnx.proto,
 * the specification of the format. Weights are skipped, not read.
 */
import { BinaryReader, WireType } from '../third-party/protobuf-wire.js';

import type { DataType } from '../data-type.js';
import { describe } from '../data-type.js';
import { AccelError, invalidArgument } from '../errors.js';
import { FileSource, MemorySource } from './byte-source.js';
import type { ByteSource } from './byte-source.js';
import { externalFiles, readStringPair } from './external-data.js';
import { damaged, decode, fields, fieldsOf, textOf } from './message.js';
import type { Field } from './message.js';

/** An input or output of an ONNX graph. */
export interface OnnxTensorInfo {
  /** Its name in the graph. */
  name: string;
  /** The element type; `unknown` for those that accelnode can't pass. */
  type: DataType | 'string' | 'unknown';
  /** A number, the name of a symbolic dimension, or `?`. Unset when the rank is not given. */
  shape?: (number | string)[];
}

/** What {@link inspectOnnx} tells. Texts are empty where the model has none. */
export interface OnnxInfo {
  /** Always `onnx`. */
  format: 'onnx';
  /** Version of the file format. */
  irVersion: number;
  /** The program that wrote it, and its version. */
  producer: string;
  /** The graph's name. */
  graph: string;
  /** The model's documentation string. */
  documentation: string;
  /** Version of each operator set, by domain; the standard one is `ai.onnx`. */
  opsets: Record<string, number>;
  /** The model's own properties, by key: classes, alphabets and the like. */
  metadata: Record<string, string>;
  /** What it takes; without what has a default in the model. */
  inputs: OnnxTensorInfo[];
  /** What it gives. */
  outputs: OnnxTensorInfo[];
  /** How many nodes there are of each operator, the most frequent first. Without those of subgraphs. */
  operators: Record<string, number>;
  /** Elements of all weights: initializers, and tensors of `Constant` nodes. Without those of subgraphs. */
  parameters: number;
  /** Files that hold weights, those of subgraphs and functions too; relative to the model. */
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
 * @throws {@link AccelError} `MODEL_INVALID`, with the position of the damage; `INVALID_ARGUMENT`
 */
export function inspectOnnx(model: string | URL | Uint8Array): OnnxInfo {
  if (model instanceof Uint8Array) return readModel(new MemorySource(model));
  if (typeof model !== 'string' && !(model instanceof URL)) {
    throw invalidArgument(`A model is a path, a URL or bytes, not ${describe(model)}.`);
  }
  using source = new FileSource(model);
  return readModel(source);
}

function readModel(source: ByteSource): OnnxInfo {
  let irVersion = 0;
  let producer = '';
  let producerVersion = '';
  let documentation = '';
  // Names are any text, such as "__proto__", which an object would not keep as a key.
  const opsets = new Map<string, number>();
  const metadata = new Map<string, string>();
  const graphs: Graph[] = [];
  for (const field of fields(source, 0, source.size)) {
    // ModelProto
    if (field.number === 1) irVersion = field.value;
    else if (field.number === 2) producer = textOf(source, field);
    else if (field.number === 3) producerVersion = textOf(source, field);
    else if (field.number === 6) documentation = textOf(source, field);
    else if (field.number === 7) {
      graphs.push(readGraph(source, field));
    } else if (field.number === 8) {
      const { domain, version } = decode(source, field, readOpset);
      opsets.set(domain === '' ? 'ai.onnx' : domain, version);
    } else if (field.number === 14) {
      metadata.set(...decode(source, field, readStringPair));
    }
  }
  const [graph] = graphs;
  if (graph === undefined || graphs.length > 1) {
    const found = graph === undefined ? 'no graph' : `${graphs.length} graphs`;
    throw new AccelError('MODEL_INVALID', `This is no ONNX model: it has ${found}.`);
  }
  return {
    format: 'onnx',
    irVersion,
    producer: `${producer} ${producerVersion}`.trim(),
    graph: graph.name,
    documentation,
    opsets: Object.fromEntries(opsets),
    metadata: Object.fromEntries(metadata),
    inputs: graph.inputs,
    outputs: graph.outputs,
    operators: Object.fromEntries([...graph.operators].sort(([, a], [, b]) => b - a)),
    parameters: graph.parameters,
    externalData: [...externalFiles(source).keys()],
  };
}

interface Graph {
  name: string;
  inputs: OnnxTensorInfo[];
  outputs: OnnxTensorInfo[];
  operators: Map<string, number>;
  parameters: number;
}

function readGraph(source: ByteSource, message: Field): Graph {
  const graph: Graph = {
    name: '',
    inputs: [],
    outputs: [],
    operators: new Map(),
    parameters: 0,
  };
  const initializers = new Set<string>();
  for (const field of fieldsOf(source, message)) {
    // GraphProto
    if (field.number === 1) readNode(source, field, graph);
    else if (field.number === 2) graph.name = textOf(source, field);
    else if (field.number === 5) initializers.add(readWeights(source, field, graph));
    else if (field.number === 11) graph.inputs.push(decode(source, field, readValueInfo));
    else if (field.number === 12) graph.outputs.push(decode(source, field, readValueInfo));
  }
  // Before IR version 4 every weight was listed as an input too.
  graph.inputs = graph.inputs.filter(({ name }) => !initializers.has(name));
  return graph;
}

/** NodeProto: op_type and domain; of a Constant, its tensor. */
function readNode(source: ByteSource, node: Field, graph: Graph): void {
  let operator = '';
  let domain = '';
  const attributes: Field[] = [];
  for (const field of fieldsOf(source, node)) {
    if (field.number === 4) operator = textOf(source, field);
    else if (field.number === 5) attributes.push(field);
    else if (field.number === 7) domain = textOf(source, field);
  }
  const name = domain === '' || domain === 'ai.onnx' ? operator : `${domain}.${operator}`;
  graph.operators.set(name, (graph.operators.get(name) ?? 0) + 1);
  if (name !== 'Constant') return;
  for (const attribute of attributes) {
    for (const field of fieldsOf(source, attribute)) {
      if (field.number === 5) readWeights(source, field, graph); // AttributeProto: t
    }
  }
}

/** TensorProto, all but its data; returns its name. */
function readWeights(source: ByteSource, tensor: Field, graph: Graph): string {
  let name = '';
  let elements = 1;
  for (const field of fieldsOf(source, tensor)) {
    if (field.number === 1) {
      for (const dim of readDims(source, field)) {
        elements *= dim;
        if (dim < 0 || !Number.isSafeInteger(elements)) throw damaged(field.begin, 'there is a dimension of no tensor');
      }
    } else if (field.number === 8) name = textOf(source, field);
  }
  graph.parameters += elements;
  return name;
}

/** Repeated int64, packed or not. */
function readDims(source: ByteSource, field: Field): number[] {
  if (field.wireType === WireType.Varint) return [field.value];
  return decode(source, field, (bytes) => {
    const reader = new BinaryReader(bytes);
    const dims: number[] = [];
    while (reader.pos < reader.len) dims.push(Number(reader.int64()));
    return dims;
  });
}

/** Reads the fields of a small message; `read` returns false for those it does not want. */
function readMessage(bytes: Uint8Array, read: (field: number, reader: BinaryReader) => boolean): void {
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    if (!read(field, reader)) reader.skip(wireType, field);
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
