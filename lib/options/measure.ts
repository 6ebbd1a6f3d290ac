import * as z from '../third-party/zod.js';

import type { MeasureOptions } from '../bench.js';
import { parse } from './load.js';

const milliseconds = z.number().nonnegative();
/** What a session may have pending, at most: see `maxQueue`. */
const count = z.int().min(1).max(1_000_000);

const measureOptions = z
  .strictObject({
    concurrency: count.optional(),
    warmup: milliseconds.default(200),
    duration: milliseconds.default(3000),
    minRuns: count.default(10),
    sync: z.boolean().default(false),
    memory: z.enum(['host', 'pinned', 'device']).default('host'),
    signal: z.instanceof(AbortSignal).optional(),
    onProgress: z
      .custom<NonNullable<MeasureOptions['onProgress']>>((value) => typeof value === 'function', 'must be a function')
      .optional(),
  })
  .refine(({ sync, concurrency = 1 }) => !sync || concurrency === 1, {
    path: ['concurrency'],
    message: 'runSync computes one run at a time',
  }) satisfies z.ZodType<unknown, MeasureOptions>;

export function parseMeasureOptions(options: MeasureOptions): z.output<typeof measureOptions> {
  return parse(measureOptions, options, 'options');
}
