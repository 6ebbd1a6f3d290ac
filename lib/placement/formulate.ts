/** From what is asked for to the problem that is solved, and the names to get back by. */
import { invalidArgument } from '../errors.js';
import { irreducible } from './conflict.js';
import { groupsOf } from './pins.js';
import type { Pinned } from './pins.js';
import type { Kind, Option, Problem } from './problem.js';
import { fitsAlone, greatestDivisor } from './problem.js';
import type { ParsedConfiguration, ParsedKind, ParsedModel, ParsedRequest } from './request.js';
import type { LimitNeed, PlacementGoal } from './types.js';
import { unite } from './unite.js';
import type { Group, Models, United } from './unite.js';

/** Amounts are whole millionths: see {@link Problem}. */
export const UNIT = 1e-6;

/** What a device has a limited amount of. */
export interface Resource {
  name: LimitNeed['limit'];
  unit: 'MB' | '%';
  /** What a copy takes at its full throughput. */
  amountOf: (configuration: ParsedConfiguration) => number;
  /** What a device has for models. */
  capacityOf: (kind: ParsedKind) => number;
  /** Does a copy that carries half the load take half of it? */
  byLoad: boolean;
}

/** Devices that the problem does not tell apart: a kind, or one device that a model is pinned to. */
export interface Pool {
  /** Of the request's devices. */
  kind: number;
  /** The device that it is; unset for all that no model is pinned to. */
  device?: string;
}

export interface Formulation extends United {
  /** What the problem was made of. */
  models: Models;
  resources: Resource[];
  /** For each of the problem's kinds. */
  pools: Pool[];
  /** What the goal counts, times this, is the problem's loss. */
  lossScale: number;
  /** A price, times this, is the problem's cost. */
  priceScale: number;
  notes: string[];
}

/** Goals that configurations decide, not devices. */
export function isByConfiguration(goal: PlacementGoal): goal is 'max-throughput' | 'min-latency' {
  return goal === 'max-throughput' || goal === 'min-latency';
}

/** @throws `INVALID_ARGUMENT` for what can't be, whatever the placement */
export function formulate(request: ParsedRequest): Formulation {
  const notes: string[] = [];
  const resources = resourcesOf(request, notes);
  const pinned = groupsOf(request);
  const pools = poolsOf(request, pinned);
  const kinds = pools.map((pool) => kindOf(pool, request, resources, pools));
  for (const [index, { capacity }] of kinds.entries()) {
    const { name, memoryMB } = request.devices[pools[index]!.kind]!;
    if (capacity[0]! <= 0) {
      throw invalidArgument(
        `Of ${memoryMB} MB of ${name}, ${request.reservedMB} MB are reserved, which leaves nothing.`,
      );
    }
  }
  const models: Models = {
    kinds,
    items: request.models.map((model) => optionsOf(model, request, resources, pools)),
    apart: apartOf(request),
    groups: pinned.map((each) => groupOf(each, pools)),
  };
  for (const { models: together } of models.groups) refuseUnitable(together, models, request);
  for (const { models: together } of models.groups) refuseOversized(together, models, request, resources, pools);
  const { problem, items } = unite(models);
  return {
    problem,
    items,
    models,
    resources,
    pools,
    notes,
    lossScale: settleLosses(problem),
    priceScale: settlePrices(problem),
  };
}

