/** The search against trying everything, on thousands of small cases. */
import fc from 'fast-check';
import loadHighs from 'highs';
import { beforeAll, describe, expect, it, vi } from 'vitest';

import { findConflict } from '../../build-ts/placement/conflict.js';
import { costOf, fitsAlone, isValid } from '../../build-ts/placement/problem.js';
import type { Bin, Option, Problem } from '../../build-ts/placement/problem.js';
import { Packer } from '../../build-ts/placement/pack.js';
import { cheapestOptions, quickBound } from '../../build-ts/placement/quick-bound.js';
import { refine } from '../../build-ts/placement/refine.js';
import { solve } from '../../build-ts/placement/solve.js';
import { strive, totalLoss } from '../../build-ts/placement/strive.js';
import { unite } from '../../build-ts/placement/unite.js';
import type { Models } from '../../build-ts/placement/unite.js';
import { randomNumbers } from '../utils/random.js';

let highs: Awaited<ReturnType<typeof loadHighs>>;
beforeAll(async () => {
  highs = await loadHighs();
});

/** The cheapest placement's cost, by trying every filling of every device; `Infinity` where there is none. */
function cheapest({ kinds, items, apart }: Problem, cost: (bins: readonly Bin[]) => number): number {
  let best = Infinity;
  const bins: (Bin & { free: number[] })[] = [];
  const inUse = kinds.map(() => 0);
  const place = (item: number, carried: number): void => {
    if (item === items.length) {
      best = Math.min(best, cost(bins));
      return;
    }
    if (carried >= 1 - 1e-9) {
      place(item + 1, 0);
      return;
    }
    items[item]!.forEach((option, index) => {
      const put = (bin: (typeof bins)[number]): void => {
        bin.picks.push({ item, option: index });
        option.use.forEach((amount, i) => (bin.free[i]! -= amount));
        place(item, carried + 1 / option.copies);
        option.use.forEach((amount, i) => (bin.free[i]! += amount));
        bin.picks.pop();
      };
      for (const bin of bins) {
        const fits = option.allowed[bin.kind]! && option.use.every((amount, i) => amount <= bin.free[i]!);
        const alone = bin.picks.every((pick) => pick.item !== item && !apart[item]!.includes(pick.item));
        if (fits && alone) put(bin);
      }
      kinds.forEach((kind, k) => {
        if (inUse[k]! >= kind.count || !fitsAlone(kind, k, option)) return;
        inUse[k]!++;
        const bin = { kind: k, picks: [], free: [...kind.capacity] };
        bins.push(bin);
        put(bin);
        bins.pop();
        inUse[k]!--;
      });
    });
  };
  place(0, 0);
  return best;
}

interface Shape {
  kinds: number;
  prices?: readonly number[];
  limited: boolean;
  losses: boolean;
  copies: boolean;
}

/** Small problems whose items fit each on some device. */
function problems({ kinds, prices = [1, 2, 3, 4], limited, losses, copies }: Shape): fc.Arbitrary<Problem> {
  const kind = fc.record({
    capacity: fc.tuple(fc.integer({ min: 6, max: 12 }), fc.integer({ min: 6, max: 12 })),
    cost: fc.constantFrom(...prices),
    count: limited ? fc.integer({ min: 0, max: 3 }) : fc.constant(Infinity),
  });
  const option = (k: number): fc.Arbitrary<Option> =>
    fc.record({
      use: fc.tuple(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0, max: 9 })),
      allowed: fc.array(fc.boolean(), { minLength: k, maxLength: k }),
      copies: copies ? fc.constantFrom(1, 2, ...(limited ? [4] : [])) : fc.constant(1),
      loss: losses ? fc.integer({ min: 0, max: 3 }) : fc.constant(0),
    });
  return fc
    .array(kind, { minLength: 1, maxLength: kinds })
    .chain((all) =>
      fc.record({
        kinds: fc.constant(all),
        items: fc.array(fc.array(option(all.length), { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 5 }),
        pairs: fc.array(fc.tuple(fc.nat(4), fc.nat(4)), { maxLength: 2 }),
      }),
    )
    .map(({ kinds: all, items, pairs }) => {
      const possible = items.filter((options) => options.some((each) => all.some((k, i) => fitsAlone(k, i, each))));
      const apart = possible.map((_, item) => {
        const others = pairs.flatMap(([a, b]) => (a === item ? [b] : b === item ? [a] : []));
        return [...new Set(others)].filter((other) => other !== item && other < possible.length);
      });
      return { kinds: all, items: possible, apart };
    })
    .filter(({ items }) => items.length > 0);
}

