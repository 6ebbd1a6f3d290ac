/** What an analysis comes to. */
import type { Analysis, Measured, Measurement, Question } from './analysis.js';
import { verdictOn } from './analyze.js';
import { describeConfiguration, isDefault, keyWithoutLoad, nameOf } from './configuration.js';
import type { Configuration } from './configuration.js';
import { describeLimits, describeObjectives, ratioOf } from './objective.js';
import { describeOpen, describeShapes } from './shapes.js';
import { NOISE, isBetter } from './search/grid.js';
import type { Verdict } from './search/grid.js';

/** The best of one model. */
export interface ModelSummary {
  /** The model's file. */
  model: string;
  measurements: number;
  /** Without the number of requests in flight. */
  configurations: number;
  /** The best of those that keep all limits. */
  best?: Measured;
  /** The default on the same device in the same precision as the best. */
  default?: Measured;
  /** How many times as good as the default the best is. */
  ratio?: number;
  sentence: string;
  /** What the inputs were, in words: their shapes, and which sizes nobody has given. Absent where nothing was measured. */
  inputs?: string;
}

/** Each model's best configuration, in the order of the question. */
export function summarize({ question, measurements }: Analysis): ModelSummary[] {
  return question.models.map((model) => {
    const own = measurements.filter(({ configuration }) => configuration.model === model);
    return summarizeModel(model, own, question);
  });
}

function summarizeModel(model: string, own: readonly Measurement[], question: Question): ModelSummary {
  const best = bestOf(own, question);
  const counts = {
    model,
    measurements: own.length,
    configurations: new Set(own.map(({ configuration }) => keyWithoutLoad(configuration))).size,
    ...describeInputs(own),
  };
  const begin = `In ${count(counts.measurements, 'measurement')} across ${count(counts.configurations, 'configuration')}, `;
  if (best === undefined) return { ...counts, sentence: begin + nothingFits(own, question) };
  const reference = defaultFor(best.configuration, own);
  const ratio = reference === undefined ? undefined : ratioOf(best.row, reference.row, question.objectives);
  return {
    ...counts,
    best,
    ...(reference === undefined ? {} : { default: reference }),
    ...(ratio === undefined ? {} : { ratio }),
    sentence: begin + comparison(best, ratio, question),
  };
}

function describeInputs(own: readonly Measurement[]): Pick<ModelSummary, 'inputs'> {
  // But for the batch, they are the same in all.
  const first = own.find((each): each is Measured => each.outcome === 'measured');
  if (first === undefined || Object.keys(first.row.shapes).length === 0) return {};
  const { row, openAsOne } = first;
  const open = openAsOne === undefined ? '' : `. ${describeOpen(openAsOne)}`;
  return { inputs: describeShapes(row.shapes) + open };
}

/**
 * The best of what was measured, keeps all limits and, where outputs were compared, has the right ones. Of those that are
 * as good but for noise, it is the one with the lowest p99 latency.
 */
export function bestOf(measurements: readonly Measurement[], question: Question): Measured | undefined {
  const [first] = rank(measurements, question);
  if (first?.outcome !== 'measured') return undefined;
  const { violation, score } = verdictOn(first, question);
  return violation > 0 || score === -Infinity ? undefined : first;
}

function defaultFor({ device, precision }: Configuration, own: readonly Measurement[]): Measured | undefined {
  return own.find(
    (each): each is Measured =>
      each.outcome === 'measured' &&
      isDefault(each.configuration) &&
      each.configuration.device === device &&
      each.configuration.precision === precision,
  );
}

function comparison({ configuration }: Measured, ratio: number | undefined, question: Question): string {
  const { model, device, precision } = configuration;
  const what = `${nameOf(model)} with ${describeConfiguration(configuration)} on ${device} in ${precision}`;
  const goal = describeObjectives(question.objectives);
  const within = describeLimits(question.limits);
  const end = within === '' ? '.' : `, within ${within}.`;
  if (isDefault(configuration)) return `nothing is better than the default configuration, ${what}, at ${goal}${end}`;
  if (ratio === undefined)
    return `${what} is the best at ${goal}${end} The default configuration could not be measured.`;
  const percent = (ratio - 1) * 100;
  // Less good than a default that exceeds the limits.
  const than = percent >= 0 ? `${format(percent)} % better than` : `${format(-percent)} % worse than`;
  return `${what} is ${than} the default configuration (batch 1, 1 lane, 1 in flight) at ${goal}${end}`;
}

function nothingFits(own: readonly Measurement[], question: Question): string {
  const measured = own.filter((each): each is Measured => each.outcome === 'measured');
  if (measured.length === 0) {
    const first = own.find((each) => each.outcome !== 'measured');
    return `none could be measured${first === undefined ? '.' : `; the first: ${first.reason}`}`;
  }
  if (measured.every(({ verificationFailure }) => verificationFailure !== undefined)) {
    return `none is known to have the outputs of the reference. ${measured[0]!.verificationFailure!}`;
  }
  if (
    measured.every(
      ({ verification, verificationFailure }) => verification?.passed === false || verificationFailure !== undefined,
    )
  ) {
    const output = measured
      .flatMap(({ verification }) => verification?.outputs ?? [])
      .find(({ reason }) => reason !== undefined);
    return `none has the outputs of the reference.${output === undefined ? '' : ` ${output.name}: ${output.reason!}`}`;
  }
  if (measured.every(({ row }) => ratioOf(row, row, question.objectives) === undefined)) {
    return `none can be judged by ${describeObjectives(question.objectives)}: the device does not tell.`;
  }
  const unknown = measured.every(({ satisfies }) => satisfies === undefined);
  const limits = describeLimits(question.limits);
  return unknown ? `none can be shown to keep ${limits}: the device does not tell.` : `none keeps ${limits}.`;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

function format(percent: number): string {
  return percent.toFixed(percent < 10 ? 1 : 0);
}

/** The best first, and after it the others by how good they are. */
export function rank(measurements: readonly Measurement[], question: Question): Measurement[] {
  const judged = measurements
    .map((measurement) => ({ measurement, verdict: verdictOn(measurement, question) }))
    .sort((a, b) => (isBetter(a.verdict, b.verdict) ? -1 : isBetter(b.verdict, a.verdict) ? 1 : 0));
  const [top] = judged;
  if (top === undefined) return [];
  const best = judged
    .filter(({ verdict }) => isAsGood(verdict, top.verdict))
    .reduce((a, b) => (p99Of(b.measurement) < p99Of(a.measurement) ? b : a), top).measurement;
  return [best, ...judged.map(({ measurement }) => measurement).filter((each) => each !== best)];
}

function isAsGood(a: Verdict, top: Verdict): boolean {
  return a.violation === top.violation && a.score >= top.score - NOISE;
}

function p99Of(measurement: Measurement): number {
  return measurement.outcome === 'measured' ? measurement.row.latency.p99 : Infinity;
}
