import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';

import { InvalidArgumentError, Option } from '../third-party/commander.js';
import type { Command } from '../third-party/commander.js';

import type { Analysis, Failed, LoadSettings, Measurement, Question } from '../analyze/analysis.js';
import { analyze } from '../analyze/analyze.js';
import { describeConfiguration, nameOf, precisions } from '../analyze/configuration.js';
import { environmentOf } from '../analyze/environment.js';
import { metricNames } from '../analyze/objective.js';
import type { Metric, Objectives } from '../analyze/objective.js';
import { requireModels } from '../analyze/required-models.js';
import { describeOpen, requireInputs } from '../analyze/shapes.js';
import type { Axis } from '../analyze/search/grid.js';
import { powersOfTwo } from '../analyze/search/grid.js';
import { rank, summarize } from '../analyze/summary.js';
import type { ModelSummary } from '../analyze/summary.js';
import { toResults } from '../analyze/to-results.js';
import { AccelError } from '../index.js';
import { filledColumns, formatCell, tableColumns } from '../report/columns.js';
import type { Environment } from '../results/environment.js';
import { AnalysisFolder } from './analysis-folder.js';
import { exitCodeOfSignal, interruptible } from './interrupt.js';
import { SAMPLE_INTERVAL } from '../measure/sampling.js';
import {
  HINTS,
  parseAmount,
  parseCount,
  refuseUseless,
  parseSampleInterval,
  parseSeconds,
  parseShape,
} from './options.js';
import { formatTable, inFlags, print, printJson } from './output.js';
import { requireDevices } from '../required-devices.js';

interface AnalyzeCommandOptions {
  device?: string[];
  precision: Question['precisions'];
  batch: Axis;
  lanes: Axis;
  concurrency: Axis;
  shape: Record<string, number[]>;
  cache?: true;
  cacheDir?: string;
  hint?: NonNullable<LoadSettings['hint']>;
  graphs?: true;
  search: Question['search'];
  objective: Objectives;
  latencyBudget?: number;
  maxMemory?: number;
  maxUtilization?: number;
  minThroughput?: number;
  duration: number;
  warmup: number;
  minRuns: number;
  sampleInterval?: number;
  timeout: number;
  verify?: string | true;
  output?: string;
  resume?: true;
  top: number;
  json?: true;
}

/** No device has memory for more items at once, and no model is of use with them. */
const LARGEST_BATCH = 2 ** 16;