const never = performance.now() + 1e9;

/** Of models that are pinned neither to one another nor anywhere. */
function unpinned(problem: Problem): Models {
  return { ...problem, groups: problem.items.map((_, model) => ({ models: [model] })) };
}

/** Can some of the models be placed? By trying each of their options on each device. */
function isPossible({ kinds, items, apart, groups }: Models, some: readonly number[]): boolean {
  const devices = kinds.flatMap(({ count, capacity }, kind) =>
    Array.from({ length: count }, () => ({ kind, free: [...capacity], models: [] as number[] })),
  );
  const groupOf = (model: number): Models['groups'][number] => groups.find(({ models }) => models.includes(model))!;
  const placeFrom = (next: number): boolean => {
    const model = some[next];
    if (model === undefined) return true;
    const { models: together, allowed } = groupOf(model);
    return items[model]!.some(({ use, allowed: runsOn }) =>
      devices.some((device) => {
        const elsewhere = devices.filter((other) => other !== device).flatMap(({ models }) => models);
        if (!runsOn[device.kind]! || allowed?.[device.kind] === false) return false;
        if (use.some((amount, i) => amount > device.free[i]!)) return false;
        if (device.models.some((other) => apart[model]!.includes(other))) return false;
        if (elsewhere.some((other) => together.includes(other))) return false;
        use.forEach((amount, i) => (device.free[i]! -= amount));
        device.models.push(model);
        const found = placeFrom(next + 1);
        device.models.pop();
        use.forEach((amount, i) => (device.free[i]! += amount));
        return found;
      }),
    );
  };
  return placeFrom(0);
}

/** Models of which some are pinned, to one another or to a kind; what stays together fits somewhere, as in any request. */
function pinnedModels(): fc.Arbitrary<Models> {
  const members = fc.record({
    problem: problems({ kinds: 2, limited: true, losses: false, copies: false }),
    group: fc.array(fc.nat(3), { minLength: 5, maxLength: 5 }),
    pinned: fc.array(fc.option(fc.nat(1)), { minLength: 4, maxLength: 4 }),
  });
  return members
    .map(({ problem, group, pinned }): Models => {
      const groups = pinned.map((kind, index) => ({
        models: problem.items.flatMap((_, model) => (group[model] === index ? [model] : [])),
        ...(kind === null ? {} : { allowed: problem.kinds.map((_, i) => i === kind) }),
      }));
      const apart = problem.apart.map((others, model) => others.filter((other) => group[other] !== group[model]));
      return { ...problem, apart, groups: groups.filter(({ models }) => models.length > 0) };
    })
    .filter((models) => models.groups.every((each) => isPossible(models, each.models)));
}

