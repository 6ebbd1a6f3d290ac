/** Measuring one configuration of a session. */
import type { Inputs, WantedOutputs } from '../binding.js';
import { describe } from '../data-type.js';
import { invalidArgument } from '../errors.js';
import type { ParsedMeasureOptions } from '../options/measure.js';
import { Session } from '../session.js';
import type { SessionStats } from '../session-stats.js';
import { besideCompanions } from './companions.js';
import { foundNatively, spanOf, summary } from './found.js';
import type { Found } from './found.js';
import { asyncLoop, syncLoop } from './loops.js';
import { nativeLoad } from './native-load.js';
import type { MeasureOptions, Measurement } from './options.js';
import { reusableOutputs } from './reusable-outputs.js';
import { isStable } from './statistics.js';

/** What is not counted: milliseconds, and runs at least. */
interface Warmup {
  duration: number;
  runs: number;
}

/**
 * Runs `session` on the same inputs over and over, while nobody else does but those in {@link MeasureOptions.beside}; or on
 * several sets of inputs in turn. Outputs are allocated once, where the model fixes their shape.
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
  const load = (signal = parsed.signal): Promise<Found> =>
    around(() => untilStable(session, sets, { ...parsed, signal }));
  if (parsed.beside.length === 0) return summary(await load(), session.lanes, parsed);
  const { result, beside } = await besideCompanions(parsed.beside, parsed, load);
  return { ...summary(result, session.lanes, parsed), beside };
}

/** Measures again while the measurement is not stable, and it may. */
async function untilStable(session: Session, inputs: readonly Inputs[], options: ParsedMeasureOptions): Promise<Found> {
  const outputs = reusableOutputs(session, options.memory, options.concurrency);
  const attempt = options.api === 'native' ? measureNative : measureInJs;
  const { concurrency, rate } = options;
  // In an open loop far more may be in flight than are, and would take long to come.
  const runs = rate === undefined ? concurrency : Math.min(concurrency, session.lanes);
  const warmup = { duration: options.warmup, runs };
  let found = await attempt(session, inputs, outputs, options, warmup);
  let measured = spanOf(found.times);
  while (isStable(found.times, options.tolerance) === false && measured + options.duration <= options.maxDuration) {
    found = await attempt(session, inputs, outputs, options, { duration: 0, runs: 0 });
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
  const report = await nativeLoad(
    session,
    inputs,
    outputs,
    { duration, minRuns, maxRuns, signal, onProgress },
    { warmup: warmup.duration, warmupRuns: warmup.runs, rate: rate ?? 0, poisson: arrivals === 'poisson', seed },
  );
  return foundNatively(report, rate);
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
