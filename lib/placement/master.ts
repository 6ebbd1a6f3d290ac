/**
 * The choice of fillings as a linear program, for HiGHS: each item's demand is carried, no kind is used more often than
 * there are devices, and the devices cost as little as can be. Devices that are alike are not told apart in it, so no
 * placement is in it twice.
 */
import type { Highs, Model, SymbolDisposable } from 'highs';

import type { Bin, Problem } from './problem.js';
import { lossOf, optionOf } from './problem.js';

/** What the items are worth by the linear program, and what a device of each kind is: at most 0. */
export interface Prices {
  cost: number;
  items: Float64Array;
}

export class Master implements Disposable {
  readonly #highs: Highs;
  readonly #problem: Problem;
  readonly #model: SymbolDisposable<Model>;
  readonly #columns: Bin[] = [];
  readonly #known = new Set<string>();
  /** Fillings that are used at least once. */
  readonly #settled = new Set<number>();
  /** The row of each kind that there are only so many of. */
  readonly #kindRows: (number | undefined)[];

  constructor(highs: Highs, problem: Problem) {
    this.#highs = highs;
    this.#problem = problem;
    this.#model = highs.createModel();
    this.#model.options.set({ output_flag: false, random_seed: 1 });
    const none = { indices: [], values: [] };
    for (const _ of problem.items) this.#model.addRow(1, highs.infinity, none);
    let row = problem.items.length;
    this.#kindRows = problem.kinds.map(({ count }) => {
      if (!Number.isFinite(count)) return undefined;
      this.#model.addRow(-highs.infinity, count, none);
      return row++;
    });
  }

  bins(): readonly Bin[] {
    return this.#columns;
  }

  get size(): number {
    return this.#columns.length;
  }

  /** @returns whether it was not there yet */
  add(bin: Bin): boolean {
    const key = keyOf(bin);
    if (this.#known.has(key)) return false;
    this.#known.add(key);
    const { cost, indices, values } = this.#column(bin);
    this.#columns.push(bin);
    this.#model.addCol(cost, 0, this.#highs.infinity, { indices, values });
    return true;
  }

  /** Solves it with parts of devices allowed. Undefined where HiGHS fails. */
  relax(): Prices | undefined {
    this.#model.run();
    if (this.#model.getModelStatus() !== this.#highs.constants.modelStatus.optimal) return undefined;
    const { rowDual } = this.#model.getSolution();
    const items = rowDual.slice(0, this.#problem.items.length).map((worth) => Math.max(0, worth));
    return { cost: this.#model.getObjectiveValue(), items };
  }

  /**
   * Settles the fillings that the last solution used whole or nearly so, at least the one that it used most.
   * @returns whether there was any
   */
  settle(least: number): boolean {
    const { colValue } = this.#model.getSolution();
    const open = this.#columns.flatMap((_, i) => (this.#settled.has(i) || colValue[i]! < 1e-6 ? [] : [i]));
    const most = Math.max(0, ...open.map((i) => colValue[i]!));
    const chosen = open.filter((i) => colValue[i]! >= Math.min(least, most));
    for (const i of chosen) {
      this.#settled.add(i);
      this.#model.changeColBounds(i, 1, this.#highs.infinity);
    }
    return chosen.length > 0;
  }

  settled(): Bin[] {
    return [...this.#settled].map((i) => this.#columns[i]!);
  }

  /**
   * Solves it with whole devices.
   * @param below what it must cost less than
   * @returns `bound`: no choice among these fillings costs less
   */
  choose(seconds: number, below: number): { bins?: Bin[]; bound: number } {
    const { constants } = this.#highs;
    const model = this.#model;
    model.changeColsIntegrality(
      { kind: 'range', from: 0, to: this.#columns.length - 1 },
      new Int32Array(this.#columns.length).fill(constants.variableType.integer),
    );
    model.options.set({ mip_rel_gap: 0, mip_abs_gap: 1e-7 });
    model.options.set('time_limit', model.getRunTime() + Math.max(0.1, seconds));
    if (Number.isFinite(below)) {
      const costs = this.#columns.map((bin) => this.#column(bin).cost);
      model.addRow(-this.#highs.infinity, below, sparse(costs));
    }
    const { modelStatus } = model.run();
    if (modelStatus === constants.modelStatus.infeasible) return { bound: Infinity };
    const bound = Number(model.info.get('mip_dual_bound'));
    if (Number(model.info.get('primal_solution_status')) !== constants.solutionStatus.feasible) return { bound };
    const { colValue } = model.getSolution();
    const bins = this.#columns.flatMap(({ kind, picks }, i) =>
      Array.from({ length: Math.round(colValue[i]!) }, () => ({ kind, picks: [...picks] })),
    );
    return { bins, bound };
  }

  [Symbol.dispose](): void {
    this.#model.dispose();
  }

  #column({ kind, picks }: Bin): { cost: number; indices: number[]; values: number[] } {
    const sorted = [...picks].sort((a, b) => a.item - b.item);
    const indices = sorted.map(({ item }) => item);
    const values = sorted.map((pick) => 1 / optionOf(this.#problem, pick).copies);
    const row = this.#kindRows[kind];
    if (row !== undefined) {
      indices.push(row);
      values.push(1);
    }
    return { cost: this.#problem.kinds[kind]!.cost + lossOf(this.#problem, picks), indices, values };
  }
}

function keyOf({ kind, picks }: Bin): string {
  return `${kind}:${picks
    .map(({ item, option }) => `${item}.${option}`)
    .sort()
    .join(' ')}`;
}

function sparse(values: readonly number[]): { indices: number[]; values: number[] } {
  const indices = values.flatMap((value, i) => (value === 0 ? [] : [i]));
  return { indices, values: indices.map((i) => values[i]!) };
}
