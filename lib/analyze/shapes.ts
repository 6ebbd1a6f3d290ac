/** The shapes that inputs are measured with: what was given, what the model says, and 1 for what neither does. */
import { entryOf } from '../entry-of.js';
import { AccelError, invalidArgument } from '../errors.js';
import { declaredInputs, withBatch } from '../measure/declared-inputs.js';
import { formatOf } from '../model-source.js';
import { inspectTflite } from '../tflite/inspect.js';
import type { Question } from './analysis.js';
import { nameOf } from './configuration.js';

interface DeclaredInput {
  name: string;
  /** -1 for open dimensions. */
  shape?: readonly number[] | undefined;
}

export type Shapes = Readonly<Record<string, readonly number[]>>;

/** The inputs' shapes with the batch in front; another dimension that is open and that nobody has given is 1. */
export function shapesOf(inputs: readonly DeclaredInput[], batch: number, given: Shapes): Record<string, number[]> {
  return Object.fromEntries(
    inputs.map(({ name, shape = [] }) => {
      return [name, withBatch(entryOf(given, name) ?? shape, batch).map((dim) => (dim < 0 ? 1 : dim))];
    }),
  );
}

/** Those dimensions, counted from 0, by input. Undefined where there are none. */
export function openDimensions(inputs: readonly DeclaredInput[], given: Shapes): Record<string, number[]> | undefined {
  const open = inputs.flatMap(({ name, shape = [] }): [string, number[]][] => {
    if (entryOf(given, name) !== undefined) return [];
    const dimensions = shape.flatMap((dim, i) => (i > 0 && dim < 0 ? [i] : []));
    return dimensions.length === 0 ? [] : [[name, dimensions]];
  });
  return open.length === 0 ? undefined : Object.fromEntries(open);
}

/**
 * Refuses a shape for an input that no model has.
 * @throws `INVALID_ARGUMENT`; not where a model tells its inputs only when it is loaded: it may be that one's
 */
export function requireInputs({ models, shapes }: Pick<Question, 'models' | 'shapes'>): void {
  const names = Object.keys(shapes);
  if (names.length === 0) return;
  const known = models.map((model) => ({ model, inputs: inputsOf(model)?.map(({ name }) => name) }));
  if (known.some(({ inputs }) => inputs === undefined)) return;
  const unknown = names.find((name) => !known.some(({ inputs }) => inputs!.includes(name)));
  if (unknown === undefined) return;
  throw noSuchInput(
    unknown,
    models.length === 1 ? 'the model has no' : 'none of the models has an',
    known.map(({ model, inputs }) => `${models.length === 1 ? '' : `${nameOf(model)}: `}${inputs!.join(', ')}`),
  );
}

/** The same for the one model of an analysis, which is loaded. @throws `INVALID_ARGUMENT` */
export function requireInputsOf(inputs: readonly DeclaredInput[], given: Shapes): void {
  const names = inputs.map(({ name }) => name);
  const unknown = Object.keys(given).find((name) => !names.includes(name));
  if (unknown !== undefined) throw noSuchInput(unknown, 'the model has no', [names.join(', ')]);
}

function noSuchInput(name: string, who: string, inputs: readonly string[]): Error {
  return invalidArgument(`--shape: ${who} input "${name}".`, `The inputs: ${inputs.join('; ')}.`);
}

/** Undefined where only its load tells, or what is wrong with it. */
function inputsOf(model: string): readonly DeclaredInput[] | undefined {
  try {
    return declaredInputs(model) ?? (formatOf(model) === 'tflite' ? inspectTflite(model).inputs : undefined);
  } catch (error) {
    if (!(error instanceof AccelError)) throw error;
    return undefined;
  }
}

/** "tokens [batch, 32], mask [batch, 32]" */
export function describeShapes(shapes: Shapes): string {
  return Object.entries(shapes)
    .map(([name, dims]) => `${name} [${dims.map((dim, i) => (i === 0 ? 'batch' : dim)).join(', ')}]`)
    .join(', ');
}

/** "Left open and not given, so set to 1: dimension 2 of tokens. --shape tokens=… gives another size." */
export function describeOpen(open: Readonly<Record<string, readonly number[]>>): string {
  const parts = Object.entries(open).map(([name, dimensions]) => {
    const numbers = dimensions.map((dim) => dim + 1);
    return `dimension${numbers.length === 1 ? '' : 's'} ${numbers.join(' and ')} of ${name}`;
  });
  const [first] = Object.keys(open);
  return `Left open and not given, so set to 1: ${parts.join(', ')}. --shape ${first!}=… gives another size.`;
}
