/** Measuring one configuration of a session. */
import { mean } from '../third-party/simple-statistics.js';

import type { Inputs, OutputTarget, WantedOutputs } from '../binding.js';
import { describe, isDataType } from '../data-type.js';
import { invalidArgument } from '../errors.js';
import type { MemoryKind } from '../memory.js';
import type { ParsedMeasureOptions } from '../options/measure.js';
import { Session } from '../session.js';
import type { SessionStats } from '../session-stats.js';
import { Tensor } from '../tensor.js';
import { FIGURES } from './comparison.js';
import { asyncLoop, syncLoop } from './loops.js';
import { nativeLoad } from './native-load.js';
import type { MeasureOptions, Measurement, RequestTimes } from './options.js';
import { differences, isStable, summarize, windowsOf } from './statistics.js';
import { warningsAbout } from './warnings.js';

/** What a loop finds: the times of its runs, and the mean parts of them in milliseconds. */
type Found = Omit<Measurement, 'runs' | 'duration' | 'throughput' | 'latency' | 'stable' | 'warnings'> & {
  times: RequestTimes;
};

/** What is not counted: milliseconds, and runs at least. */
interface Warmup {
  duration: number;
  runs: number;
}

/**
 * Runs `session` on the same inputs over and over, while nobody else does; or on several sets of inputs in turn. Outputs
 * are allocated once, where the model fixes their shape.
 * @throws {@link AccelError} `INVALID_ARGUMENT`, `CANCELLED`, and as {@link Session.run}
 */
export async function measure(
  session: Session,
  inputs: Inputs | readonly Inputs[],
  options: MeasureOptions = {},
): Promise<Measurement> {
  return measureAround(session, inputs, options, (load) => load());
}

/** The same. `around` gets the load alone, to look at what happens meanwhile: what is made of its times comes after. */
export async function measureAround(
  session: Session,
  inputs: Inputs | readonly Inputs[],
  options: MeasureOptions,
  around: <T>(load: () => Promise<T>) => Promise<T>,
): Promise<Measurement> {
  if (!(session instanceof Session)) throw invalidArgument(`session must be a Session, not ${describe(session)}.`);
  // Loaded when it is first needed, as in Session.load.
  const { parseMeasureOptions } = await import('../options/measure.js');
  const parsed = parseMeasureOptions(options, session.lanes);
  const sets: readonly Inputs[] = Array.isArray(inputs) ? inputs : [inputs as Inputs];
  if (sets.length === 0) throw invalidArgument('There are no inputs to measure with.');
  // A tensor that two runs write to at once would be no fair measure, so each in flight has its own.
  const outputs = Array.from({ length: parsed.concurrency }, () => reusableOutputs(session, parsed.memory));
  const found = await around(() => loadUntilStable(session, sets, outputs, parsed));
  return summary(found, session.lanes, parsed);
}

async function loadUntilStable(
  session: Session,
  sets: readonly Inputs[],
  outputs: readonly WantedOutputs[],
  parsed: ParsedMeasureOptions,
): Promise<Found> {
  const attempt = parsed.api === 'native' ? measureNative : measureInJs;
  const warmup = { duration: parsed.warmup, runs: parsed.concurrency };

  let found = await attempt(session, sets, outputs, parsed, warmup);
  let measured = spanOf(found.times);
  while (isStable(found.times, parsed.tolerance) === false && measured + parsed.duration <= parsed.maxDuration) {
    found = await attempt(session, sets, outputs, parsed, { duration: 0, runs: 0 });
    measured += spanOf(found.times);
  }
  return found;
}

async function measureNative(
  session: Session,
  inputs: readonly Inputs[],
  outputs: readonly WantedOutputs[],
  { rate, arrivals, seed, duration, minRuns, maxRuns, signal, onProgress }: ParsedMeasureOptions,
  warmup: Warmup,
): Promise<Found> {
  const { due, started, ended, counted, late, unsent } = await nativeLoad(
    session,
    inputs,
    outputs,
    { duration, minRuns, maxRuns, signal, onProgress },
    { warmup: warmup.duration, warmupRuns: warmup.runs, rate: rate ?? 0, poisson: arrivals === 'poisson', seed },
  );
  const [h2d, compute, d2h] = [3, 4, 5].map((at) => counted[at]! / 1e6 / counted[0]!) as [number, number, number];
  return {
    times: { due, started, ended },
    queued: mean(differences(started, due) as unknown as number[]),
    compute,
    ...(h2d + d2h > 0 ? { h2d, d2h } : {}),
    ...(rate === undefined ? {} : { late, unsent }),
  };
}

async function measureInJs(
  session: Session,
  inputs: readonly Inputs[],
  outputs: readonly WantedOutputs[],
  { api, duration, minRuns, maxRuns, signal, onProgress }: ParsedMeasureOptions,
  warmup: Warmup,
): Promise<Found> {
  const loop = api === 'runSync' ? syncLoop : asyncLoop;
  await loop(session, inputs, outputs, { signal, duration: warmup.duration, minRuns: warmup.runs, maxRuns: Infinity });
  const before = session.stats();
  const times = await loop(session, inputs, outputs, { duration, minRuns, maxRuns, signal, onProgress });
  const after = session.stats();
  const part = (name: keyof SessionStats): number => (after[name] - before[name]) / times.ended.length;
  return {
    times,
    ...(api === 'runSync' ? {} : { queued: part('queued'), compute: part('compute') }),
    ...(part('h2d') + part('d2h') > 0 ? { h2d: part('h2d'), d2h: part('d2h') } : {}),
  };
}

function summary({ times, ...found }: Found, lanes: number, options: ParsedMeasureOptions): Measurement {
  const runs = times.ended.length;
  const span = spanOf(times);
  // After the last request of an open loop nothing is due for a while, which is a part of the rate.
  const whole = options.rate !== undefined && runs < options.maxRuns;
  const duration = whole ? Math.max(span, options.duration) : span;
  const stable = isStable(times, options.tolerance);
  const windows = windowsOf(times, FIGURES);
  const measurement = {
    runs,
    duration,
    throughput: (runs / duration) * 1000,
    latency: summarize(differences(times.ended, times.due)),
    ...found,
    ...(stable === undefined ? {} : { stable }),
    ...(windows === undefined ? {} : { windows }),
  };
  return {
    ...measurement,
    warnings: warningsAbout(measurement, { ...options, lanes }),
    ...(options.times ? { times } : {}),
  };
}

/** Milliseconds from the first start to the last end. */
function spanOf({ due, ended }: RequestTimes): number {
  return ended.reduce((last, time) => Math.max(last, time), 0) - due[0]!;
}

/** Tensors for the outputs, so that the loop measures inference and not allocation. */
function reusableOutputs(session: Session, memory: MemoryKind): WantedOutputs {
  return Object.fromEntries<OutputTarget>(
    session.outputs.map(({ name, type, shape }): [string, OutputTarget] => {
      const fixed = shape?.every((dim) => dim >= 0) === true && isDataType(type);
      if (!fixed) return [name, memory === 'device' ? 'device' : null];
      return [name, memory === 'host' ? Tensor.zeros(type, shape) : session.allocate(name, shape, { memory })];
    }),
  );
}
