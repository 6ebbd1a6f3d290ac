import { Option } from '../third-party/commander.js';
import type { Command } from '../third-party/commander.js';

import { devicesOf } from '../devices.js';
import { AccelError, inspectOnnx, measure } from '../index.js';
import type { Measurement, MemoryKind } from '../index.js';
import { loadSession } from './load-session.js';
import { moveInputs, randomInputs, requireKnown, shapeFor } from './input.js';
import { addModelOptions, entryOf, loadOptions, parseAmount, parseCount } from './options.js';
import type { ModelCommandOptions } from './options.js';
import { Progress, formatBytes, formatTable, inPrecision, print, printJson } from './output.js';

interface BenchCommandOptions extends ModelCommandOptions {
  batch?: number;
  concurrency?: number;
  duration: number;
  warmup: number;
  minRuns: number;
  sync?: boolean;
  memory: MemoryKind;
  graphs?: boolean;
}

interface BenchResult {
  model: string;
  device: string;
  precision: string | undefined;
  inputs: Record<string, number[]>;
  batch: number;
  lanes: number;
  concurrency: number;
  mode: 'run' | 'runSync';
  /** Where inputs and outputs lie. From `device`, nothing is moved to the device or back. */
  memory: MemoryKind;
  /** Is each run replayed as a CUDA graph? Unset where there are none. */
  graphs: boolean | undefined;
  /** Milliseconds: `Session.load`, and the first run after it. */
  compile: number;
  firstInference: number;
  /** Samples (items of the batch) a second. */
  samplesPerSecond: number;
  measurement: Measurement;
  /** Of a Rockchip NPU, in the middle of the measurement, as far as the kernel tells. */
  npu: NpuUse | undefined;
  /** Bytes of the whole process. */
  rss: number;
}

interface NpuUse {
  /** Percent, of each core or of all together. */
  load?: number[] | undefined;
  /** Hz. */
  frequency?: number | undefined;
}

/** `accelnode bench MODEL` */
export function addBenchCommand(program: Command): void {
  const command = program
    .command('bench')
    .description('measure one configuration of a model: latency, throughput, load time, memory')
    .argument('<model>', 'the model file')
    .option('-b, --batch <n>', 'first dimension of every input', parseCount)
    .option('-c, --concurrency <n>', 'runs in flight (default: the lanes)', parseCount)
    .option('-t, --duration <seconds>', 'how long to measure', parseAmount, 3)
    .option('--warmup <ms>', 'runs before that, not counted', parseAmount, 200)
    .option('--min-runs <n>', 'at least as many runs', parseCount, 10)
    .option('--sync', 'call runSync: one at a time, on the main thread')
    .addOption(
      new Option('--memory <kind>', 'where inputs and outputs lie')
        .choices(['host', 'pinned', 'device'])
        .default('host' as const),
    )
    .option('--graphs', 'TensorRT: replay each run as a CUDA graph')
    .addHelpText(
      'after',
      '\nInputs are random. Outputs are allocated once. From host and pinned memory, moving to a device and back counts.',
    )
    .action(bench);
  addModelOptions(command);
}

async function bench(model: string, options: BenchCommandOptions): Promise<void> {
  checkOptions(options);
  const progress = new Progress(options.json);
  try {
    const result = await measureModel(model, options, progress);
    progress.stop();
    if (options.json === true) printJson(result);
    else printResult(result);
  } finally {
    progress.stop();
  }
}

async function measureModel(model: string, options: BenchCommandOptions, progress: Progress): Promise<BenchResult> {
  const shape = { ...batchShapes(model, options.batch), ...options.shape };
  const load = { ...loadOptions({ ...options, shape }, true), maxQueue: queueFor(options) };
  const loadBegin = performance.now();
  await using session = await loadSession(model, load, progress);
  const compile = performance.now() - loadBegin;

  const shapes = Object.fromEntries(
    session.inputs.map((info) => {
      const given = entryOf(options.shape, info.name);
      const shape = shapeFor(info, given);
      if (options.batch !== undefined && given === undefined && shape.length > 0) shape[0] = options.batch;
      return [info.name, shape];
    }),
  );
  requireKnown('--shape', Object.keys(options.shape), session);
  const inputs = await moveInputs(session, randomInputs(session, shapes), options.memory);
  const firstBegin = performance.now();
  await session.run(inputs);
  const firstInference = performance.now() - firstBegin;

  let use: Promise<NpuUse | undefined> | undefined;
  const measurement = await measure(session, inputs, {
    concurrency: options.concurrency,
    duration: options.duration * 1000,
    warmup: options.warmup,
    minRuns: options.minRuns,
    sync: options.sync,
    memory: options.memory,
    onProgress: (elapsed, duration) => {
      progress.update('measuring', elapsed, duration);
      if (session.backend === 'rknn' && elapsed > duration / 2) use ??= useOfNpu();
    },
  });
  const batch = options.batch ?? Object.values(shapes)[0]?.[0] ?? 1;
  return {
    model,
    device: session.device,
    precision: session.precision,
    inputs: shapes,
    batch,
    lanes: session.lanes,
    concurrency: options.sync === true ? 1 : (options.concurrency ?? session.lanes),
    mode: options.sync === true ? 'runSync' : 'run',
    memory: options.memory,
    graphs: typeof session.details['graphs'] === 'boolean' ? session.details['graphs'] : undefined,
    compile,
    firstInference,
    samplesPerSecond: measurement.throughput * batch,
    measurement,
    npu: await use,
    rss: process.memoryUsage.rss(),
  };
}

