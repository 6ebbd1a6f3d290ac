/** Files of results: JSON with everything, CSV with the columns that other tools have. */
import { readFileSync } from 'node:fs';
import { extname } from 'node:path';

import { AccelError } from '../errors.js';
import { reasonOf } from '../runtimes/failures.js';
import * as z from '../third-party/zod.js';
import { writeWhole } from '../write-whole.js';
import { csvOf } from './csv.js';
import type { Cell } from './csv.js';
import { environment } from './environment.js';
import { resultRow } from './row.js';
import type { Neighbour, ResultRow } from './row.js';

export const RESULTS_FORMAT = 'accelnode-results';
export const RESULTS_VERSION = 1;

/** A configuration that could not be measured. */
const failure = z.strictObject({
  /** In words: `batch 64, 2 lanes`. */
  configuration: z.string(),
  code: z.string(),
  message: z.string(),
});

const results = z.strictObject({
  format: z.literal(RESULTS_FORMAT),
  version: z.literal(RESULTS_VERSION),
  environment,
  /** A signal has ended it before all configurations were measured. */
  interrupted: z.literal(true).optional(),
  rows: z.array(resultRow),
  failures: z.array(failure).optional(),
});

/** What was measured in one go. */
export type Results = z.output<typeof results>;
/** A configuration that could not be measured. */
export type ResultFailure = z.output<typeof failure>;

type Column = [name: string, value: (row: ResultRow) => Cell];

const megabytes = (bytes: number | undefined): number | undefined => bytes && bytes / 2 ** 20;

/** Names of perf_analyzer and model_analyzer, where they have any. Times in milliseconds. */
const COLUMNS: readonly Column[] = [
  ['Model', (row) => row.model],
  ['Backend', (row) => row.backend],
  ['Device', (row) => row.device],
  ['Precision', (row) => row.precision],
  ['Batch', (row) => row.batch],
  ['Lanes', (row) => row.lanes],
  ['Concurrency', ({ load }) => load.concurrency],
  ['Request rate', ({ load }) => (load.kind === 'open' ? load.rate : undefined)],
  // Runs of the model; the items of their batches are samples.
  ['Inferences/Second', (row) => row.throughput],
  ['Samples/Second', (row) => row.samplesPerSecond],
  ['Avg latency', ({ latency }) => latency.mean],
  ['p50 latency', ({ latency }) => latency.p50],
  ['p90 latency', ({ latency }) => latency.p90],
  ['p95 latency', ({ latency }) => latency.p95],
  ['p99 latency', ({ latency }) => latency.p99],
  ['Queue', ({ breakdown }) => breakdown.queue],
  ['H2D', ({ breakdown }) => breakdown.h2d],
  ['Compute', ({ breakdown }) => breakdown.compute],
  ['D2H', ({ breakdown }) => breakdown.d2h],
  ['CV (%)', ({ latency }) => latency.cv],
  ['Max device memory (MB)', ({ resources }) => megabytes(resources.deviceMemory)],
  ['Avg device utilisation (%)', ({ resources }) => resources.deviceUtilization],
  ['Avg power (W)', ({ resources }) => resources.power],
  ['Max temperature (C)', ({ resources }) => resources.temperature],
  ['RSS (MB)', ({ resources }) => megabytes(resources.rss)],
  ['CPU (%)', ({ resources }) => resources.cpu],
  ['Compile (ms)', (row) => row.compile],
  ['First inference (ms)', (row) => row.firstInference],
  ['Satisfies constraints', ({ satisfies }) => (satisfies === undefined ? undefined : satisfies ? 'Yes' : 'No')],
  ['Hint', (row) => row.hint],
  ['API', (row) => row.api],
  ['Memory', (row) => row.memory],
  ['Graphs', ({ graphs }) => (graphs === undefined ? undefined : graphs ? 'Yes' : 'No')],
  ['Unsent', (row) => row.unsent],
  ['With', ({ beside }) => beside?.map(describeNeighbour).join('; ')],
  ['Idle device memory (MB)', ({ resources }) => megabytes(resources.idle?.deviceMemory)],
  ['Idle device utilisation (%)', ({ resources }) => resources.idle?.deviceUtilization],
  ['Idle power (W)', ({ resources }) => resources.idle?.power],
  ['Compile memory (MB)', (row) => megabytes(row.compileMemory)],
];

/** As `bench --with` takes it: `model.onnx@20rps`. */
export function describeNeighbour({ model, load }: Neighbour): string {
  return `${model}@${load.kind === 'open' ? `${load.rate}rps` : `${load.concurrency}x`}`;
}

/** The header and a line for each row. */
export function toCsv(rows: readonly ResultRow[]): string {
  return csvOf([COLUMNS.map(([name]) => name), ...rows.map((row) => COLUMNS.map(([, value]) => value(row)))]);
}

/** Is it known how to write such a file? By its ending. @throws `INVALID_ARGUMENT` */
export function checkResultsPath(path: string): void {
  if (['.json', '.csv'].includes(extname(path).toLowerCase())) return;
  throw new AccelError('INVALID_ARGUMENT', `Results are written to a .json or a .csv file, not to ${path}.`);
}

/** Writes all of it or nothing, in the place of what was there. @throws `INVALID_ARGUMENT` */
export function writeResults(path: string, all: Results): void {
  checkResultsPath(path);
  writeWhole(path, extname(path).toLowerCase() === '.csv' ? toCsv(all.rows) : `${JSON.stringify(all, null, 2)}\n`);
}

/** Reads what {@link writeResults} wrote as JSON. @throws `INVALID_ARGUMENT` */
export function readResults(path: string): Results {
  const refuse = (reason: string, cause?: unknown): AccelError =>
    new AccelError('INVALID_ARGUMENT', `Can't read the results in ${path}: ${reason}.`, { cause });
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw refuse(reasonOf(cause), cause);
  }
  const { format, version } = (typeof value === 'object' && value !== null ? value : {}) as Partial<Results>;
  if (format !== RESULTS_FORMAT) throw refuse('it holds something else');
  if (version !== RESULTS_VERSION) {
    throw refuse(`it is of version ${String(version)} of the format, and this accelnode knows ${RESULTS_VERSION}`);
  }
  const parsed = results.safeParse(value);
  if (parsed.success) return parsed.data;
  const { path: where, message } = parsed.error.issues[0]!;
  throw refuse(`${where.join('.')}: ${message}`, parsed.error);
}
