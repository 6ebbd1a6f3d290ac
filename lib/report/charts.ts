/** What the plots of a report show, as options of ECharts. Colours are variables of the page's style sheet. */
import type { Measured, Question } from '../analyze/analysis.js';
import { memoryOf } from '../analyze/objective.js';
import type { ModelSummary } from '../analyze/summary.js';
import { rank } from '../analyze/summary.js';
import type { ChartOption } from './render-chart.js';

export interface Chart {
  /** The heading. */
  title: string;
  /** How to read it, in a sentence. */
  caption: string;
  option: ChartOption;
  /** What the marks and colours stand for; empty where there is nothing to tell apart. */
  legend: readonly LegendEntry[];
  /** Of the width. */
  aspect: number;
}

export interface LegendEntry {
  name: string;
  /** As CSS has it. */
  colour: string;
  /** The mark, as a character. */
  mark: string;
}

const MB = 2 ** 20;
const SYMBOLS = ['circle', 'rect', 'triangle', 'diamond'] as const;
/** The same as characters. */
const MARKS = ['●', '■', '▲', '◆'] as const;
/** Of the style sheet: --series-1 and so on. */
const COLOURS = 6;
/** Pixels. Drawings are scaled to the page: close to this on phones, in two columns elsewhere. */
export const CHART_WIDTH = 380;
const FONT = 13;
/** A digit's width, in the widest font that a page may be shown in. */
const DIGIT = 8.5;
/** Of the two plots by batch. */
const SIDES = { left: 48, right: 22, height: 138 };
/** Rings around configurations, which no group of marks has: a label beside one could lie on other marks. */
const RINGS = { best: { symbol: 'circle', mark: '○' }, default: { symbol: 'rect', mark: '□' } } as const;
type Ring = keyof typeof RINGS;
/** Bars of a breakdown. */
const BARS = 8;

/** The plots of one model; those without a single known figure are left out. */
export function chartsOf(summary: ModelSummary, measured: readonly Measured[], question: Question): Chart[] {
  return [
    throughputVersusLatency(summary, measured, question),
    memoryVersusLatency(summary, measured, question),
    byBatch(measured),
    breakdown(measured, question),
  ].filter((chart) => chart !== undefined);
}

function throughputVersusLatency(summary: ModelSummary, measured: readonly Measured[], question: Question): Chart {
  return {
    title: 'Throughput and latency',
    caption: `Each mark is a configuration: further right does more, further down answers sooner.${limitNote(question, measured)}`,
    aspect: 0.8,
    legend: [...groupLegend(measured), ...ringLegend(summary, measured)],
    option: scatter(summary, measured, question, 'throughput (infer/sec)', ({ row }) => row.samplesPerSecond),
  };
}

function memoryVersusLatency(
  summary: ModelSummary,
  measured: readonly Measured[],
  question: Question,
): Chart | undefined {
  const known = measured.filter(({ row }) => memoryOf(row) !== undefined);
  if (known.length === 0) return undefined;
  const own = known.every(({ row }) => row.resources.deviceMemory !== undefined);
  return {
    title: 'Memory and latency',
    caption: `Each mark is a configuration; memory is ${own ? "the device's" : "the process's where a device has none of its own"}.${limitNote(question, known)}`,
    aspect: 0.8,
    legend: [...groupLegend(known), ...ringLegend(summary, known)],
    option: scatter(summary, known, question, 'memory (MB)', ({ row }) => memoryOf(row)! / MB),
  };
}

function limitNote({ limits: { latencyBudget } }: Question, measured: readonly Measured[]): string {
  if (latencyBudget === undefined) return '';
  if (isAmong(latencyBudget, measured)) return ' The dashed line is the latency budget.';
  const all = measured[0]!.row.latency.p99 <= latencyBudget ? 'All are within' : 'All are beyond';
  return ` ${all} the latency budget, ${latencyBudget} ms.`;
}

/** Is a latency where the marks are? A line anywhere else would not be seen. */
function isAmong(latency: number, measured: readonly Measured[]): boolean {
  const latencies = measured.map(({ row }) => row.latency.p99);
  return Math.min(...latencies) <= latency && latency <= Math.max(...latencies);
}

/** What has a ring: the best configuration, and the default where that is another. */
function ringed({ best, default: reference }: ModelSummary, measured: readonly Measured[]): [Ring, Measured][] {
  const all: [Ring, Measured | undefined][] = [
    ['best', best],
    ['default', reference === best ? undefined : reference],
  ];
  return all.flatMap(([name, each]): [Ring, Measured][] =>
    each !== undefined && measured.includes(each) ? [[name, each]] : [],
  );
}

function ringLegend(summary: ModelSummary, measured: readonly Measured[]): LegendEntry[] {
  return ringed(summary, measured).map(([name]) => ({ name, colour: 'var(--text)', mark: RINGS[name].mark }));
}

