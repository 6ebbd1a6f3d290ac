/** Placing models on devices. */
import { AccelError } from '../errors.js';
import { UNIT, countOf, format, formulate, isByConfiguration, list } from './formulate.js';
import type { Formulation } from './formulate.js';
import type { Bin } from './problem.js';
import { costOf, optionOf, useOf } from './problem.js';
import { refine } from './refine.js';
import type { Merits } from './refine.js';
import type { ParsedConfiguration, ParsedModel, ParsedRequest } from './request.js';
import { search } from './search.js';
import { totalLoss } from './strive.js';
import type { State } from './strive.js';
import type { LimitNeed, PlacedDevice, PlacedModel, Placement, PlacementProgress, PlacementRequest } from './types.js';

/** Names in a message, where nobody knows which matter. */
const MOST_NAMES = 30;

/**
 * Places models on devices, and proves that there is no better way; where the time does not suffice for that, the result
 * says how much better one could be at most. The search runs in a thread of its own.
 *
 * @throws {@link AccelError} `INVALID_ARGUMENT` for a request that makes no sense, and for a model that no device can hold;
 * `UNSUPPORTED` where there are too few devices, with the smallest set of models that can't be placed; `TIMEOUT` and `CANCELLED`
 * where the search ended before a placement was found
 */
export async function placeModels(request: PlacementRequest): Promise<Placement> {
  const begun = performance.now();
  // Loaded when it is first needed, as in Session.load.
  const { parseRequest } = await import('./request.js');
  const parsed = parseRequest(request);
  const formulation = formulate(parsed);
  const task = {
    problem: formulation.problem,
    models: formulation.models,
    byConfiguration: isByConfiguration(parsed.goal),
    timeLimit: parsed.timeLimit,
  };
  const { state, ended, failed } = await search(task, parsed.signal, (progress) => report(parsed, progress));
  if (state.bins === undefined) throw failure(parsed, formulation, state, ended);
  const bins = refine(formulation.problem, state.bins, meritsOf(parsed, formulation));
  const placement = describe(parsed, formulation, { ...state, bins }, ended, performance.now() - begun);
  return failed === undefined ? placement : { ...placement, notes: [...placement.notes, failed.message] };
}

/** What makes one configuration better than another that the goal holds to be as good. */
function meritsOf(request: ParsedRequest, { items, models: alone }: Formulation): Merits {
  const { models, reservedUtilizationPercent } = request;
  const worths = models.map((model) => model.configurations.map((each) => worthOf(model, each)));
  const of = <T>(value: (model: number, configuration: number) => T, add: (a: T, b: T) => T): T[][] =>
    items.map(({ models: together, picks }) => {
      return picks.map((chosen) => chosen.map((pick, i) => value(together[i]!, pick)).reduce(add));
    });
  const shares = (model: number, pick: number): number[] => {
    const { rate, configurations } = models[model]!;
    const { utilizationPercent = 0, memoryPercent = 0, throughput } = configurations[pick]!;
    const { copies } = alone.items[model]![pick]!;
    const load = rate === undefined || throughput === undefined ? 1 : rate / throughput / copies;
    return [utilizationPercent * load, memoryPercent * load];
  };
  return {
    worth: of(
      (model, pick) => worths[model]![pick]!,
      (a, b) => a + b,
    ),
    use: of(shares, (a, b) => a.map((amount, i) => amount + b[i]!)),
    // Beyond it, models wait for each other, and nothing is won.
    soft: [100 - reservedUtilizationPercent, 100],
  };
}

/**
 * Its part of the model's best throughput; where it is demanded to carry a rate, which each does, how close it comes to the
 * lowest latency. The other figure decides where that one is the same.
 */
function worthOf({ rate, configurations }: ParsedModel, { throughput, latency }: ParsedConfiguration): number {
  const most = Math.max(...configurations.map((each) => each.throughput ?? 0));
  const least = Math.min(...configurations.map((each) => each.latency ?? Infinity));
  const fast = throughput === undefined ? 0 : throughput / most;
  const prompt = latency === undefined ? 0 : least / latency;
  return rate === undefined ? fast + 1e-4 * prompt : prompt + 1e-4 * fast;
}

function report({ onProgress }: ParsedRequest, { bins, countBound }: State): void {
  const progress: PlacementProgress = { bound: countBound, ...(bins === undefined ? {} : { count: bins.length }) };
  try {
    onProgress?.(progress);
  } catch (cause) {
    throw new AccelError('INVALID_ARGUMENT', `onProgress threw: ${String(cause)}`, { cause });
  }
}

