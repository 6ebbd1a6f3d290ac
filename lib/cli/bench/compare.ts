/** `accelnode bench MODEL --vs B`: two configurations in turns, or one beside what was measured before. */
import { extname } from 'node:path';

import { AccelError } from '../../errors.js';
import { FIGURES, isSignificant, pairedRatio, unpairedRatio } from '../../measure/comparison.js';
import type { Ratio } from '../../measure/comparison.js';
import type { Environment } from '../../results/environment.js';
import { readResults } from '../../results/results.js';
import type { ResultRow } from '../../results/row.js';
import { PRECISIONS } from '../options.js';
import { formatTable, inPrecision, print, printJson } from '../output.js';
import type { Progress } from '../output.js';
import { loadConfigurations, sessionConfigurations } from './configurations.js';
import { measureRow, openConfiguration } from './measure-configurations.js';
import type { BenchCommandOptions, Opened } from './measure-configurations.js';
import { figure } from './print.js';

/** What was found of both sides; ratios are B's figure in parts of A's. */
interface Comparison {
  format: 'accelnode-comparison';
  version: 1;
  environment: Environment;
  /** Were A and B measured in turns? Else B is from a file: what else differed between the two processes is in the difference. */
  inTurns: boolean;
  a: ResultRow[];
  b: ResultRow[];
  throughput: Ratio;
  latency: Ratio;
  /**
   * Which of the two is better, beyond chance: by throughput; under an open load by latency. `none` where B is from a file:
   * a model measured against itself by two processes differs more often than not.
   */
  verdict: 'A' | 'B' | 'none';
}

export async function compare(
  model: string,
  options: BenchCommandOptions & { vs: string },
  environment: Environment,
  progress: Progress,
): Promise<void> {
  checkOptions(options);
  const inFile = extname(options.vs).toLowerCase() === '.json';
  const comparison = inFile
    ? await compareWithFile(model, options, environment, progress)
    : await compareInTurns(model, options, environment, progress);
  progress.stop();
  if (options.json === true) printJson(comparison);
  else printComparison(comparison);
}

function checkOptions(options: BenchCommandOptions): void {
  if (sessionConfigurations(options).length * loadConfigurations(options).length > 1) {
    throw new AccelError(
      'INVALID_ARGUMENT',
      '--vs compares one configuration with another, and the lists name several.',
    );
  }
  const useless = (['output', 'exportTimes', 'csv', 'profile'] as const).find((name) => options[name] !== undefined);
  if (useless === undefined) return;
  const option = { output: '--output', exportTimes: '--export-times', csv: '--csv', profile: '--profile' }[useless];
  throw new AccelError('INVALID_ARGUMENT', `A comparison makes no use of ${option}.`, {
    hint: 'Print it with --json, or measure without --vs.',
  });
}

async function compareInTurns(
  model: string,
  options: BenchCommandOptions & { vs: string },
  environment: Environment,
  progress: Progress,
): Promise<Comparison> {
  const { vs } = options;
  const precision = PRECISIONS.find((each) => each === vs);
  const others = precision === undefined ? { ...options, device: [vs] } : { ...options, precision: [precision] };
  const open = (side: BenchCommandOptions): Promise<Opened> =>
    openConfiguration(model, side, sessionConfigurations(side)[0]!, environment, progress);
  const first = await open(options);
  await using _first = first.session;
  const second = await open(others);
  await using _second = second.session;

  const rows: Record<'a' | 'b', ResultRow[]> = { a: [], b: [] };
  for (let round = 0; round < FIGURES; round++) {
    // Who comes second finds the caches and clocks that the first has left: each does so as often.
    const turns = round % 2 === 0 ? (['a', 'b'] as const) : (['b', 'a'] as const);
    for (const turn of turns) {
      const [opened, side] = turn === 'a' ? ([first, options] as const) : ([second, others] as const);
      const part = { ...side, duration: options.duration / FIGURES, warmup: options.warmup / FIGURES };
      const { row } = await measureRow(opened, part, loadConfigurations(side)[0]!, progress);
      rows[turn].push(row);
    }
  }
  const throughput = pairedRatio(rows.a.map(throughputOf), rows.b.map(throughputOf));
  const latency = pairedRatio(rows.a.map(latencyOf), rows.b.map(latencyOf));
  return { ...describe(environment, rows, throughput, latency), inTurns: true };
}

