/**
 * What a search looks through, for one model on one device in one precision: every combination of a batch, a number of
 * lanes and a number of requests in flight.
 */

/** The values that one setting can have, rising. */
export interface Axis {
  values: number[];
  /**
   * A range to look through, which a search may leave early. A list that somebody has written is measured whole by the
   * brute search.
   */
  searched: boolean;
}

/** The axes, in the order in which the brute search nests them. */
export const axes = ['lanes', 'batch', 'concurrency'] as const;
export type AxisName = (typeof axes)[number];

export type Grid = Readonly<Record<AxisName, Axis>>;
export type Point = Readonly<Record<AxisName, number>>;

/** What a search is told of a point. */
export interface Verdict {
  /** How far its limits are exceeded: 0 where they are kept, Infinity where nothing could be measured. */
  violation: number;
  /** The objective, larger is better. -Infinity where nothing could be measured. */
  score: number;
  /** Items of the batch a second; 0 where nothing could be measured. */
  throughput: number;
  /** The device had no memory for it, so it has none for more of the same either. */
  outOfMemory: boolean;
}

/** What is better by less is no better: two measurements of the same thing differ by as much. Of the objective's logarithm. */
export const NOISE = 0.02;

/** Measures a point, or remembers what came of it. */
export type Measure = (point: Point) => Promise<Verdict>;

/** Keeping the limits comes first, then the objective. */
export function isBetter(a: Verdict, b: Verdict): boolean {
  return a.violation === b.violation ? a.score > b.score : a.violation < b.violation;
}

/** Powers of 2 from one number to another, both of them included. */
export function powersOfTwo(from: number, to: number): number[] {
  const values: number[] = [];
  for (let value = from; value < to; value *= 2) values.push(value);
  values.push(to);
  return values;
}

export function sizeOf(grid: Grid): number {
  return axes.reduce((size, name) => size * grid[name].values.length, 1);
}
