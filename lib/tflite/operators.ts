/**
 * Numbers in the options of operators that TFLite's kernels divide by, or take for something that they may not be.
 * Operators are BuiltinOperator, options BuiltinOptions of TensorFlow's schema.fbs.
 */
import type { Graph, Model, Operator } from './model.js';
import { invalid } from './verify.js';

/** The kind of options, and which of its fields must be at least 1: by number, with the value of one that is absent. */
interface Rule {
  options: number;
  positive: Readonly<Record<number, { name: string; otherwise?: number }>>;
}

const stride = { name: 'stride' };
const dilation = { name: 'dilation', otherwise: 1 };
const window = { name: 'window' };
const pool: Rule = { options: 5, positive: { 1: stride, 2: stride, 3: window, 4: window } };

const RULES: Readonly<Record<number, Rule>> = {
  1: pool, // AVERAGE_POOL_2D
  3: { options: 1, positive: { 1: stride, 2: stride, 4: dilation, 5: dilation } }, // CONV_2D
  4: { options: 2, positive: { 1: stride, 2: stride, 5: dilation, 6: dilation } }, // DEPTHWISE_CONV_2D
  12: pool, // L2_POOL_2D
  17: pool, // MAX_POOL_2D
  67: { options: 49, positive: { 1: stride, 2: stride } }, // TRANSPOSE_CONV
};

/** @throws `MODEL_INVALID` */
export function checkOperator(operator: Operator, _graph: Graph, { codes }: Model, name: string): void {
  const rule = RULES[codes[operator.code]!.builtin];
  if (rule === undefined) return;
  // TFLite takes options of another kind for zeros.
  const options = operator.optionsType === rule.options ? operator.options : undefined;
  for (const [field, { name: what, otherwise = 0 }] of Object.entries(rule.positive)) {
    const value = options?.int32(Number(field), otherwise) ?? 0;
    if (value < 1) throw invalid(`${name} has a ${what} of ${value}`);
  }
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
  const right = call !== undefined && optionsType === call.options ? options : undefined;
  return [
    ...(call?.graphs ?? []).map((field) => right?.int32(field) ?? 0),
    ...(CALLS_2[options2Type] ?? []).map((field) => options2?.int32(field) ?? 0),
  ];
}
