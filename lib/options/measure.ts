import * as z from '../third-party/zod.js';

import type { Inputs } from '../binding.js';
import { LEAST_RATE, MOST_PENDING, MOST_RATE } from '../measure/options.js';
import type { Companion, MeasureOptions } from '../measure/options.js';
import { Session } from '../session.js';
import { parse } from './load.js';

/** In flight in an open loop, if nothing else is said. */
const OPEN_IN_FLIGHT = 64;
/** A year, in milliseconds: the clock of the addon counts in nanoseconds. */
const LONGEST = 31_536_000_000;

const milliseconds = z.number().nonnegative().max(LONGEST);
const count = z.int().min(1);

const inFlight = count.max(MOST_PENDING).optional();
const rate = z.number().min(LEAST_RATE).max(MOST_RATE).optional();
const arrivals = z.enum(['constant', 'poisson']).optional();
const seed = z.int().min(0).optional();
const memory = z.enum(['host', 'pinned', 'device']).default('host');

/** Gaps are of an open loop. */
const needsRate = {
  check: (given: { rate?: unknown; arrivals?: unknown; seed?: unknown }): boolean =>
    given.rate !== undefined || (given.arrivals ?? given.seed) === undefined,
  params: { path: ['arrivals'], message: 'and seed are of an open loop, which has a rate' },
};

const companion = z
  .strictObject({
    session: z.custom<Session>((value) => value instanceof Session, 'must be a Session'),
    inputs: z.custom<Companion['inputs']>((value) => typeof value === 'object' && value !== null, 'must be inputs'),
    name: z.string().min(1).optional(),
    concurrency: inFlight,
    rate,
    arrivals,
    seed,
    memory,
  })
  .refine(needsRate.check, needsRate.params)
  .transform(({ inputs, ...given }) => ({
    ...given,
    inputs: Array.isArray(inputs) ? (inputs as readonly Inputs[]) : [inputs as Inputs],
    concurrency: given.concurrency ?? (given.rate === undefined ? 1 : OPEN_IN_FLIGHT),
    seed: given.seed ?? 1,
  }))
  .refine(({ inputs }) => inputs.length > 0, {
    path: ['inputs'],
    message: 'are none',
  }) satisfies z.ZodType<unknown, Companion>;

const measureOptions = z
  .strictObject({
    api: z.enum(['native', 'run', 'runSync']).optional(),
    sync: z.boolean().default(false),
    concurrency: inFlight,
    rate,
    arrivals,
    seed,
    warmup: milliseconds.default(200),
    duration: milliseconds.default(3000),
    minRuns: count.max(MOST_PENDING).default(10),
    maxRuns: count.default(10_000_000),
    tolerance: z.number().positive().default(10),
    maxDuration: milliseconds.optional(),
    times: z.boolean().default(false),
    memory,
    beside: z.array(companion).default([]),
    signal: z.instanceof(AbortSignal).optional(),
    onProgress: z
      .custom<NonNullable<MeasureOptions['onProgress']>>((value) => typeof value === 'function', 'must be a function')
      .optional(),
  })
  .refine(({ sync, api = 'runSync' }) => !sync || api === 'runSync', {
    path: ['sync'],
    message: "is short for api: 'runSync', and the api given is another",
  })
  .transform(({ sync, ...options }) => ({
    ...options,
    api: options.api ?? (sync ? ('runSync' as const) : options.rate === undefined ? ('run' as const) : 'native'),
  }))
  .refine(({ api, concurrency = 1 }) => api !== 'runSync' || concurrency === 1, {
    path: ['concurrency'],
    message: 'runSync computes one run at a time',
  })
  .refine(({ api, rate }) => rate === undefined || api === 'native', {
    path: ['rate'],
    message: "only the addon makes requests at fixed moments: api: 'native'",
  })
  .refine(needsRate.check, needsRate.params)
  .refine(({ duration, maxDuration = duration }) => duration <= maxDuration, {
    path: ['maxDuration'],
    message: 'is less than the duration',
  })
  .refine(({ minRuns, maxRuns }) => minRuns <= maxRuns, {
    path: ['maxRuns'],
    message: 'is less than minRuns',
  }) satisfies z.ZodType<unknown, MeasureOptions>;

/** The options with all of their defaults. */
export type ParsedMeasureOptions = Omit<z.output<typeof measureOptions>, 'beside'> &
  Record<'concurrency' | 'seed' | 'maxDuration', number> & { beside: ParsedCompanion[] };

/** One of {@link MeasureOptions.beside}, likewise. */
export type ParsedCompanion = z.output<typeof companion> & { name: string };

/** @param lanes of the session that is measured */
export function parseMeasureOptions(given: MeasureOptions, lanes: number): ParsedMeasureOptions {
  const options = parse(measureOptions, given, 'options');
  const most = options.rate === undefined ? lanes : OPEN_IN_FLIGHT;
  return {
    ...options,
    concurrency: options.concurrency ?? (options.api === 'runSync' ? 1 : most),
    seed: options.seed ?? 1,
    maxDuration: options.maxDuration ?? options.duration,
    beside: options.beside.map((each, i) => ({ ...each, name: each.name ?? `beside[${i}]` })),
  };
}
