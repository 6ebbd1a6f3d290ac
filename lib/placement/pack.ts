/**
 * Good placements at once: best fit, the largest models first; then, over and over, some devices are emptied and filled
 * again, and what got no worse is kept.
 */
import type { Bin, Kind, Option, Pick, Problem } from './problem.js';
import { WHOLE, costOf, fitsAlone, isValid, optionOf } from './problem.js';

/** A device while it is being filled. */
interface OpenBin extends Bin {
  free: number[];
}

/** A placement that may lack items, because no device was left for them. */
interface Packing {
  bins: OpenBin[];
  unplaced: number[];
}

/** Numbers that look random, the same in each run. */
export class Random {
  #state: number;

  constructor(seed = 1) {
    this.#state = seed;
  }

  /** At least 0, less than 1. */
  next(): number {
    this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) >>> 0;
    return this.#state / 2 ** 32;
  }

  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }
}

/** Places items; knows what makes an item large in this problem. */
export class Packer {
  readonly #problem: Problem;
  /** How scarce a resource is: what all items take of it, in devices. */
  readonly #weights: number[];
  readonly #sizes: number[];
  readonly #random = new Random();
  readonly #only: readonly number[] | undefined;

  /** @param only the one option of each item to look at: where there are many, more can be tried in the same time */
  constructor(problem: Problem, only?: readonly number[]) {
    this.#problem = problem;
    this.#only = only;
    const { kinds, items } = problem;
    const largest = kinds[0]!.capacity.map((_, i) => Math.max(1, ...kinds.map(({ capacity }) => capacity[i]!)));
    const least = (options: readonly Option[], i: number): number =>
      Math.min(...options.map(({ use, copies }) => use[i]! * copies));
    this.#weights = largest.map((amount, i) => {
      const scarcity = items.reduce((sum, options) => sum + least(options, i), 0) / amount;
      return scarcity / amount;
    });
    this.#sizes = items.map((options) => Math.min(...options.map((option) => this.#sizeOf(option))));
  }

  /** The best of a few orders. Undefined where none found room for all. */
  first(): Bin[] | undefined {
    const { items } = this.#problem;
    const peaks = items.map((options) => Math.min(...options.map(({ use }) => Math.max(...this.#parts(use)))));
    const orders = [this.#sizes, peaks].map((size) => items.map((_, i) => i).sort((a, b) => size[b]! - size[a]!));
    let best: Packing | undefined;
    for (const order of orders) {
      for (const saving of [false, true]) {
        const packing: Packing = { bins: [], unplaced: [] };
        for (const item of order) this.#place(packing, item, saving);
        if (best === undefined || this.#isBetter(packing, best)) best = packing;
      }
    }
    return best === undefined ? undefined : this.#result(best);
  }

  /**
   * Goes on from a placement, a part of one, or nothing, until `rounds` have passed or `isOver` says so.
   * @returns the best that was found; undefined where items are left over
   */
  improve(
    start: readonly Bin[] | undefined,
    rounds: number,
    isOver: (best: Bin[] | undefined) => boolean,
  ): Bin[] | undefined {
    let current = this.#completed(start ?? []);
    let best = this.#result(current);
    for (let round = 0; round < rounds; round++) {
      if (round % 64 === 0 && isOver(best)) break;
      const next = this.#disturb(current);
      if (this.#isBetter(current, next)) continue;
      current = next;
      const found = this.#result(current);
      if (found !== undefined && (best === undefined || this.#cost(found) < this.#cost(best) - 1e-9)) best = found;
    }
    return best;
  }

  #cost(bins: readonly Bin[]): number {
    return costOf(this.#problem, bins);
  }

  /** Empties some devices, the emptier ones rather, and places what was there anew. */
  #disturb({ bins, unplaced }: Packing): Packing {
    const next: Packing = { bins: [...bins], unplaced: [] };
    const emptied: OpenBin[] = [];
    const many = 1 + this.#random.below(Math.min(4, Math.max(1, bins.length)));
    while (emptied.length < many && next.bins.length > 0) {
      const [a, b] = [this.#random.below(next.bins.length), this.#random.below(next.bins.length)];
      const at = emptied.length === 0 && this.#fill(next.bins[b]!) < this.#fill(next.bins[a]!) ? b : a;
      emptied.push(...next.bins.splice(at, 1));
    }
    const items = new Set([...unplaced, ...emptied.flatMap(({ picks }) => picks.map(({ item }) => item))]);
    // Copies of them that lie elsewhere go too: an item is placed as a whole.
    next.bins = next.bins.flatMap((bin) => {
      if (!bin.picks.some(({ item }) => items.has(item))) return [bin];
      const left = bin.picks.filter(({ item }) => !items.has(item));
      return left.length === 0 ? [] : [this.#open(bin.kind, left)];
    });
    const saving = this.#random.next() < 0.5;
    for (const item of this.#order([...items], 0.3)) this.#place(next, item, saving);
    return next;
  }

  /** The largest first, more or less. */
  #order(items: number[], noise: number): number[] {
    const size = new Map(items.map((item) => [item, this.#sizes[item]! * (1 + noise * (this.#random.next() - 0.5))]));
    return items.sort((a, b) => size.get(b)! - size.get(a)!);
  }

  /** Puts all copies of an item where they leave the least room. With `saving`, a smaller option is better than a good one. */
  #place(packing: Packing, item: number, saving: boolean): void {
    let best: { targets: OpenBin[]; option: number; score: number } | undefined;
    const only = this.#only?.[item];
    this.#problem.items[item]!.forEach((option, index) => {
      if (only !== undefined && index !== only) return;
      const targets = this.#targets(packing.bins, item, option);
      if (targets === undefined) return;
      const opened = targets.filter((bin) => bin.picks.length === 0);
      const cost = opened.reduce((sum, { kind }) => sum + this.#problem.kinds[kind]!.cost, 0);
      const room = targets.reduce((sum, { free }) => sum + this.#weigh(free), 0) * 1e-6;
      const size = this.#sizeOf(option) * 1e-3;
      const score = cost + (saving ? size : option.loss + room);
      if (best === undefined || score < best.score) best = { targets, option: index, score };
    });
    if (best === undefined) {
      packing.unplaced.push(item);
      return;
    }
    const { targets, option } = best;
    for (const target of targets) {
      const filled = this.#open(target.kind, [...target.picks, { item, option }]);
      const at = packing.bins.indexOf(target);
      if (at === -1) packing.bins.push(filled);
      else packing.bins[at] = filled;
    }
  }

  /** A device for each copy, the fullest that have room, then new ones. */
  #targets(bins: readonly OpenBin[], item: number, option: Option): OpenBin[] | undefined {
    const { apart, kinds } = this.#problem;
    const fitting = bins.filter(
      ({ kind, free, picks }) =>
        option.allowed[kind]! &&
        option.use.every((amount, i) => amount <= free[i]!) &&
        !picks.some((pick) => pick.item === item || apart[item]!.includes(pick.item)),
    );
    const room = new Map(fitting.map((bin) => [bin, this.#weigh(bin.free)]));
    if (option.copies === 1 && fitting.length > 0) {
      return [fitting.reduce((a, b) => (room.get(b)! < room.get(a)! ? b : a))];
    }
    const targets = fitting.sort((a, b) => room.get(a)! - room.get(b)!).slice(0, option.copies);
    const inUse = kinds.map((_, index) => bins.filter(({ kind }) => kind === index).length);
    while (targets.length < option.copies) {
      const kind = this.#cheapest(option, inUse);
      if (kind === undefined) return undefined;
      inUse[kind]!++;
      targets.push(this.#open(kind, []));
    }
    return targets;
  }

  /** The kind of a new device: what costs least for its room, among those that are left. */
  #cheapest(option: Option, inUse: readonly number[]): number | undefined {
    let best: { kind: number; price: number } | undefined;
    this.#problem.kinds.forEach((kind, index) => {
      if (inUse[index]! >= kind.count || !fitsAlone(kind, index, option)) return;
      const price = (kind.cost + 1e-9) / this.#weigh(kind.capacity);
      if (best === undefined || price < best.price) best = { kind: index, price };
    });
    return best?.kind;
  }

  /** With the items that are not there yet, or not all of their copies. */
  #completed(bins: readonly Bin[]): Packing {
    const carried = this.#problem.items.map(() => 0);
    for (const { picks } of bins)
      for (const pick of picks) carried[pick.item]! += 1 / optionOf(this.#problem, pick).copies;
    const missing = carried.flatMap((share, item) => (share >= WHOLE ? [] : [item]));
    const packing: Packing = {
      bins: bins.flatMap(({ kind, picks }) => {
        const kept = picks.filter(({ item }) => carried[item]! >= WHOLE);
        return kept.length === 0 ? [] : [this.#open(kind, kept)];
      }),
      unplaced: [],
    };
    for (const item of this.#order(missing, 0)) this.#place(packing, item, true);
    return packing;
  }

  #open(kind: number, picks: Pick[]): OpenBin {
    const free = [...this.#problem.kinds[kind]!.capacity];
    for (const { item, option } of picks) {
      const { use } = this.#problem.items[item]![option]!;
      for (let i = 0; i < free.length; i++) free[i]! -= use[i]!;
    }
    return { kind, picks, free };
  }

  /** Fewer left over, then what costs less, then what has its free room in fewer places. */
  #isBetter(a: Packing, b: Packing): boolean {
    if (a.unplaced.length !== b.unplaced.length) return a.unplaced.length < b.unplaced.length;
    const [costA, costB] = [this.#cost(a.bins), this.#cost(b.bins)];
    if (Math.abs(costA - costB) > 1e-9) return costA < costB;
    const evenness = ({ bins }: Packing): number => bins.reduce((sum, bin) => sum + this.#fill(bin) ** 2, 0);
    return evenness(a) > evenness(b) + 1e-12;
  }

  #fill({ kind, free }: OpenBin): number {
    const all = this.#weigh(this.#problem.kinds[kind]!.capacity);
    return (all - this.#weigh(free)) / all;
  }

  #weigh(amounts: readonly number[]): number {
    return amounts.reduce((sum, amount, i) => sum + amount * this.#weights[i]!, 1e-12);
  }

  #parts(use: readonly number[]): number[] {
    const capacities = this.#problem.kinds[0]!.capacity.map((_, i) => largestOf(this.#problem.kinds, i));
    return use.map((amount, i) => amount / capacities[i]!);
  }

  #sizeOf({ use, copies }: Option): number {
    return this.#weigh(use) * copies;
  }

  #result({ bins, unplaced }: Packing): Bin[] | undefined {
    if (unplaced.length > 0) return undefined;
    const result = bins.map(({ kind, picks }) => ({ kind, picks }));
    return isValid(this.#problem, result) ? result : undefined;
  }
}

function largestOf(kinds: readonly Kind[], resource: number): number {
  return Math.max(1, ...kinds.map(({ capacity }) => capacity[resource]!));
}
