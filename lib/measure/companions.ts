/** Other models under load while one is measured. */
import type { WantedOutputs } from '../binding.js';
import { AccelError } from '../errors.js';
import type { NativeLoadReport } from '../native/addon.js';
import type { ParsedCompanion, ParsedMeasureOptions } from '../options/measure.js';
import { generateLoad } from '../session.js';
import { foundNatively, summary } from './found.js';
import { throwIfAborted } from './loops.js';
import type { Measurement } from './options.js';
import { reusableOutputs } from './reusable-outputs.js';

/** The times of each are kept. */
const MOST_RUNS = 10_000_000;

/** A load that goes on until it is told to stop. */
interface EndlessLoad {
  /** Settles when requests are made, or it has ended. Never rejects. */
  begun: Promise<void>;
  /** Rejects also when it has ended by itself. */
  ended: Promise<NativeLoadReport>;
}

/**
 * Does `task` while the companions are under load, from before it begins until it has ended. They are warm by then. If one of
 * them fails, the signal that `task` gets is aborted.
 * @throws `CANCELLED`; the failure of a companion, by its name; what `task` throws
 */
export async function besideCompanions<T>(
  companions: readonly ParsedCompanion[],
  options: ParsedMeasureOptions,
  task: (signal: AbortSignal) => Promise<T>,
): Promise<{ result: T; beside: Measurement[] }> {
  const stop = new AbortController();
  const abort = (): void => stop.abort();
  options.signal?.addEventListener('abort', abort, { once: true });
  try {
    throwIfAborted(options.signal);
    const ready = companions.map((companion) => ({
      companion,
      outputs: reusableOutputs(companion.session, companion.memory, companion.concurrency),
    }));
    await allOf(ready.map(({ companion, outputs }) => warmUp(companion, outputs, options.warmup, stop.signal)));
    const loads = ready.map(({ companion, outputs }) => beginLoad(companion, outputs, stop.signal));
    for (const { ended } of loads) ended.then(abort, abort);
    await Promise.all(loads.map(({ begun }) => begun));
    const [outcome] = await Promise.allSettled([task(stop.signal)]);
    abort();
    const reports = await allOf(loads.map(({ ended }) => ended));
    throwIfAborted(options.signal);
    if (outcome.status === 'rejected') throw outcome.reason;
    return { result: outcome.value, beside: reports.map((report, i) => measured(companions[i]!, report, options)) };
  } finally {
    options.signal?.removeEventListener('abort', abort);
  }
}

/** Its first runs on each lane are not those of a model that has been in use. */
async function warmUp(
  companion: ParsedCompanion,
  outputs: readonly WantedOutputs[],
  duration: number,
  signal: AbortSignal,
): Promise<void> {
  const { session, inputs } = companion;
  const some = outputs.slice(0, session.lanes);
  const none = { rate: 0, poisson: false, seed: 0, duration: 0, minRuns: 0, maxRuns: 0 };
  const warmup = { ...none, warmup: duration, warmupRuns: some.length };
  await named(companion, generateLoad(session, inputs, some, warmup, signal));
}

function beginLoad(companion: ParsedCompanion, outputs: readonly WantedOutputs[], stop: AbortSignal): EndlessLoad {
  const { session, inputs, rate = 0, arrivals, seed } = companion;
  const plan = { rate, poisson: arrivals === 'poisson', seed, warmup: 0, warmupRuns: 0, duration: 0 };
  let noteBegun!: () => void;
  const begun = new Promise<void>((resolve) => (noteBegun = resolve));
  const load = generateLoad(
    session,
    inputs,
    outputs,
    { ...plan, minRuns: MOST_RUNS, maxRuns: MOST_RUNS },
    stop,
    noteBegun,
  );
  const ended = named(companion, load).then((report) => {
    if (stop.aborted) return report;
    throw new AccelError('UNSUPPORTED', `${companion.name} has made ${MOST_RUNS} requests, the most that are kept.`, {
      hint: 'Measure for less time, or give it a rate.',
    });
  });
  void ended.then(noteBegun, noteBegun);
  return { begun, ended };
}

function measured(companion: ParsedCompanion, report: NativeLoadReport, options: ParsedMeasureOptions): Measurement {
  const { session, name, rate, arrivals, concurrency } = companion;
  if (report.ended.length === 0) {
    throw new AccelError('INVALID_ARGUMENT', `${name} was to make no request while the other model was measured.`, {
      hint: 'Measure for longer, or give it a higher rate.',
    });
  }
  const { duration } = report;
  const { tolerance, times } = options;
  const facts = { api: 'native' as const, concurrency, rate, arrivals, duration, maxRuns: MOST_RUNS, tolerance, times };
  return summary(foundNatively(report, rate), session.lanes, facts);
}

/** The same, where a failure says whose it is. */
async function named<T>({ name }: ParsedCompanion, load: Promise<T>): Promise<T> {
  try {
    return await load;
  } catch (error) {
    if (!(error instanceof AccelError)) throw error;
    const { backend, device, call, status, hint } = error;
    const details = { backend, device, call, status, hint, cause: error };
    throw new AccelError(error.code, `${name}, beside the measured model, failed: ${error.message}`, details);
  }
}

/** Waits for all, whatever becomes of them: memory is in use until then. */
async function allOf<T>(promises: readonly Promise<T>[]): Promise<T[]> {
  const outcomes = await Promise.allSettled(promises);
  return outcomes.map((outcome) => {
    if (outcome.status === 'rejected') throw outcome.reason;
    return outcome.value;
  });
}
