/**
 * What one device may hold. A filling is a set of copies that fits on a device of a kind; the search looks for those that
 * are worth most, by what each item is worth at the moment.
 */
import type { Pick, Problem } from './problem.js';
import { fitsAlone } from './problem.js';

/** An option that a device of the kind could hold. */
interface Entry extends Pick {
  use: readonly number[];
  worth: number;
  /** So many copies carry the whole demand, and what one of them loses. */
  copies: number;
  loss: number;
  /** What it takes, all resources weighed together. */
  size: number;
  /** What it is worth for that. */
  density: number;
}

/** The fillings of one kind, by what items are worth. */
export class Fillings {
  readonly #problem: Problem;
  readonly #capacity: readonly number[];
  /** What is worth most for its size first. */
  readonly #entries: Entry[];
  readonly #apart: readonly ReadonlySet<number>[];
  /** How the resources are weighed against each other, so that the bound is low. */
  readonly #weights: number[];

  /**
   * @param worth of an item's whole demand
   * @param all also entries that are worth nothing
   */
  constructor(problem: Problem, kind: number, worth: ArrayLike<number>, all = false) {
    this.#problem = problem;
    this.#capacity = problem.kinds[kind]!.capacity;
    this.#apart = problem.apart.map((items) => new Set(items));
    const entries = problem.items.flatMap((options, item) =>
      withoutInferior(
        options.flatMap((option, index): Entry[] => {
          if (!fitsAlone(problem.kinds[kind]!, kind, option)) return [];
          const { use, copies } = option;
          const loss = option.loss / copies;
          const value = worth[item]! / copies - loss;
          return value > 1e-9 || all
            ? [{ item, option: index, use, worth: value, copies, loss, size: 0, density: 0 }]
            : [];
        }),
      ),
    );
    this.#weights = weightsFor(entries, this.#capacity);
    for (const entry of entries) {
      entry.size = weigh(entry.use, this.#weights) + 1e-12;
      entry.density = entry.worth / entry.size;
    }
    this.#entries = entries.sort((a, b) => b.density - a.density);
  }

  /**
   * The filling that is worth most.
   * @param steps to take at most
   * @param excluded items
   * @returns `bound`: no filling is worth more. It is what `picks` are worth unless the steps were used up.
   */
  best(steps: number, excluded: ReadonlySet<number> = new Set()): { picks: Pick[]; worth: number; bound: number } {
    const entries = excluded.size === 0 ? this.#entries : this.#entries.filter(({ item }) => !excluded.has(item));
    let left = steps;
    let best = 0;
    let picks: Pick[] = [];
    const chosen: Entry[] = [];
    const free = [...this.#capacity];
    const descend = (from: number, worth: number, room: number): void => {
      if (worth > best + 1e-9) {
        best = worth;
        picks = chosen.map(({ item, option }) => ({ item, option }));
      }
      if (worth + boundFrom(entries, from, room, free) <= best + 1e-9) return;
      for (let next = from; next < entries.length && left > 0; next++) {
        const entry = entries[next]!;
        if (worth + entry.density * room <= best + 1e-9) return;
        if (!this.#goesWith(entry, chosen, free)) continue;
        left--;
        chosen.push(entry);
        for (let i = 0; i < free.length; i++) free[i]! -= entry.use[i]!;
        descend(next + 1, worth + entry.worth, room - entry.size);
        for (let i = 0; i < free.length; i++) free[i]! += entry.use[i]!;
        chosen.pop();
      }
    };
    const room = weigh(this.#capacity, this.#weights);
    const atMost = boundFrom(entries, 0, room, free);
    descend(0, 0, room);
    return { picks, worth: best, bound: left > 0 ? best : atMost };
  }

  /**
   * All fillings that are worth at least so much, but for those that are part of another. With losses, a part of a
   * filling may be better than all of it: then all.
   * @returns false when `limit` was reached
   */
  forEach(least: number, limit: number, take: (picks: Pick[]) => void): boolean {
    const entries = this.#entries;
    const lossless = this.#problem.items.every((options) => options.every(({ loss }) => loss === 0));
    let left = limit;
    const chosen: Entry[] = [];
    const free = [...this.#capacity];
    const isMaximal = (): boolean => !entries.some((entry) => this.#goesWith(entry, chosen, free));
    const descend = (from: number, worth: number, room: number): void => {
      left--;
      if (chosen.length > 0 && worth >= least && (!lossless || isMaximal())) {
        take(chosen.map(({ item, option }) => ({ item, option })));
      }
      if (worth + boundFrom(entries, from, room, free) < least) return;
      for (let next = from; next < entries.length && left > 0; next++) {
        const entry = entries[next]!;
        if (worth + Math.max(0, entry.density * room) < least) return;
        if (!this.#goesWith(entry, chosen, free)) continue;
        chosen.push(entry);
        for (let i = 0; i < free.length; i++) free[i]! -= entry.use[i]!;
        descend(next + 1, worth + entry.worth, room - entry.size);
        for (let i = 0; i < free.length; i++) free[i]! += entry.use[i]!;
        chosen.pop();
      }
    };
    descend(0, 0, weigh(this.#capacity, this.#weights));
    return left > 0;
  }

  #goesWith({ item, use }: Entry, chosen: readonly Entry[], free: readonly number[]): boolean {
    if (!fits(use, free)) return false;
    const apart = this.#apart[item]!;
    for (const other of chosen) if (other.item === item || apart.has(other.item)) return false;
    return true;
  }
}

/** No more can be added from `from` on, if options could be cut: by the weighed sum, and by each resource's rest. */
function boundFrom(entries: readonly Entry[], from: number, room: number, free: readonly number[]): number {
  let left = room;
  let worth = 0;
  for (let next = from; next < entries.length; next++) {
    const { size, worth: value, use, density } = entries[next]!;
    if (value <= 0) break;
    if (!fits(use, free)) continue;
    if (size > left) return worth + density * left;
    left -= size;
    worth += value;
  }
  return worth;
}

function fits(use: readonly number[], free: readonly number[]): boolean {
  for (let i = 0; i < free.length; i++) if (use[i]! > free[i]!) return false;
  return true;
}

function weigh(use: readonly number[], weights: readonly number[]): number {
  let sum = 0;
  for (let i = 0; i < use.length; i++) sum += use[i]! * weights[i]!;
  return sum;
}

/** Of an item's options, those that no other is at least as good as in everything. */
function withoutInferior(entries: Entry[]): Entry[] {
  return entries.filter((entry, at) => {
    return !entries.some((other, index) => {
      if (other === entry || !isAsGood(other, entry)) return false;
      return !isAsGood(entry, other) || index < at;
    });
  });
}

/** What it is worth is not all: where an item is worth nothing, its demand must be carried nevertheless. */
function isAsGood(one: Entry, other: Entry): boolean {
  const carries = one.copies <= other.copies && one.loss <= other.loss;
  return carries && one.worth >= other.worth && one.use.every((amount, i) => amount <= other.use[i]!);
}

/** Weights of the resources for which the bound is low: a walk along the subgradient of the surrogate relaxation. */
function weightsFor(entries: readonly Entry[], capacity: readonly number[]): number[] {
  const resources = capacity.length;
  const scale = capacity.map((amount) => 1 / Math.max(1, amount));
  let mix = new Array<number>(resources).fill(1 / resources);
  let best = { bound: Infinity, mix };
  for (let step = 1; step <= 24 && resources > 1; step++) {
    const weights = mix.map((part, i) => part * scale[i]!);
    const sized = entries.map((entry) => ({ entry, size: weigh(entry.use, weights) + 1e-12 }));
    sized.sort((a, b) => b.entry.worth / b.size - a.entry.worth / a.size);
    let left = weigh(capacity, weights);
    let bound = 0;
    const used = new Array<number>(resources).fill(0);
    for (const { entry, size } of sized) {
      const part = Math.min(1, left / size);
      bound += entry.worth * part;
      entry.use.forEach((amount, i) => (used[i]! += amount * part * scale[i]!));
      left -= size * part;
      if (part < 1) break;
    }
    if (bound < best.bound) best = { bound, mix };
    const moved = mix.map((part, i) => Math.max(1e-3, part + (0.5 / step) * (used[i]! - 1)));
    const sum = moved.reduce((a, b) => a + b, 0);
    mix = moved.map((part) => part / sum);
  }
  return best.mix.map((part, i) => part * scale[i]!);
}