describe.each<[string, Shape, number]>([
  ['one kind of device', { kinds: 1, limited: false, losses: false, copies: false }, 400],
  ['kinds with prices', { kinds: 3, limited: false, losses: false, copies: false }, 500],
  ['prices in no step', { kinds: 3, prices: [0.99, 1.5, Math.PI], limited: false, losses: false, copies: false }, 300],
  ['several copies', { kinds: 2, limited: false, losses: false, copies: true }, 400],
  ['few devices', { kinds: 3, limited: true, losses: false, copies: false }, 500],
  ['several copies on few devices', { kinds: 3, limited: true, losses: false, copies: true }, 400],
  ['configurations that lose something', { kinds: 2, limited: true, losses: true, copies: true }, 400],
])('%s', (_, shape, runs) => {
  it.each([false, true])('gives the cheapest placement; without shortcuts: %s', (withoutShortcuts) => {
    fc.assert(
      fc.property(problems(shape), (problem) => {
        const best = cheapest(problem, (bins) => costOf(problem, bins));
        expect(quickBound(problem)).toBeLessThanOrEqual(best + 1e-9);
        const { bins, bound } = solve(highs, problem, { deadline: never, withoutShortcuts });
        if (best === Infinity) {
          expect(bins).toBeUndefined();
          expect(bound).toBe(Infinity);
        } else {
          expect(isValid(problem, bins!)).toBe(true);
          expect(costOf(problem, bins!)).toBeCloseTo(best, 5);
          expect(bound).toBeCloseTo(best, 5);
        }
      }),
      { numRuns: runs / 2, seed: 1 },
    );
  });
});

it('goals that configurations decide lose least, and then use the fewest devices', () => {
  fc.assert(
    fc.property(problems({ kinds: 2, limited: true, losses: true, copies: false }), (drawn) => {
      const problem = { ...drawn, kinds: drawn.kinds.map((kind) => ({ ...kind, cost: 1 })) };
      // Losses count from the best option that fits somewhere, as they do in requests.
      for (const options of problem.items) {
        const fitting = options.filter((option) =>
          problem.kinds.some((kind, i) => kind.count > 0 && fitsAlone(kind, i, option)),
        );
        const least = Math.min(...fitting.map(({ loss }) => loss));
        for (const option of options) option.loss = Math.max(0, option.loss - least);
      }
      const best = cheapest(problem, (bins) => totalLoss(problem, bins) * 1000 + bins.length);
      const { bins, bound, countBound } = strive(
        highs,
        { problem, models: unpinned(problem), byConfiguration: true, timeLimit: 1e9 },
        () => undefined,
      );
      if (best === Infinity) {
        expect(bins).toBeUndefined();
        return;
      }
      expect(isValid(problem, bins!)).toBe(true);
      const loss = Math.floor(best / 1000 + 1e-6);
      expect(totalLoss(problem, bins!)).toBeCloseTo(loss, 5);
      expect(bound).toBeCloseTo(loss, 5);
      if (loss === 0) expect([bins!.length, countBound]).toEqual([best, best]);
    }),
    { numRuns: 300, seed: 1 },
  );
});

it('a model that takes little of one resource or of the other, but of one of them much, is not bounded by the lesser ones', () => {
  const options = [
    { use: [10, 90], allowed: [true], copies: 1, loss: 0 },
    { use: [90, 10], allowed: [true], copies: 1, loss: 0 },
  ];
  const items = Array.from({ length: 10 }, () => options);
  const problem = { kinds: [{ capacity: [100, 100], cost: 1, count: Infinity }], items, apart: items.map(() => []) };
  // Alone, each resource says 1.
  expect(quickBound(problem)).toBe(5);
  expect(solve(highs, problem, { deadline: never })).toMatchObject({ bound: 5, bins: { length: 5 } });
});

it('models with many configurations are packed well by those that are cheap beside all others', () => {
  const next = randomNumbers(7);
  const items = Array.from({ length: 200 }, () =>
    Array.from({ length: 10 }, (): Option => {
      const use = Array.from({ length: 3 }, () => Math.round(5_000 + 55_000 * next()));
      return { use, allowed: [true], copies: 1, loss: 0 };
    }),
  );
  const capacity = [100_000, 100_000, 100_000];
  const problem = { kinds: [{ capacity, cost: 1, count: Infinity }], items, apart: items.map(() => []) };
  const packed = (packer: Packer): Bin[] => packer.improve(undefined, 500, () => false)!;
  const bins = packed(new Packer(problem, cheapestOptions(problem)));
  expect(isValid(problem, bins)).toBe(true);
  expect(bins.length).toBeLessThan(packed(new Packer(problem)).length);
  expect(bins.length).toBeLessThanOrEqual(1.1 * quickBound(problem));
});