function describe(
  request: ParsedRequest,
  formulation: Formulation,
  state: State & { bins: Bin[] },
  ended: Placement['ended'],
  elapsed: number,
): Placement {
  const { bins, countBound } = state;
  const devices = nameDevices(request, formulation, bins);
  const objective = objectiveOf(request, formulation, state, devices);
  return {
    goal: request.goal,
    count: bins.length,
    proved: ended === 'proved',
    bound: Math.min(countBound, bins.length),
    ...(objective === undefined ? {} : { objective }),
    ended,
    elapsed,
    devices,
    needs: needsOf(request, formulation),
    notes: [...formulation.notes, ...notesOn(request, devices)],
  };
}

/** Devices of one kind are numbered, the fullest first; those that are named by a pin keep their number. */
function nameDevices(request: ParsedRequest, formulation: Formulation, bins: readonly Bin[]): PlacedDevice[] {
  const { pools, problem } = formulation;
  const sorted = [...bins].sort(
    (a, b) => pools[a.kind]!.kind - pools[b.kind]!.kind || useOf(problem, b.picks)[0]! - useOf(problem, a.picks)[0]!,
  );
  const free = request.devices.map((kind, index) => {
    const named = new Set(pools.flatMap((pool) => (pool.kind === index ? (pool.device ?? []) : [])));
    return namesOf(kind, named);
  });
  return sorted.map((bin) => {
    const pool = pools[bin.kind]!;
    return placedDevice(request, formulation, bin, pool.device ?? free[pool.kind]!.next().value);
  });
}

function* namesOf(
  { name, ids }: ParsedRequest['devices'][number],
  taken: ReadonlySet<string>,
): Generator<string, string> {
  for (let i = 1; ; i++) {
    const id = ids === undefined ? `${name}#${i}` : ids[i - 1]!;
    if (!taken.has(id)) yield id;
  }
}

function placedDevice(request: ParsedRequest, formulation: Formulation, bin: Bin, device: string): PlacedDevice {
  const { name, memoryMB } = request.devices[formulation.pools[bin.kind]!.kind]!;
  const placed = [...bin.picks]
    .sort((a, b) => a.item - b.item)
    .flatMap((pick): PlacedModel[] => {
      const { models, picks } = formulation.items[pick.item]!;
      const { copies } = optionOf(formulation.problem, pick);
      return picks[pick.option]!.map((configuration, i) => {
        const { name: model, rate, configurations } = request.models[models[i]!]!;
        return {
          model,
          configuration: configurations[configuration]!,
          ...(rate === undefined ? {} : { rate: rate / copies }),
        };
      });
    });
  const included = request.memoryIncludesReserved ? request.reservedMB : 0;
  const memory = placed.reduce((sum, { configuration }) => sum + configuration.memoryMB - included, request.reservedMB);
  const memoryPercent = sumOf(placed, 'memoryPercent');
  const utilizationPercent = sumOf(placed, 'utilizationPercent', request.reservedUtilizationPercent);
  return {
    device,
    kind: name,
    models: placed.map(({ model }) => model),
    placed,
    memoryMB: round(memory),
    memoryTotalMB: memoryMB,
    ...(memoryPercent === undefined ? {} : { memoryPercent }),
    ...(utilizationPercent === undefined ? {} : { utilizationPercent }),
  };
}

/** Of a copy that carries a part of its throughput, that part of its figure. */
function sumOf(
  placed: readonly PlacedModel[],
  field: 'memoryPercent' | 'utilizationPercent',
  reserved = 0,
): number | undefined {
  let sum = reserved;
  for (const { configuration, rate } of placed) {
    const amount = configuration[field];
    if (amount === undefined) return undefined;
    sum += rate === undefined ? amount : (amount * rate) / configuration.throughput!;
  }
  return round(sum);
}

function objectiveOf(
  { goal, models }: ParsedRequest,
  { problem, lossScale, priceScale }: Formulation,
  { bins, bound, countBound }: State & { bins: Bin[] },
  devices: readonly PlacedDevice[],
): Placement['objective'] | undefined {
  const gap = (value: number, best: number): number =>
    value === 0 ? 0 : round((Math.abs(value - best) / value) * 100);
  if (goal === 'min-devices') {
    const best = Math.min(countBound, bins.length);
    return { measure: 'devices', value: bins.length, bound: best, gapPercent: gap(bins.length, best) };
  }
  if (goal === 'min-cost') {
    const value = round(costOf(problem, bins) / priceScale);
    const best = Math.min(value, round(bound / priceScale));
    return { measure: 'price', value, bound: best, gapPercent: gap(value, best) };
  }
  // What could be won at most, in the goal's own unit.
  const winnable = Math.max(0, totalLoss(problem, bins) - bound) / lossScale;
  const rates = new Map(models.map(({ name, rate }) => [name, rate]));
  const all = devices.flatMap(({ placed }) => placed);
  const figure = goal === 'max-throughput' ? 'throughput' : 'latency';
  if (all.every(({ configuration }) => configuration[figure] === undefined)) return undefined;
  if (goal === 'max-throughput') {
    // Copies may be able to carry more than is demanded.
    const demanded = models.reduce((sum, { rate = 0 }) => sum + rate, 0);
    const value = all.reduce((sum, { rate, configuration: { throughput = 0 } }) => {
      return rate === undefined ? sum + throughput : sum;
    }, demanded);
    const best = value + winnable;
    return { measure: 'throughput', value: round(value), bound: round(best), gapPercent: gap(value, best) };
  }
  const value = all.reduce((sum, { model, rate = 1, configuration: { latency = 0 } }) => {
    return sum + (latency * rate) / (rates.get(model) ?? 1);
  }, 0);
  const best = value - winnable;
  return { measure: 'latency', value: round(value), bound: round(best), gapPercent: gap(value, best) };
}

