/** Comparing two measurements: by how much, and is that more than chance? */
import { mean, sampleVariance, shuffle } from '../third-party/simple-statistics.js';

/** Figures that a comparison takes of each side. */
export const FIGURES = 10;

/** The 97.5 % quantiles of Student's t distribution with 1, 2, … degrees of freedom: one less than figures. */
const T_QUANTILES = [12.7062, 4.302653, 3.182446, 2.776445, 2.570582, 2.446912, 2.364624, 2.306004, 2.262157];

/** Of fewer figures nobody can tell how far they vary. */
export const FEWEST_FIGURES = 2;

/** The sides of a comparison. */
export type Side = 'a' | 'b';

/**
 * Who comes first in each round. Who comes second finds the caches and clocks that the first has left, so each does so as
 * often; in random order, so that nothing that comes and goes by itself keeps step with it.
 */
export function orderOfTurns(random: () => number = Math.random): (readonly [Side, Side])[] {
  const rounds = Array.from({ length: FIGURES }, (_, i) =>
    i % 2 === 0 ? (['a', 'b'] as const) : (['b', 'a'] as const),
  );
  return shuffle(rounds, random);
}

/** The second figure in parts of the first, and the interval that has the true one with a confidence of 95 %. */
export interface Ratio {
  value: number;
  low: number;
  high: number;
}

/** Of figures that were taken in turns: what changes from round to round meets both, and drops out. */
export function pairedRatio(first: readonly number[], second: readonly number[]): Ratio {
  const logs = first.map((figure, i) => Math.log(second[i]! / figure));
  return ratio(mean(logs), sampleVariance(logs), logs.length);
}

/**
 * Of figures that were taken at different times. Welch's test would have between as many degrees of freedom as one side
 * and twice that; with the fewest, the interval is rather too wide.
 */
export function unpairedRatio(first: readonly number[], second: readonly number[]): Ratio {
  const [a, b] = [first, second].map((figures) => figures.map(Math.log)) as [number[], number[]];
  return ratio(mean(b) - mean(a), sampleVariance(a) + sampleVariance(b), a.length);
}

/** Of logarithms: how much faster is told in percent, and twice as fast is as far off as half as fast. */
function ratio(difference: number, variance: number, count: number): Ratio {
  const margin = T_QUANTILES[count - FEWEST_FIGURES]! * Math.sqrt(variance / count);
  return { value: Math.exp(difference), low: Math.exp(difference - margin), high: Math.exp(difference + margin) };
}

/** Is the difference more than chance? */
export function isSignificant({ low, high }: Ratio): boolean {
  return low > 1 || high < 1;
}