function scatter(
  summary: ModelSummary,
  measured: readonly Measured[],
  { limits }: Question,
  xName: string,
  x: (measured: Measured) => number,
): ChartOption {
  const y = ({ row }: Measured): number => row.latency.p99;
  const point = (each: Measured): [number, number] => [x(each), y(each)];
  const groups = [...groupsOf(measured)].map(([name, own], i) => ({
    type: 'scatter',
    name,
    symbol: SYMBOLS[i % SYMBOLS.length],
    symbolSize: 9,
    itemStyle: { color: colour(i), opacity: 0.75 },
    data: own.map(point),
    ...(i === 0 && limits.latencyBudget !== undefined && isAmong(limits.latencyBudget, measured)
      ? { markLine: limitLine(limits.latencyBudget) }
      : {}),
  }));
  const rings = ringed(summary, measured).map(([name, each]) => ({
    type: 'scatter',
    name,
    symbol: RINGS[name].symbol,
    symbolSize: 17,
    itemStyle: { color: 'none', borderColor: 'var(--text)', borderWidth: 1.5 },
    data: [point(each)],
    z: 3,
  }));
  return {
    ...frame(),
    xAxis: valueAxis(xName, measured.map(x)),
    yAxis: valueAxis('p99 latency (ms)', measured.map(y)),
    series: [...groups, ...rings],
  };
}

function limitLine(limit: number): object {
  return {
    silent: true,
    symbol: 'none',
    lineStyle: { color: 'var(--limit)', type: 'dashed', width: 1.5 },
    label: { show: false },
    data: [{ yAxis: limit }],
  };
}

/** For each batch, the configuration with the highest throughput. */
function byBatch(measured: readonly Measured[]): Chart | undefined {
  const batches = [...new Set(measured.map(({ configuration }) => configuration.batch))].sort((a, b) => a - b);
  if (batches.length < 2) return undefined;
  const labels = labelsOf(batches);
  const groups = [...groupsOf(measured)];
  const line = (value: (each: Measured) => number, axis: number): object[] =>
    groups.map(([name, own], i) => ({
      // Not joined: from one batch to the next, lanes and requests in flight may be others.
      type: 'scatter',
      name,
      xAxisIndex: axis,
      yAxisIndex: axis,
      symbol: SYMBOLS[i % SYMBOLS.length],
      symbolSize: 9,
      itemStyle: { color: colour(i) },
      data: batches.map((batch) => {
        const fastest = fastestOf(own.filter(({ configuration }) => configuration.batch === batch));
        return fastest === undefined ? null : value(fastest);
      }),
    }));
  const throughput = ({ row }: Measured): number => row.samplesPerSecond;
  const latency = ({ row }: Measured): number => row.latency.p99;
  const category = (gridIndex: number, name: string): object => ({
    type: 'category',
    gridIndex,
    data: batches.map(String),
    name,
    nameLocation: 'middle',
    nameGap: 15 + labels.depth,
    ...axisStyle(),
    axisLabel: { color: 'var(--muted)', fontSize: FONT, ...labels.style },
  });
  return {
    title: 'Throughput and latency by batch',
    caption: 'For each batch, the lanes and requests in flight that gave the most throughput.',
    aspect: (392 + 2 * labels.depth) / CHART_WIDTH,
    legend: groupLegend(measured),
    option: {
      ...frame(),
      grid: [
        { ...SIDES, top: 34 },
        { ...SIDES, bottom: 33 + labels.depth },
      ],
      xAxis: [category(0, ''), category(1, 'batch')],
      yAxis: [
        { gridIndex: 0, ...topNamed(valueAxis('throughput (infer/sec)', measured.map(throughput), false)) },
        { gridIndex: 1, ...topNamed(valueAxis('p99 latency (ms)', measured.map(latency), false)) },
      ],
      series: [...line(throughput, 0), ...line(latency, 1)],
    },
  };
}

/** Every batch has its label: upright where that is too narrow. Of very many, the labels that there is room for. */
function labelsOf(batches: readonly number[]): { depth: number; style: object } {
  const room = (CHART_WIDTH - SIDES.left - SIDES.right) / batches.length;
  const width = Math.max(...batches.map((batch) => String(batch).length)) * DIGIT;
  if (width + 6 <= room) return { depth: FONT, style: { interval: 0 } };
  return { depth: width, style: { rotate: 90, ...(FONT + 2 <= room ? { interval: 0 } : {}) } };
}

const PARTS = [
  ['waiting for a lane', 'queue'],
  ['moving in', 'h2d'],
  ['computing', 'compute'],
  ['moving out', 'd2h'],
] as const;

