/** What makes one measured configuration better than another. */
import * as z from '../third-party/zod.js';
import type { ResultRow } from '../results/row.js';

/** The figures of a row that can be an objective. */
const metrics = {
  throughput: { better: 'higher', of: (row: ResultRow) => row.samplesPerSecond, goal: 'maximizing throughput' },
  latency: { better: 'lower', of: (row: ResultRow) => row.latency.p99, goal: 'minimizing latency' },
  memory: { better: 'lower', of: memoryOf, goal: 'minimizing memory' },
  power: { better: 'lower', of: (row: ResultRow) => row.resources.power, goal: 'minimizing power' },
} as const satisfies Record<
  string,
  { better: 'higher' | 'lower'; of: (row: ResultRow) => number | undefined; goal: string }
>;

export type Metric = keyof typeof metrics;
export const metricNames = Object.keys(metrics) as [Metric, ...Metric[]];

/** The weight of each figure that counts. */
export const objectives = z
  .partialRecord(z.enum(metricNames), z.number().positive())
  .refine((weights) => Object.keys(weights).length > 0, 'there must be at least one objective');
export type Objectives = z.output<typeof objectives>;

/** What a configuration must keep to be chosen. */
export const limits = z.strictObject({
  /** Milliseconds that 99 percent of the requests must not exceed. */
  latencyBudget: z.number().positive().optional(),
  /** Bytes of the device's memory; where a device has none of its own, of the process. */
  maxMemory: z.number().positive().optional(),
  /** Percent of the device's time. */
  maxUtilization: z.number().positive().optional(),
  /** Items of the batch a second. */
  minThroughput: z.number().positive().optional(),
});
export type Limits = z.output<typeof limits>;

/** The device's memory where it has some of its own, else the process's. */
export function memoryOf({ resources }: ResultRow): number | undefined {
  return resources.deviceMemory ?? resources.rss;
}

/**
 * The logarithm of the weighted geometric mean of the figures, those that should be low turned over. The difference of two
 * is the logarithm of how many times better one is, whatever the units.
 * @returns undefined where nobody could measure one of them
 */
export function scoreOf(row: ResultRow, weights: Objectives): number | undefined {
  let sum = 0;
  let total = 0;
  for (const [name, weight] of Object.entries(weights) as [Metric, number][]) {
    const { of, better } = metrics[name];
    const value = of(row);
    if (value === undefined || value <= 0) return undefined;
    sum += weight * Math.log(value) * (better === 'higher' ? 1 : -1);
    total += weight;
  }
  return sum / total;
}

/** How many times as good one row is as another, by the objectives. */
export function ratioOf(row: ResultRow, reference: ResultRow, weights: Objectives): number | undefined {
  const [score, other] = [scoreOf(row, weights), scoreOf(reference, weights)];
  return score === undefined || other === undefined ? undefined : Math.exp(score - other);
}

/**
 * How far a row exceeds the limits: the sum of the logarithms, 0 where it keeps them all.
 * @returns undefined where nobody could measure what a limit is about, and the others are kept
 */
export function violationOf(row: ResultRow, limits: Limits): number | undefined {
  const pairs: [value: number | undefined, limit: number | undefined][] = [
    [row.latency.p99, limits.latencyBudget],
    [memoryOf(row), limits.maxMemory],
    [row.resources.deviceUtilization, limits.maxUtilization],
    [limits.minThroughput, limits.minThroughput === undefined ? undefined : row.samplesPerSecond],
  ];
  let sum = 0;
  let unknown = false;
  for (const [value, limit] of pairs) {
    if (limit === undefined) continue;
    if (value === undefined) unknown = true;
    else if (value > limit) sum += Math.log(value / limit);
  }
  return sum === 0 && unknown ? undefined : sum;
}

/** "maximizing throughput and minimizing latency (weights 10 and 1)" */
export function describeObjectives(weights: Objectives): string {
  const entries = Object.entries(weights) as [Metric, number][];
  const goals = entries.map(([name]) => metrics[name].goal).join(' and ');
  return entries.length === 1 ? goals : `${goals} (weights ${entries.map(([, weight]) => weight).join(' and ')})`;
}

/** "p99 latency ≤ 50 ms, memory ≤ 512 MB"; empty where there are none. */
export function describeLimits({ latencyBudget, maxMemory, maxUtilization, minThroughput }: Limits): string {
  return [
    ...(latencyBudget === undefined ? [] : [`p99 latency ≤ ${latencyBudget} ms`]),
    ...(maxMemory === undefined ? [] : [`memory ≤ ${Number((maxMemory / 2 ** 20).toFixed(1))} MB`]),
    ...(maxUtilization === undefined ? [] : [`utilisation ≤ ${maxUtilization} %`]),
    ...(minThroughput === undefined ? [] : [`throughput ≥ ${minThroughput} infer/sec`]),
  ].join(', ');
}
