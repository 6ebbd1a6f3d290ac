/** The columns of tables and CSV files, by the names that model_analyzer has for them where it has any. */
import type { Measurement } from '../analyze/analysis.js';
import { nameOf } from '../analyze/configuration.js';
import { memoryOf } from '../analyze/objective.js';
import { csvOf } from '../results/csv.js';
import type { Cell } from '../results/csv.js';

export interface Column {
  name: string;
  of: (measurement: Measurement) => Cell;
  /** Digits after the point, for people. */
  digits?: number;
}

const MB = 2 ** 20;

const settings: readonly Column[] = [
  { name: 'Model', of: ({ configuration }) => nameOf(configuration.model) },
  { name: 'Device', of: ({ configuration }) => configuration.device },
  { name: 'Precision', of: ({ configuration }) => configuration.precision },
  { name: 'Batch', of: ({ configuration }) => configuration.batch },
  { name: 'Lanes', of: ({ configuration }) => configuration.lanes },
  { name: 'Concurrency', of: ({ configuration }) => configuration.concurrency },
];

const satisfies: Column = {
  name: 'Satisfies Constraints',
  of: (each) =>
    each.outcome !== 'measured' || each.satisfies === undefined ? undefined : each.satisfies ? 'Yes' : 'No',
};
const throughput = figure('Throughput (infer/sec)', ({ row }) => row.samplesPerSecond, 1);
const p99 = figure('p99 Latency (ms)', ({ row }) => row.latency.p99, 2);
const memory = figure('Memory (MB)', ({ row }) => inMB(memoryOf(row)), 0);
const utilization = figure('Average Device Utilization (%)', ({ row }) => row.resources.deviceUtilization, 1);
const power = figure('Average Device Power Usage (W)', ({ row }) => row.resources.power, 1);
const verified = figure('Verified', ({ verification, verificationFailure }) => {
  if (verificationFailure !== undefined) return 'Unknown';
  return verification === undefined ? undefined : verification.passed ? 'Yes' : 'No';
});
/** As `--shape` takes them. */
const shapes = figure('Shapes', ({ row }) =>
  Object.entries(row.shapes)
    .map(([name, dims]) => `${name}=${dims.join('x')}`)
    .join(' '),
);
const outcome: Column = {
  name: 'Outcome',
  of: (each) => (each.outcome === 'measured' ? 'measured' : `${each.outcome}: ${each.reason.split('\n')[0]!}`),
};

/** Those that fit a terminal. The ones that stay empty are left out by the table. */
export const tableColumns: readonly Column[] = [
  ...settings,
  satisfies,
  throughput,
  p99,
  memory,
  utilization,
  power,
  verified,
];

/** Everything, for programs. */
const csvColumns: readonly Column[] = [
  ...settings,
  satisfies,
  throughput,
  figure('Requests/sec', ({ row }) => row.throughput),
  figure('Average Latency (ms)', ({ row }) => row.latency.mean),
  figure('p50 Latency (ms)', ({ row }) => row.latency.p50),
  figure('p90 Latency (ms)', ({ row }) => row.latency.p90),
  figure('p95 Latency (ms)', ({ row }) => row.latency.p95),
  p99,
  figure('CV (%)', ({ row }) => row.latency.cv),
  figure('Queue (ms)', ({ row }) => row.breakdown.queue),
  figure('H2D (ms)', ({ row }) => row.breakdown.h2d),
  figure('Compute (ms)', ({ row }) => row.breakdown.compute),
  figure('D2H (ms)', ({ row }) => row.breakdown.d2h),
  figure('Max Device Memory Usage (MB)', ({ row }) => inMB(row.resources.deviceMemory)),
  utilization,
  power,
  figure('RAM Usage (MB)', ({ row }) => inMB(row.resources.rss)),
  figure('Compile (ms)', ({ row }) => row.compile),
  figure('First Inference (ms)', ({ row }) => row.firstInference),
  figure('Computed Precision', ({ row }) => row.precision),
  verified,
  outcome,
  shapes,
];

/** All measurements as CSV, the names of the columns first. What is not known is empty. */
export function toCsv(measurements: readonly Measurement[]): string {
  return csvOf([
    csvColumns.map(({ name }) => name),
    ...measurements.map((each) => csvColumns.map(({ of }) => of(each))),
  ]);
}

/** Of a measurement that has figures. */
function figure(
  name: string,
  of: (measured: Extract<Measurement, { outcome: 'measured' }>) => Cell,
  digits?: number,
): Column {
  return {
    name,
    of: (each) => (each.outcome === 'measured' ? of(each) : undefined),
    ...(digits === undefined ? {} : { digits }),
  };
}

function inMB(bytes: number | undefined): number | undefined {
  return bytes === undefined ? undefined : bytes / MB;
}

/** A cell as people read it. */
export function formatCell({ digits }: Column, cell: Cell): string {
  return typeof cell === 'number' && digits !== undefined ? cell.toFixed(digits) : String(cell ?? '');
}

/** The columns in which at least one measurement has something. */
export function filledColumns(columns: readonly Column[], measurements: readonly Measurement[]): Column[] {
  return columns.filter(({ of }) => measurements.some((each) => of(each) !== undefined));
}