function resourcesOf(request: ParsedRequest, notes: string[]): Resource[] {
  const { reservedMB, memoryIncludesReserved, goal, models, devices } = request;
  const resources: Resource[] = [
    {
      name: 'memory',
      unit: 'MB',
      amountOf: ({ memoryMB }) => memoryMB - (memoryIncludesReserved ? reservedMB : 0),
      capacityOf: ({ memoryMB }) => memoryMB - reservedMB,
      byLoad: false,
    },
  ];
  const small = models.find(({ configurations }) => configurations.some((each) => resources[0]!.amountOf(each) < 0));
  if (small !== undefined) {
    throw invalidArgument(
      `"${small.name}" takes less memory than the ${reservedMB} MB that its figure is said to include.`,
    );
  }
  const shares = [
    ['memory percent', 'memoryPercent', request.maxMemoryPercent, 0],
    ['utilization', 'utilizationPercent', request.maxUtilizationPercent, request.reservedUtilizationPercent],
  ] as const;
  for (const [name, field, given, reserved] of shares) {
    const most = given ?? (isByConfiguration(goal) ? 100 : Infinity);
    if (most === Infinity) continue;
    const lacking = models.filter(({ configurations }) => configurations.some((each) => each[field] === undefined));
    const none = models.every(({ configurations }) => configurations.every((each) => each[field] === undefined));
    if (none && given === undefined) {
      notes.push(`No model has a figure for ${field}, so it is not limited.`);
      continue;
    }
    if (lacking.length > 0) {
      throw invalidArgument(
        `"${lacking[0]!.name}" has no ${field}, which is limited to ${most} %.`,
        'Give the figure, or lift the limit: "none" on the command line, Infinity in the API.',
      );
    }
    if (reserved >= most) {
      throw invalidArgument(
        `The ${name} is limited to ${most} %, of which the idle device takes ${format(reserved)} %.`,
      );
    }
    const left = most - reserved;
    resources.push({ name, unit: '%', amountOf: (each) => each[field]!, capacityOf: () => left, byLoad: true });
  }
  if (goal === 'min-cost') {
    const free = devices.find(({ price }) => price === undefined);
    if (free !== undefined) throw invalidArgument(`The goal min-cost needs the price of ${free.name}.`);
  }
  return resources;
}

/** One for each device that is named by a pin, and one for the rest of each kind. */
function poolsOf({ devices }: ParsedRequest, groups: readonly Pinned[]): Pool[] {
  const named = new Map(
    groups.flatMap(({ target }) => (target?.device === undefined ? [] : [[target.device, target]])),
  );
  return devices.flatMap((_, kind): Pool[] => [
    { kind },
    ...[...named.values()].filter((target) => target.kind === kind).map(({ device }) => ({ kind, device: device! })),
  ]);
}

/** How many devices of a kind there are. */
export function countOf({ count, ids }: ParsedKind): number {
  return count ?? ids?.length ?? Infinity;
}

function kindOf(pool: Pool, request: ParsedRequest, resources: readonly Resource[], pools: readonly Pool[]): Kind {
  const kind = request.devices[pool.kind]!;
  const named = pools.filter((other) => other.kind === pool.kind && other.device !== undefined).length;
  return {
    capacity: resources.map((resource) => Math.floor(resource.capacityOf(kind) / UNIT + 1e-3)),
    cost: request.goal === 'min-cost' ? kind.price! : 1,
    count: pool.device === undefined ? countOf(kind) - named : 1,
  };
}

/** A model's configurations as options. */
function optionsOf(
  model: ParsedModel,
  request: ParsedRequest,
  resources: readonly Resource[],
  pools: readonly Pool[],
): Option[] {
  const { goal, devices } = request;
  return model.configurations.map((configuration) => {
    const { copies, load } = copiesOf(model, configuration, resources, devices);
    return {
      use: resources.map(({ amountOf, byLoad }) => {
        return Math.round((amountOf(configuration) * (byLoad ? load / copies : 1)) / UNIT);
      }),
      allowed: pools.map((pool) => runsOn(configuration, model, pool, devices)),
      copies,
      loss: valueOf(goal, model, configuration),
    };
  });
}

/** The fewest copies that carry the rate, each within the limits; and the load in copies that are fully busy. */
function copiesOf(
  { name, rate }: ParsedModel,
  configuration: ParsedConfiguration,
  resources: readonly Resource[],
  devices: readonly ParsedKind[],
): { copies: number; load: number } {
  if (rate === undefined) return { copies: 1, load: 1 };
  const { throughput } = configuration;
  if (throughput === undefined)
    throw invalidArgument(`A rate is demanded of "${name}", but its throughput is not given.`);
  const load = rate / throughput;
  const shares = resources.filter(({ byLoad }) => byLoad);
  const needs = shares.map(({ amountOf, capacityOf }) => (load * amountOf(configuration)) / capacityOf(devices[0]!));
  const copies = Math.max(1, ...[load, ...needs].map((need) => Math.ceil(need - 1e-9)));
  if (copies > 10_000) throw invalidArgument(`"${name}" would need ${copies} copies for a rate of ${rate}.`);
  return { copies, load };
}

