/**
 * The proof. Fillings of devices are generated until no filling that is missing could lower the linear program's cost
 * (column generation), which gives a bound; then all fillings that a cheaper placement could have are listed, and the
 * program is solved with whole devices. HiGHS solves both programs.
 */
import type { Highs } from 'highs';

import { Fillings } from './fillings.js';
import { Master } from './master.js';
import { Packer } from './pack.js';
import type { Bin, Problem } from './problem.js';
import { costOf, isValid, roundUp, stepOf, withoutSurplus } from './problem.js';
import { cheapestOptions, quickBound } from './quick-bound.js';

/** What is known so far. */
export interface Outcome {
  /** The best placement. */
  bins?: Bin[];
  /** No placement costs less. `Infinity`: there is none. */
  bound: number;
}

export interface SolveOptions {
  /** When to end, by `performance.now()`. */
  deadline: number;
  /** A placement to start from. */
  start?: Bin[] | undefined;
  /** Told of each better placement and bound. */
  onProgress?: (outcome: Outcome) => void;
  /** For tests: ends early for no bound that needs no search. */
  withoutShortcuts?: boolean;
}

/** Rounds of emptying and filling again before the proof begins: for each item, and at most. */
const ROUNDS_EACH = 40;
const ROUNDS = 20_000;
/** Steps for the filling that is worth most: at first, and at last, when a bound on it must do. */
const STEPS = 30_000;
const MOST_STEPS = 30_000_000;
/** Of so few items, fillings are listed at once. */
const FEW = 12;
/** Of more items than these, the bound need not be the best one: their fillings are too many to be listed anyway. */
const MANY = 100;
/** Steps for listing fillings, and as many as HiGHS is given. */
const LISTED = 5_000_000;
const COLUMNS = 60_000;

/** Looks for the cheapest placement, and proves that there is no cheaper one. */
export function solve(highs: Highs, problem: Problem, options: SolveOptions): Outcome {
  return new Search(highs, problem, options).run();
}

class Search {
  readonly #highs: Highs;
  readonly #problem: Problem;
  readonly #options: SolveOptions;
  readonly #step: number;
  readonly #packer: Packer;
  /** No placement has more devices. */
  readonly #mostDevices: number;
  #bins: Bin[] | undefined;
  #cost = Infinity;
  #bound: number;

  constructor(highs: Highs, problem: Problem, options: SolveOptions) {
    this.#highs = highs;
    this.#problem = problem;
    this.#options = options;
    this.#step = stepOf(problem);
    this.#bound = options.withoutShortcuts === true ? 0 : quickBound(problem);
    this.#packer = new Packer(problem);
    this.#mostDevices = problem.items.reduce((sum, all) => sum + Math.max(...all.map(({ copies }) => copies)), 0);
  }

  run(): Outcome {
    const packer = this.#packer;
    this.#offer(this.#options.start ?? packer.first());
    if (this.#bins === undefined && this.#lacksDevices()) this.#raise(Infinity);
    // What is cheap beside all others is mostly what it comes to in the end.
    const cheapest = this.#hasChoices() && !this.#isOver() ? cheapestOptions(this.#problem) : undefined;
    if (cheapest !== undefined) this.#improve(new Packer(this.#problem, cheapest), undefined);
    if (!this.#isOver()) this.#improve(packer, this.#bins);
    if (this.#bins === undefined && !this.#isOver()) this.#findAny();
    if (this.#bins !== undefined && !this.#isOver()) this.#prove();
    if (this.#bins !== undefined && !this.#isOver()) {
      this.#offer(packer.improve(this.#bins, Infinity, (best) => this.#reaches(best) || this.#left() <= 0));
    }
    return this.#outcome();
  }

  #hasChoices(): boolean {
    return this.#problem.items.some((options) => options.length > 1);
  }

  #improve(packer: Packer, start: Bin[] | undefined): void {
    const [begin, allowed] = [performance.now(), this.#left() / 8];
    this.#offer(
      packer.improve(start, Math.min(ROUNDS, ROUNDS_EACH * this.#problem.items.length), (best) => {
        return this.#reaches(best) || performance.now() - begin > allowed;
      }),
    );
  }

  #outcome(): Outcome {
    return { bound: this.#bound, ...(this.#bins === undefined ? {} : { bins: this.#bins }) };
  }

  #left(): number {
    return this.#options.deadline - performance.now();
  }

  #reaches(bins: readonly Bin[] | undefined): boolean {
    return bins !== undefined && costOf(this.#problem, bins) <= this.#bound + 1e-6;
  }

  #isOver(): boolean {
    return this.#cost <= this.#bound + 1e-6 || this.#bound === Infinity || this.#left() <= 0;
  }