/** `accelnode analyze MODEL...` */
export function addAnalyzeCommand(program: Command): void {
  const mostLanes = Math.min(4, availableParallelism());
  program
    .command('analyze')
    .description('find the best batch, lanes and concurrency of models on devices')
    .argument('<models...>', 'the model files')
    .option(
      '-d, --device <device>',
      'where to measure: openvino:CPU, cuda:0, …; repeated: on each (default: the best of this machine)',
      (device: string, before: string[] | undefined) => [...(before ?? []), device],
    )
    .addOption(
      new Option('-p, --precision <list>', 'what to compute in: fp32, fp16, bf16, int8, auto')
        .argParser(parsePrecisions)
        .default(['fp32'], 'fp32'),
    )
    .addOption(
      new Option('-b, --batch <values>', 'batches: 1,2,4 a list; 1:64 a range, by powers of 2; 1: until memory is full')
        .argParser(parseBatch)
        .default(range(1, 128), '1:128'),
    )
    .addOption(
      new Option('-l, --lanes <values>', 'runs computed at the same time, likewise')
        .argParser(parseAxis)
        .default(range(1, mostLanes), `1:${mostLanes}`),
    )
    .addOption(
      new Option('-c, --concurrency <values>', 'requests in flight, likewise')
        .argParser(parseAxis)
        .default(range(1, 32), '1:32'),
    )
    .option(
      '-s, --shape <name=dims>',
      'shape of an input that is left open, e.g. tokens=1,128; the batch is put first',
      parseShape,
      {},
    )
    .option('--cache', "keep compiled models, in the user's cache folder: TensorRT builds each but once")
    .option('--cache-dir <folder>', 'the same, in this folder')
    .addOption(new Option('--hint <hint>', 'OpenVINO: performance hint').choices(HINTS))
    .option('--graphs', 'TensorRT: replay each run as a CUDA graph')
    .addOption(
      new Option('--search <way>', 'quick: climb to the best; brute: all, but leave a range when it gains nothing')
        .choices(['quick', 'brute'])
        .default('quick'),
    )
    .addOption(
      new Option(
        '--objective <weights>',
        `what is wanted, with weights: throughput=10,latency=1; of ${metricNames.join(', ')}`,
      )
        .argParser(parseObjectives)
        .default({ throughput: 1 }, 'throughput=1'),
    )
    .option('--latency-budget <ms>', 'the most that 99 % of the requests may take', parsePositive)
    .option(
      '--max-memory <MB>',
      "the most of the device's memory; of the process's where a device has none",
      parsePositive,
    )
    .option('--max-utilization <percent>', "the most of the device's time", parsePositive)
    .option('--min-throughput <number>', 'the fewest items of batches a second', parsePositive)
    .option('-t, --duration <seconds>', 'how long to measure each configuration', parseSeconds, 2)
    .option('--warmup <ms>', 'runs before that, not counted', parseAmount, 200)
    .option('--min-runs <n>', 'at least as many runs', parseCount, 10)
    .option(
      '--sample-interval <ms>',
      `between two looks at device and process (default: ${SAMPLE_INTERVAL.default})`,
      parseSampleInterval,
    )
    .option('--timeout <seconds>', 'the most that a configuration may take, loading included', parseTimeout, 600)
    .option('--verify [reference]', 'compare the outputs of each with those of this device (default: openvino:CPU)')
    .option(
      '-o, --output <folder>',
      'write analysis.json, after each measurement, and analysis.csv, results.json and report.html',
    )
    .option('--resume', 'go on with the analysis in that folder; what crashed or took too long is tried again')
    .option('--top <n>', 'rows of the table, the best of each model', parseCount, 10)
    .option('--json', 'print the analysis as JSON')
    .addHelpText(
      'after',
      `
Where batch, lanes and concurrency are all lists, all their combinations are measured. Among ranges, brute measures each
value of a list, and quick climbs along it as along a range.

Each configuration is measured in a process of its own, with random inputs: one that crashes or takes too long costs its
row. Ctrl-C ends after the one that is being measured; --resume goes on from there.

  accelnode analyze resnet50.onnx -d openvino:CPU --latency-budget 50 -o resnet50
  accelnode analyze *.onnx -b 1,4,16 -l 1,2 -c 1,2,4 --objective throughput=10,latency=1

                             model_analyzer
  --search brute, quick      --run-config-search-mode
  -b 1:N                     --run-config-search-max-model-batch-size
  -c 1:N                     --run-config-search-max-concurrency
  -l 1:N                     --run-config-search-max-instance-count
  --objective throughput=10  objectives: perf_throughput: 10
  --latency-budget           --latency-budget; constraints: perf_latency_p99: max
  --max-memory               constraints: gpu_used_memory: max
  --min-throughput           constraints: perf_throughput: min
  -o FOLDER, --resume        --checkpoint-directory
  -o FOLDER                  --export-path`,
    )
    .action(runAnalyze);
}

async function runAnalyze(models: string[], options: AnalyzeCommandOptions): Promise<void> {
  const question = await toQuestion(models, options);
  const now = await environmentOf(question.devices);
  if (options.output === undefined) return analyzeInto(undefined, question, now, options);
  await using folder = await AnalysisFolder.open(options.output, question, now, options.resume === true);
  await analyzeInto(folder, question, folder.earlier?.environment ?? now, options);
}

async function analyzeInto(
  folder: AnalysisFolder | undefined,
  question: Question,
  environment: Environment,
  options: AnalyzeCommandOptions,
): Promise<void> {
  const noteOpen = options.json === true ? () => undefined : openNotes();
  const analysis = await interruptible(async (signal) => {
    const result = await analyze(question, {
      environment,
      earlier: folder?.earlier?.measurements,
      signal,
      onStart: (configuration, done) => {
        if (options.json === true) return;
        const { model, device, precision } = configuration;
        const what = `${nameOf(model)} on ${device} in ${precision}, ${describeConfiguration(configuration)}`;
        process.stderr.write(`${done + 1}: ${what}\n`);
      },
      onMeasured: (analysis) => {
        noteOpen(analysis);
        folder?.save(analysis);
      },
    });
    if (!result.complete) process.exitCode = exitCodeOfSignal();
    return result;
  });
  await folder?.finish(analysis, toResults(analysis));
  const failed = nothingMeasured(analysis);
  // Ended by a signal is no failure of the configuration's: there may have been others.
  if (failed !== undefined && analysis.complete) throw toError(failed);
  if (options.json === true) printJson(analysis);
  else printAnalysis(analysis, options, folder);
}

