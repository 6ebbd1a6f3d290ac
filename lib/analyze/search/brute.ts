import type { Axis, Grid, Measure, Verdict } from './grid.js';

/** A walk along a range ends when the last so many tries, together, have not gained as much. */
const TRIES = 4;
const GAIN = 0.05;

/**
 * Measures every combination; along a range, as long as more gives more throughput, and along every axis until the memory
 * is full.
 */
export async function bruteSearch(grid: Grid, measure: Measure): Promise<void> {
  await walk(grid.lanes, (lanes) =>
    walk(grid.batch, (batch) => walk(grid.concurrency, (concurrency) => measure({ lanes, batch, concurrency }))),
  );
}

/** What a walk along an axis tells of the one outside of it. */
type Walked = Pick<Verdict, 'throughput' | 'outOfMemory'>;

async function walk(axis: Axis, visit: (value: number) => Promise<Walked>): Promise<Walked> {
  const throughputs: number[] = [];
  for (const value of axis.values) {
    const { throughput, outOfMemory } = await visit(value);
    if (outOfMemory) break;
    throughputs.push(throughput);
    if (axis.searched && gainsNoMore(throughputs)) break;
  }
  return { throughput: Math.max(0, ...throughputs), outOfMemory: throughputs.length === 0 };
}

/** Have the last tries made less of a difference than is worth going on for? */
export function gainsNoMore(throughputs: readonly number[]): boolean {
  if (throughputs.length < TRIES) return false;
  const [first, ...later] = throughputs.slice(-TRIES) as [number, ...number[]];
  const most = Math.max(...later);
  // Where the first could not be measured, more may still gain.
  return most === 0 || most < first * (1 + GAIN);
}
