/** The searches, on devices that are formulas: what the best is, is known. */
import { describe, expect, it } from 'vitest';

import { bruteSearch, gainsNoMore } from '../../build-ts/analyze/search/brute.js';
import { isBetter, powersOfTwo, sizeOf } from '../../build-ts/analyze/search/grid.js';
import type { Axis, Grid, Measure, Point, Verdict } from '../../build-ts/analyze/search/grid.js';
import { quickSearch } from '../../build-ts/analyze/search/quick.js';
import { randomNumbers } from '../utils/random.js';
import { surfaceOf, verdictOf } from '../utils/surfaces.js';
import type { Figures, Surface, Wish } from '../utils/surfaces.js';

const range = (to: number): Axis => ({ values: powersOfTwo(1, to), searched: true });
const list = (...values: number[]): Axis => ({ values, searched: false });

const usual: Grid = { lanes: range(8), batch: range(128), concurrency: range(64) };
const large: Grid = { lanes: range(16), batch: range(128), concurrency: range(1024) };
/** Along which nothing is left out. */
const whole = (grid: Grid): Grid => ({
  lanes: list(...grid.lanes.values),
  batch: list(...grid.batch.values),
  concurrency: list(...grid.concurrency.values),
});

interface Found {
  best: Verdict;
  points: Point[];
}

async function explore(
  search: (grid: Grid, measure: Measure) => Promise<void>,
  grid: Grid,
  judge: (point: Point) => Verdict,
): Promise<Found> {
  const seen = new Map<string, Verdict>();
  const points: Point[] = [];
  let best: Verdict = { violation: Infinity, score: -Infinity, throughput: 0, outOfMemory: false };
  await search(grid, (point) => {
    const key = JSON.stringify([point.lanes, point.batch, point.concurrency]);
    const known = seen.get(key);
    if (known !== undefined) return Promise.resolve(known);
    const verdict = judge(point);
    seen.set(key, verdict);
    points.push(point);
    if (isBetter(verdict, best)) best = verdict;
    return Promise.resolve(verdict);
  });
  return { best, points };
}

const over = (value: number, limit: number): number => Math.max(0, Math.log(value / limit));

/** What people want of a device, by what the smallest configuration gives there. */
const wishes: Record<string, (smallest: Figures) => Wish> = {
  throughput: () => ({ score: ({ throughput }) => Math.log(throughput) }),
  'throughput within a latency budget': (smallest) => ({
    score: ({ throughput }) => Math.log(throughput),
    violation: ({ latency }) => over(latency, 5 * smallest.latency),
  }),
  'throughput within a budget that the smallest just keeps': (smallest) => ({
    score: ({ throughput }) => Math.log(throughput),
    violation: ({ latency }) => over(latency, 1.2 * smallest.latency),
  }),
  'throughput within memory': () => ({
    score: ({ throughput }) => Math.log(throughput),
    violation: ({ memory }) => over(memory, 3000),
  }),
  'throughput ten times as much as latency': () => ({
    score: ({ throughput, latency }) => (10 * Math.log(throughput) - Math.log(latency)) / 11,
  }),
  'throughput as much as latency': () => ({
    score: ({ throughput, latency }) => (Math.log(throughput) - Math.log(latency)) / 2,
  }),
};

const SMALLEST: Point = { lanes: 1, batch: 1, concurrency: 1 };
const SEEDS = Array.from({ length: 150 }, (_, i) => 10_000 + i);

describe.each(Object.entries({ usual, large }))('the quick search, on the %s grid', (_, grid) => {
  it.each(Object.keys(wishes))('finds 95 percent of the best by 15 percent of the measurements: %s', async (name) => {
    const wishFor = wishes[name]!;
    let [measured, earlyStopping] = [0, 0];
    for (const seed of SEEDS) {
      const surface = surfaceOf(seed);
      const smallest = surface(SMALLEST);
      if (smallest === 'out of memory') continue;
      const judge = (point: Point): Verdict => verdictOf(surface(point), wishFor(smallest));
      const [all, brute, quick] = [
        await explore(bruteSearch, whole(grid), judge),
        await explore(bruteSearch, grid, judge),
        await explore(quickSearch, grid, judge),
      ];
      expect(quick.points.length, `seed ${seed}`).toBeLessThanOrEqual(0.15 * sizeOf(grid));
      expect(quick.best.violation, `seed ${seed}`).toBe(all.best.violation);
      expect(Math.exp(quick.best.score - all.best.score), `seed ${seed}`).toBeGreaterThanOrEqual(0.95);
      measured += quick.points.length;
      earlyStopping += brute.points.length;
    }
    // Against a brute search that leaves ranges early, over all devices.
    expect(measured / earlyStopping).toBeLessThanOrEqual(0.15);
  });
});

