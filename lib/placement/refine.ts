/**
 * Better configurations at no cost: in a finished placement, copies take another configuration of their model where the
 * device has room for it. What is on which device stays, and so does all that is proved.
 */
import type { Bin, Option, Pick, Problem } from './problem.js';
import { isValid, optionOf, useOf } from './problem.js';

/** What the problem does not know of its options. By item and option. */
export interface Merits {
  /** How good it is, the more the better. */
  worth: number[][];
  /** What a copy takes of that which is not limited, but is to stay within `soft` where it is. */
  use: number[][][];
  /** A device that has more of it in use already gets no more. */
  soft: number[];
}

/** Steps for one device: all combinations of the configurations of a handful of models. */
const STEPS = 20_000;

/** An option that a copy may take, with all that it uses. */
interface Choice {
  option: number;
  use: number[];
  worth: number;
}

/** The same placement with the configurations that are worth most; as far as there are too many to try, with better ones. */
export function refine(problem: Problem, bins: readonly Bin[], merits: Merits): Bin[] {
  const refined = bins.map((bin) => ({ kind: bin.kind, picks: refineOne(problem, bin, merits) }));
  return isValid(problem, refined) ? refined : [...bins];
}

function refineOne(problem: Problem, { kind, picks }: Bin, merits: Merits): Pick[] {
  const inUse = [...useOf(problem, picks), ...softUse(picks, merits)];
  const room = [
    ...problem.kinds[kind]!.capacity,
    ...merits.soft.map((most, i) => Math.max(most, inUse[problem.kinds[kind]!.capacity.length + i]!)),
  ];
  const choices = picks.map((pick) => choicesOf(problem, kind, pick, merits));
  const chosen = choose(
    choices,
    picks.map(({ option }) => option),
    room,
  );
  return picks.map(({ item }, i) => ({ item, option: chosen[i]! }));
}

function softUse(picks: readonly Pick[], { use, soft }: Merits): number[] {
  return soft.map((_, i) => picks.reduce((sum, { item, option }) => sum + use[item]![option]![i]!, 0));
}

/** Options that carry the same part of the demand, and lose no more. The best first. */
function choicesOf(problem: Problem, kind: number, pick: Pick, { worth, use }: Merits): Choice[] {
  const now = optionOf(problem, pick);
  const may = (option: Option): boolean =>
    option.allowed[kind]! && option.copies === now.copies && option.loss <= now.loss;
  return problem.items[pick.item]!.map((each, option) => ({ each, option }))
    .filter(({ each, option }) => option === pick.option || may(each))
    .map(({ each, option }) => ({
      option,
      use: [...each.use, ...use[pick.item]![option]!],
      worth: worth[pick.item]![option]!,
    }))
    .sort((a, b) => b.worth - a.worth);
}

/** One choice for each copy, such that they fit together and are worth most. */
function choose(choices: readonly Choice[][], now: readonly number[], room: readonly number[]): number[] {
  const free = [...room];
  const take = (use: readonly number[], times: number): void =>
    use.forEach((amount, i) => (free[i]! -= amount * times));
  const fits = (use: readonly number[]): boolean => use.every((amount, i) => amount <= free[i]!);
  const current = choices.map((all, i) => all.find(({ option }) => option === now[i])!);
  for (const { use } of current) take(use, 1);

  // One exchange after the other, the one that wins most first.
  for (;;) {
    let best: { at: number; choice: Choice; gain: number } | undefined;
    for (const [at, all] of choices.entries()) {
      take(current[at]!.use, -1);
      const choice = all.find(({ use }) => fits(use));
      take(current[at]!.use, 1);
      const gain = choice === undefined ? 0 : choice.worth - current[at]!.worth;
      if (choice !== undefined && gain > (best?.gain ?? 1e-9)) best = { at, choice, gain };
    }
    if (best === undefined) break;
    take(current[best.at]!.use, -1);
    take(best.choice.use, 1);
    current[best.at] = best.choice;
  }

  // Whether all combinations have a better one.
  for (const { use } of current) take(use, -1);
  let found = [...current];
  let most = found.reduce((sum, { worth }) => sum + worth, 0);
  const upTo = choices.map(() => 0);
  for (let i = choices.length - 1; i >= 0; i--) upTo[i] = (upTo[i + 1] ?? 0) + choices[i]![0]!.worth;
  let left = STEPS;
  const chosen: Choice[] = [];
  const descend = (at: number, worth: number): void => {
    if (at === choices.length) {
      if (worth > most + 1e-9) [found, most] = [[...chosen], worth];
      return;
    }
    for (const choice of choices[at]!) {
      if (left <= 0 || worth + choice.worth + (upTo[at + 1] ?? 0) <= most + 1e-9) return;
      left--;
      if (!fits(choice.use)) continue;
      chosen.push(choice);
      take(choice.use, 1);
      descend(at + 1, worth + choice.worth);
      take(choice.use, -1);
      chosen.pop();
    }
  };
  descend(0, 0);
  return found.map(({ option }) => option);
}
