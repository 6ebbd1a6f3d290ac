/** From models to the items of a problem: models that stay together are one. */
import type { Option, Problem } from './problem.js';

/** A problem whose items are single models, before pins. */
export interface Models extends Problem {
  /** Each model is in one; most are alone. */
  groups: Group[];
}

/** Models that stay together. */
export interface Group {
  models: number[];
  /** Which kinds a pin leaves; unset: all. */
  allowed?: boolean[];
}

/** What models come to. */
export interface United {
  problem: Problem;
  /** For each item its models, and for each of its options the option of each model. */
  items: { models: number[]; picks: number[][] }[];
}

/** The problem of some of the models. What is left of a group stays together, and where it was pinned. */
export function unite({ kinds, items, apart, groups }: Models, some?: readonly number[]): United {
  const wanted = some === undefined ? undefined : new Set(some);
  const left = groups
    .map((group) => ({ ...group, models: group.models.filter((model) => wanted?.has(model) ?? true) }))
    .filter(({ models }) => models.length > 0);
  const itemOf = new Map(left.flatMap(({ models }, item) => models.map((model) => [model, item])));
  const united = left.map(({ models, allowed }) => {
    return combine(models.map((model) => items[model]!)).map(({ option, picks }) => ({
      option: confine(option, allowed),
      picks,
    }));
  });
  return {
    problem: {
      kinds,
      items: united.map((all) => all.map(({ option }) => option)),
      apart: left.map(({ models }) => {
        return [...new Set(models.flatMap((model) => apart[model]!.flatMap((other) => itemOf.get(other) ?? [])))];
      }),
    },
    items: united.map((all, item) => ({ models: left[item]!.models, picks: all.map(({ picks }) => picks) })),
  };
}

/** All combinations of the options of models that stay together; of each model, one copy must do then. */
function combine(each: readonly Option[][]): { option: Option; picks: number[] }[] {
  const [first, ...others] = each.map((options) => options.map((option, pick) => ({ option, picks: [pick] })));
  if (others.length === 0) return first!;
  const isOne = ({ option }: { option: Option }): boolean => option.copies === 1;
  return others.reduce(
    (before, options) =>
      before.flatMap((a) =>
        options.filter(isOne).map((b) => ({ option: add(a.option, b.option), picks: [...a.picks, ...b.picks] })),
      ),
    first!.filter(isOne),
  );
}

function add(a: Option, b: Option): Option {
  return {
    use: a.use.map((amount, i) => amount + b.use[i]!),
    allowed: a.allowed.map((allowed, i) => allowed && b.allowed[i]!),
    copies: 1,
    loss: a.loss + b.loss,
  };
}

function confine(option: Option, allowed: readonly boolean[] | undefined): Option {
  return { ...option, allowed: option.allowed.map((each, i) => each && (allowed?.[i] ?? true)) };
}