function needsOf(request: ParsedRequest, { resources, problem }: Formulation): LimitNeed[] {
  const needs = resources.map(({ name, capacityOf }, resource): LimitNeed => {
    const total = problem.items.reduce(
      (sum, options) => sum + Math.min(...options.map(({ use, copies }) => use[resource]! * copies)),
      0,
    );
    const perDevice = Math.max(...request.devices.map(capacityOf));
    const devices = (total * UNIT) / perDevice;
    return { limit: name, total: round(total * UNIT), perDevice: round(perDevice), devices: round(devices) };
  });
  return needs.sort((a, b) => b.devices - a.devices);
}

function notesOn({ goal, models }: ParsedRequest, devices: readonly PlacedDevice[]): string[] {
  const notes: string[] = [];
  const busy = devices.filter(({ utilizationPercent = 0 }) => utilizationPercent > 100);
  if (busy.length > 0) {
    const which = busy.map(({ device, utilizationPercent }) => `${device} (${utilizationPercent!} %)`).join(', ');
    notes.push(`Busy beyond 100 percent, so that models there wait for each other: ${which}.`);
  }
  const figure = goal === 'max-throughput' ? 'throughput' : goal === 'min-latency' ? 'latency' : undefined;
  if (figure === undefined) return notes;
  const unknown = models.filter(({ configurations, rate }) => {
    return configurations.every((each) => each[figure] === undefined) && (rate === undefined || figure === 'latency');
  });
  if (unknown.length > 0) {
    notes.push(`Not in the sum, because no ${figure} is given: ${unknown.map(({ name }) => name).join(', ')}.`);
  }
  return notes;
}

function failure(
  request: ParsedRequest,
  formulation: Formulation,
  state: State,
  ended: Placement['ended'],
): AccelError {
  const { conflict } = state;
  if (conflict === undefined) {
    const [code, why] =
      ended === 'aborted'
        ? (['CANCELLED', 'The search was aborted'] as const)
        : (['TIMEOUT', 'The time was up'] as const);
    return new AccelError(code, `${why} before a placement was found, or it was proved that there is none.`, {
      hint: 'Give it more time, or more devices.',
    });
  }
  const { resources, models } = formulation;
  const names = conflict.models.map((model) => request.models[model]!.name);
  const causes = [
    ...conflict.resources.map((resource) => {
      const { name, unit, capacityOf } = resources[resource]!;
      const total = conflict.models.reduce(
        (sum, model) => sum + Math.min(...models.items[model]!.map(({ use, copies }) => use[resource]! * copies)),
        0,
      );
      const room = request.devices.map((kind) => `${format(capacityOf(kind))} ${unit}`);
      return `${name}: ${format(total * UNIT)} ${unit} together, a device has ${[...new Set(room)].join(' or ')}`;
    }),
    ...(conflict.apart ? ['the rule that some are to be apart'] : []),
    ...(conflict.pins ? ['pins'] : []),
  ];
  const there = request.devices.map((kind) => `${countOf(kind)} of ${kind.name}`.replace('Infinity', 'any number'));
  const extent = {
    smallest: names.length > 1 ? ' Any smaller set of models can be placed.' : '',
    irreducible: ' Without any one of them, the others can be placed.',
    unknown: ' There was no time to find out which of them matter.',
  }[conflict.extent];
  // Of a set of which it is not known who matters, not all need be read.
  const others = conflict.extent === 'unknown' ? Math.max(0, names.length - MOST_NAMES) : 0;
  const who =
    others > 0
      ? `${list(names.slice(0, MOST_NAMES))} with ${others} others`
      : names.length === 1
        ? `${list(names)} with all of its copies`
        : list(names);
  return new AccelError(
    'UNSUPPORTED',
    `There is no placement. ${who} can't be placed on ${there.join(' and ')}` +
      `${causes.length === 0 ? '' : ` (${causes.join('; ')})`}.${extent}`,
    { hint: 'More devices, a higher limit, or smaller configurations of these models would help.' },
  );
}

/** Sums of decimal fractions come with dust. */
function round(value: number): number {
  return Math.round(value * 1e6) / 1e6;
}
