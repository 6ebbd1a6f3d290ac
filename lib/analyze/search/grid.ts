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
  /** The model can't be loaded with this batch, as when its shape is fixed. */
  refused?: boolean;
}

/** What is better by less is no better: two measurements of the same thing differ by as much. Of the objective's logarithm. */
export const NOISE = 0.02;

/** Measures a point, or remembers what came of it. */
export type Measure = (point: Point) => Promise<Verdict>;

/** Keeping the limits comes first, then the objective. */
export function isBetter(a: Verdict, b: Verdict): boolean {
  return a.violation === b.violation ? a.score > b.score : a.violation < b.violation;
}

/**
 * Remembers the batches that are refused where nothing but the batch is new: at the first values of the other axes. No
 * other settings can change that, so nothing more is measured with them.
 */
export function withoutRefused(grid: Grid, measure: Measure): Measure {
  const refused = new Map<number, Verdict>();
  return async (point) => {
    const known = refused.get(point.batch);
    if (known !== undefined) return known;
    const verdict = await measure(point);
    const atFirst = point.lanes === grid.lanes.values[0] && point.concurrency === grid.concurrency.values[0];
    if (verdict.refused === true && atFirst) refused.set(point.batch, verdict);
    return verdict;
  };
}

/** From one number, doubled as long as that is less than another, which is the last: 1, 2, 4, 6. */
export function powersOfTwo(from: number, to: number): number[] {
  const values: number[] = [];
  for (let value = from; value < to; value *= 2) values.push(value);
  values.push(to);
  return values;
}

export function sizeOf(grid: Grid): number {
  return axes.reduce((size, name) => size * grid[name].values.length, 1);
}
