/** What a goal asks of the search: fewest devices or lowest cost at once; best configurations first, and then fewest devices. */
import type { Highs } from 'highs';

import { findConflict, unexplained } from './conflict.js';
import type { Conflict } from './conflict.js';
import { Packer } from './pack.js';
import type { Bin, Problem } from './problem.js';
import { costOf, fitsAlone, lossOf } from './problem.js';
import { quickBound } from './quick-bound.js';
import { solve } from './solve.js';
import type { Models } from './unite.js';

/** What is known so far. It can be sent between threads. */
export interface State {
  bins?: Bin[];
  /** No placement has less of what the goal counts: devices, price, or loss against the best configurations. */
  bound: number;
  /** No placement that is as good by the goal has fewer devices. */
  countBound: number;
  /** Why there is none. */
  conflict?: Conflict;
}

export interface Task {
  problem: Problem;
  /** What it was made of, to find out which of them conflict. */
  models: Models;
  /** Do configurations decide the goal? */
  byConfiguration: boolean;
  /** Milliseconds. */
  timeLimit: number;
}

/** A placement at once, without a search, if one is found so easily. */
export function begin({ problem, byConfiguration }: Task): State {
  const counted = countingDevices(problem);
  const state = { bound: byConfiguration ? 0 : quickBound(problem), countBound: quickBound(counted) };
  const best = byConfiguration ? new Packer(bestOnly(problem)).first() : undefined;
  const bins = best ?? new Packer(problem).first();
  if (best !== undefined) state.countBound = quickBound(bestOnly(problem));
  return bins === undefined ? state : { ...state, bins };
}

/** Is there nothing left to prove? */
export function isProved({ problem, byConfiguration }: Task, { bins, bound, countBound }: State): boolean {
  if (bins === undefined) return false;
  if (!byConfiguration) return costOf(problem, bins) <= bound + 1e-6;
  const loss = totalLoss(problem, bins);
  // Fewest devices are promised where every model has its best configuration.
  return loss <= 1e-9 ? bins.length <= countBound : loss <= bound + 1e-6;
}

/** The whole search. */
export function strive(highs: Highs, task: Task, onProgress: (state: State) => void): State {
  const deadline = performance.now() + task.timeLimit;
  const final = task.byConfiguration
    ? byConfigurations(highs, task, deadline, onProgress)
    : byDevices(highs, task, deadline, onProgress);
  if (final.bound !== Infinity) return final;
  // Should the time end first: that there is none is known already.
  onProgress({ ...final, conflict: unexplained(task.models) });
  const now = performance.now();
  return { ...final, conflict: findConflict(highs, task.models, now + 0.9 * (deadline - now)) };
}

function byDevices(highs: Highs, { problem }: Task, deadline: number, onProgress: (state: State) => void): State {
  const countBound = quickBound(countingDevices(problem));
  const counts = problem.kinds.every(({ cost }) => cost === 1);
  const toState = ({ bins, bound }: { bins?: Bin[]; bound: number }): State => ({
    bound,
    countBound: counts && bound !== Infinity ? Math.max(bound, countBound) : countBound,
    ...(bins === undefined ? {} : { bins }),
  });
  return toState(solve(highs, problem, { deadline, onProgress: (outcome) => onProgress(toState(outcome)) }));
}

function byConfigurations(
  highs: Highs,
  { problem }: Task,
  deadline: number,
  onProgress: (state: State) => void,
): State {
  const best = bestOnly(problem);
  const limited = problem.kinds.some(({ count }) => Number.isFinite(count));
  const now = performance.now();
  const toState = ({ bins, bound }: { bins?: Bin[]; bound: number }): State => ({
    bound: 0,
    countBound: bound,
    ...(bins === undefined ? {} : { bins }),
  });
  const first = solve(highs, best, {
    deadline: limited ? now + (deadline - now) / 2 : deadline,
    // Its bound on devices is one only if there is such a placement.
    onProgress: (outcome) => {
      if (outcome.bins !== undefined) onProgress(toState(outcome));
    },
  });
  if (first.bins !== undefined) return toState(first);
  // Not every model can have its best configuration: the least is lost.
  const countBound = quickBound(countingDevices(problem));
  const second = { ...problem, kinds: problem.kinds.map((kind) => ({ ...kind, cost: 0 })) };
  const report = ({ bins, bound }: { bins?: Bin[]; bound: number }): State => ({
    bound,
    countBound,
    ...(bins === undefined ? {} : { bins }),
  });
  return report(solve(highs, second, { deadline, onProgress: (outcome) => onProgress(report(outcome)) }));
}

export function totalLoss(problem: Problem, bins: readonly Bin[]): number {
  return bins.reduce((sum, { picks }) => sum + lossOf(problem, picks), 0);
}

/** The same problem, where each device costs 1 and nothing is lost. */
function countingDevices({ kinds, items, apart }: Problem): Problem {
  return {
    kinds: kinds.map((kind) => ({ ...kind, cost: 1 })),
    items: items.map((options) => options.map((option) => ({ ...option, loss: 0 }))),
    apart,
  };
}

/** The same with only those options by which nothing is lost. */
function bestOnly(problem: Problem): Problem {
  const counted = countingDevices(problem);
  const items = problem.items.map((options) => {
    const least = Math.min(
      ...options.flatMap((option) =>
        problem.kinds.some((kind, i) => kind.count > 0 && fitsAlone(kind, i, option)) ? [option.loss] : [],
      ),
    );
    return options.map((option) => ({
      ...option,
      loss: 0,
      allowed: option.allowed.map((allowed) => allowed && option.loss <= least + 1e-9),
    }));
  });
  return { ...counted, items };
}
