/** Checks what a placement is asked for with. */
import * as z from '../third-party/zod.js';

import { invalidArgument } from '../errors.js';
import { parse } from '../options/load.js';
import type { PlacementRequest } from './types.js';

const amount = z.number().nonnegative();
const positive = z.number().positive();
const count = z.int().positive();
const name = z.string().trim().min(1);

/** Limits may be lifted by Infinity, which z.number() refuses. */
const limit = z.custom<number>((value) => typeof value === 'number' && value > 0, 'must be a number above 0');

const configuration = z.strictObject({
  name: z.string().optional(),
  memoryMB: amount,
  memoryPercent: amount.optional(),
  utilizationPercent: amount.optional(),
  throughput: positive.optional(),
  latency: positive.optional(),
  batch: count.optional(),
  lanes: count.optional(),
  precision: z.string().optional(),
  shapes: z.record(z.string(), z.array(z.int().nonnegative())).optional(),
  concurrency: count.optional(),
  path: z.string().min(1).optional(),
  device: name.optional(),
});

const model = z.strictObject({
  name,
  rate: positive.optional(),
  configurations: z.array(configuration).min(1, 'there must be at least one'),
});

const kind = z.strictObject({
  name,
  memoryMB: positive,
  price: amount.optional(),
  count: count.optional(),
  ids: z.array(name).min(1).optional(),
});

const request = z.strictObject({
  models: z.array(model),
  devices: z.array(kind),
  goal: z.enum(['min-devices', 'min-cost', 'max-throughput', 'min-latency']).default('min-devices'),
  maxUtilizationPercent: limit.optional(),
  maxMemoryPercent: limit.optional(),
  reservedMB: amount.default(0),
  memoryIncludesReserved: z.boolean().default(false),
  reservedUtilizationPercent: amount.default(0),
  pins: z.record(z.string(), name).default({}),
  apart: z.array(z.array(name).min(2, 'it takes two')).default([]),
  timeLimit: positive.max(2 ** 31 - 1).default(60_000),
  signal: z.instanceof(AbortSignal).optional(),
  onProgress: z
    .custom<NonNullable<PlacementRequest['onProgress']>>((value) => typeof value === 'function', 'must be a function')
    .optional(),
}) satisfies z.ZodType<unknown, PlacementRequest>;

/** With defaults filled in. */
export type ParsedRequest = z.output<typeof request>;
export type ParsedModel = ParsedRequest['models'][number];
export type ParsedConfiguration = ParsedModel['configurations'][number];
export type ParsedKind = ParsedRequest['devices'][number];

/** @throws `INVALID_ARGUMENT` that names the field, the model or the device */
export function parseRequest(value: PlacementRequest): ParsedRequest {
  const parsed = parse(request, value, 'request');
  if (parsed.models.length === 0) throw invalidArgument('There is no model to place.');
  if (parsed.devices.length === 0) throw invalidArgument('There is no device to place models on.');
  refuseTwins(parsed.models, 'model');
  refuseTwins(parsed.devices, 'kind of device');
  const known = new Set(parsed.models.map((each) => each.name));
  for (const other of [...Object.keys(parsed.pins), ...parsed.apart.flat()]) {
    if (!known.has(other))
      throw invalidArgument(`There is no model "${other}".`, `There are: ${[...known].join(', ')}.`);
  }
  for (const list of parsed.apart) {
    const twice = list.find((each, i) => list.indexOf(each) !== i);
    if (twice !== undefined) throw invalidArgument(`"${twice}" can't be apart from itself.`);
  }
  for (const { name: kindName, count: there, ids } of parsed.devices) {
    if (there !== undefined && ids !== undefined && there !== ids.length) {
      throw invalidArgument(`Of ${kindName} there are ${there}, but ${ids.length} have a name: leave \`count\` out.`);
    }
  }
  return parsed;
}

function refuseTwins(all: readonly { name: string }[], what: string): void {
  const seen = new Set<string>();
  for (const each of all) {
    if (seen.has(each.name)) {
      throw invalidArgument(
        `The ${what} "${each.name}" is there twice.`,
        what === 'model' ? 'Several configurations of a model go under one name.' : undefined,
      );
    }
    seen.add(each.name);
  }
}
