/** Asks an analysis' question: searches, and keeps what it measures. */
import { packageFile } from '../package-folder.js';
import type { Environment } from '../results/environment.js';
import type { Analysis, Measurement, Question } from './analysis.js';
import { FORMAT, VERSION, areLists } from './analysis.js';
import type { ChildReply, ChildRequest } from './child.js';
import { keyOf } from './configuration.js';
import type { Configuration } from './configuration.js';
import { inChild } from './in-child.js';
import { scoreOf, violationOf } from './objective.js';
import { bruteSearch } from './search/brute.js';
import { withoutRefused } from './search/grid.js';
import type { Grid, Verdict } from './search/grid.js';
import { quickSearch } from './search/quick.js';

/** What may be put in place of the usual, and who is told what. */
export interface AnalyzeOptions {
  environment: Environment;
  /** What an earlier analysis of the same question has measured. What crashed or took too long there is tried again. */
  earlier?: readonly Measurement[] | undefined;
  /** Ends the analysis after the configuration that is being measured. */
  signal?: AbortSignal | undefined;
  /** Told before a configuration is measured. */
  onStart?: ((configuration: Configuration, done: number) => void) | undefined;
  /** Told after each, with all that is known by then; what it returns is waited for. */
  onMeasured?: ((analysis: Analysis) => Promise<void> | void) | undefined;
  /** Measures one configuration. Default: in a process of its own. */
  measure?: ((configuration: Configuration, question: Question) => Promise<Measurement>) | undefined;
}

/**
 * Measures what the search asks for, for each model on each device in each precision.
 * @returns the analysis; `complete` unless the signal ended it
 */
export async function analyze(question: Question, options: AnalyzeOptions): Promise<Analysis> {
  const { environment, signal, onStart, onMeasured, measure = measureInChild } = options;
  const earlier = (options.earlier ?? []).filter(({ outcome }) => !BY_CHANCE.has(outcome));
  const result: Analysis = {
    format: FORMAT,
    version: VERSION,
    question,
    environment,
    complete: false,
    measurements: [...earlier],
  };
  const known = new Map(earlier.map((each) => [keyOf(each.configuration), each]));

  const verdict = async (configuration: Configuration): Promise<Verdict & { hopeless: boolean }> => {
    const key = keyOf(configuration);
    let measurement = known.get(key);
    if (measurement === undefined) {
      if (signal?.aborted === true) throw new Interrupted();
      onStart?.(configuration, known.size);
      measurement = await measure(configuration, question);
      known.set(key, measurement);
      result.measurements.push(measurement);
      await onMeasured?.(result);
    }
    return { ...verdictOn(measurement, question), hopeless: isHopeless(measurement) };
  };

  try {
    for (const [model, device, precision] of combinations(question)) {
      const search = question.search === 'brute' || areLists(question) ? bruteSearch : quickSearch;
      // What it is compared with in the end.
      const first = await verdict({ model, device, precision, batch: 1, lanes: 1, concurrency: 1 });
      if (first.hopeless) continue;
      const grid: Grid = { batch: question.batch, lanes: question.lanes, concurrency: question.concurrency };
      await search(
        grid,
        withoutRefused(grid, (point) => verdict({ model, device, precision, ...point })),
      );
    }
    result.complete = true;
    await onMeasured?.(result);
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
  }
  return result;
}

/** What may come out otherwise the next time: somebody has ended the process, or the machine had other work. */
const BY_CHANCE: ReadonlySet<Measurement['outcome']> = new Set(['crashed', 'timed out']);

/** What other settings can't change: the model or the device will not do. */
const HOPELESS: ReadonlySet<string> = new Set([
  'RUNTIME_NOT_FOUND',
  'RUNTIME_INCOMPATIBLE',
  'DEVICE_NOT_FOUND',
  'MODEL_INVALID',
  'MODEL_UNSUPPORTED',
  'UNSUPPORTED',
]);

function isHopeless(measurement: Measurement): boolean {
  return measurement.outcome === 'failed' && HOPELESS.has(measurement.code ?? '');
}

/** The signal was aborted before the search had come to its end. */
class Interrupted extends Error {}

function combinations({ models, devices, precisions }: Question): [string, string, Configuration['precision']][] {
  return models.flatMap((model) =>
    devices.flatMap((device) =>
      precisions.map((precision): [string, string, Configuration['precision']] => [model, device, precision]),
    ),
  );
}

/** What a measurement is worth to the search. */
export function verdictOn(measurement: Measurement, { objectives, limits }: Question): Verdict {
  if (measurement.outcome !== 'measured') {
    const outOfMemory = measurement.outcome === 'out of memory';
    const refused = measurement.code === 'INVALID_ARGUMENT';
    return { violation: Infinity, score: -Infinity, throughput: 0, outOfMemory, refused };
  }
  const { row, verification, verificationFailure } = measurement;
  const score = scoreOf(row, objectives) ?? -Infinity;
  // What nobody can measure, nobody can rely on; wrong outputs are of no use however fast they come.
  const isRight = verification?.passed !== false && verificationFailure === undefined;
  const violation = isRight ? (violationOf(row, limits) ?? Number.MAX_VALUE) : Number.MAX_VALUE;
  return { violation, score, throughput: row.samplesPerSecond, outOfMemory: false };
}

const CHILD = packageFile('dist', 'analyze-child.js');

/** Measures a configuration in a process of its own: what goes wrong there costs this measurement and nothing else. */
async function measureInChild(configuration: Configuration, question: Question): Promise<Measurement> {
  const { duration, warmup, minRuns, sampleInterval, shapes, load, reference, timeout } = question;
  const alone = question.models.length === 1;
  const settings = { duration, warmup, minRuns, sampleInterval, shapes, alone, load, reference };
  const request: ChildRequest = { configuration, settings };
  const end = await inChild(CHILD, request, timeout);
  if (end.kind === 'crashed' || end.kind === 'out of memory') {
    return { outcome: end.kind, configuration, reason: end.reason };
  }
  if (end.kind === 'timed out') {
    return { outcome: 'timed out', configuration, reason: `It had not ended after ${timeout / 1000} s.` };
  }
  const reply = end.reply as ChildReply;
  if ('failure' in reply) {
    const { code, message, hint } = reply.failure;
    const outcome = code === 'OUT_OF_MEMORY' ? 'out of memory' : 'failed';
    return { outcome, configuration, reason: message, code, ...(hint === undefined ? {} : { hint }) };
  }
  const { row, ...others } = reply;
  const violation = violationOf(row, question.limits);
  return {
    outcome: 'measured',
    configuration,
    row,
    ...(violation === undefined ? {} : { satisfies: violation === 0 }),
    ...others,
  };
}
