/** What a TFLite model says about itself. Numbers are field numbers of TensorFlow's schema.fbs. */
import type { DataType } from '../data-type.js';
import { AccelError } from '../errors.js';
import { FileSource, MemorySource } from '../onnx/byte-source.js';
import type { ByteSource } from '../onnx/byte-source.js';
import { Table, damaged } from './flatbuffer.js';

/** An input or output of a {@link TfliteInfo}. */
export interface TfliteTensorInfo {
  name: string;
  type: DataType | 'string' | 'unknown';
  /** -1 for a dimension that is not fixed. */
  shape: number[];
  /** `real = scale * (value - zeroPoint)`, of tensors that are quantized as a whole. */
  scale?: number;
  zeroPoint?: number;
}

/** What {@link inspectTflite} tells. */
export interface TfliteInfo {
  description: string;
  inputs: TfliteTensorInfo[];
  outputs: TfliteTensorInfo[];
  /** How often each operator is used, most used first: built-in ones by number, others by name. */
  operators: Record<string, number>;
  /** Keys of the model's signatures. */
  signatures: string[];
}

/** TensorType */
const TYPES: readonly (DataType | 'string' | 'unknown')[] = [
  'float32',
  'float16',
  'int32',
  'uint8',
  'int64',
  'string',
  'bool',
  'int16',
  'unknown', // complex64
  'int8',
  'float64',
  'unknown', // complex128
  'uint64',
  'unknown', // resource
  'unknown', // variant
  'uint32',
  'uint16',
  'int4',
];

/**
 * Reads a TFLite model without any runtime.
 * @throws {@link AccelError} `MODEL_INVALID` when it is none, or damaged
 */
export function inspectTflite(model: string | URL | Uint8Array): TfliteInfo {
  if (model instanceof Uint8Array) return readModel(new MemorySource(model));
  using source = new FileSource(model);
  return readModel(source);
}

function readModel(source: ByteSource): TfliteInfo {
  const identifier = Buffer.from(source.read(4, 4)).toString('latin1');
  if (source.size < 8 || identifier !== 'TFL3') {
    throw new AccelError('MODEL_INVALID', 'This is no TFLite model: its bytes 4 to 7 are not "TFL3".');
  }
  const model = Table.root(source);
  const [graph] = model.tables(2);
  if (graph === undefined) throw damaged(0, 'the model has no graph');
  const tensors = graph.tables(0);
  const describe = (index: number): TfliteTensorInfo => {
    const tensor = tensors[index];
    if (tensor === undefined) throw damaged(0, `there is no tensor ${index}`);
    return readTensor(tensor);
  };
  return {
    description: model.text(3),
    inputs: graph.int32s(1).map(describe),
    outputs: graph.int32s(2).map(describe),
    operators: countOperators(model, graph),
    signatures: model.tables(7).map((signature) => signature.text(2)),
  };
}

function readTensor(tensor: Table): TfliteTensorInfo {
  const signature = tensor.int32s(7);
  const quantization = tensor.table(4);
  const scales = quantization?.float32s(2) ?? [];
  const [zeroPoint = 0n] = quantization?.int64s(3) ?? [];
  return {
    name: tensor.text(3),
    type: TYPES[tensor.int8(1)] ?? 'unknown',
    shape: signature.length > 0 ? signature : tensor.int32s(0),
    ...(scales.length === 1 ? { scale: scales[0]!, zeroPoint: Number(zeroPoint) } : {}),
  };
}

function countOperators(model: Table, graph: Table): Record<string, number> {
  const names = model.tables(1).map((code) => code.text(1) || String(Math.max(code.int8(0), code.int32(3))));
  const counts = new Map<string, number>();
  for (const operator of graph.tables(3)) {
    const name = names[operator.uint32(0)];
    if (name === undefined) throw damaged(0, `there is no operator code ${operator.uint32(0)}`);
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return Object.fromEntries([...counts].sort(([, a], [, b]) => b - a));
}
