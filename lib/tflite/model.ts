/** A TFLite model as its file has it, weights left alone. Numbers are field numbers of TensorFlow's schema.fbs. */
import { AccelError } from '../errors.js';
import type { ByteSource } from '../onnx/byte-source.js';
import { Table, damaged } from './flatbuffer.js';

export interface Tensor {
  name: string;
  /** TensorType */
  type: number;
  /** What the file has for a start. */
  shape: number[];
  /** -1 for a dimension that is not fixed; empty when all are. */
  signature: number[];
  /** Among the model's; 0: none. */
  buffer: number;
  isVariable: boolean;
  isSparse: boolean;
  scales: number[];
  zeroPoints: bigint[];
  /** That the scales are for, where there are several. */
  quantizedDimension: number;
}

export interface Operator {
  /** Among the model's operator codes. */
  code: number;
  /** Tensors; -1: left out. */
  inputs: number[];
  outputs: number[];
  /** BuiltinOptions: what kind `options` are. */
  optionsType: number;
  options: Table | undefined;
  /** BuiltinOptions2, of operators of newer schemas. */
  options2Type: number;
  options2: Table | undefined;
}

export interface Graph {
  tensors: Tensor[];
  inputs: number[];
  outputs: number[];
  operators: Operator[];
}

export interface OperatorCode {
  /** BuiltinOperator; 32: `name` says which. */
  builtin: number;
  name: string;
}

export interface Buffer {
  /** Bytes of constants; 0: none. */
  size: number;
  /** Where they begin, when they lie behind the flatbuffer. */
  offset: number;
}

export interface Signature {
  key: string;
  graph: number;
  /** By the signature's own names. */
  inputs: { name: string; tensor: number }[];
  outputs: { name: string; tensor: number }[];
}

export interface Model {
  description: string;
  codes: OperatorCode[];
  graphs: Graph[];
  buffers: Buffer[];
  signatures: Signature[];
}

/**
 * Follows every offset that TFLite follows before it looks at an operator's own options, whose tables it verifies by
 * itself.
 * @throws `MODEL_INVALID` when it is none, or one leads nowhere
 */
export function readModel(source: ByteSource): Model {
  if (source.size < 8 || Buffer.from(source.read(4, 4)).toString('latin1') !== 'TFL3') {
    throw new AccelError('MODEL_INVALID', 'This is no TFLite model: its bytes 4 to 7 are not "TFL3".', {
      hint: 'A .tflite file is a flatbuffer with that identifier: is it complete, and is it one?',
    });
  }
  const model = Table.root(source);
  const graphs = model.tables(2).map(readGraph);
  if (graphs.length === 0) throw damaged(0, 'the model has no graph');
  return {
    description: model.text(3),
    codes: model.tables(1).map((code) => ({
      // As a byte, from before there were more than 127, and as an int.
      builtin: Math.max(code.int8(0), code.int32(3)),
      name: code.text(1),
    })),
    graphs,
    buffers: model.tables(4).map((buffer) => readBuffer(buffer, source.size)),
    signatures: model.tables(7).map(readSignature),
  };
}

function readGraph(graph: Table): Graph {
  return {
    tensors: graph.tables(0).map(readTensor),
    inputs: graph.int32s(1),
    outputs: graph.int32s(2),
    operators: graph.tables(3).map(readOperator),
  };
}

function readTensor(tensor: Table): Tensor {
  const quantization = tensor.table(4);
  return {
    name: tensor.text(3),
    type: tensor.int8(1),
    shape: tensor.int32s(0),
    signature: tensor.int32s(7),
    buffer: tensor.uint32(2),
    isVariable: tensor.uint8(5) !== 0,
    isSparse: tensor.table(6) !== undefined,
    scales: quantization?.float32s(2) ?? [],
    zeroPoints: quantization?.int64s(3) ?? [],
    quantizedDimension: quantization?.int32(6) ?? 0,
  };
}

function readOperator(operator: Table): Operator {
  operator.lengthOf(5, 1); // options of custom operators
  return {
    code: operator.uint32(0),
    inputs: operator.int32s(1),
    outputs: operator.int32s(2),
    optionsType: operator.uint8(3),
    options: operator.table(4),
    options2Type: operator.uint8(11),
    options2: operator.table(12),
  };
}

function readBuffer(buffer: Table, size: number): Buffer {
  const inside = buffer.lengthOf(0, 1) ?? 0;
  const offset = Number(buffer.uint64(1));
  // 0 and 1 stand for constants inside of the flatbuffer.
  if (offset <= 1) return { size: inside, offset: 0 };
  const length = Number(buffer.uint64(2));
  if (offset + length > size) throw damaged(offset, `constants of ${length} bytes have no room`);
  return { size: length, offset };
}

function readSignature(signature: Table): Signature {
  const read = (field: number): Signature['inputs'] =>
    signature.tables(field).map((entry) => ({ name: entry.text(0), tensor: entry.uint32(1) }));
  return { key: signature.text(2), graph: signature.uint32(4), inputs: read(0), outputs: read(1) };
}
