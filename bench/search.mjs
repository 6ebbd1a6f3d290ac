// Does the quick search of `accelnode analyze` find what the brute one finds, by far fewer measurements? `npm run bench:search`. On
// real models on OpenVINO's CPU, each searched in both ways.
//
// The best of a hundred measurements is partly the luckiest, and luckier than the best of twenty. So what both searches have chosen
// is measured again, in turns.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { root, setupFolder } from '../scripts/setup/process.mjs';
import { modelOf } from './models.mjs';
import { environment, prepare, progress } from './prepare.mjs';
import { environmentOf, printTables } from './report.mjs';
import { quartiles, shuffled } from './statistics.mjs';

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
    rounds: { type: 'string', default: '7' },
    json: { type: 'boolean' },
  },
});

prepare({ openvino: true });
// What is built only now.
const { summarize } = await import('../build-ts/analyze/summary.js');

let openvino;
const rows = [];
for (const searched of SEARCHED) {
  const [brute, quick] = ['brute', 'quick'].map((search) => {
    progress(`${searched.name}: ${search}`);
    return bestBy(search, searched);
  });
  const again = Array.from({ length: Number(values.rounds) }, (_, round) => {
    progress(`${searched.name}: round ${round + 1} of both choices`);
    return inTurns(searched, { brute, quick });
  });
  rows.push({
    model: searched.name,
    combinations: sizeOf(searched.grid),
    brute: described(brute),
    quick: described(quick),
    objective: quick.row.samplesPerSecond / brute.row.samplesPerSecond,
    again: quartiles(again.map((measured) => measured.quick / measured.brute)),
    measurements: quick.measurements / brute.measurements,
  });
}

if (values.json) console.log(JSON.stringify({ rows, environment: environmentOf({ openvino }) }));
else await printTables([table(rows)], environmentOf({ openvino }));
process.exitCode = rows.every(holds) ? 0 : 1;

/** @returns what the search has chosen, measured, and by how many measurements */
function bestBy(search, { file, shapes, grid }) {
  const analysis = analyze(file, shapes, grid, ['--search', search]);
  const [{ best, measurements }] = summarize(analysis);
  return { ...best, measurements };
}

/** Both choices measured once more, in random order: samples a second. */
function inTurns({ file, shapes }, choices) {
  return Object.fromEntries(
    shuffled(Object.entries(choices)).map(([name, { configuration }]) => {
      const { batch: b, lanes: l, concurrency: c } = configuration;
      const [{ row }] = analyze(file, shapes, { b, l, c }, []).measurements;
      return [name, row.samplesPerSecond];
    }),
  );
}

function analyze(file, shapes = [], { b, l, c }, more) {
  const args = [
    ...['analyze', file, '-d', 'openvino:CPU', '-b', b, '-l', l, '-c', c],
    ...['-t', values.seconds, '--warmup', '100', '--min-runs', '5', '--json', ...more],
    ...shapes.flatMap((shape) => ['-s', shape]),
  ];
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, 'dist', 'cli.js'), ...args.map(String)], {
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
    env: { ...process.env, ...environment },
  });
  if (status !== 0) throw new Error(`accelnode analyze ended with ${status}: ${stderr || stdout}`);
  const analysis = JSON.parse(stdout);
  openvino ??= analysis.environment.devices['openvino:CPU'].runtime;
  return analysis;
}

/** Combinations of ranges by powers of 2. */
function sizeOf(grid) {
  return Object.values(grid)
    .map((range) => Math.log2(Number(range.split(':')[1])) + 1)
    .reduce((product, count) => product * count);
}

function described({ configuration: { batch, lanes, concurrency }, row, measurements }) {
  return { batch, lanes, concurrency, samplesPerSecond: row.samplesPerSecond, measurements };
}

function holds({ again, measurements }) {
  return again.median >= LEAST_OBJECTIVE && measurements <= MOST_MEASUREMENTS;
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
      'brute: measured',
      'quick: measured',
      'of all',
      "of brute's",
      'brute chooses',
      'quick chooses',
      'objective',
      'measured again',
      'holds',
    ],
    rows: found.map((row) => [
      row.model,
      row.combinations,
      row.brute.measurements,
      row.quick.measurements,
      percent(row.quick.measurements / row.combinations),
      percent(row.measurements),
      choice(row.brute),
      choice(row.quick),
      row.objective.toFixed(3),
      `${row.again.median.toFixed(3)} (${row.again.low.toFixed(3)}…${row.again.high.toFixed(3)})`,
      holds(row) ? 'yes' : 'NO',
    ]),
  };
}