it.each(Object.keys(wishes))(
  'on a grid of few, the quick search finds the best by 20 measurements: %s',
  async (name) => {
    // What `accelnode analyze` looks through by default on a machine of two cores.
    const small: Grid = { lanes: range(2), batch: range(128), concurrency: range(32) };
    for (const seed of SEEDS) {
      const surface = surfaceOf(seed);
      const smallest = surface(SMALLEST);
      if (smallest === 'out of memory') continue;
      const judge = (point: Point): Verdict => verdictOf(surface(point), wishes[name]!(smallest));
      const [all, quick] = [await explore(bruteSearch, whole(small), judge), await explore(quickSearch, small, judge)];
      const measured = quick.points.filter((point) => surface(point) !== 'out of memory');
      expect(measured.length, `seed ${seed}`).toBeLessThanOrEqual(20);
      expect(quick.best.violation, `seed ${seed}`).toBe(all.best.violation);
      expect(Math.exp(quick.best.score - all.best.score), `seed ${seed}`).toBeGreaterThanOrEqual(0.95);
    }
  },
);

it('the quick search finds nearly as much where measurements are off by up to 2 %', async () => {
  const shares: number[] = [];
  for (const seed of SEEDS.slice(0, 100)) {
    const surface = surfaceOf(seed);
    const noise = new Map<string, number>();
    const next = randomNumbers(seed);
    const noisy: Surface = (point) => {
      const key = JSON.stringify(point);
      if (!noise.has(key)) noise.set(key, 0.98 + 0.04 * next());
      const figures = surface(point);
      return figures === 'out of memory' ? figures : { ...figures, throughput: figures.throughput * noise.get(key)! };
    };
    const wish: Wish = { score: ({ throughput }) => Math.log(throughput) };
    const judge = (point: Point): Verdict => verdictOf(noisy(point), wish);
    const [all, quick] = [await explore(bruteSearch, whole(usual), judge), await explore(quickSearch, usual, judge)];
    shares.push(Math.exp(quick.best.score - all.best.score));
  }
  expect(shares.filter((share) => share < 0.95)).toHaveLength(0);
});

describe('the quick search', () => {
  it('measures nothing twice, and nothing outside of the grid', async () => {
    const surface = surfaceOf(3);
    const { points } = await explore(quickSearch, usual, (point) =>
      verdictOf(surface(point), wishes.throughput!(surface(SMALLEST) as Figures)),
    );
    expect(new Set(points.map((point) => JSON.stringify(point))).size).toBe(points.length);
    for (const { lanes, batch, concurrency } of points) {
      expect(usual.lanes.values).toContain(lanes);
      expect(usual.batch.values).toContain(batch);
      expect(usual.concurrency.values).toContain(concurrency);
    }
  });

  it('leaves no lane idle where fewer would do', async () => {
    for (const seed of SEEDS) {
      const surface = surfaceOf(seed);
      const { points } = await explore(quickSearch, usual, (point) =>
        verdictOf(surface(point), { score: ({ throughput }) => Math.log(throughput) }),
      );
      expect(
        points.filter(({ lanes, concurrency }) => lanes > concurrency),
        `seed ${seed}`,
      ).toEqual([]);
    }
    // With 4 lanes or one, 2 requests at a time go through 4.
    const { points } = await explore(
      quickSearch,
      { lanes: list(1, 4), batch: list(1), concurrency: list(2) },
      ({ lanes }) => verdictOf({ throughput: lanes, latency: 1, memory: 1 }, { score: ({ throughput }) => throughput }),
    );
    expect(points).toContainEqual({ lanes: 4, batch: 1, concurrency: 2 });
  });

  it('looks further where it has hardly begun to climb', async () => {
    // Nothing gains by one step along any axis, as where measurements are unlucky.
    const { best } = await explore(quickSearch, usual, ({ batch }) =>
      verdictOf(
        { throughput: batch < 4 ? 1 : batch, latency: 1, memory: 1 },
        { score: ({ throughput }) => throughput },
      ),
    );
    expect(best.score).toBe(128);
  });

  it('leaves out what is more than something that there was no memory for', async () => {
    for (const seed of SEEDS) {
      const surface = surfaceOf(seed);
      const smallest = surface(SMALLEST);
      if (smallest === 'out of memory') continue;
      const { points } = await explore(quickSearch, usual, (point) =>
        verdictOf(surface(point), wishes.throughput!(smallest)),
      );
      const full = points.filter((point) => surface(point) === 'out of memory');
      const exceeds = (a: Point, b: Point): boolean =>
        a !== b && a.lanes >= b.lanes && a.batch >= b.batch && a.concurrency >= b.concurrency;
      for (const [i, later] of full.entries()) {
        expect(
          full.slice(0, i).filter((earlier) => exceeds(later, earlier)),
          `seed ${seed}`,
        ).toEqual([]);
      }
    }
  });

  it('ends where there is one point, and where nothing can be measured', async () => {
    const failed: Verdict = { violation: Infinity, score: -Infinity, throughput: 0, outOfMemory: false };
    const one = await explore(quickSearch, { lanes: list(1), batch: list(4), concurrency: list(2) }, () => failed);
    expect(one.points).toEqual([{ lanes: 1, batch: 4, concurrency: 2 }]);
    expect((await explore(quickSearch, usual, () => failed)).points.length).toBeLessThanOrEqual(0.15 * sizeOf(usual));
  });
});