async function useOfNpu(): Promise<NpuUse | undefined> {
  const { present } = await devicesOf('rknn');
  const { load, frequency } = (present[0]?.details ?? {}) as NpuUse;
  return load === undefined && frequency === undefined ? undefined : { load, frequency };
}

function checkOptions({ batch, shape, sync, concurrency = 1 }: BenchCommandOptions): void {
  const other = Object.entries(shape).find(([, dims]) => batch !== undefined && dims[0] !== batch);
  if (other !== undefined) {
    throw new AccelError('INVALID_ARGUMENT', `--batch ${batch!} is not the first dimension of --shape ${other[0]}.`);
  }
  if (sync === true && concurrency !== 1) {
    throw new AccelError('INVALID_ARGUMENT', 'With --sync, one run at a time is computed: --concurrency has no use.');
  }
}

/** Room for all runs in flight, which may be more than a session takes by default. */
function queueFor({ concurrency }: BenchCommandOptions): number | undefined {
  return concurrency !== undefined && concurrency > 1024 ? concurrency : undefined;
}

/** The model's own shapes with another batch, to compile for. */
function batchShapes(model: string, batch: number | undefined): Record<string, number[]> {
  if (batch === undefined) return {};
  if (!model.toLowerCase().endsWith('.onnx')) {
    throw new AccelError('INVALID_ARGUMENT', '--batch needs an ONNX model.', { hint: 'Give the shapes with --shape.' });
  }
  const shapes = inspectOnnx(model).inputs.map(({ name, shape = [] }): [string, number[]] => [
    name,
    shape.map((dim, i) => (i === 0 ? batch : typeof dim === 'number' ? dim : -1)),
  ]);
  return Object.fromEntries(shapes);
}

function printResult(result: BenchResult): void {
  const { device, precision, lanes, concurrency, mode, inputs, batch, measurement } = result;
  const shapes = Object.entries(inputs).map(([name, dims]) => `${name} [${dims.join(', ')}]`);
  print(`${result.model} on ${device}${inPrecision(precision)}`);
  print(
    `inputs: ${shapes.join(', ')}; batch ${batch}, ${lanes} ${lanes === 1 ? 'lane' : 'lanes'}, ${concurrency} in flight, by ${mode}`,
  );
  print(modeLine(result));
  print();
  const { latency, throughput, runs, duration, queued, compute, h2d, d2h } = measurement;
  const head = ['latency (ms)', 'min', 'mean', 'p50', 'p90', 'p95', 'p99', 'max', 'CV (%)'];
  const { min, mean, p50, p90, p95, p99, max, cv } = latency;
  print(formatTable(head, [['', ...[min, mean, p50, p90, p95, p99, max].map(milliseconds), cv.toFixed(1)]]));
  print();
  print(
    `throughput        ${throughput.toFixed(1)} inferences/s, ${result.samplesPerSecond.toFixed(1)} samples/s (${runs} runs in ${(duration / 1000).toFixed(2)} s)`,
  );
  if (queued !== undefined && compute !== undefined) {
    print(`of a run          ${milliseconds(queued)} ms waiting for a lane, ${milliseconds(compute)} ms computing`);
  }
  if (h2d !== undefined && d2h !== undefined) {
    print(`                  ${milliseconds(h2d)} ms moving in, ${milliseconds(d2h)} ms moving out`);
  }
  if (result.npu !== undefined) print(`NPU               ${npuText(result.npu)}`);
  print(`load              ${milliseconds(result.compile)} ms`);
  print(`first inference   ${milliseconds(result.firstInference)} ms`);
  print(`process memory    ${formatBytes(result.rss)}`);
}

/** What a figure means nothing without. */
function modeLine({ memory, graphs, device }: BenchResult): string {
  const transfers = memory === 'device' ? 'not counted: there are none' : `counted, by ${memory} memory`;
  const line = device.startsWith('cuda:') ? `transfers ${transfers}` : `inputs and outputs in ${memory} memory`;
  return graphs === undefined ? line : `${line}; CUDA graphs ${graphs ? 'on' : 'off'}`;
}

function npuText({ load = [], frequency }: NpuUse): string {
  const busy = load.length === 0 ? [] : [`${load.map((percent) => `${percent} %`).join(', ')} busy`];
  return [...busy, ...(frequency === undefined ? [] : [`at ${(frequency / 1e6).toFixed(0)} MHz`])].join(' ');
}

function milliseconds(value: number): string {
  return value.toFixed(value < 10 ? 3 : 2);
}