/** Says once of each model, as soon as it is known, which of its sizes nobody has given. */
function openNotes(): (analysis: Analysis) => void {
  const told = new Set<string>();
  return ({ measurements }) => {
    const last = measurements.at(-1);
    if (last?.outcome !== 'measured' || last.openAsOne === undefined || told.has(last.configuration.model)) return;
    told.add(last.configuration.model);
    process.stderr.write(`note: ${nameOf(last.configuration.model)}: ${describeOpen(last.openAsOne)}\n`);
  };
}

async function toQuestion(models: readonly string[], options: AnalyzeCommandOptions): Promise<Question> {
  if (options.resume === true && options.output === undefined) {
    throw new AccelError('INVALID_ARGUMENT', '--resume needs the folder to go on with.', { hint: 'Add --output.' });
  }
  const { latencyBudget, maxMemory, maxUtilization, minThroughput, duration, warmup, timeout } = options;
  if (duration * 1000 + warmup >= timeout * 1000) {
    throw new AccelError(
      'INVALID_ARGUMENT',
      `No configuration could end: --duration of ${duration} s and --warmup of ${warmup} ms are not less than --timeout of ${timeout} s.`,
      { hint: 'The time-out counts loading too: leave room for it.' },
    );
  }
  const reference = options.verify === true ? 'openvino:CPU' : options.verify;
  const required = await requireModels(models);
  requireInputs({ models: required.models, shapes: options.shape });
  const devices = await requireDevices(options.device ?? ['auto']);
  refuseUseless('cuda', devices, { '--graphs': options.graphs });
  refuseUseless('openvino', devices, { '--hint': options.hint });
  return {
    ...required,
    devices,
    precisions: options.precision,
    batch: options.batch,
    lanes: options.lanes,
    concurrency: options.concurrency,
    shapes: options.shape,
    ...loadSettings(options),
    search: options.search,
    objectives: options.objective,
    limits: {
      ...(latencyBudget === undefined ? {} : { latencyBudget }),
      ...(maxMemory === undefined ? {} : { maxMemory: maxMemory * 2 ** 20 }),
      ...(maxUtilization === undefined ? {} : { maxUtilization }),
      ...(minThroughput === undefined ? {} : { minThroughput }),
    },
    duration: duration * 1000,
    warmup,
    minRuns: options.minRuns,
    ...(options.sampleInterval === undefined ? {} : { sampleInterval: options.sampleInterval }),
    timeout: timeout * 1000,
    ...(reference === undefined ? {} : { reference: (await requireDevices([reference]))[0]! }),
  };
}

/** Nothing where nothing is given: then it is the same question as before there were such options. */
function loadSettings({ cache, cacheDir, hint, graphs }: AnalyzeCommandOptions): Pick<Question, 'load'> {
  const folder = cacheDir === undefined ? cache : resolve(cacheDir);
  if (folder === undefined && hint === undefined && graphs === undefined) return {};
  return {
    load: {
      ...(hint === undefined ? {} : { hint }),
      ...(graphs === undefined ? {} : { graphs }),
      ...(folder === undefined ? {} : { cache: folder }),
    },
  };
}

/** Why there is not a single figure. */
function nothingMeasured({ measurements }: Analysis): Failed | undefined {
  if (measurements.some(({ outcome }) => outcome === 'measured')) return undefined;
  return measurements.find((each): each is Failed => each.outcome !== 'measured');
}

function toError({ outcome, reason, code, hint, configuration }: Failed): AccelError {
  const what = `${nameOf(configuration.model)}, ${describeConfiguration(configuration)}`;
  return new AccelError(
    (code ?? 'VENDOR_FAILURE') as AccelError['code'],
    `Nothing could be measured. ${what}: ${outcome}: ${reason}`,
    {
      device: configuration.device,
      hint,
    },
  );
}