function runsOn(
  { device }: ParsedConfiguration,
  { name: model }: ParsedModel,
  pool: Pool,
  devices: readonly ParsedKind[],
): boolean {
  if (device === undefined) return true;
  const matches = ({ name, ids }: ParsedKind): boolean => name === device || ids?.includes(device) === true;
  if (!devices.some(matches)) {
    throw invalidArgument(
      `A configuration of "${model}" was measured on ${device}, which is not among the devices.`,
      'Leave its device out, or give --any-device, where its figures hold for each of them.',
    );
  }
  return matches(devices[pool.kind]!);
}

/** What the goal counts, the lower the better; by how much more than the best option follows later. */
function valueOf(goal: PlacementGoal, { name, rate, configurations }: ParsedModel, each: ParsedConfiguration): number {
  if (!isByConfiguration(goal)) return 0;
  const { throughput, latency } = each;
  const value = goal === 'min-latency' ? latency : throughput;
  if (value === undefined && configurations.length > 1) {
    const figure = goal === 'min-latency' ? 'latency' : 'throughput';
    throw invalidArgument(`The goal ${goal} needs the ${figure} of each configuration of "${name}".`);
  }
  if (goal === 'min-latency') return value ?? 0;
  // A demand that is carried is carried, by whatever configuration.
  return rate === undefined ? -(value ?? 0) : 0;
}

/** @throws `INVALID_ARGUMENT` for models that stay together, and can't or have too many ways to */
function refuseUnitable(together: readonly number[], { items }: Models, request: ParsedRequest): void {
  if (together.length === 1) return;
  const names = list(together.map((model) => request.models[model]!.name));
  const single = together.map((model) => items[model]!.filter(({ copies }) => copies === 1).length);
  const many = together[single.indexOf(0)];
  if (many !== undefined) {
    throw invalidArgument(
      `${names} stay together, so that one copy of each must do, but one of "${request.models[many]!.name}" can't carry its rate.`,
    );
  }
  if (single.reduce((product, count) => product * count, 1) > 2000) {
    throw invalidArgument(`${names} stay together, and have too many configurations to combine.`);
  }
}

/** What a pin leaves of the kinds. */
function groupOf({ models, target }: Pinned, pools: readonly Pool[]): Group {
  if (target === undefined) return { models };
  const allowed = pools.map(({ kind, device }) => {
    return kind === target.kind && (target.device === undefined || device === target.device);
  });
  return { models, allowed };
}

