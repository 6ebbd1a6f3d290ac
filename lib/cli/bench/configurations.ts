/** The configurations that a command line of `accelnode bench` names: all combinations of its lists. */
import { InvalidArgumentError } from '../../third-party/commander.js';

import type { LoadOptions } from '../../index.js';
import { powersOfTwo } from '../../analyze/search/grid.js';
import { AccelError } from '../../errors.js';
import { declaredInputs, withBatch } from '../../measure/declared-inputs.js';

type Hint = NonNullable<NonNullable<LoadOptions['openvino']>['hint']>;

/** What needs a session of its own. */
export interface SessionConfiguration {
  precision: LoadOptions['precision'];
  hint: Hint | undefined;
  lanes: number | 'auto' | undefined;
  batch: number | undefined;
}

/** How requests are made: `concurrency` in flight; or `rate` a second, at most `concurrency` in flight. */
export interface LoadConfiguration {
  concurrency: number | undefined;
  rate: number | undefined;
}

/** The lists of a command line; what is not given is undefined, and stands for one default. */
export interface Lists {
  precision?: NonNullable<LoadOptions['precision']>[];
  hint?: Hint[];
  lanes?: (number | 'auto')[];
  batch?: number[];
  concurrency?: number[];
  requestRate?: number[];
}

/** As many numbers may come of a list. */
const LONGEST_LIST = 1000;

/** "1,2,4", "1:8" (doubling, and the last), "2:10:2" (by steps), and these together. */
export function parseCounts(text: string): number[] {
  return parseList(text, (value) => Number.isSafeInteger(value) && value >= 1, 'whole numbers of at least 1');
}

/** The same with numbers that need not be whole. */
export function parseRates(text: string): number[] {
  return parseList(text, (value) => Number.isFinite(value) && value > 0, 'numbers above 0');
}

/** Like {@link parseCounts}, or "auto" among the numbers. */
export function parseCountsOrAuto(text: string): (number | 'auto')[] {
  return unique(
    text.split(',').flatMap((part): (number | 'auto')[] => (part === 'auto' ? ['auto'] : parseCounts(part))),
  );
}

/** A list of some words. */
export function parseWords<T extends string>(known: readonly T[]): (text: string) => T[] {
  return (text) =>
    unique(
      text.split(',').map((word) => {
        const found = known.find((each) => each === word);
        if (found === undefined) throw new InvalidArgumentError(`Allowed choices are ${known.join(', ')}.`);
        return found;
      }),
    );
}

function parseList(text: string, isValid: (value: number) => boolean, what: string): number[] {
  const refuse = (): InvalidArgumentError =>
    new InvalidArgumentError(`It must be ${what}: 1,2,4, or 1:8 (doubling), or 2:10:2 (by steps).`);
  const numbers = text.split(',').flatMap((part) => {
    const bounds = part.split(':').map((bound) => (bound.trim() === '' ? NaN : Number(bound)));
    if (bounds.length > 3 || !bounds.every(isValid)) throw refuse();
    const [begin, end = begin, step] = bounds as [number, number?, number?];
    if (end < begin) throw refuse();
    if (step === undefined) return powersOfTwo(begin, end);
    const range: number[] = [];
    for (let value = begin; value <= end && range.length <= LONGEST_LIST; value += step) {
      range.push(value);
    }
    return range;
  });
  if (numbers.length > LONGEST_LIST) throw new InvalidArgumentError(`That are more than ${LONGEST_LIST}.`);
  return unique(numbers);
}

/** What is named twice is measured once. */
function unique<T>(values: readonly T[]): T[] {
  return [...new Set(values)];
}

/** All combinations of what needs a session. */
export function sessionConfigurations(lists: Lists): SessionConfiguration[] {
  return orDefault(lists.precision).flatMap((precision) =>
    orDefault(lists.hint).flatMap((hint) =>
      orDefault(lists.lanes).flatMap((lanes) =>
        orDefault(lists.batch).map((batch) => ({ precision, hint, lanes, batch })),
      ),
    ),
  );
}

/** All combinations of loads, for each of the sessions. */
export function loadConfigurations(lists: Lists): LoadConfiguration[] {
  return orDefault(lists.requestRate).flatMap((rate) =>
    orDefault(lists.concurrency).map((concurrency) => ({ concurrency, rate })),
  );
}

function orDefault<T>(list: readonly T[] | undefined): readonly (T | undefined)[] {
  return list ?? [undefined];
}

/** In words, to tell it from the others: only what the options give. */
export function describeGiven(
  { precision, hint, lanes, batch }: SessionConfiguration,
  load?: LoadConfiguration,
): string {
  const parts = [
    precision,
    hint === undefined ? undefined : `hint ${hint}`,
    batch === undefined ? undefined : `batch ${batch}`,
    lanes === undefined ? undefined : `${lanes} ${lanes === 1 ? 'lane' : 'lanes'}`,
    load?.rate === undefined ? undefined : `${load.rate} requests/s`,
    load?.concurrency === undefined ? undefined : `${load.concurrency} in flight`,
  ].filter((part) => part !== undefined);
  return parts.length === 0 ? 'the configuration' : parts.join(', ');
}

/** The model's own shapes with another batch, to compile for. */
export function batchShapes(model: string, batch: number | undefined): Record<string, number[]> {
  if (batch === undefined) return {};
  const inputs = declaredInputs(model);
  if (inputs === undefined) {
    throw new AccelError('INVALID_ARGUMENT', '--batch needs an ONNX model.', { hint: 'Give the shapes with --shape.' });
  }
  return Object.fromEntries(inputs.map(({ name, shape }) => [name, withBatch(shape, batch)]));
}