function printAnalysis(
  analysis: Analysis,
  { top, output }: AnalyzeCommandOptions,
  folder: AnalysisFolder | undefined,
): void {
  for (const summary of summarize(analysis)) {
    const rows = bestFirst(analysis, summary).slice(0, top);
    if (rows.length > 0) printTable(rows);
    if (summary.inputs !== undefined) print(`inputs: ${summary.inputs}`);
    if (rows.length > 0) print();
    print(summary.sentence);
    print();
  }
  printFailures(analysis.measurements);
  if (folder !== undefined) print(`The report is ${folder.report}.`);
  if (analysis.complete) return;
  print(
    output === undefined
      ? 'Interrupted. With --output, an analysis can be gone on with.'
      : `Interrupted. The same command with --resume goes on.`,
  );
}

function printTable(rows: readonly Measurement[]): void {
  const columns = filledColumns(tableColumns, rows);
  print(
    formatTable(
      columns.map(({ name }) => name),
      rows.map((row) => columns.map((column) => formatCell(column, column.of(row)))),
    ),
  );
}

function bestFirst({ measurements, question }: Analysis, { model }: ModelSummary): Measurement[] {
  return rank(
    measurements.filter((each) => each.outcome === 'measured' && each.configuration.model === model),
    question,
  );
}

function printFailures(measurements: readonly Measurement[]): void {
  printNotCompared(measurements);
  const failed = measurements.filter((each): each is Failed => each.outcome !== 'measured');
  for (const { configuration, outcome, reason } of failed) {
    const { model, device, precision } = configuration;
    print(
      `${nameOf(model)} on ${device} in ${precision}, ${describeConfiguration(configuration)}: ${outcome}: ${inFlags(reason)}`,
    );
  }
  if (failed.length > 0) print();
}

/** Each reason once: what is wrong with the reference is so for every configuration. */
function printNotCompared(measurements: readonly Measurement[]): void {
  const reasons = measurements.flatMap((each) => {
    if (each.outcome !== 'measured' || each.verificationFailure === undefined) return [];
    return [`${nameOf(each.configuration.model)}: outputs not compared: ${inFlags(each.verificationFailure)}`];
  });
  for (const reason of new Set(reasons)) print(reason);
  if (reasons.length > 0) print();
}

function range(from: number, to: number): Axis {
  return { values: powersOfTwo(from, to), searched: true };
}

function parseAxis(text: string): Axis {
  return parseValues(text, undefined);
}

function parseBatch(text: string): Axis {
  return parseValues(text, LARGEST_BATCH);
}

/** "1,2,4", "1:64", or "1:" where there is a largest. */
function parseValues(text: string, largest: number | undefined): Axis {
  const [from, to, ...more] = text.split(':') as [string, ...string[]];
  if (to === undefined) {
    const values = from.split(',').map(parseCount);
    return { values: [...new Set(values)].sort((a, b) => a - b), searched: false };
  }
  if (more.length > 0 || (to === '' && largest === undefined)) {
    throw new InvalidArgumentError('It must be like 1,2,4 or 1:64.');
  }
  const ends = [parseCount(from), to === '' ? largest! : parseCount(to)] as const;
  if (ends[0] > ends[1]) throw new InvalidArgumentError('The range must rise.');
  return range(...ends);
}

function parsePrecisions(text: string): Question['precisions'] {
  const names = text.split(',');
  const unknown = names.find((name) => !(precisions as readonly string[]).includes(name));
  if (unknown !== undefined) throw new InvalidArgumentError(`Allowed are ${precisions.join(', ')}.`);
  return [...new Set(names)] as Question['precisions'];
}

function parseObjectives(text: string): Objectives {
  const weights: Partial<Record<Metric, number>> = {};
  for (const part of text.split(',')) {
    const [name = '', weight = '1', ...more] = part.split('=');
    if (!(metricNames as readonly string[]).includes(name) || more.length > 0) {
      throw new InvalidArgumentError(`It must be like throughput=10,latency=1, of ${metricNames.join(', ')}.`);
    }
    if (Object.hasOwn(weights, name)) throw new InvalidArgumentError(`"${name}" is given twice.`);
    weights[name as Metric] = parsePositive(weight);
  }
  return weights;
}

function parseTimeout(text: string): number {
  return parsePositive(String(parseSeconds(text)));
}

function parsePositive(text: string): number {
  const value = parseAmount(text);
  if (value === 0) throw new InvalidArgumentError('It must be more than 0.');
  return value;
}
