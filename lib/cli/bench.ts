import { Option } from '../third-party/commander.js';
import type { Command } from '../third-party/commander.js';

import { AccelError } from '../index.js';
import type { Measurement } from '../index.js';
import { describeEnvironment } from '../results/environment.js';
import type { Environment } from '../results/environment.js';
import { RESULTS_FORMAT, RESULTS_VERSION, checkResultsPath, toCsv, writeResults } from '../results/results.js';
import type { ResultFailure, Results } from '../results/results.js';
import type { ResultRow } from '../results/row.js';
import { parseCounts, parseCountsOrAuto, parseRates, parseWords } from './bench/configurations.js';
import { compare, comparisonText, isResultsFile } from './bench/compare.js';
import { checkComparison, publish } from './bench/comparison.js';
import { loadConfigurations, sessionConfigurations } from './bench/configurations.js';
import { apiOf, measureConfigurations } from './bench/measure-configurations.js';
import type { BenchCommandOptions, NpuUse } from './bench/measure-configurations.js';
import { printRow, printTable } from './bench/print.js';
import { selfCheck } from './bench/self-check.js';
import { compareInterference, interferenceText } from './bench/interference.js';
import { parseCompanion } from './bench/companion-spec.js';
import { untilInterrupted } from './interrupt.js';
import { refuseSameFiles, requireWritable } from './named-files.js';
import type { NamedFile } from './named-files.js';
import { TimesFile } from './bench/times-file.js';
import { SAMPLE_INTERVAL } from '../measure/sampling.js';
import {
  HINTS,
  PRECISIONS,
  addModelOptions,
  parseAmount,
  parseCount,
  parseSampleInterval,
  parseSeconds,
  parseShape,
} from './options.js';
import { EXIT_FAILED, Progress, inFlags, print, printJson, reportError } from './output.js';

const HELP = `
Lists mean all combinations: -b 1,2,4 -c 1:8 measures twelve configurations. 1:8 doubles (1, 2, 4, 8), 2:10:2 goes by
steps. What fails, for want of memory say, is reported, and the others are measured.

Inputs are random. Outputs are allocated once. From host and pinned memory, moving to a device and back counts.
A closed loop (-c) keeps so many requests in flight; an open one (--request-rate) makes them at fixed moments, and
latency counts from these. Requests are made by the addon, without JavaScript; --api run shows what a program sees.

--vs openvino:GPU and --vs fp16 measure both in turns, and say by how much they differ and whether that is more than
chance. --vs before.json, which --output has written, compares with another time: of another model, runtime, machine.

--with other.onnx@20rps measures the model alone and while the other one is under load, in turns: at 20 requests a second,
or with so many in flight (@4x; without @, one). It says how much slower that makes the model, if it is more than chance.

Ctrl-C ends it with what has been measured so far; the exit code is then 130.

                    trtexec           benchmark_app  perf_analyzer           rknn_benchmark
  MODEL             --onnx, --loadEngine     -m      -m                      first argument
  -d                --device          -d
  -b, -s            --shapes          -b, -shape     -b, --shape
  -c                --infStreams      -nireq         --concurrency-range     loops are one at a time
  --request-rate                                     --request-rate-range
  --lanes           --infStreams      -nstreams                              core_mask
  -p                --fp16, --int8    -infer_precision
  --hint                              -hint
  -t, --warmup      --duration, --warmUp   -t        --measurement-interval
  --min-runs        --iterations      -niter                                 loops
  --api                               -api           --sync
  --graphs          --useCudaGraph
  --memory device   --noDataTransfers
  --cache           --saveEngine      -cdir
  --profile         --dumpProfile     -pc
  --export-times    --exportTimes
  -o results.csv                      -report_type   -f`;

