/**
 * Numbers in the options of operators that TFLite's kernels divide by, or take for something that they may not be.
 * Operators are BuiltinOperator, options BuiltinOptions of TensorFlow's schema.fbs.
 */
import type { Table } from './flatbuffer.js';
import type { Graph, Model, Operator, Tensor } from './model.js';
import { invalid } from './verify.js';

/** What a kernel can't do without. */
interface Rule {
  /** BuiltinOptions: the kind that it takes; any other counts for zeros. */
  options?: number;
  /** Fields that must be at least 1: by number, with the value of one that is absent. */
  positive?: Readonly<Record<number, { name: string; otherwise?: number }>>;
  /** Inputs that it reads without looking whether they are there. */
  least?: number;
  /** Inputs that may be left out. */
  optional?: readonly number[];
  /** Does a window move over the image? Its dilation is in these fields, vertical first; undefined: it has none. */
  slides?: readonly [height: number, width: number] | 'without dilation';
}

const stride = { name: 'stride' };
const dilation = { name: 'dilation', otherwise: 1 };
const window = { name: 'window' };
const block = { name: 'block' };
const pool: Rule = {
  options: 5,
  positive: { 1: stride, 2: stride, 3: window, 4: window },
  slides: 'without dilation',
};
const lstm = [1, 5, 9, 10, 11, 12, 16, 17, 20, 21, 22, 23];

const RULES: Readonly<Record<number, Rule>> = {
  1: pool, // AVERAGE_POOL_2D
  3: { options: 1, positive: { 1: stride, 2: stride, 4: dilation, 5: dilation }, optional: [2], slides: [5, 4] }, // CONV_2D
  // DEPTHWISE_CONV_2D, which ends the process without a bias
  4: { options: 2, positive: { 1: stride, 2: stride, 5: dilation, 6: dilation }, least: 3, slides: [6, 5] },
  5: { options: 94, positive: { 0: block } }, // DEPTH_TO_SPACE
  9: { optional: [2] }, // FULLY_CONNECTED
  12: pool, // L2_POOL_2D
  16: { optional: lstm }, // LSTM
  17: pool, // MAX_POOL_2D
  26: { options: 19, positive: { 0: block } }, // SPACE_TO_DEPTH
  27: { options: 6, positive: { 0: { name: 'rank' } }, optional: [3] }, // SVDF
  44: { optional: lstm }, // UNIDIRECTIONAL_SEQUENCE_LSTM
  46: { optional: [4, 8, 9, 10, 11] }, // BIDIRECTIONAL_SEQUENCE_RNN
  // Both directions, one after the other, then the auxiliary inputs.
  52: { optional: [1, 5, 9, 10, 11, 12, 16, 17, 18, 22, 26, 27, 28, 29, 33, 34, ...range(39, 48)] },
  67: { options: 49, positive: { 1: stride, 2: stride }, optional: [3] }, // TRANSPOSE_CONV
  131: {
    options: 106,
    positive: { 1: stride, 2: stride, 3: stride, 5: dilation, 6: dilation, 7: dilation },
    optional: [2],
  }, // CONV_3D
  141: { optional: [3] }, // CONV_3D_TRANSPOSE
};

/** Of strides and the like; kernels multiply them with sizes of images, in 32 bits. */
const MOST_STEPS = 65535;

const CUSTOM = 32;
const CONV_2D = 3;

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i);
}

/** @throws `MODEL_INVALID` */
export function checkOperator(operator: Operator, graph: Graph, { codes }: Model, name: string): void {
  const { builtin } = codes[operator.code]!;
  if (builtin === CUSTOM) return; // only its kernel knows what it takes
  const { options: kind, positive = {}, least = 0, optional = [], slides } = RULES[builtin] ?? {};
  const options = operator.optionsType === kind ? operator.options : undefined;
  for (const [field, { name: what, otherwise = 0 }] of Object.entries(positive)) {
    const value = options?.int32(Number(field), otherwise) ?? 0;
    if (value < 1 || value > MOST_STEPS) throw invalid(`${name} has a ${what} of ${value}`);
  }
  if (operator.inputs.length < least) throw invalid(`${name} has ${operator.inputs.length} inputs of ${least}`);
  const missing = operator.inputs.findIndex((input, index) => input === -1 && !optional.includes(index));
  if (missing !== -1) throw invalid(`${name} has no input ${missing}`);
  if (slides !== undefined && options !== undefined) checkWindow(operator, options, slides, graph, name);
  if (builtin === CONV_2D) checkGroups(operator, graph, name);
}