it('a finished placement gets the configurations that are worth most, and stays what it was otherwise', () => {
  const shape = { kinds: 2, limited: true, losses: true, copies: true };
  const drawn = problems(shape).chain((problem) =>
    fc.record({
      problem: fc.constant(problem),
      worth: fc.tuple(...problem.items.map((all) => fc.tuple(...all.map(() => fc.integer({ min: 0, max: 5 }))))),
      use: fc.tuple(
        ...problem.items.map((all) => fc.tuple(...all.map(() => fc.tuple(fc.integer({ min: 0, max: 6 }))))),
      ),
    }),
  );
  fc.assert(
    fc.property(drawn, ({ problem, worth, use }) => {
      const { bins } = solve(highs, problem, { deadline: never });
      fc.pre(bins !== undefined);
      const merits = { worth, use, soft: [10] };
      const refined = refine(problem, bins, merits);
      expect(isValid(problem, refined)).toBe(true);
      expect(costOf(problem, refined)).toBeLessThanOrEqual(costOf(problem, bins) + 1e-9);
      const worthOf = (picks: Bin['picks']): number =>
        picks.reduce((sum, { item, option }) => sum + worth[item]![option]!, 0);
      const softOf = (picks: Bin['picks']): number =>
        picks.reduce((sum, { item, option }) => sum + use[item]![option]![0], 0);
      for (const [i, { kind, picks }] of bins.entries()) {
        const most = Math.max(10, softOf(picks));
        const copiesOf = (each: Bin['picks'][number]): number => problem.items[each.item]![each.option]!.copies;
        const lossOf = (each: Bin['picks'][number]): number => problem.items[each.item]![each.option]!.loss;
        // Every combination that keeps the parts that copies carry, and loses no more.
        const all = picks.reduce<Bin['picks'][]>(
          (before, pick) =>
            before.flatMap((chosen) =>
              problem.items[pick.item]!.map((_, option) => [...chosen, { item: pick.item, option }]),
            ),
          [[]],
        );
        const possible = all.filter((chosen) => {
          const same = chosen.every(
            (each, at) => copiesOf(each) === copiesOf(picks[at]!) && lossOf(each) <= lossOf(picks[at]!),
          );
          const free = problem.kinds[kind]!.capacity.map(
            (amount, r) =>
              amount - chosen.reduce((sum, { item, option }) => sum + problem.items[item]![option]!.use[r]!, 0),
          );
          const allowed = chosen.every(({ item, option }) => problem.items[item]![option]!.allowed[kind]);
          return same && allowed && free.every((amount) => amount >= 0) && softOf(chosen) <= most;
        });
        expect(refined[i]!.picks.map(({ item }) => item)).toEqual(picks.map(({ item }) => item));
        expect(softOf(refined[i]!.picks)).toBeLessThanOrEqual(most);
        expect(worthOf(refined[i]!.picks)).toBe(Math.max(...possible.map(worthOf)));
      }
    }),
    { numRuns: 300, seed: 1 },
  );
});

/** So many models on two devices, in pairs that stay together: each takes about a sixth of a device. */
function crowd(count: number): Models {
  const items = Array.from({ length: count }, (_, i) => [
    { use: [16 + (i % 3), 1], allowed: [true], copies: 1, loss: 0 },
  ]);
  const groups = Array.from({ length: count / 2 }, (_, i) => ({ models: [2 * i, 2 * i + 1] }));
  return { kinds: [{ capacity: [100, 100], cost: 1, count: 2 }], items, apart: items.map(() => []), groups };
}

