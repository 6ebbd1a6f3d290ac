/** What `accelnode bench` prints of a configuration: the lines of trtexec, as far as a backend has them. */
import type { Latencies } from '../../index.js';
import type { ResultRow } from '../../results/row.js';
import { formatBytes, formatTable, inFlags, inPrecision, print } from '../output.js';
import type { NpuUse } from './measure-configurations.js';

/** Layers of a profile, the slowest first. */
const MOST_LAYERS = 30;

export function printRow(row: ResultRow, npu?: NpuUse): void {
  const { device, precision, lanes, load, api, shapes, batch, resources } = row;
  const names = Object.entries(shapes).map(([name, dims]) => `${name} [${dims.join(', ')}]`);
  const made =
    load.kind === 'closed'
      ? `${load.concurrency} in flight, by ${api}`
      : `${load.rate} requests/s at ${load.arrivals === 'poisson' ? 'random' : 'equal'} distances, by ${api}`;
  print(`${row.model} on ${device}${inPrecision(precision)}`);
  print(`inputs: ${names.join(', ')}; batch ${batch}, ${lanes} ${lanes === 1 ? 'lane' : 'lanes'}, ${made}`);
  print(modeLine(row));
  print();
  print(`Throughput: ${row.throughput.toFixed(2)} qps, ${row.samplesPerSecond.toFixed(2)} samples/s`);
  print(`Latency: ${latencyText(row.latency)}`);
  printBreakdown(row);
  print(`Requests: ${row.requests} in ${(row.duration / 1000).toFixed(2)} s; CV = ${row.latency.cv.toFixed(1)} %`);
  print();
  if (npu !== undefined) print(`NPU               ${npuText(npu)}`);
  if (row.compile !== undefined) print(`load              ${milliseconds(row.compile)}${loadMemory(row)}`);
  if (row.firstInference !== undefined) print(`first inference   ${milliseconds(row.firstInference)}`);
  printDevice(resources);
  if (resources.rss !== undefined) print(`process memory    ${formatBytes(resources.rss)} more than without a model`);
  if (resources.cpu !== undefined) print(`CPU               ${resources.cpu.toFixed(0)} % of a core`);
  if (resources.sampling !== undefined) print(`samples           ${samplingText(resources.sampling)}`);
  if (row.layers !== undefined) printLayers(row.layers);
  for (const warning of row.warnings ?? []) print(`[W] ${inFlags(warning)}`);
}

function loadMemory({ compileMemory }: ResultRow): string {
  return compileMemory === undefined ? '' : `, ${formatBytes(compileMemory)}`;
}

function printDevice({ deviceMemory, deviceMemoryIs, ...use }: ResultRow['resources']): void {
  const { deviceUtilization, power, temperature, idle } = use;
  if (deviceMemory !== undefined) {
    const than = deviceMemoryIs === 'difference' ? ' more than before, whoever uses it' : '';
    print(`device memory     ${formatBytes(deviceMemory)}${than}`);
  }
  const before = (value: number | undefined, unit: string): string =>
    value === undefined ? '' : ` (idle: ${value.toFixed(0)} ${unit})`;
  const parts = [
    deviceUtilization === undefined
      ? []
      : [`${deviceUtilization.toFixed(1)} % busy${before(idle?.deviceUtilization, '%')}`],
    power === undefined ? [] : [`${power.toFixed(1)} W${before(idle?.power, 'W')}`],
    temperature === undefined ? [] : [`${temperature.toFixed(0)} °C`],
  ].flat();
  if (parts.length > 0) print(`device            ${parts.join(', ')}`);
}

function samplingText({ samples, interval, took, overhead }: NonNullable<ResultRow['resources']['sampling']>): string {
  const load = overhead === undefined ? '' : `, ${overhead.toFixed(2)} % of a core`;
  return `${samples}, every ${interval} ms: ${milliseconds(took)} each${load}`;
}

/** One line for each configuration, with what tells them apart. */
export function printTable(rows: readonly ResultRow[]): void {
  const head = [
    'precision',
    'hint',
    'batch',
    'lanes',
    'load',
    'qps',
    'samples/s',
    'mean ms',
    'p50',
    'p90',
    'p95',
    'p99',
  ];
  const cells = rows.map((row) => [
    row.precision ?? '',
    row.hint ?? '',
    row.batch,
    row.lanes,
    row.load.kind === 'closed' ? row.load.concurrency : openLoad(row.load),
    row.throughput.toFixed(1),
    row.samplesPerSecond.toFixed(1),
    ...[row.latency.mean, row.latency.p50, row.latency.p90, row.latency.p95, row.latency.p99].map(figure),
  ]);
  print(formatTable(head, cells));
}

function openLoad({ rate, concurrency }: { rate: number; concurrency?: number | undefined }): string {
  return concurrency === undefined ? `${rate}/s` : `${rate}/s, ≤ ${concurrency}`;
}

function printBreakdown({ breakdown, parts }: ResultRow): void {
  for (const [name, part] of [
    ['Queue', 'queue'],
    ['H2D', 'h2d'],
    ['Compute', 'compute'],
    ['D2H', 'd2h'],
  ] as const) {
    const [all, mean] = [parts?.[part], breakdown[part]];
    if (all !== undefined) print(`${name} Time: ${latencyText(all)}`);
    else if (mean !== undefined) print(`${name} Time: mean = ${milliseconds(mean)}`);
  }
}

function latencyText({ min, max, mean, p50, p90, p95, p99 }: Latencies): string {
  const parts: [string, number][] = [
    ['min', min],
    ['max', max],
    ['mean', mean],
    ['median', p50],
    ['percentile(90%)', p90],
    ['percentile(95%)', p95],
    ['percentile(99%)', p99],
  ];
  return parts.map(([name, value]) => `${name} = ${milliseconds(value)}`).join(', ');
}

function printLayers(layers: NonNullable<ResultRow['layers']>): void {
  const slowest = [...layers].sort((a, b) => b.time - a.time).slice(0, MOST_LAYERS);
  const total = layers.reduce((sum, { time }) => sum + time, 0);
  print();
  print(`layers of the last run, the slowest ${slowest.length} of ${layers.length}:`);
  const share = (time: number): string => (total === 0 ? '' : ((100 * time) / total).toFixed(1));
  print(
    formatTable(
      ['layer', 'type', 'ms', '%'],
      slowest.map(({ name, type, time }) => [name, type, figure(time), share(time)]),
    ),
  );
  print();
}

/** What a figure means nothing without. */
function modeLine({ memory, graphs, device }: ResultRow): string {
  const transfers = memory === 'device' ? 'not counted: there are none' : `counted, by ${memory} memory`;
  const line = device.startsWith('cuda:') ? `transfers ${transfers}` : `inputs and outputs in ${memory} memory`;
  return graphs === undefined ? line : `${line}; CUDA graphs ${graphs ? 'on' : 'off'}`;
}

function npuText({ load = [], frequency }: NpuUse): string {
  const busy = load.length === 0 ? [] : [`${load.map((percent) => `${percent} %`).join(', ')} busy`];
  return [...busy, ...(frequency === undefined ? [] : [`at ${(frequency / 1e6).toFixed(0)} MHz`])].join(' ');
}

function milliseconds(value: number): string {
  return `${figure(value)} ms`;
}

/** As many digits as mean something. */
export function figure(value: number): string {
  return value.toFixed(value < 0.1 ? 5 : value < 10 ? 3 : 2);
}
