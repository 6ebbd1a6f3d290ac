/** `accelnode bench MODEL --vs B`: two configurations in turns, or one beside what was measured before. */
import { extname } from 'node:path';

import { AccelError } from '../../errors.js';
import { FIGURES, unpairedRatio } from '../../measure/comparison.js';
import type { Environment } from '../../results/environment.js';
import { describeNeighbour, readResults } from '../../results/results.js';
import type { ResultRow } from '../../results/row.js';
import { PRECISIONS } from '../options.js';
import type { Progress } from '../output.js';
import {
  compareTurns,
  describeLoad,
  describeShapes,
  figuresTable,
  latencyOf,
  nameOf,
  throughputOf,
  verdictText,
} from './comparison.js';
import type { Comparison } from './comparison.js';
import { loadConfigurations, sessionConfigurations } from './configurations.js';
import { measureRow, openConfiguration } from './measure-configurations.js';
import type { BenchCommandOptions, Opened } from './measure-configurations.js';
import { forOneTurn, inTurns } from './turns.js';

type CompareOptions = BenchCommandOptions & { vs: string };

export function compare(
  model: string,
  options: CompareOptions,
  environment: Environment,
  progress: Progress,
): Promise<Comparison> {
  return (isResultsFile(options.vs) ? compareWithFile : compareSides)(model, options, environment, progress);
}

/** Is it a file to compare with? Else it is a device or a precision. @throws `INVALID_ARGUMENT` */
export function isResultsFile(vs: string): boolean {
  const extension = extname(vs).toLowerCase();
  if (extension === '.csv') {
    throw new AccelError(
      'INVALID_ARGUMENT',
      `--vs can't read ${vs}: a table does not tell how much its figures vary.`,
      {
        hint: 'Give the .json file of the same results: bench --output results.json.',
      },
    );
  }
  return extension === '.json';
}

async function compareSides(
  model: string,
  options: CompareOptions,
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

  const turns = await inTurns(async (turn) => {
    const [opened, side] = turn === 'a' ? ([first, options] as const) : ([second, others] as const);
    const { row } = await measureRow(opened, forOneTurn(side), loadConfigurations(side)[0]!, progress);
    return row;
  });
  return compareTurns(environment, turns);
}

async function compareWithFile(
  model: string,
  options: CompareOptions,
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
  return {
    format: 'accelnode-comparison',
    version: 1,
    environment,
    inTurns: false,
    a: [a],
    b: [b],
    throughput: unpairedRatio(samples(now, a), samples(before, b)),
    latency: unpairedRatio(now.latency, before.latency),
    verdict: 'none',
  };
}

/** The only row of a file; or of several, the one that was measured as this one. */
function rowLike(wanted: ResultRow, rows: readonly ResultRow[], file: string): ResultRow {
  if (rows.length === 1) return rows[0]!;
  const found = rows.filter((row) => differences(wanted, row).length === 0);
  if (found.length === 1) return found[0]!;
  throw new AccelError(
    'INVALID_ARGUMENT',
    `${found.length} of the ${rows.length} results in ${file} were measured in this configuration; it takes one.`,
    { hint: 'Measure as one of them was: model, device, shapes, lanes, load, hint. Or give a file with one result.' },
  );
}

/** How a row was measured, in words. */
const HOW: readonly ((row: ResultRow) => string)[] = [
  ({ model }) => model,
  ({ device }) => device,
  ({ precision }) => precision ?? 'a precision that is not told',
  ({ batch }) => `batch ${batch}`,
  ({ shapes }) => describeShapes(shapes),
  ({ lanes }) => `${lanes} ${lanes === 1 ? 'lane' : 'lanes'}`,
  ({ load }) => describeLoad(load),
  ({ api }) => `--api ${api}`,
  ({ memory }) => `${memory} memory`,
  ({ graphs }) => (graphs === true ? 'CUDA graphs' : 'no CUDA graphs'),
  ({ hint }) => (hint === undefined ? 'no hint' : `the hint ${hint}`),
  ({ beside = [] }) =>
    beside.length === 0 ? 'nothing beside it' : `${beside.map(describeNeighbour).join(', ')} beside it`,
];

/** What is not the same in both, besides the time. */
function differences(a: ResultRow, b: ResultRow): [a: string, b: string][] {
  return HOW.map((how): [string, string] => [how(a), how(b)]).filter(([first, second]) => first !== second);
}

function windowsIn({ windows }: ResultRow, what: string): NonNullable<ResultRow['windows']> {
  if (windows?.throughput.length === FIGURES && windows.latency.every((latency) => latency > 0)) return windows;
  throw new AccelError('INVALID_ARGUMENT', `${what} has too few requests to tell how far they vary.`, {
    hint: 'Measure for longer: --duration, --min-runs.',
  });
}

export function comparisonText(comparison: Comparison): string {
  const { a, b, throughput, latency, inTurns } = comparison;
  const others = inTurns ? [] : differences(a[0]!, b[0]!);
  return [
    `A  ${nameOf(a[0]!)}`,
    `B  ${nameOf(b[0]!)}${inTurns ? '' : ', measured before'}`,
    ...others.map(([now, before]) => `B was measured with ${before}, A with ${now}.`),
    '',
    figuresTable(
      comparison,
      ['A', 'B', 'B against A', inTurns ? 'with 95 % confidence' : 'as far as each varied'],
      [
        ['samples/s', throughputOf, throughput],
        ['mean latency (ms)', latencyOf, latency],
      ],
      (ratio) => `${ratio < 1 ? '' : '+'}${((ratio - 1) * 100).toFixed(1)} %`,
    ),
    '',
    inTurns
      ? verdictText(comparison, { A: 'A is better', B: 'B is better' })
      : 'B was measured at another time by another process: what else differed then is a part of the difference,\n' +
        'and so there is no verdict. Two devices or precisions are measured in turns: --vs cuda:1, --vs fp16.',
  ].join('\n');
}
