/** Measuring two sides in turns. */
import { FEWEST_FIGURES, FIGURES, orderOfTurns } from '../../measure/comparison.js';
import type { Side } from '../../measure/comparison.js';
import { untilInterrupted } from '../interrupt.js';
import type { BenchCommandOptions } from './measure-configurations.js';

/** What was measured of each side, round by round. */
export interface Turns<T> {
  a: T[];
  b: T[];
  /** A signal has ended it before all rounds were over. */
  interrupted: boolean;
}

/**
 * Measures both sides in each round. What a signal leaves of a round compares nothing, and is left out.
 * @throws `CANCELLED` where a signal leaves too few rounds
 */
export async function inTurns<T>(
  measure: (side: Side) => Promise<T>,
  order: readonly (readonly [Side, Side])[] = orderOfTurns(),
): Promise<Turns<T>> {
  const found: Record<Side, T[]> = { a: [], b: [] };
  const cancelled = await untilInterrupted(async () => {
    for (const side of order.flat()) found[side].push(await measure(side));
  });
  const rounds = Math.min(found.a.length, found.b.length);
  if (cancelled !== undefined && rounds < FEWEST_FIGURES) throw cancelled;
  return { a: found.a.slice(0, rounds), b: found.b.slice(0, rounds), interrupted: cancelled !== undefined };
}

/** For one turn of a side, where all of them are to take as long as was asked for. */
export function forOneTurn(options: BenchCommandOptions): BenchCommandOptions {
  const { duration, warmup, minRuns, maxDuration } = options;
  return {
    ...options,
    duration: duration / FIGURES,
    warmup: warmup / FIGURES,
    minRuns: Math.ceil(minRuns / FIGURES),
    ...(maxDuration === undefined ? {} : { maxDuration: maxDuration / FIGURES }),
  };
}
