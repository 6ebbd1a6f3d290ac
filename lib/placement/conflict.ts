/** Why there is no placement: models that can't be placed together, and the limits that stand in the way. */
import type { Highs } from 'highs';

import type { Problem } from './problem.js';
import { fitsAlone } from './problem.js';
import { exclusiveItems } from './quick-bound.js';
import { solve } from './solve.js';
import { unite } from './unite.js';
import type { Models } from './unite.js';

export interface Conflict {
  models: number[];
  /** Without any one of these limits, the models could be placed. */
  resources: number[];
  /** Without the rules that keep models apart, they could be placed. */
  apart: boolean;
  /** Without pins, they could be placed. */
  pins: boolean;
  /** `smallest`: no fewer models conflict. `irreducible`: each of them is needed. `unknown`: there was no time to tell. */
  extent: 'smallest' | 'irreducible' | 'unknown';
}

/** So many sets of models are tried at most to find one that is smaller. */
const MOST_SETS = 1500;

/** A conflict of which nothing is known but that there is one. */
export function unexplained({ items }: Models): Conflict {
  return { models: items.map((_, model) => model), resources: [], apart: false, pins: false, extent: 'unknown' };
}

/** Finds the smallest set of models that can't be placed, given that all of them can't. */
export function findConflict(highs: Highs, all: Models, deadline: number): Conflict {
  const { capacity, count } = all.kinds[0]!;
  // What is tried for each resource, and for the rules, at last.
  const reserved = capacity.length + 2;
  let undecided = 0;
  /** @param left so many sets will be tried yet, this one included: each has the same share of the time */
  const isFeasible = (some: readonly number[], left: number, changed: Models = all): boolean | undefined => {
    const now = performance.now();
    const share = now + (deadline - now) / left;
    const { bins, bound } = solve(highs, withoutCosts(unite(changed, some).problem), { deadline: share });
    if (bins === undefined && bound !== Infinity) undecided++;
    return bins !== undefined ? true : bound === Infinity ? false : undefined;
  };
  const conflicts = (some: readonly number[], left: number): boolean => isFeasible(some, left + reserved) === false;
  const start = candidate(all, (some) => conflicts(some, all.items.length));
  const before = undecided;
  const reduced = irreducible(start, conflicts);
  const isIrreducible = undecided === before;
  const least = everyoneIsAlone(all) ? count + 1 : 1;
  const single = reduced.length === 1 || reduced.length <= least;
  const smaller = isIrreducible && !single ? search(all, reduced.length, least, conflicts) : undefined;
  const isSmallest = undecided === before && (single || smaller !== undefined);
  const models = [...((isSmallest ? smaller?.models : undefined) ?? reduced)].sort((a, b) => a - b);
  const isCause = (changed: Models): boolean => isFeasible(models, reserved, changed) === true;
  return {
    models,
    resources: capacity.flatMap((_, resource) => (isCause(without(all, resource)) ? [resource] : [])),
    apart: isCause({ ...all, apart: all.apart.map(() => []) }),
    pins: isCause({ ...all, groups: all.items.map((_, model) => ({ models: [model] })) }),
    extent: isSmallest ? 'smallest' : isIrreducible ? 'irreducible' : 'unknown',
  };
}

/**
 * Leaves out what a conflict does without, one after the other.
 * @param conflicts is told how many sets will be tried yet, this one included
 */
export function irreducible(
  start: readonly number[],
  conflicts: (some: readonly number[], left: number) => boolean,
): number[] {
  let needed = [...start];
  for (const [i, each] of start.entries()) {
    const others = needed.filter((other) => other !== each);
    if (others.length > 0 && conflicts(others, start.length - i)) needed = others;
  }
  return needed;
}

/** A small set to begin with: models of which no two share a device, or the largest of one resource. */
function candidate(problem: Models, conflicts: (some: readonly number[]) => boolean): number[] {
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

/** A conflict of fewer models, if there is one: all sets, the smallest first. Undefined where they are too many. */
function search(
  { items }: Models,
  size: number,
  least: number,
  conflicts: (some: readonly number[], left: number) => boolean,
): { models?: number[] } | undefined {
  const n = items.length;
  let sets = 0;
  for (let k = least; k < size; k++) sets += choose(n, k);
  if (sets > MOST_SETS) return undefined;
  for (let k = least; k < size; k++) {
    for (const models of combinations(n, k)) if (conflicts(models, sets--)) return { models };
  }
  return {};
}

/** Could as many models as there are devices always have one each? */
function everyoneIsAlone({ items, kinds: [kind, ...others] }: Models): boolean {
  return (
    others.length === 0 &&
    items.every((options) => options.some((option) => option.copies === 1 && fitsAlone(kind!, 0, option)))
  );
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

/** Nothing costs anything: any placement will do. */
function withoutCosts({ kinds, items, apart }: Problem): Problem {
  return {
    kinds: kinds.map((kind) => ({ ...kind, cost: 0 })),
    items: items.map((options) => options.map((option) => ({ ...option, loss: 0 }))),
    apart,
  };
}

function without({ kinds, ...rest }: Models, resource: number): Models {
  const unlimited = (amount: number, i: number): number => (i === resource ? Number.MAX_SAFE_INTEGER : amount);
  return { ...rest, kinds: kinds.map((kind) => ({ ...kind, capacity: kind.capacity.map(unlimited) })) };
}
