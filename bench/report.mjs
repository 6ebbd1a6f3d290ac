// Results as tables: on the terminal with lines, in Markdown for docs/performance.md.
import { writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';

import { root } from '../scripts/setup/process.mjs';
import { limitText } from './targets.mjs';

/** Before the benchmark makes load of its own. */
const load = Number(loadavg()[0].toFixed(1));

/** What a result depends on. */
export function environmentOf(more = {}) {
  return {
    date: new Date().toISOString().slice(0, 10),
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    load,
    node: process.version.slice(1),
    ...more,
  };
}

/** Rows of compare.mjs: first times, then runs per second. */
export function comparisonTables(rows) {
  const times = rows.filter(({ better }) => better === 'lower');
  const rates = rows.filter(({ better }) => better === 'higher');
  return [
    {
      title: 'Time of one inference: lower is better',
      head: [
        'model',
        'mode',
        'µs',
        'C, µs',
        '× C',
        'µs more',
        '× onnxruntime-node',
        'C × onnxruntime-node',
        'target',
        'holds',
      ],
      rows: times.map((row) => [
        nameOf(row),
        row.mode,
        number(row.medianUs),
        number(row.floorUs),
        range(row, 'floorRatio', 3),
        range(row, 'differenceUs', 1),
        range(row, 'onnxruntimeRatio', 2),
        range(row, 'floorOnnxruntimeRatio', 2),
        row.target ?? '',
        verdict(row.holds),
      ]),
    },
    {
      title: 'Runs per second: higher is better',
      head: [
        'model',
        'mode',
        'per second',
        'C, per second',
        '× C',
        '× benchmark_app',
        'C × benchmark_app',
        'target',
        'holds',
      ],
      rows: rates.map((row) => [
        nameOf(row),
        row.mode,
        number(row.perSecond),
        number(row.floorPerSecond),
        range(row, 'floorRatio', 3),
        range(row, 'benchmarkAppRatio', 2),
        range(row, 'floorBenchmarkAppRatio', 2),
        row.target ?? '',
        verdict(row.holds),
      ]),
    },
  ].filter((table) => table.rows.length > 0);
}

/** What layer.mjs and cuda.mjs measure, with the targets. */
export function layerTable(figures, title = 'The layer itself: the null backend') {
  return {
    title,
    head: ['', 'median', 'target', 'holds'],
    rows: figures.map(({ what, value, quartiles, limit, holds }) => [
      what,
      value === null ? '' : number(value) + (quartiles ? ` (${quartiles.map((each) => number(each)).join('…')})` : ''),
      limit === undefined ? '' : limitText(limit),
      verdict(holds),
    ]),
  };
}

/** Prints tables and environment to stdout. */
export async function printTables(tables, environment) {
  const { default: Table } = await import('cli-table3'); // there since prepare()
  for (const { title, head, rows } of tables) {
    const table = new Table({ head, style: { head: [], border: [], compact: true } });
    table.push(...rows);
    console.log(`\n${title}`);
    console.log(table.toString());
  }
  console.log(`\n${environmentText(environment)}`);
}

/** Writes tables and environment as Markdown, formatted as this repository is. */
export async function writeMarkdown(file, tables, environment) {
  const parts = [environmentText(environment)];
  for (const { title, head, rows } of tables) {
    const line = (cells) => `| ${cells.join(' | ')} |`;
    parts.push(`${title}.`, [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n'));
  }
  const prettier = await import('prettier');
  const options = await prettier.resolveConfig(`${root}/README.md`);
  writeFileSync(file, await prettier.format(parts.join('\n\n'), { ...options, parser: 'markdown' }));
}

function environmentText({ date, cpu, cores, ...versions }) {
  const more = Object.entries(versions).map(([name, value]) => `${name} ${value ?? 'absent'}`);
  return `${date}: ${cpu}, ${cores} cores; ${more.join(', ')}.`;
}

function nameOf({ model, shape }) {
  return shape === null ? model : `${model} ${shape.join('×')}`;
}

/** Median and quartiles; empty for what was not measured. */
function range(row, figure, digits) {
  const bounds = row.quartiles[figure];
  if (bounds === undefined || bounds === null) return '';
  return `${row[figure].toFixed(digits)} (${bounds.map((bound) => bound.toFixed(digits)).join('…')})`;
}

function number(value) {
  return value >= 1000 ? value.toFixed(0) : value >= 100 ? value.toFixed(1) : value.toFixed(2);
}

function verdict(holds) {
  return { true: 'yes', false: 'NO', null: '' }[holds];
}
