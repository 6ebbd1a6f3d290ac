import * as z from '../third-party/zod.js';

import type { MeasureOptions } from '../measure/options.js';
import { parse } from './load.js';

/** What a session may have pending, at most: see `maxQueue`. */
const MOST_PENDING = 1_000_000;
/** In flight in an open loop, if nothing else is said. */
const OPEN_IN_FLIGHT = 64;
/** The longest pause between two requests is then a quarter of an hour. */
const LEAST_RATE = 0.001;
const MOST_RATE = 1_000_000;

const milliseconds = z.number().nonnegative();
const count = z.int().min(1);

const measureOptions = z
  .strictObject({
    api: z.enum(['native', 'run', 'runSync']).optional(),
    sync: z.boolean().default(false),
    concurrency: count.max(MOST_PENDING).optional(),
    rate: z.number().min(LEAST_RATE).max(MOST_RATE).optional(),
    arrivals: z.enum(['constant', 'poisson']).optional(),
    seed: z.int().min(0).optional(),
    warmup: milliseconds.default(200),
    duration: milliseconds.default(3000),
    minRuns: count.max(MOST_PENDING).default(10),
    maxRuns: count.default(10_000_000),
    tolerance: z.number().positive().default(10),
    maxDuration: milliseconds.optional(),
    times: z.boolean().default(false),
    memory: z.enum(['host', 'pinned', 'device']).default('host'),
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
  .refine(({ rate, arrivals, seed }) => rate !== undefined || (arrivals ?? seed) === undefined, {
    path: ['arrivals'],
    message: 'and seed are of an open loop, which has a rate',
  })
  .refine(({ minRuns, maxRuns }) => minRuns <= maxRuns, {
    path: ['maxRuns'],
    message: 'is less than minRuns',
  }) satisfies z.ZodType<unknown, MeasureOptions>;

/** The options with all of their defaults. */
export type ParsedMeasureOptions = z.output<typeof measureOptions> &
  Record<'concurrency' | 'seed' | 'maxDuration', number>;

/** @param lanes of the session that is measured */
export function parseMeasureOptions(given: MeasureOptions, lanes: number): ParsedMeasureOptions {
  const options = parse(measureOptions, given, 'options');
  const inFlight = options.rate === undefined ? lanes : OPEN_IN_FLIGHT;
  return {
    ...options,
    concurrency: options.concurrency ?? (options.api === 'runSync' ? 1 : inFlight),
    seed: options.seed ?? 1,
    maxDuration: options.maxDuration ?? options.duration,
  };
}
