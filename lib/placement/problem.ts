/**
 * The problem as the search knows it: numbers without names, so that it can be sent to a worker thread. Amounts are whole
 * numbers of millionths, so that sums are exact: three models of 33.3, 33.3 and 33.4 percent fill a device.
 */

/** One way to run a model: how much a copy takes of a device, and how many copies carry what is demanded. */
export interface Option {
  /** Of each resource, what one copy takes. */
  use: number[];
  /** Which kinds may hold it. */
  allowed: boolean[];
  /** So many copies carry the whole demand: one copy carries 1/copies. */
  copies: number;
  /** What is lost against the best option when the whole demand is carried so. At least 0. */
  loss: number;
}

/** Devices that are alike. */
export interface Kind {
  /** Of each resource, what a device has. */
  capacity: number[];
  /** What one device in use costs. */
  cost: number;
  /** So many there are at most. */
  count: number;
}

export interface Problem {
  kinds: Kind[];
  /** For each item (a model, or several that stay together) its options. */
  items: Option[][];
  /** For each item, the items that no device holds beside it. */
  apart: number[][];
}

/** A copy of an item on a device. */
export interface Pick {
  item: number;
  option: number;
}

/** A device in use. A device holds at most one copy of an item. */
export interface Bin {
  kind: number;
  picks: Pick[];
}

/** Sums of copies' shares that come so close to the whole carry it: 1/3 + 1/3 + 1/3. */
export const WHOLE = 1 - 1e-6;

export function optionOf(problem: Problem, { item, option }: Pick): Option {
  return problem.items[item]![option]!;
}

/** Of each resource, what the copies take together. */
export function useOf(problem: Problem, picks: readonly Pick[]): number[] {
  const sum = new Array<number>(problem.kinds[0]!.capacity.length).fill(0);
  for (const pick of picks) optionOf(problem, pick).use.forEach((amount, i) => (sum[i]! += amount));
  return sum;
}

/** Would a device of this kind hold the option alone? */
export function fitsAlone(kind: Kind, index: number, option: Option): boolean {
  return option.allowed[index]! && option.use.every((amount, i) => amount <= kind.capacity[i]!);
}

/** What a placement costs: its devices, and what the options lose. */
export function costOf(problem: Problem, bins: readonly Bin[]): number {
  return bins.reduce((sum, bin) => sum + problem.kinds[bin.kind]!.cost + lossOf(problem, bin.picks), 0);
}

export function lossOf(problem: Problem, picks: readonly Pick[]): number {
  return picks.reduce((sum, pick) => {
    const { loss, copies } = optionOf(problem, pick);
    return sum + loss / copies;
  }, 0);
}

/** Is every rule kept and every demand carried? The search's results are checked by this before anybody sees them. */
export function isValid(problem: Problem, bins: readonly Bin[]): boolean {
  const carried = new Array<number>(problem.items.length).fill(0);
  const inUse = new Array<number>(problem.kinds.length).fill(0);
  for (const { kind, picks } of bins) {
    inUse[kind]!++;
    const { capacity } = problem.kinds[kind]!;
    const here = new Set(picks.map(({ item }) => item));
    if (here.size !== picks.length) return false;
    if (useOf(problem, picks).some((amount, i) => amount > capacity[i]!)) return false;
    for (const pick of picks) {
      const { allowed, copies } = optionOf(problem, pick);
      if (!allowed[kind]! || problem.apart[pick.item]!.some((other) => here.has(other))) return false;
      carried[pick.item]! += 1 / copies;
    }
  }
  return carried.every((share) => share >= WHOLE) && inUse.every((n, kind) => n <= problem.kinds[kind]!.count);
}

/** Leaves out copies that the demand does without, and devices that hold nothing then. */
export function withoutSurplus(problem: Problem, bins: readonly Bin[]): Bin[] {
  const carried = new Array<number>(problem.items.length).fill(0);
  for (const { picks } of bins) for (const pick of picks) carried[pick.item]! += 1 / optionOf(problem, pick).copies;
  return bins
    .map(({ kind, picks }) => ({
      kind,
      picks: picks.filter((pick) => {
        const share = 1 / optionOf(problem, pick).copies;
        if (carried[pick.item]! - share < WHOLE) return true;
        carried[pick.item]! -= share;
        return false;
      }),
    }))
    .filter(({ picks }) => picks.length > 0);
}

/**
 * The step between two costs: 1 for numbers of devices, the greatest common divisor of whole prices. 0 where costs may
 * lie arbitrarily close together.
 */
export function stepOf({ kinds, items }: Problem): number {
  if (items.some((options) => options.some(({ loss }) => loss !== 0))) return 0;
  if (!kinds.every(({ cost }) => Number.isSafeInteger(cost))) return 0;
  return kinds.map(({ cost }) => cost).reduce(greatestDivisor, 0);
}

/** The greatest common divisor of two whole numbers; of 0 and another, that other. */
export function greatestDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestDivisor(b, a % b);
}

/** The next cost that there can be at or above a bound. */
export function roundUp(bound: number, step: number): number {
  return step === 0 ? bound : Math.ceil(bound / step - 1e-6) * step;
}