/** `accelnode bench MODEL` */
export function addBenchCommand(program: Command): void {
  const command = program
    .command('bench')
    .description('measure a model in one configuration or many: latency, throughput, load time, memory')
    .argument('[model]', 'the model file')
    .option('-b, --batch <list>', 'first dimension of every input', parseCounts)
    .option('-c, --concurrency <list>', 'runs in flight (default: the lanes)', parseCounts)
    .option('-r, --request-rate <list>', 'requests a second, whether earlier ones have ended or not', parseRates)
    .addOption(
      new Option('--arrivals <distances>', 'between the requests of a rate (default: constant)').choices([
        'constant',
        'poisson',
      ]),
    )
    .option('--seed <n>', 'of poisson: the same number, the same distances', parseCount)
    .option('-t, --duration <seconds>', 'how long to measure', parseSeconds, 3)
    .option('--warmup <ms>', 'runs before that, not counted', parseAmount, 200)
    .option('--min-runs <n>', 'at least as many runs', parseCount, 10)
    .option('--tolerance <percent>', 'by which the thirds of a stable measurement differ at most', parseAmount, 10)
    .option('--max-duration <seconds>', 'measure again until it is stable, so long in all', parseSeconds)
    .addOption(
      new Option('--api <api>', 'who makes the requests (default: native)').choices(['native', 'run', 'runSync']),
    )
    .option('--sync', 'short for --api runSync: one at a time, on the main thread')
    .addOption(
      new Option('--memory <kind>', 'where inputs and outputs lie')
        .choices(['host', 'pinned', 'device'])
        .default('host' as const),
    )
    .option(
      '--sample-interval <ms>',
      'between two looks at device and process: utilisation, power, temperature, memory',
      parseSampleInterval,
      SAMPLE_INTERVAL.default,
    )
    .option('--graphs', 'TensorRT: replay each run as a CUDA graph')
    .option('--profile', 'times of the layers, where the vendor tells; makes runs slower')
    .option('--vs <B>', 'compare with another device, another precision, or the results in a .json file')
    .option(
      '--with <model[@load]>',
      'another model under load at the same time: @20rps requests a second, @4x in flight; may be repeated',
      parseCompanion,
    )
    .option('--with-device <device>', 'where those run (default: where the model does)')
    .option('--with-shape <name=dims>', 'shape of an input of theirs; may be repeated', parseShape, {})
    .option('-o, --output <file>', 'write the results to a .json or .csv file, after each configuration')
    .option('--export-times <file>', 'write the times of each request to a CSV file')
    .option('--csv', 'print CSV')
    .option('--self-check', 'measure a model that takes no time: what is left is the overhead of measuring')
    .addHelpText('after', HELP)
    .action(bench);
  addModelOptions(command, {
    precision: ['<list>', parseWords(PRECISIONS)],
    lanes: ['<list>', parseCountsOrAuto],
    hint: ['<list>', parseWords(HINTS)],
  });
}

async function bench(model: string | undefined, options: BenchCommandOptions, command: Command): Promise<void> {
  if (options.selfCheck === true) {
    refuseOthers(model, command);
    return selfCheck(options.json ?? false);
  }
  if (model === undefined) throw new AccelError('INVALID_ARGUMENT', 'No model is given to measure.');
  checkOptions(options);
  checkFiles(model, options);
  const environment = describeEnvironment(givenOptions(options));
  const progress = new Progress(options.json === true || options.csv === true);
  const task = options.vs === undefined && options.with === undefined ? measureAll : measureBoth;
  const running = untilInterrupted(() => task(model, options, environment, progress));
  const cancelled = await running.finally(() => progress.stop());
  if (cancelled !== undefined) reportError(cancelled, options.json === true);
}

/** Compares; or says how. */
async function measureBoth(
  model: string,
  options: BenchCommandOptions,
  environment: Environment,
  progress: Progress,
): Promise<void> {
  const { vs, with: others } = options;
  const comparison =
    others === undefined
      ? await compare(model, { ...options, vs: vs! }, environment, progress)
      : await compareInterference(model, { ...options, with: others }, environment, progress);
  progress.stop();
  publish(comparison, others === undefined ? comparisonText(comparison) : interferenceText(comparison), options);
}

/** Each configuration by itself. What has been measured when a signal comes is kept and printed. */
async function measureAll(
  model: string,
  options: BenchCommandOptions,
  environment: Environment,
  progress: Progress,
): Promise<void> {
  const { output, csv = false, json = false } = options;
  const results: Results = { format: RESULTS_FORMAT, version: RESULTS_VERSION, environment, rows: [] };
  const save = (): void => {
    if (output !== undefined) writeResults(output, results);
  };
  const times = options.exportTimes === undefined ? undefined : new TimesFile(options.exportTimes);
  const only = isOne(options);
  const measured = (row: ResultRow, measurement: Measurement, { npu }: { npu?: NpuUse | undefined }): void => {
    progress.stop();
    results.rows.push(row);
    // What can't be written has been seen at least.
    if (csv) process.stdout.write(toCsv([row]).slice(results.rows.length === 1 ? 0 : toCsv([]).length));
    else if (!json) printRow(row, npu);
    if (!only && !csv && !json) print();
    save();
    times?.add(measurement);
  };
  const failed = (failure: ResultFailure): void => {
    progress.stop();
    (results.failures ??= []).push(failure);
    save();
    if (!json)
      process.stderr.write(`not measured: ${failure.configuration}: ${failure.code}: ${inFlags(failure.message)}\n`);
    process.exitCode = EXIT_FAILED;
  };
  const cancelled = await untilInterrupted(() =>
    measureConfigurations(model, options, environment, progress, { measured, failed, only }),
  );
  progress.stop();
  if (cancelled !== undefined) {
    if (results.rows.length === 0 && results.failures === undefined) throw cancelled;
    results.interrupted = true;
    save();
  }
  if (json) printJson(results);
  else if (!csv && results.rows.length > (cancelled === undefined ? 1 : 0)) printTable(results.rows);
  if (cancelled !== undefined && !json) process.stderr.write('Interrupted: the rest was not measured.\n');
}