/** The mean latency's parts, of the best configurations. */
function breakdown(measured: readonly Measured[], question: Question): Chart | undefined {
  const best = (rank(measured, question) as Measured[])
    .filter(({ row }) => row.breakdown.compute !== undefined)
    .slice(0, BARS)
    .reverse(); // the first category is the lowest
  if (best.length === 0) return undefined;
  const several = groupsOf(measured).size > 1;
  const devices = [...groupsOf(measured).keys()];
  const labels = best.map((each) => {
    const { batch, lanes, concurrency } = each.configuration;
    const group = several ? `${String.fromCharCode(65 + devices.indexOf(groupName(each)))} ` : '';
    return `${group}b${batch} l${lanes} c${concurrency}`;
  });
  const key = several ? ` ${devices.map((name, i) => `${String.fromCharCode(65 + i)}: ${name}`).join(', ')}.` : '';
  const parts = PARTS.filter(([, key]) => best.some(({ row }) => row.breakdown[key] !== undefined));
  const rest = ({ row: { latency, breakdown } }: Measured): number =>
    Math.max(0, latency.mean - PARTS.reduce((sum, [, key]) => sum + (breakdown[key] ?? 0), 0));
  const bar = (name: string, color: string, data: number[]): object => ({
    type: 'bar',
    stack: 'latency',
    name,
    barMaxWidth: 22,
    itemStyle: { color, borderColor: 'var(--surface)', borderWidth: 1 },
    data,
  });
  const legend = [
    ...parts.map(([name, key]) => ({ name, colour: colourOfPart(key), mark: MARKS[1] })),
    { name: 'handing over', colour: 'var(--rest)', mark: MARKS[1] },
  ];
  return {
    title: 'Where the time goes',
    caption: `Parts of the mean latency of the best ${best.length === 1 ? 'configuration' : `${best.length} configurations`}, the best at the top. b: batch, l: lanes, c: in flight.${key}`,
    aspect: 1.1,
    legend,
    option: {
      ...frame(),
      grid: { left: 16 + Math.max(...labels.map((label) => label.length)) * DIGIT, right: 22, top: 10, bottom: 46 },
      xAxis: { ...valueAxis('mean latency (ms)', [0, ...best.map(({ row }) => row.latency.mean)], false) },
      yAxis: {
        type: 'category',
        data: labels,
        ...axisStyle(),
      },
      series: [
        ...parts.map(([name, key]) =>
          bar(
            name,
            colourOfPart(key),
            best.map(({ row }) => row.breakdown[key] ?? 0),
          ),
        ),
        bar('handing over', 'var(--rest)', best.map(rest)),
      ],
    },
  };
}

/** By device and precision. */
function groupsOf(measured: readonly Measured[]): Map<string, Measured[]> {
  const groups = new Map<string, Measured[]>();
  for (const each of measured) {
    const name = groupName(each);
    groups.set(name, [...(groups.get(name) ?? []), each]);
  }
  return groups;
}

function groupName({ configuration: { device, precision } }: Measured): string {
  return `${device} ${precision}`;
}

function fastestOf(measured: readonly Measured[]): Measured | undefined {
  return measured.reduce<Measured | undefined>(
    (best, each) => (best === undefined || each.row.samplesPerSecond > best.row.samplesPerSecond ? each : best),
    undefined,
  );
}

function colourOfPart(part: (typeof PARTS)[number][1]): string {
  return colour(PARTS.findIndex(([, key]) => key === part));
}

function colour(index: number): string {
  return `var(--series-${(index % COLOURS) + 1})`;
}

function frame(): ChartOption {
  return {
    animation: false,
    textStyle: { fontFamily: 'inherit', fontSize: FONT, color: 'var(--muted)' },
    grid: { left: 62, right: 22, top: 22, bottom: 46 },
  };
}

/** Nothing where there is one group, which needs no telling apart. */
function groupLegend(measured: readonly Measured[]): LegendEntry[] {
  const names = [...groupsOf(measured).keys()];
  if (names.length < 2) return [];
  return names.map((name, i) => ({ name, colour: colour(i), mark: MARKS[i % MARKS.length]! }));
}

/** Figures of very different sizes, where one may choose, lie on a logarithmic scale. */
function valueAxis(name: string, values: readonly number[], mayBeLogarithmic = true): Record<string, unknown> {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const logarithmic = mayBeLogarithmic && low > 0 && high / low > 30;
  return {
    type: logarithmic ? 'log' : 'value',
    name: logarithmic ? `${name}, log` : name,
    nameLocation: 'middle',
    nameGap: name.startsWith('p99') ? 44 : 28,
    // Bars and lines begin at 0; marks that lie close together are shown from near.
    ...(logarithmic ? {} : mayBeLogarithmic && low > high / 2 ? { scale: true } : { min: 0 }),
    splitNumber: 4,
    ...axisStyle(),
    axisLabel: { color: 'var(--muted)', fontSize: FONT, hideOverlap: true, formatter: compact },
    splitLine: { lineStyle: { color: 'var(--line)' } },
  };
}

/** The name above the axis, where it takes no width. */
function topNamed(axis: Record<string, unknown>): Record<string, unknown> {
  return {
    ...axis,
    nameLocation: 'end',
    nameGap: 10,
    nameTextStyle: { color: 'var(--text)', fontSize: FONT, align: 'left', padding: [0, 0, 0, -44] },
  };
}

function axisStyle(): Record<string, unknown> {
  return {
    nameTextStyle: { color: 'var(--text)', fontSize: FONT },
    axisLine: { lineStyle: { color: 'var(--line)' } },
    axisTick: { lineStyle: { color: 'var(--line)' } },
    axisLabel: { color: 'var(--muted)', fontSize: FONT },
  };
}

const compactFormat = new Intl.NumberFormat('en', { notation: 'compact', maximumSignificantDigits: 3 });

function compact(value: number): string {
  return compactFormat.format(value);
}