/** The same for models of several copies, none of them pinned. */
function isPossibleWithCopies({ kinds, items, apart }: Models, some: readonly number[]): boolean {
  const part: Problem = {
    kinds,
    items: some.map((model) => items[model]!),
    apart: some.map((model) => apart[model]!.map((other) => some.indexOf(other)).filter((other) => other !== -1)),
  };
  return cheapest(part, (bins) => bins.length) < Infinity;
}

const few = { limited: true, losses: false };

it.each<[string, fc.Arbitrary<Models>, typeof isPossible, number]>([
  ['few devices', problems({ ...few, kinds: 2, copies: false }).map(unpinned), isPossible, 60],
  ['pins', pinnedModels(), isPossible, 150],
  ['several copies', problems({ ...few, kinds: 1, copies: true }).map(unpinned), isPossibleWithCopies, 150],
])('what conflicts conflicts, and no smaller set of models does: %s', (_, drawn, isPossibleFor, runs) => {
  fc.assert(
    fc.property(drawn, (all) => {
      const names = all.items.map((_item, i) => i);
      fc.pre(!isPossibleFor(all, names));
      const { models, extent, pins, apart } = findConflict(highs, all, never);
      expect(isPossibleFor(all, models)).toBe(false);
      expect(extent).toBe('smallest');
      const sets = Array.from({ length: 2 ** names.length }, (_set, bits) => names.filter((i) => (bits >> i) & 1));
      expect(sets.every((some) => some.length >= models.length || isPossibleFor(all, some))).toBe(true);
      expect(pins).toBe(isPossibleFor(unpinned(all), models));
      expect(apart).toBe(isPossibleFor({ ...all, apart: all.apart.map(() => []) }, models));
    }),
    { numRuns: runs, seed: 1 },
  );
});

it('where there are too many sets to try, no model of a conflict can be left out', () => {
  const all = crowd(16);
  const { models, extent } = findConflict(highs, all, never);
  expect(extent).toBe('irreducible');
  expect(isPossible(all, models)).toBe(false);
  for (const one of models)
    expect(
      isPossible(
        all,
        models.filter((other) => other !== one),
      ),
    ).toBe(true);
});

it('that there is no placement is known though there is no time to tell why', () => {
  const models = crowd(16);
  const told: (boolean | undefined)[] = [];
  const task = { problem: unite(models).problem, models, byConfiguration: false, timeLimit: 0 };
  const { bins, bound, conflict } = strive(highs, task, ({ conflict: known }) => told.push(known !== undefined));
  expect([bins, bound, told.at(-1)]).toEqual([undefined, Infinity, true]);
  expect(conflict!.extent).toBe('unknown');
  expect(isPossible(models, conflict!.models)).toBe(false);
});

it('the search may run out of time at any moment', () => {
  // Two devices hold two of five each.
  const items = Array.from({ length: 5 }, () => [{ use: [34], allowed: [true], copies: 1, loss: 0 }]);
  const problem = { kinds: [{ capacity: [100], cost: 1, count: 2 }], items, apart: items.map(() => []) };
  let moment = 0;
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => moment++);
  try {
    for (let deadline = 0; deadline < 60; deadline++) {
      moment = 0;
      expect(solve(highs, problem, { deadline }).bins).toBeUndefined();
    }
  } finally {
    clock.mockRestore();
  }
  expect(solve(highs, problem, { deadline: never })).toEqual({ bound: Infinity });
});

it('two models that need two devices each conflict sooner than three that need one', () => {
  const option = (use: number, copies: number): Option => ({ use: [use], allowed: [true], copies, loss: 0 });
  const twice = [option(120, 1), option(10, 2)];
  const all = unpinned({
    kinds: [{ capacity: [100], cost: 1, count: 2 }],
    items: [twice, twice, [option(60, 1)], [option(60, 1)], [option(60, 1)]],
    apart: [[1], [0], [], [], []],
  });
  expect(findConflict(highs, all, never)).toMatchObject({ models: [0, 1], extent: 'smallest' });
});