/** @throws `INVALID_ARGUMENT` for models that stay together, and fit on no device: no more of them than it takes for that */
function refuseOversized(
  together: readonly number[],
  models: Models,
  request: ParsedRequest,
  resources: readonly Resource[],
  pools: readonly Pool[],
): void {
  const { kinds } = models;
  const optionsFor = (some: readonly number[]): Option[] => unite(models, some).problem.items[0]!;
  const isOversized = (some: readonly number[]): boolean =>
    !optionsFor(some).some((option) => kinds.some((kind, i) => kind.count > 0 && fitsAlone(kind, i, option)));
  if (!isOversized(together)) return;
  const needed = irreducible(together, isOversized);
  const options = optionsFor(needed);
  const names = needed.map((model) => request.models[model]!.name);
  const alone = names.length === 1;
  const who = alone ? list(names) : `${list(names)}, which stay together,`;
  const where = kinds.flatMap((_, i) => (options.some(({ allowed }) => allowed[i]!) ? [i] : []));
  if (where.length === 0) {
    const why = alone ? 'where it is pinned, no configuration runs' : 'where they may be, no device runs all of them';
    throw invalidArgument(`${who} can run on no device: ${why}.`);
  }
  const fit = alone ? 'fits' : 'fit';
  const short = resources.findIndex((_, r) => {
    const least = Math.min(...options.map(({ use }) => use[r]!));
    return where.every((kind) => kinds[kind]!.capacity[r]! < least);
  });
  if (short === -1) throw invalidArgument(`${who} ${fit} on no device: each has too little of something.`);
  const { name, unit } = resources[short]!;
  const least = Math.min(...options.map(({ use }) => use[short]!)) * UNIT;
  const most = Math.max(...where.map((kind) => kinds[kind]!.capacity[short]!)) * UNIT;
  const largest = where.find((kind) => kinds[kind]!.capacity[short]! * UNIT === most)!;
  const place = where.length === kinds.length ? 'on no device' : 'nowhere that pins and measurements leave';
  throw invalidArgument(
    `${who} ${fit} ${place}: ${name}, ${format(least)} ${unit} of ${format(most)} ${unit} that ` +
      `${request.devices[pools[largest]!.kind]!.name} has for models.`,
  );
}

function apartOf({ apart, models }: ParsedRequest): number[][] {
  const indexOf = new Map(models.map(({ name }, i) => [name, i]));
  const sets = models.map(() => new Set<number>());
  for (const names of apart) {
    const listed = names.map((name) => indexOf.get(name)!);
    for (const a of listed) for (const b of listed) if (a !== b) sets[a]!.add(b);
  }
  return sets.map((set) => [...set]);
}

/** Turns values into losses against the best option that fits, the largest being 1000. @returns the scale */
function settleLosses({ items, kinds }: Problem): number {
  for (const options of items) {
    const possible = options.filter((option) => kinds.some((kind, i) => kind.count > 0 && fitsAlone(kind, i, option)));
    const best = Math.min(...possible.map(({ loss }) => loss));
    for (const option of options) option.loss = Math.max(0, option.loss - best);
  }
  const largest = Math.max(...items.flat().map(({ loss }) => loss));
  const scale = largest > 0 ? 1000 / largest : 1;
  for (const option of items.flat()) option.loss *= scale;
  return scale;
}

/**
 * Makes costs small whole numbers, so that those of placements come in steps; where prices are not such multiples of one
 * another, the largest becomes 1000. @returns the scale
 */
function settlePrices({ kinds }: Problem): number {
  const largest = Math.max(...kinds.map(({ cost }) => cost));
  if (largest === 0) return 1;
  const scale = wholeScale(kinds.map(({ cost }) => cost)) ?? 1000 / largest;
  for (const kind of kinds) {
    const whole = Math.round(kind.cost * scale);
    kind.cost = isClose(kind.cost * scale, whole) ? whole : kind.cost * scale;
  }
  return scale;
}

/** By what decimal fractions become the smallest whole numbers; undefined where those would be large. */
function wholeScale(values: readonly number[]): number | undefined {
  const largest = Math.max(...values);
  for (let scale = 1; scale <= 1e9; scale *= 10) {
    const scaled = values.map((value) => value * scale);
    if (!scaled.every((value) => isClose(value, Math.round(value)))) continue;
    const divisor = scaled.map(Math.round).reduce(greatestDivisor, 0);
    return (largest * scale) / divisor <= 1e6 ? scale / divisor : undefined;
  }
  return undefined;
}

/** Decimal fractions are not exact: 0.29 times 100 is 28.999999999999996. */
function isClose(a: number, b: number): boolean {
  return Math.abs(a - b) <= 1e-12 * Math.max(a, b);
}

export function list(names: readonly string[]): string {
  const quoted = names.map((name) => `"${name}"`);
  return quoted.length < 2 ? quoted.join('') : `${quoted.slice(0, -1).join(', ')} and ${quoted.at(-1)!}`;
}

/** At most two decimals. */
export function format(value: number): string {
  return String(Math.round(value * 100) / 100);
}