async function compareWithFile(
  model: string,
  options: BenchCommandOptions & { vs: string },
  environment: Environment,
  progress: Progress,
): Promise<Comparison> {
  const { rows } = readResults(options.vs);
  const opened = await openConfiguration(model, options, sessionConfigurations(options)[0]!, environment, progress);
  await using _session = opened.session;
  const { row: a } = await measureRow(opened, options, loadConfigurations(options)[0]!, progress);
  const b = rowLike(a, rows, options.vs);
  const [now, before] = [windowsIn(a, 'This measurement'), windowsIn(b, `That in ${options.vs}`)];
  const samples = ({ throughput }: typeof now, { batch }: ResultRow): number[] =>
    throughput.map((rate) => rate * batch);
  const throughput = unpairedRatio(samples(now, a), samples(before, b));
  const latency = unpairedRatio(now.latency, before.latency);
  return { ...describe(environment, { a: [a], b: [b] }, throughput, latency), inTurns: false, verdict: 'none' };
}

/** The only row of a file; or of several, the one that was measured as this one. */
function rowLike(wanted: ResultRow, rows: readonly ResultRow[], file: string): ResultRow {
  if (rows.length === 1) return rows[0]!;
  const how = ({ model, batch, lanes, load, api, memory, precision, device, beside }: ResultRow): string =>
    JSON.stringify([model, batch, lanes, load, api, memory, precision, device, beside]);
  const found = rows.filter((row) => how(row) === how(wanted));
  if (found.length === 1) return found[0]!;
  throw new AccelError(
    'INVALID_ARGUMENT',
    `${found.length} of the ${rows.length} results in ${file} were measured in this configuration; it takes one.`,
    { hint: 'Give the model, device, batch, lanes and load of one of them, or a file with one result.' },
  );
}

function windowsIn({ windows }: ResultRow, what: string): NonNullable<ResultRow['windows']> {
  if (windows?.throughput.length === FIGURES && windows.latency.every((latency) => latency > 0)) return windows;
  throw new AccelError('INVALID_ARGUMENT', `${what} has too few requests to tell how far they vary.`, {
    hint: 'Measure for longer: --duration, --min-runs.',
  });
}

/** Samples a second: the batches may differ. */
function throughputOf({ samplesPerSecond }: ResultRow): number {
  return samplesPerSecond;
}

function latencyOf({ latency }: ResultRow): number {
  return latency.mean;
}

function describe(
  environment: Environment,
  { a, b }: Record<'a' | 'b', ResultRow[]>,
  throughput: Ratio,
  latency: Ratio,
): Omit<Comparison, 'inTurns'> {
  // In an open loop, the throughput is what was asked for.
  const [decisive, better] =
    a[0]!.load.kind === 'open' ? [latency, latency.value < 1] : [throughput, throughput.value > 1];
  const verdict = !isSignificant(decisive) ? 'none' : better ? 'B' : 'A';
  return { format: 'accelnode-comparison', version: 1, environment, a, b, throughput, latency, verdict };
}

function printComparison(comparison: Comparison): void {
  const { a, b, throughput, latency, verdict, inTurns } = comparison;
  print(`A  ${nameOf(a[0]!)}`);
  print(`B  ${nameOf(b[0]!)}${inTurns ? '' : ', measured before'}`);
  print();
  const average = (rows: readonly ResultRow[], of: (row: ResultRow) => number): string =>
    figure(rows.reduce((sum, row) => sum + of(row), 0) / rows.length);
  print(
    formatTable(
      ['', 'A', 'B', 'B against A', inTurns ? 'with 95 % confidence' : 'as far as each varied'],
      [
        ['samples/s', average(a, throughputOf), average(b, throughputOf), ...changeOf(throughput)],
        ['mean latency (ms)', average(a, latencyOf), average(b, latencyOf), ...changeOf(latency)],
      ],
    ),
  );
  print();
  if (!inTurns) {
    print('B was measured at another time by another process: what else differed then is a part of the difference,');
    print('and so there is no verdict. Two devices or precisions are measured in turns: --vs cuda:1, --vs fp16.');
    return;
  }
  const by = a[0]!.load.kind === 'open' ? 'latency' : 'throughput';
  print(verdict === 'none' ? `By ${by}, no difference can be told.` : `By ${by}, ${verdict} is better.`);
  print(`Measured in ${FIGURES} rounds, in turns.`);
}

function nameOf({ model, device, precision, batch, lanes }: ResultRow): string {
  return `${model} on ${device}${inPrecision(precision)}, batch ${batch}, ${lanes} ${lanes === 1 ? 'lane' : 'lanes'}`;
}

function changeOf({ value, low, high }: Ratio): [string, string] {
  const percent = (ratio: number): string => `${ratio < 1 ? '' : '+'}${((ratio - 1) * 100).toFixed(1)} %`;
  return [percent(value), `${percent(low)} to ${percent(high)}`];
}