describe('the brute search', () => {
  const gaining =
    (throughput: (point: Point) => number, fits: (point: Point) => boolean = () => true) =>
    (point: Point): Verdict => {
      const figures = { throughput: throughput(point), latency: 1, memory: 1 };
      return verdictOf(fits(point) ? figures : 'out of memory', { score: ({ throughput }) => throughput });
    };

  it('measures every combination of lists', async () => {
    const grid: Grid = { lanes: list(1, 2), batch: list(1, 3, 5, 7, 9, 11), concurrency: list(1, 2, 3, 4, 5) };
    expect(
      (
        await explore(
          bruteSearch,
          grid,
          gaining(() => 1),
        )
      ).points,
    ).toHaveLength(2 * 6 * 5);
  });

  it('leaves a range when four tries have gained less than 5 %', async () => {
    const grid: Grid = { lanes: list(1), batch: list(1), concurrency: range(1024) };
    const { points } = await explore(
      bruteSearch,
      grid,
      gaining(({ concurrency }) => Math.min(concurrency, 4)),
    );
    // 4, 8, 16 and 32 are the same.
    expect(points.map(({ concurrency }) => concurrency)).toEqual([1, 2, 4, 8, 16, 32]);
  });

  it('leaves a range of batches by the best of each', async () => {
    const grid: Grid = { lanes: list(1), batch: range(1024), concurrency: list(1, 2) };
    const { points } = await explore(
      bruteSearch,
      grid,
      gaining(({ batch }) => Math.min(batch, 2)),
    );
    expect([...new Set(points.map(({ batch }) => batch))]).toEqual([1, 2, 4, 8, 16]);
  });

  it('goes on where the first of a range could not be measured, as long as more gives more', async () => {
    const failed: Verdict = { violation: Infinity, score: -Infinity, throughput: 0, outOfMemory: false };
    const good = gaining(({ batch }) => batch);
    const grid: Grid = { lanes: list(1), batch: range(128), concurrency: list(1) };
    const { points } = await explore(bruteSearch, grid, (point) => (point.batch === 1 ? failed : good(point)));
    expect(points.map(({ batch }) => batch)).toEqual([1, 2, 4, 8, 16, 32, 64, 128]);
  });

  it('goes on until the memory is full, and not beyond', async () => {
    const grid: Grid = { lanes: list(1, 2), batch: range(2 ** 16), concurrency: list(1, 2) };
    const judge = gaining(
      ({ batch }) => batch,
      ({ batch, lanes }) => batch * lanes <= 256,
    );
    const { best, points } = await explore(bruteSearch, grid, judge);
    expect(best.throughput).toBe(256);
    expect(Math.max(...points.filter(({ lanes }) => lanes === 1).map(({ batch }) => batch))).toBe(512);
    expect(Math.max(...points.filter(({ lanes }) => lanes === 2).map(({ batch }) => batch))).toBe(256);
    // The first that did not fit was tried once.
    expect(points.filter(({ batch }) => batch === 512)).toHaveLength(1);
  });
});

it.each<[number[], boolean]>([
  [[1, 1, 1], false],
  [[1, 1, 1, 1], true],
  [[1, 2, 4, 8], false],
  [[100, 101, 104, 104.9], true],
  [[100, 101, 104, 105], false],
  [[100, 106, 90, 90], false],
  [[1, 100, 101, 102, 103], true],
  [[0, 0, 0, 0], true],
  [[0, 2, 4, 8], false],
  [[0, 0, 0, 8], false],
  [[8, 0, 0, 0], true],
])('throughputs of %j gain no more: %s', (throughputs, expected) => {
  expect(gainsNoMore(throughputs)).toBe(expected);
});

it('powers of 2 have both ends', () => {
  expect(powersOfTwo(1, 8)).toEqual([1, 2, 4, 8]);
  expect(powersOfTwo(1, 6)).toEqual([1, 2, 4, 6]);
  expect(powersOfTwo(3, 20)).toEqual([3, 6, 12, 20]);
  expect(powersOfTwo(4, 4)).toEqual([4]);
});