function checkOptions(options: BenchCommandOptions): void {
  const { batch = [], shape, concurrency = [], csv, json, requestRate, arrivals, seed } = options;
  const refuse = (message: string): AccelError => new AccelError('INVALID_ARGUMENT', message);
  for (const each of batch) {
    const other = Object.entries(shape).find(([, dims]) => dims[0] !== each);
    if (other !== undefined) throw refuse(`--batch ${each} is not the first dimension of --shape ${other[0]}.`);
  }
  if (options.sync === true && (options.api ?? 'runSync') !== 'runSync') {
    throw refuse(`--sync is short for --api runSync, and --api ${options.api!} is another.`);
  }
  const sync = apiOf(options, { rate: undefined, concurrency: undefined }) === 'runSync';
  if (sync && concurrency.some((each) => each !== 1)) {
    throw refuse(
      `With ${options.sync === true ? '--sync' : '--api runSync'}, one run at a time is computed: --concurrency has no use.`,
    );
  }
  if (requestRate === undefined && (arrivals !== undefined || seed !== undefined)) {
    throw refuse('--arrivals and --seed are of an open loop: give a --request-rate.');
  }
  if (requestRate !== undefined && (sync || options.api === 'run')) {
    throw refuse('Only the addon makes requests at fixed moments: --request-rate goes with --api native.');
  }
  if (options.with === undefined && (options.withDevice !== undefined || Object.keys(options.withShape).length > 0)) {
    throw refuse('--with-device and --with-shape are of the models that --with names.');
  }
  if (options.with !== undefined && options.vs !== undefined) {
    throw refuse('Either --vs or --with: a comparison measures nothing beside the two.');
  }
  if (options.with !== undefined) checkComparison('--with', options);
  if (options.vs !== undefined) checkComparison('--vs', options);
  if (csv === true && json === true) throw refuse('Either --csv or --json can be printed. --output writes the other.');
}

/** Before anything is measured in vain, and before anything is lost. */
function checkFiles(model: string, { with: others = [], vs, output, exportTimes }: BenchCommandOptions): void {
  if (output !== undefined) checkResultsPath(output);
  const read: NamedFile[] = [
    ['the model', model],
    ...others.map((other) => ['the model of --with', other.model] as const),
  ];
  if (vs !== undefined && isResultsFile(vs)) read.push(['--vs', vs]);
  const written = [
    ['--output', output],
    ['--export-times', exportTimes],
  ] as const;
  refuseSameFiles(read, written);
  written.forEach(requireWritable);
}

/** @throws `INVALID_ARGUMENT` for what the self-check has no use for */
function refuseOthers(model: string | undefined, command: Command): void {
  const other = command.options.find(
    (option) =>
      command.getOptionValueSource(option.attributeName()) === 'cli' &&
      !['--self-check', '--json'].includes(option.long!),
  );
  const given = model ?? other?.long;
  if (given === undefined) return;
  throw new AccelError('INVALID_ARGUMENT', `--self-check measures a model of its own, and has no use for ${given}.`);
}

/** Do the lists name one configuration? */
function isOne(options: BenchCommandOptions): boolean {
  return sessionConfigurations(options).length * loadConfigurations(options).length === 1;
}

/** The options as text, for the record. */
function givenOptions(options: BenchCommandOptions): Record<string, string | number | boolean> {
  const words = Object.entries(options).map(([name, value]: [string, unknown]) => [
    name,
    ['string', 'number', 'boolean'].includes(typeof value) ? value : JSON.stringify(value),
  ]);
  return Object.fromEntries(words) as Record<string, string | number | boolean>;
}
