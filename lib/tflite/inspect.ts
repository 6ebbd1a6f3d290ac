/** What a TFLite model says about itself. */
import type { DataType } from '../data-type.js';
import { FileSource, MemorySource } from '../onnx/byte-source.js';
import type { ByteSource } from '../onnx/byte-source.js';
import { damaged } from './flatbuffer.js';
import { readModel } from './model.js';
import { operatorName } from './operator-names.js';
import type { Model, Operator, OperatorCode, Signature, Tensor } from './model.js';
import { verifyModel } from './verify.js';

/** An input or output of a {@link TfliteInfo}. */
export interface TfliteTensorInfo {
  /** Its name in the file. */
  name: string;
  /** The element type; `unknown` for those that accelnode can't pass. */
  type: DataType | 'string' | 'unknown';
  /** -1 for a dimension that is not fixed. */
  shape: number[];
  /** `real = scale * (value - zeroPoint)`, of tensors that are quantized as a whole. */
  scale?: number;
  /** The integer that stands for 0; see `scale`. */
  zeroPoint?: number;
}

/** What {@link inspectTflite} tells. */
export interface TfliteInfo {
  /** What its maker wrote into it. */
  description: string;
  /** What it takes. */
  inputs: TfliteTensorInfo[];
  /** What it gives. */
  outputs: TfliteTensorInfo[];
  /** How often each operator is used, most used first: `CONV_2D`, or a custom operator's own name. */
  operators: Record<string, number>;
  /** Operators that only convert constants which are stored in float16. */
  halfWeights: number;
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
  'bfloat16',
  'unknown', // int2
  'uint4',
];

/**
 * Reads a TFLite model without any runtime.
 * @throws {@link AccelError} `MODEL_INVALID` when it is none, or damaged
 */
export function inspectTflite(model: string | URL | Uint8Array): TfliteInfo {
  return withSource(model, (source) => describeModel(readModel(source)));
}

/**
 * The same for a model that is to be loaded, which TFLite must survive.
 * @param signature whose inputs and outputs, by its names, are wanted; not the model's own where it has it
 */
export function inspectToLoad(model: string | Uint8Array, signature?: string): TfliteInfo {
  return withSource(model, (source) => {
    const read = readModel(source);
    verifyModel(read);
    const wanted = read.signatures.find(({ key }) => key === signature);
    if (wanted === undefined) return describeModel(read);
    return { ...describeModel(read, wanted.graph), ...describePorts(read, wanted) };
  });
}

function describePorts(
  { graphs }: Model,
  { graph, inputs, outputs }: Signature,
): Pick<TfliteInfo, 'inputs' | 'outputs'> {
  const { tensors } = graphs[graph]!;
  const describe = ({ name, tensor }: Signature['inputs'][number]): TfliteTensorInfo => ({
    ...describeTensor(tensors[tensor]!),
    name,
  });
  return { inputs: inputs.map(describe), outputs: outputs.map(describe) };
}

function withSource<T>(model: string | URL | Uint8Array, use: (source: ByteSource) => T): T {
  if (model instanceof Uint8Array) return use(new MemorySource(model));
  using source = new FileSource(model);
  return use(source);
}

function describeModel(model: Model, graph = 0): TfliteInfo {
  const { description, codes, graphs, signatures } = model;
  const { tensors, inputs, outputs, operators } = graphs[graph]!;
  const describe = (index: number): TfliteTensorInfo => {
    const tensor = tensors[index];
    if (tensor === undefined) throw damaged(0, `there is no tensor ${index}`);
    return describeTensor(tensor);
  };
  return {
    description,
    inputs: inputs.map(describe),
    outputs: outputs.map(describe),
    operators: countOperators(codes, operators),
    halfWeights: operators.filter((operator) => convertsHalf(operator, tensors, model)).length,
    signatures: signatures.map(({ key }) => key),
  };
}

function describeTensor({ name, type, shape, signature, scales, zeroPoints }: Tensor): TfliteTensorInfo {
  return {
    name,
    type: TYPES[type] ?? 'unknown',
    shape: signature.length > 0 ? signature : shape,
    ...(scales.length === 1 ? { scale: scales[0]!, zeroPoint: Number(zeroPoints[0] ?? 0n) } : {}),
  };
}

function countOperators(codes: readonly OperatorCode[], operators: readonly Operator[]): Record<string, number> {
  const counts = new Map<string, number>();
  for (const { code } of operators) {
    const known = codes[code];
    if (known === undefined) throw damaged(0, `there is no operator code ${code}`);
    const name = known.name || operatorName(known.builtin);
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return Object.fromEntries([...counts].sort(([, a], [, b]) => b - a));
}

const DEQUANTIZE = 6;
const FLOAT16 = 1;

function convertsHalf(
  { code, inputs: [input = -1] }: Operator,
  tensors: readonly Tensor[],
  { codes, buffers }: Model,
): boolean {
  const tensor = tensors[input];
  if (codes[code]?.builtin !== DEQUANTIZE || tensor?.type !== FLOAT16) return false;
  const { size = 0, offset = 0 } = buffers[tensor.buffer] ?? {};
  return size > 0 || offset > 0;
}
