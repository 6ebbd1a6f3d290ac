/** Comparing two measurements: by how much, and is that more than chance? */
import { mean, sampleVariance } from '../third-party/simple-statistics.js';

/** Figures that a comparison takes of each side. */
export const FIGURES = 10;

/** The 97.5 % quantile of Student's t distribution with one degree of freedom less than figures. */
const T_QUANTILE = 2.262157;

/** The second figure in parts of the first, and the interval that has the true one with a confidence of 95 %. */
export interface Ratio {
  value: number;
  low: number;
  high: number;
}

/** Of figures that were taken in turns: what changes from round to round meets both, and drops out. */
export function pairedRatio(first: readonly number[], second: readonly number[]): Ratio {
  const logs = first.map((figure, i) => Math.log(second[i]! / figure));
  return ratio(mean(logs), sampleVariance(logs) / FIGURES);
}

/**
 * Of figures that were taken at different times. Welch's test would have between as many degrees of freedom as one side
 * and twice that; with the fewest, the interval is rather too wide.
 */
export function unpairedRatio(first: readonly number[], second: readonly number[]): Ratio {
  const [a, b] = [first, second].map((figures) => figures.map(Math.log)) as [number[], number[]];
  return ratio(mean(b) - mean(a), (sampleVariance(a) + sampleVariance(b)) / FIGURES);
}

/** Of logarithms: how much faster is told in percent, and twice as fast is as far off as half as fast. */
function ratio(difference: number, variance: number): Ratio {
  const margin = T_QUANTILE * Math.sqrt(variance);
  return { value: Math.exp(difference), low: Math.exp(difference - margin), high: Math.exp(difference + margin) };
}

/** Is the difference more than chance? */
export function isSignificant({ low, high }: Ratio): boolean {
  return low > 1 || high < 1;
}
