/** Why there is no placement: models that can't be placed together, and the limits that stand in the way. */
import type { Highs } from 'highs';

import type { Problem } from './problem.js';
import { exclusiveItems } from './quick-bound.js';
import { solve } from './solve.js';

export interface Conflict {
  items: number[];
  /** Without any one of these limits, the items could be placed. */
  resources: number[];
  /** Without the rules that keep models apart, they could be placed. */
  apart: boolean;
  /** `smallest`: no fewer models conflict. `irreducible`: each of them is needed. `unknown`: there was no time to tell. */
  extent: 'smallest' | 'irreducible' | 'unknown';
}

/** So many sets of models are tried at most to find one that is smaller. */
const MOST_SETS = 1500;

/** Finds the smallest set of models that can't be placed, given that all of them can't. */
export function findConflict(highs: Highs, problem: Problem, deadline: number): Conflict {
  /** Undefined: there was no time. */
  const isFeasible = (items: readonly number[], changed: Problem = problem): boolean | undefined => {
    const { bins, bound } = solve(highs, part(changed, items), { deadline });
    return bins !== undefined ? true : bound === Infinity ? false : undefined;
  };
  const start = candidate(problem, (items) => isFeasible(items) === false);
  const { items, complete } = reduce(start, (some) => isFeasible(some) === false, deadline);
  const least = everyoneIsAlone(problem) ? problem.kinds[0]!.count + 1 : 1;
  const single = items.length === 1 || items.length <= least;
  const smaller = complete && !single ? search(problem, items.length, least, isFeasible) : undefined;
  const found = smaller?.items ?? items;
  const resources = problem.kinds[0]!.capacity.flatMap((_, resource) =>
    isFeasible(found, without(problem, resource)) === true ? [resource] : [],
  );
  const apart = isFeasible(found, { ...problem, apart: problem.apart.map(() => []) }) === true;
  const isSmallest = complete && (single || smaller?.complete === true);
  return { items: found, resources, apart, extent: isSmallest ? 'smallest' : complete ? 'irreducible' : 'unknown' };
}

/** A small set to begin with: models of which no two share a device, or the largest of one resource. */
function candidate(problem: Problem, conflicts: (items: readonly number[]) => boolean): number[] {
  const devices = problem.kinds.reduce((sum, { count }) => sum + count, 0);
  const all = problem.items.map((_, i) => i);
  const sets = [exclusiveItems(problem).slice(0, devices + 1)];
  problem.kinds[0]!.capacity.forEach((_, resource) => {
    const room = problem.kinds.reduce((sum, { capacity, count }) => sum + capacity[resource]! * count, 0);
    const size = (item: number): number =>
      Math.min(...problem.items[item]!.map(({ use, copies }) => use[resource]! * copies));
    const sorted = [...all].sort((a, b) => size(b) - size(a));
    let sum = 0;
    const needed = sorted.findIndex((item) => (sum += size(item)) > room);
    if (needed !== -1) sets.push(sorted.slice(0, needed + 1));
  });
  sets.sort((a, b) => a.length - b.length);
  return sets.find((set) => set.length > 0 && set.length < all.length && conflicts(set)) ?? all;
}

/** Leaves out what the conflict does without, one after the other. */
function reduce(
  start: readonly number[],
  conflicts: (items: readonly number[]) => boolean,
  deadline: number,
): { items: number[]; complete: boolean } {
  let items = [...start];
  for (const item of start) {
    if (performance.now() > deadline) return { items, complete: false };
    const others = items.filter((other) => other !== item);
    if (others.length > 0 && conflicts(others)) items = others;
  }
  return { items, complete: performance.now() <= deadline };
}

/** A conflict of fewer models, if there is one: all sets, the smallest first. Undefined where they are too many. */
function search(
  problem: Problem,
  size: number,
  least: number,
  isFeasible: (items: readonly number[]) => boolean | undefined,
): { items?: number[]; complete: boolean } | undefined {
  const n = problem.items.length;
  let sets = 0;
  for (let k = least; k < size; k++) sets += choose(n, k);
  if (sets > MOST_SETS) return undefined;
  for (let k = least; k < size; k++) {
    for (const items of combinations(n, k)) {
      const feasible = isFeasible(items);
      if (feasible === undefined) return { complete: false };
      if (!feasible) return { items, complete: true };
    }
  }
  return { complete: true };
}

/** Could as many models as there are devices always have one each? */
function everyoneIsAlone({ items, kinds }: Problem): boolean {
  return kinds.length === 1 && items.every((options) => options.some(({ copies }) => copies === 1));
}

function choose(n: number, k: number): number {
  let result = 1;
  for (let i = 0; i < k; i++) result = (result * (n - i)) / (i + 1);
  return result;
}

function* combinations(n: number, k: number, from = 0): Generator<number[]> {
  if (k === 0) {
    yield [];
    return;
  }
  for (let first = from; first <= n - k; first++)
    for (const rest of combinations(n, k - 1, first + 1)) yield [first, ...rest];
}

/** The problem of some of the items. Nothing costs anything: any placement will do. */
function part({ kinds, items, apart }: Problem, some: readonly number[]): Problem {
  const indexOf = new Map(some.map((item, i) => [item, i]));
  return {
    kinds: kinds.map((kind) => ({ ...kind, cost: 0 })),
    items: some.map((item) => items[item]!.map((option) => ({ ...option, loss: 0 }))),
    apart: some.map((item) => apart[item]!.flatMap((other) => indexOf.get(other) ?? [])),
  };
}

function without({ kinds, ...rest }: Problem, resource: number): Problem {
  const unlimited = (amount: number, i: number): number => (i === resource ? Number.MAX_SAFE_INTEGER : amount);
  return { ...rest, kinds: kinds.map((kind) => ({ ...kind, capacity: kind.capacity.map(unlimited) })) };
}
