/** Bounds that need no search. */
import type { Option, Problem } from './problem.js';
import { fitsAlone, stepOf, roundUp } from './problem.js';

/** No placement costs less: by what all models take together, and by models of which no two share a device. */
export function quickBound(problem: Problem): number {
  const dimensions = problem.kinds[0]!.capacity.map((_, resource) => sumBound(problem, resource));
  return roundUp(Math.max(0, ...dimensions, exclusiveBound(problem)), stepOf(problem));
}

/** Of one resource: everybody's share of it, where it is cheapest. */
function sumBound({ kinds, items }: Problem, resource: number): number {
  const price = Math.min(...kinds.map(({ cost, capacity }) => cost / capacity[resource]!));
  if (!Number.isFinite(price)) return 0;
  return items.reduce((sum, options) => {
    return sum + Math.min(...options.map(({ use, copies, loss }) => use[resource]! * copies * price + loss));
  }, 0);
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
