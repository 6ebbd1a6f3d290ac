/** Devices that exist only as formulas: what a configuration gives there is known, and so is the best. */
import type { Point, Verdict } from '../../build-ts/analyze/search/grid.js';
import { randomNumbers } from './random.js';

/** What a configuration does on such a device. */
export interface Figures {
  /** Items of the batch a second. */
  throughput: number;
  /** Milliseconds. */
  latency: number;
  /** MB. */
  memory: number;
}

export type Surface = (point: Point) => Figures | 'out of memory';

/** A device that looks random and is the same each time, in the range of what real ones do. */
export function surfaceOf(seed: number): Surface {
  const next = randomNumbers(seed);
  const between = (low: number, high: number): number => low * (high / low) ** next();
  const fixed = between(0.1, 5); // ms of a run, whatever the batch
  const perItem = between(0.01, 5); // ms of an item of the batch, once the device is full
  const width = between(1, 32); // items that the device computes as fast as one
  const contention = between(0.01, 0.9); // of lanes for what they share: the Universal Scalability Law
  const coherence = between(0.0005, 0.1);
  const handover = between(0.001, 0.5); // ms between two runs of a lane that has none waiting
  const baseMemory = between(50, 2000);
  const itemMemory = between(0.5, 200);
  const memoryLimit = between(2000, 40_000);
  return ({ batch, lanes, concurrency }) => {
    const memory = baseMemory + itemMemory * batch * lanes;
    if (memory > memoryLimit) return 'out of memory';
    const run = fixed + perItem * Math.max(1, batch / width);
    const busy = Math.min(lanes, concurrency);
    const together = busy / (1 + contention * (busy - 1) + coherence * busy * (busy - 1));
    const gap = concurrency > lanes ? 0 : handover;
    const runsPerMs = together / (run + gap);
    return { throughput: runsPerMs * batch * 1000, latency: concurrency / runsPerMs, memory };
  };
}

/** What is wanted of a configuration: the larger the better, within limits. */
export interface Wish {
  score: (figures: Figures) => number;
  /** How far the limits are exceeded. */
  violation?: (figures: Figures) => number;
}

export function verdictOf(figures: Figures | 'out of memory', { score, violation }: Wish): Verdict {
  if (figures === 'out of memory') return { violation: Infinity, score: -Infinity, throughput: 0, outOfMemory: true };
  return {
    violation: violation?.(figures) ?? 0,
    score: score(figures),
    throughput: figures.throughput,
    outOfMemory: false,
  };
}