  #offer(bins: Bin[] | undefined): void {
    if (bins === undefined) return;
    const lean = withoutSurplus(this.#problem, bins);
    const cost = costOf(this.#problem, lean);
    if (cost >= this.#cost - 1e-9 || !isValid(this.#problem, lean)) return;
    [this.#bins, this.#cost] = [lean, cost];
    this.#options.onProgress?.(this.#outcome());
  }

  /** Costs come in steps: a bound between two is as good as the upper one. */
  #raise(bound: number): void {
    const raised = roundUp(bound, this.#step);
    if (raised <= this.#bound + 1e-9) return;
    this.#bound = raised;
    this.#options.onProgress?.(this.#outcome());
  }

  /** Is it plain that there are too few devices? */
  #lacksDevices(): boolean {
    const { kinds } = this.#problem;
    const items = this.#problem.items.map((options) => options.map((option) => ({ ...option, loss: 0 })));
    const needed = quickBound({ ...this.#problem, items, kinds: kinds.map((kind) => ({ ...kind, cost: 1 })) });
    return needed > kinds.reduce((sum, { count }) => sum + count, 0);
  }

  /** Any placement at all: the fewest devices beyond those that there are, hopefully none. */
  #findAny(): void {
    const { kinds, items, apart } = this.#problem;
    const limited = kinds.flatMap(({ count }, kind) => (Number.isFinite(count) ? [kind] : []));
    const relaxed: Problem = {
      kinds: [
        ...kinds.map((kind) => ({ ...kind, cost: 0 })),
        ...limited.map((kind) => ({ ...kinds[kind]!, count: Infinity, cost: 1 })),
      ],
      items: items.map((options) =>
        options.map((option) => ({
          ...option,
          loss: 0,
          allowed: [...option.allowed, ...limited.map((kind) => option.allowed[kind]!)],
        })),
      ),
      apart,
    };
    const { bins, bound } = solve(this.#highs, relaxed, { deadline: this.#options.deadline });
    if (bound > 0.5) this.#raise(Infinity);
    // Where the time was too short, some may still be on devices that there are not.
    else if (bins?.every(({ kind }) => kind < kinds.length) === true) this.#offer(bins);
  }

  #prove(): void {
    using master = new Master(this.#highs, this.#problem);
    for (const bin of this.#bins!) master.add(bin);
    const prices = this.#generate(master);
    if (this.#isOver()) return;
    if (prices !== undefined && this.#problem.items.length <= FEW) {
      this.#list(prices);
      return;
    }
    this.#dive(master);
    if (this.#isOver()) return;
    // What has been generated often has a better placement in it.
    using trial = this.#copy(master);
    this.#offer(trial.choose(Math.min(this.#left() / 3000, 20), this.#cost - Math.max(this.#step, 1e-6)).bins);
    if (this.#isOver() || prices === undefined) return;
    this.#list(prices);
  }

  /** Rounds the linear program to whole devices, a few at a time, and generates what fits best to those. */
  #dive(master: Master): void {
    using copy = this.#copy(master);
    for (let prices = copy.relax(); prices !== undefined && this.#left() > 0; prices = copy.relax()) {
      if (prices.cost > this.#cost - this.#step + 1e-6 || !copy.settle(0.7)) break;
      for (let round = 0; round < 3; round++) {
        const again = copy.relax();
        if (again === undefined) return;
        if (this.#price(again.items, STEPS).bins.filter((bin) => copy.add(bin)).length === 0) break;
      }
    }
    const start = withoutSurplus(this.#problem, copy.settled());
    this.#offer(this.#packer.improve(start, ROUNDS, (best) => this.#reaches(best) || this.#left() <= 0));
  }

  #copy(master: Master): Master {
    const copy = new Master(this.#highs, this.#problem);
    for (const bin of master.bins()) copy.add(bin);
    return copy;
  }

  /**
   * Adds fillings until none would lower the cost.
   * @returns what items are worth for the best bound
   */
  #generate(master: Master): Float64Array | undefined {
    const { items } = this.#problem;
    let best: { bound: number; items: Float64Array } | undefined;
    const usual = items.length > 30 ? 0.6 : 0;
    let smoothing = usual;
    let steps = STEPS;
    while (this.#left() > 0) {
      const prices = master.relax();
      if (prices === undefined) return best?.items;
      const center = best?.items ?? prices.items;
      const worth = prices.items.map((value, i) => smoothing * center[i]! + (1 - smoothing) * value);
      const { bins, worths } = this.#price(worth, steps);
      for (const [scale, bound] of this.#boundsOf(worth, worths)) {
        if (best !== undefined && bound <= best.bound + 1e-9) continue;
        best = { bound, items: worth.map((value) => value * scale) };
      }
      if (best !== undefined) this.#raise(best.bound);
      if (this.#isOver()) return best?.items;
      // Where rounding up both gives the same, the rest can't raise the bound.
      const most = roundUp(prices.cost, this.#step);
      if (best !== undefined && roundUp(best.bound, this.#step) >= most - 1e-9) return best.items;
      // Of many items, the last hundredth is not worth the time that a better placement needs.
      if (items.length > MANY && most <= this.#bound * 1.01) return undefined;
      let added = 0;
      for (const bin of bins) if (master.add(bin)) added++;
      if (added > 0) smoothing = usual;
      else if (smoothing > 0) smoothing = 0;
      else if (steps < MOST_STEPS) steps *= 10;
      else return best?.items;
    }
    return best?.items;
  }

  /** For each kind, the filling that is worth most, and some that share no item with it. */
  #price(worth: Float64Array, steps: number): { bins: Bin[]; worths: number[] } {
    const bins: Bin[] = [];
    const worths = this.#problem.kinds.map((_, kind) => {
      const fillings = new Fillings(this.#problem, kind, worth);
      const best = fillings.best(steps);
      const taken = new Set<number>();
      for (let next = best.picks; next.length > 0; next = fillings.best(200, taken).picks) {
        bins.push({ kind, picks: next });
        for (const { item } of next) taken.add(item);
      }
      return best.bound;
    });
    return { bins, worths };
  }

  /**
   * Bounds that follow from what fillings are worth at most: the items' worth, less what devices would have to cost less
   * for no filling to be worth more than its device. Without losses, the same holds for all worths scaled.
   */
  #boundsOf(worth: Float64Array, worths: readonly number[]): [scale: number, bound: number][] {
    const { kinds } = this.#problem;
    const total = worth.reduce((sum, value) => sum + value, 0);
    const lossless = this.#step > 0 || this.#problem.items.every((all) => all.every(({ loss }) => loss === 0));
    const scales = lossless ? kinds.map(({ cost }, kind) => Math.min(1, cost / Math.max(1e-12, worths[kind]!))) : [];
    return [1, ...scales].map((scale) => [
      scale,
      scale * total + kinds.reduce((sum, kind, i) => sum + this.#discount(kind, scale * worths[i]!), 0),
    ]);
  }

  /** What all devices of a kind are worth more than they cost, at most; at most 0. */
  #discount({ cost, count }: Problem['kinds'][number], worth: number): number {
    return Math.min(count, this.#mostDevices) * Math.min(0, cost - worth - 1e-9);
  }

  /** The fillings that a placement better than the best so far could have, and the best placement of those. */
  #list(worth: Float64Array): void {
    const { kinds } = this.#problem;
    const target = this.#cost - Math.max(this.#step, 1e-6);
    const worths = kinds.map((_, kind) => new Fillings(this.#problem, kind, worth).best(MOST_STEPS).bound);
    const [, bound] = this.#boundsOf(worth, worths)[0]!;
    const slack = target - bound + 1e-6;
    using master = new Master(this.#highs, this.#problem);
    for (const [index, { cost }] of kinds.entries()) {
      const price = cost + Math.max(0, worths[index]! - cost);
      const complete = new Fillings(this.#problem, index, worth, true).forEach(price - slack, LISTED, (picks) => {
        if (master.size <= COLUMNS) master.add({ kind: index, picks });
      });
      if (!complete || master.size > COLUMNS || this.#left() <= 0) return;
    }
    const found = master.choose(this.#left() / 1000, target);
    this.#offer(found.bins);
    // Nothing that is left out could be part of something better. HiGHS counts to a millionth.
    this.#raise(found.bound >= this.#cost - 1e-5 ? this.#cost : found.bound);
  }
}
