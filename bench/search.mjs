// Does the quick search of `accelnode analyze` find what the brute one finds, by far fewer measurements? `npm run bench:search`. On
// real models on OpenVINO's CPU.
//
// One configuration measured twice can differ by a fifth, and the best of a hundred measurements is partly the luckiest, and luckier
// than the best of twenty. So every combination is measured in each of several rounds, and both searches go through the same figures:
// the medians.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { root, setupFolder } from '../scripts/setup/process.mjs';
import { modelOf } from './models.mjs';
import { environment, prepare, progress } from './prepare.mjs';
import { environmentOf, printTables } from './report.mjs';

/** Of the best objective of all combinations, at least; and of their measurements, at most. */
const LEAST_OBJECTIVE = 0.95;
const MOST_MEASUREMENTS = 0.15;

const encoder = modelOf('encoder');
/** With ranges as wide as those of a larger machine: the wider they are, the more there is to gain by not measuring all of it. */
const WIDE = { b: '1:128', l: '1:8', c: '1:64' };
const SEARCHED = [
  { name: 'mlp', file: modelOf('mlp').file, grid: WIDE },
  {
    name: 'encoder, 32 tokens',
    file: encoder.file,
    shapes: encoder.inputs.map((input) => `${input}=1,32`),
    grid: WIDE,
  },
  {
    name: 'PP-OCR, direction of text',
    file: join(setupFolder, 'models', 'pp-ocr', 'cls.onnx'),
    shapes: ['x=1,3,48,192'],
    grid: { ...WIDE, b: '1:32' },
  },
];

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '0.3' },
    rounds: { type: 'string', default: '3' },
    json: { type: 'boolean' },
  },
});
const rounds = Number(values.rounds);

prepare({ openvino: true });
// What is built only now.
const { analyze } = await import('../build-ts/analyze/analyze.js');
const { keyOf } = await import('../build-ts/analyze/configuration.js');
const { powersOfTwo } = await import('../build-ts/analyze/search/grid.js');
const { summarize } = await import('../build-ts/analyze/summary.js');

let openvino;
// A round of all models after the other, so that a slow spell of the machine is one of one round.
const measured = SEARCHED.map(() => []);
for (let round = 1; round <= rounds; round++) {
  for (const [i, searched] of SEARCHED.entries()) {
    progress(`round ${round} of ${rounds}: every combination of ${searched.name}`);
    measured[i].push(measureAll(searched));
  }
}
const rows = [];
for (const [i, searched] of SEARCHED.entries()) {
  const [brute, quick] = [await replay('brute', searched, measured[i]), await replay('quick', searched, measured[i])];
  progress(`${searched.name}: the quick search once more, on the model`);
  const chosen = summarize(runAnalyze(searched, searched.grid, ['--search', 'quick']))[0];
  rows.push({
    model: searched.name,
    combinations: measured[i][0].measurements.length,
    spread: spreadOf(measured[i]),
    brute,
    quick,
    objective: quick.samplesPerSecond / brute.samplesPerSecond,
    measurements: quick.measurements / brute.measurements,
    live: {
      measurements: chosen.measurements,
      // By the same figures as the others: what it has measured itself is partly luck.
      objective: medianOf(measured[i], chosen.best.configuration).row.samplesPerSecond / brute.samplesPerSecond,
    },
  });
}

if (values.json) console.log(JSON.stringify({ rows, environment: environmentOf({ openvino }) }));
else await printTables([table(rows)], environmentOf({ openvino }));
process.exitCode = rows.every(holds) ? 0 : 1;

/** Every combination once: lists are measured whole. */
function measureAll(searched) {
  const lists = Object.entries(searched.grid).map(([axis, range]) => [axis, valuesOf(range).join()]);
  return runAnalyze(searched, Object.fromEntries(lists), ['--search', 'brute']);
}

/** @returns what the search chooses when it is told the medians, and how many it asks for */
async function replay(search, { grid }, analyses) {
  const axis = (range) => ({ values: valuesOf(range), searched: true });
  const { question, environment } = analyses[0];
  const analysis = await analyze(
    { ...question, search, batch: axis(grid.b), lanes: axis(grid.l), concurrency: axis(grid.c) },
    { environment, measure: (configuration) => Promise.resolve(medianOf(analyses, configuration)) },
  );
  const [{ best, measurements }] = summarize(analysis);
  const { batch, lanes, concurrency } = best.configuration;
  return { batch, lanes, concurrency, samplesPerSecond: best.row.samplesPerSecond, measurements };
}

/** The measurement that is the median of the rounds; of an even number, the lower one. */
function medianOf(analyses, configuration) {
  const sorted = rowsOf(analyses, configuration);
  return sorted[Math.floor((sorted.length - 1) / 2)];
}

/** Those of one configuration, the slowest first. */
function rowsOf(analyses, configuration) {
  const key = keyOf(configuration);
  return analyses
    .map(({ measurements }) => measurements.find((each) => keyOf(each.configuration) === key))
    .sort((a, b) => a.row.samplesPerSecond - b.row.samplesPerSecond);
}

/** By how much the rounds differ for one configuration, largest by smallest: of half of them by more. */
function spreadOf(analyses) {
  const spreads = analyses[0].measurements
    .map(({ configuration }) => rowsOf(analyses, configuration))
    .map((sorted) => sorted.at(-1).row.samplesPerSecond / sorted[0].row.samplesPerSecond)
    .sort((a, b) => a - b);
  return spreads[Math.floor(spreads.length / 2)];
}

function runAnalyze({ file, shapes = [] }, { b, l, c }, more) {
  const args = [
    ...['analyze', file, '-d', 'openvino:CPU', '-b', b, '-l', l, '-c', c],
    ...['-t', values.seconds, '--warmup', '100', '--min-runs', '5', '--json', ...more],
    ...shapes.flatMap((shape) => ['-s', shape]),
  ];
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, 'dist', 'cli.js'), ...args], {
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
    env: { ...process.env, ...environment },
  });
  if (status !== 0) throw new Error(`accelnode analyze ended with ${status}: ${stderr || stdout}`);
  const analysis = JSON.parse(stdout);
  openvino ??= analysis.environment.devices['openvino:CPU'].runtime;
  return analysis;
}

/** Of a range as the command has it, 1:64. */
function valuesOf(range) {
  return powersOfTwo(...range.split(':').map(Number));
}

function holds({ objective, measurements }) {
  return objective >= LEAST_OBJECTIVE && measurements <= MOST_MEASUREMENTS;
}

function table(found) {
  const percent = (part) => `${(100 * part).toFixed(0)} %`;
  const choice = ({ batch, lanes, concurrency }) => `batch ${batch}, lanes ${lanes}, in flight ${concurrency}`;
  return {
    title:
      'The quick search beside the brute one: at least 95 % of its best objective, by at most 15 % of its measurements',
    head: [
      'model',
      'combinations',
      'rounds differ by',
      'brute: measured',
      'quick: measured',
      "of brute's",
      'brute chooses',
      'quick chooses',
      'objective',
      'holds',
      'on the model',
    ],
    rows: found.map((row) => [
      row.model,
      row.combinations,
      percent(row.spread - 1),
      row.brute.measurements,
      row.quick.measurements,
      percent(row.measurements),
      choice(row.brute),
      choice(row.quick),
      row.objective.toFixed(3),
      holds(row) ? 'yes' : 'NO',
      `${row.live.objective.toFixed(3)} by ${row.live.measurements}`,
    ]),
  };
}
