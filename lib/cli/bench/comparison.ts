/** What `accelnode bench --vs` and `--with` find: two sides, by how much they differ, and whether that is more than chance. */
import { extname } from 'node:path';

import { AccelError } from '../../errors.js';
import { FIGURES, isSignificant, pairedRatio } from '../../measure/comparison.js';
import type { Ratio } from '../../measure/comparison.js';
import type { Environment } from '../../results/environment.js';
import { toCsv } from '../../results/results.js';
import type { ResultRow } from '../../results/row.js';
import { writeWhole } from '../../write-whole.js';
import { formatTable, inPrecision, print, printJson } from '../output.js';
import { loadConfigurations, sessionConfigurations } from './configurations.js';
import type { BenchCommandOptions } from './measure-configurations.js';
import { figure } from './print.js';
import type { Turns } from './turns.js';

/** Ratios are B's figure in parts of A's. */
export interface Comparison {
  format: 'accelnode-comparison';
  version: 1;
  environment: Environment;
  /** Were A and B measured in turns? Else B is from a file: what else differed between the two processes is in the difference. */
  inTurns: boolean;
  /** A signal has ended it before all rounds were over. */
  interrupted?: true;
  a: ResultRow[];
  b: ResultRow[];
  /** The models of `--with`, each of them while B was measured. */
  others?: ResultRow[][];
  throughput: Ratio;
  latency: Ratio;
  /**
   * Which of the two is better, beyond chance: by throughput; under an open load by latency. `none` where B is from a file:
   * a model measured against itself by two processes differs more often than not.
   */
  verdict: 'A' | 'B' | 'none';
}

/** A line of the table of figures. */
export type Line = [label: string, of: (row: ResultRow) => number, ratio: Ratio];

/** @throws `INVALID_ARGUMENT` for options that a comparison has no use for */
export function checkComparison(option: '--vs' | '--with', options: BenchCommandOptions): void {
  if (sessionConfigurations(options).length * loadConfigurations(options).length > 1) {
    const what =
      option === '--vs' ? 'compares one configuration with another' : 'measures one configuration beside others';
    throw new AccelError('INVALID_ARGUMENT', `${option} ${what}, and the lists name several.`);
  }
  const useless = (['exportTimes', 'profile'] as const).find((name) => options[name] !== undefined);
  if (useless === undefined) return;
  const flag = { exportTimes: '--export-times', profile: '--profile' }[useless];
  throw new AccelError('INVALID_ARGUMENT', `A comparison makes no use of ${flag}.`, {
    hint: `Measure without ${option}.`,
  });
}

export function compareTurns(environment: Environment, { a, b, interrupted }: Turns<ResultRow>): Comparison {
  const throughput = pairedRatio(a.map(throughputOf), b.map(throughputOf));
  const latency = pairedRatio(a.map(latencyOf), b.map(latencyOf));
  // In an open loop, the throughput is what was asked for.
  const [decisive, better] = isOpen(a) ? [latency, latency.value < 1] : [throughput, throughput.value > 1];
  return {
    format: 'accelnode-comparison',
    version: 1,
    environment,
    inTurns: true,
    ...(interrupted ? { interrupted } : {}),
    a,
    b,
    throughput,
    latency,
    verdict: !isSignificant(decisive) ? 'none' : better ? 'B' : 'A',
  };
}

/** Writes the file that was asked for, and prints: JSON, CSV, or `text`. */
export function publish(comparison: Comparison, text: string, { output, csv, json }: BenchCommandOptions): void {
  const rows = toCsv([...comparison.a, ...comparison.b, ...(comparison.others ?? []).flat()]);
  const write = (): void => {
    if (output === undefined) return;
    writeWhole(output, extname(output).toLowerCase() === '.csv' ? rows : `${JSON.stringify(comparison, null, 2)}\n`);
  };
  if (json === true) {
    // Whoever reads JSON gets one object: this, or why it can't be written.
    write();
    printJson(comparison);
    return;
  }
  // What can't be written has been seen at least.
  if (csv === true) process.stdout.write(rows);
  else print(text);
  write();
}

/** The means of both sides, and what a ratio says. */
export function figuresTable(
  { a, b }: Pick<Comparison, 'a' | 'b'>,
  heads: [a: string, b: string, ratio: string, interval: string],
  lines: readonly Line[],
  say: (ratio: number) => string,
): string {
  return formatTable(
    ['', ...heads],
    lines.map(([label, of, { value, low, high }]) => [
      label,
      figure(average(a, of)),
      figure(average(b, of)),
      say(value),
      `${say(low)} to ${say(high)}`,
    ]),
  );
}

/** "By throughput, …": what the verdict is, in the words for each outcome; and how that was measured. */
export function verdictText({ a, verdict, interrupted }: Comparison, words: Record<'A' | 'B', string>): string {
  const by = isOpen(a) ? 'latency' : 'throughput';
  return [
    `By ${by}, ${verdict === 'none' ? 'no difference can be told' : words[verdict]}.`,
    interrupted === true
      ? `Interrupted: measured in ${a.length} of ${FIGURES} rounds, in turns.`
      : `Measured in ${FIGURES} rounds, in turns.`,
  ].join('\n');
}

export function nameOf({ model, device, precision, batch, lanes, load, memory, graphs }: ResultRow): string {
  const where = graphs === true ? `${memory} memory, CUDA graphs` : `${memory} memory`;
  return [
    `${model} on ${device}${inPrecision(precision)}`,
    `batch ${batch}`,
    `${lanes} ${lanes === 1 ? 'lane' : 'lanes'}`,
    describeLoad(load),
    where,
  ].join(', ');
}

export function describeLoad(load: ResultRow['load']): string {
  if (load.kind === 'closed') return `${load.concurrency} in flight`;
  const { rate, arrivals, concurrency } = load;
  const most = concurrency === undefined ? '' : ` with at most ${concurrency} in flight`;
  return `${rate} requests/s (${arrivals})${most}`;
}

/** "tokens 1×64, mask 1×64" */
export function describeShapes(shapes: ResultRow['shapes']): string {
  return Object.entries(shapes)
    .map(([name, dims]) => `${name} ${dims.length === 0 ? 'scalar' : dims.join('×')}`)
    .join(', ');
}

export function average(rows: readonly ResultRow[], of: (row: ResultRow) => number): number {
  return rows.reduce((sum, row) => sum + of(row), 0) / rows.length;
}

/** Samples a second: the batches may differ. */
export function throughputOf({ samplesPerSecond }: ResultRow): number {
  return samplesPerSecond;
}

export function latencyOf({ latency }: ResultRow): number {
  return latency.mean;
}

function isOpen([row]: readonly ResultRow[]): boolean {
  return row!.load.kind === 'open';
}
