/** Bounds that need no search. */
import type { Option, Problem } from './problem.js';
import { fitsAlone, stepOf, roundUp } from './problem.js';

/** Steps in search of the prices of resources that give the highest bound. */
const STEPS = 60;

/** No placement costs less: by what all models take together, and by models of which no two share a device. */
export function quickBound(problem: Problem): number {
  const dimensions = problem.kinds[0]!.capacity.map((_, resource) => sumBound(problem, resource));
  const bound = Math.max(0, ...dimensions, pricesOf(problem)?.bound ?? 0, exclusiveBound(problem));
  return roundUp(bound, stepOf(problem));
}

/** Of one resource: everybody's share of it, where it is cheapest. */
function sumBound({ kinds, items }: Problem, resource: number): number {
  const price = Math.min(...kinds.map(({ cost, capacity }) => cost / capacity[resource]!));
  if (!Number.isFinite(price)) return 0;
  return items.reduce((sum, options) => {
    return sum + Math.min(...options.map(({ use, copies, loss }) => use[resource]! * copies * price + loss));
  }, 0);
}

/**
 * Of all resources together: each has a price, by which no device offers more than it costs, and every model takes the option
 * that is cheapest by these. Of a model with several options, one may take little of one resource and another little of the
 * next: no single resource tells what it takes at least.
 */
function pricesOf({ kinds, items }: Problem): { bound: number; prices: number[] } | undefined {
  const resources = kinds[0]!.capacity.length;
  if (resources === 1 || kinds.some(({ cost }) => cost === 0)) return undefined;
  const largest = kinds[0]!.capacity.map((_, i) => Math.max(1, ...kinds.map(({ capacity }) => capacity[i]!)));
  let mix = largest.map(() => 1 / resources);
  let best: { bound: number; prices: number[] } | undefined;
  for (let step = 1; step <= STEPS; step++) {
    const parts = mix.map((part, i) => part / largest[i]!);
    const scale = Math.min(...kinds.map(({ cost, capacity }) => cost / weigh(capacity, parts)));
    const prices = parts.map((part) => part * scale);
    const taken = largest.map(() => 0);
    let bound = 0;
    for (const options of items) {
      let least = Infinity;
      let chosen = options[0]!;
      for (const option of options) {
        const price = weigh(option.use, prices) * option.copies + option.loss;
        if (price < least) [least, chosen] = [price, option];
      }
      bound += least;
      for (let i = 0; i < resources; i++) taken[i]! += (chosen.use[i]! * chosen.copies) / largest[i]!;
    }
    if (best === undefined || bound > best.bound) best = { bound, prices };
    // What is taken much of gets dearer.
    const mean = taken.reduce((a, b) => a + b, 0) / resources;
    if (mean === 0) break;
    const moved = mix.map((part, i) => part * Math.exp((taken[i]! / mean - 1) / (2 * Math.sqrt(step))));
    const sum = moved.reduce((a, b) => a + b, 0);
    mix = moved.map((part) => part / sum);
  }
  return best;
}

/** Of each item, the option that is cheapest by those prices, of those that a device could hold. Undefined where there are none. */
export function cheapestOptions(problem: Problem): number[] | undefined {
  const found = pricesOf(problem);
  return (
    found &&
    problem.items.map((options) => {
      const price = ({ use, copies, loss }: Option): number => weigh(use, found.prices) * copies + loss;
      const possible = options.flatMap((option, i) =>
        problem.kinds.some((kind, k) => kind.count > 0 && fitsAlone(kind, k, option)) ? [i] : [],
      );
      return possible.reduce((a, b) => (price(options[b]!) < price(options[a]!) ? b : a), possible[0] ?? 0);
    })
  );
}

function weigh(amounts: readonly number[], prices: readonly number[]): number {
  let sum = 0;
  for (let i = 0; i < amounts.length; i++) sum += amounts[i]! * prices[i]!;
  return sum;
}

/** Models of which no two can share a device take one each; and a model with several copies, one for each. */
function exclusiveBound(problem: Problem): number {
  const cheapest = Math.min(...problem.kinds.map(({ cost }) => cost));
  const copies = problem.items.map((options) => Math.min(...options.map((option) => option.copies)));
  const alone = exclusiveItems(problem).reduce((sum, item) => sum + copies[item]!, 0);
  return cheapest * Math.max(alone, ...copies);
}

/** Items of which no two can share a device, found greedily from the largest on. */
export function exclusiveItems(problem: Problem): number[] {
  const { items } = problem;
  const size = items.map((options) => Math.min(...options.map((option) => fillOf(problem, option))));
  const order = items.map((_, i) => i).sort((a, b) => size[b]! - size[a]!);
  const found: number[] = [];
  for (const item of order) if (found.every((other) => !canShare(problem, item, other))) found.push(item);
  return found;
}

/** The part of the largest device that an option takes, of the resource that is scarcest for it. */
function fillOf({ kinds }: Problem, { use }: Option): number {
  return Math.max(...use.map((amount, i) => amount / Math.max(1, ...kinds.map(({ capacity }) => capacity[i]!))));
}

function canShare(problem: Problem, a: number, b: number): boolean {
  if (problem.apart[a]!.includes(b)) return false;
  return problem.kinds.some((kind, index) =>
    problem.items[a]!.some(
      (one) =>
        fitsAlone(kind, index, one) &&
        problem.items[b]!.some(
          (other) =>
            fitsAlone(kind, index, other) && one.use.every((amount, i) => amount + other.use[i]! <= kind.capacity[i]!),
        ),
    ),
  );
}