/** -1 for those that are not fixed. */
function dimensionsOf(tensor: Tensor | undefined): readonly number[] {
  return (tensor?.signature.length ? tensor.signature : tensor?.shape) ?? [];
}

/** SAME, VALID */
const PADDINGS = 2;

/** A window that does not fit into the image leaves an output of nothing, which kernels write to all the same. */
function checkWindow(
  { inputs }: Operator,
  options: Table,
  slides: NonNullable<Rule['slides']>,
  { tensors }: Graph,
  name: string,
): void {
  const padding = options.int8(0);
  if (padding < 0 || padding >= PADDINGS) throw invalid(`${name} has a padding of ${padding}`);
  const image = dimensionsOf(tensors[inputs[0]!]);
  const filter = tensors[inputs[1]!]?.shape ?? [];
  if (image.length === 0) return; // of a rank that is not known; TFLite looks itself
  if (image.length !== 4) throw invalid(`${name} has an image of ${image.length} dimensions`);
  for (const axis of [1, 2] as const) {
    // In pools the width of the window comes first.
    const size = slides === 'without dilation' ? options.int32(5 - axis) : (filter[axis] ?? 0);
    const step = slides === 'without dilation' ? 1 : options.int32(slides[axis - 1]!, 1);
    const covered = (size - 1) * step + 1;
    if (size < 1 || (padding === 1 && image[axis]! >= 0 && covered > image[axis]!)) {
      throw invalid(`${name} has a window of ${size} for an image of ${image[axis]!}`);
    }
  }
}

/** Channels are shared out among groups of filters, and filters among the groups. */
function checkGroups({ inputs }: Operator, { tensors }: Graph, name: string): void {
  const image = dimensionsOf(tensors[inputs[0]!]);
  if (image.length === 0) return; // likewise
  const channels = image.at(-1);
  const shape = dimensionsOf(tensors[inputs[1]!]);
  const [filters, depth] = [shape[0], shape.at(-1)];
  if (channels === undefined || filters === undefined || depth === undefined) throw invalid(`${name} lacks inputs`);
  if (channels < 0) return; // decided by each run
  const groups = channels / depth;
  if (Number.isInteger(groups) && groups > 0 && filters % groups === 0) return;
  throw invalid(`${name} has ${filters} filters of ${depth} channels for ${channels} channels`);
}

/** Control flow: the kind of options, and which of their fields are graphs. */
const CALLS: Readonly<Record<number, { options: number; graphs: readonly number[] }>> = {
  118: { options: 92, graphs: [0, 1] }, // IF
  119: { options: 93, graphs: [0, 1] }, // WHILE
  129: { options: 103, graphs: [0] }, // CALL_ONCE
};

/** The same for BuiltinOptions2, which operators of StableHLO have. */
const CALLS_2: Readonly<Record<number, readonly number[]>> = {
  6: [1], // StablehloReduceOptions
  7: [6], // StablehloScatterOptions
  13: [5], // StablehloReduceWindowOptions
  14: [2], // StablehloSortOptions
  15: [0, 1], // StablehloWhileOptions
  21: [1], // StableHLOCompositeOptions
};

/** The graphs that it runs: the branches and bodies of control flow. */
export function graphsOf({ code, optionsType, options, options2Type, options2 }: Operator, { codes }: Model): number[] {
  const call = CALLS[codes[code]!.builtin];
  // TFLite takes options of another kind for zeros.
  const right = optionsType === call?.options ? options : undefined;
  return [
    ...(call?.graphs ?? []).map((field) => right?.int32(field) ?? 0),
    ...(CALLS_2[options2Type] ?? []).map((field) => options2?.int32(field) ?? 0),
  ];
}
