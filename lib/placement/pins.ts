/** Which models stay together, and where: what pins come to. */
import { entryOf } from '../entry-of.js';
import { invalidArgument } from '../errors.js';
import type { ParsedKind, ParsedRequest } from './request.js';

/** Where a group is pinned: a kind, and the one device of it, if one is named. */
export interface Target {
  kind: number;
  device?: string;
}

/** Models that stay together, and where; most are alone, and anywhere. */
export interface Pinned {
  models: number[];
  target?: Target;
}

/** @throws `INVALID_ARGUMENT` for pins that go in a circle, contradict each other, or lead nowhere */
export function groupsOf({ models, devices, pins, apart }: ParsedRequest): Pinned[] {
  const indexOf = new Map(models.map(({ name }, i) => [name, i]));
  const leaders = models.map(({ name }) => leaderOf(name, pins, indexOf));
  const groups = new Map<string, Pinned>();
  models.forEach(({ name }, i) => {
    const leader = leaders[i]!;
    const group: Pinned = groups.get(leader) ?? { models: [] };
    groups.set(leader, group);
    group.models.push(i);
    const pinned = entryOf(pins, name);
    if (pinned !== undefined && !indexOf.has(pinned)) group.target = findTarget(pinned, name, devices);
  });
  for (const list of apart) refuseTogether(list, (name) => groups.get(leaders[indexOf.get(name)!]!)!);
  return [...groups.values()];
}

/** The model that others follow, directly or by others. */
function leaderOf(name: string, pins: ParsedRequest['pins'], models: ReadonlyMap<string, number>): string {
  const path = [name];
  for (;;) {
    const last = path.at(-1)!;
    const next = entryOf(pins, last);
    if (next === undefined || !models.has(next)) return last;
    if (path.includes(next)) {
      const circle = [...path.slice(path.indexOf(next)), next];
      throw invalidArgument(`Pins go in a circle: ${circle.join(' → ')}.`, 'Pin one of them to a device, or to none.');
    }
    path.push(next);
  }
}

/** A kind's name, `name#2` for a device of it, or a device's own name. */
function findTarget(pinned: string, model: string, devices: readonly ParsedKind[]): Target {
  for (const [kind, { name, ids, count = ids?.length ?? Infinity }] of devices.entries()) {
    if (pinned === name && ids?.length !== 1) return { kind };
    if (ids !== undefined && (ids.includes(pinned) || pinned === name))
      return { kind, device: ids.length === 1 ? ids[0]! : pinned };
    const digits = pinned.startsWith(`${name}#`) ? pinned.slice(name.length + 1) : '';
    const number = Number(digits);
    // As devices are called: gpu#01 would be another one beside gpu#1.
    if (ids === undefined && /^[1-9]\d*$/.test(digits) && Number.isSafeInteger(number)) {
      if (number > count)
        throw invalidArgument(`"${model}" is pinned to ${pinned}, but of ${name} there are ${count}.`);
      return { kind, device: pinned };
    }
  }
  const there = devices.flatMap(({ name, ids }) => [name, ...(ids ?? [`${name}#1`])]);
  throw invalidArgument(
    `"${model}" is pinned to "${pinned}", which is no device and no model.`,
    `Devices are: ${there.join(', ')}.`,
  );
}

/** Models that are to be apart must not be pinned to one another, or to the same device. */
function refuseTogether(list: readonly string[], groupOf: (name: string) => Pinned): void {
  list.forEach((a, i) => {
    for (const b of list.slice(i + 1)) {
      const [one, other] = [groupOf(a), groupOf(b)];
      if (one === other) throw invalidArgument(`"${a}" and "${b}" are pinned together, and are to be apart.`);
      const device = one.target?.device;
      if (device === undefined || device !== other.target?.device) continue;
      throw invalidArgument(`"${a}" and "${b}" are both pinned to ${device}, and are to be apart.`);
    }
  });
}
