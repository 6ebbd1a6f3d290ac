// Does `accelnode bench` find what OpenVINO's benchmark_app finds? `npm run bench:agreement`. The same model, release of OpenVINO,
// precision, hint and number of requests, in turns.
//
// benchmark_app is the one in Python, as the C++ one is in no package: its requests begin in Python, which a model of
// microseconds waits for, so its throughput there says more of Python. A request's latency, it takes from OpenVINO.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { root } from '../scripts/setup/process.mjs';
import { benchmarkApp } from './benchmark-app.mjs';
import { modelOf } from './models.mjs';
import { environment, prepare, progress } from './prepare.mjs';
import { environmentOf, printTables } from './report.mjs';
import { quartiles, shuffled } from './statistics.mjs';

/** By so much may the figures differ. */
const TOLERANCE = 0.05;
const MODES = [
  { hint: 'latency', lanes: 1 },
  { hint: 'throughput', lanes: 2 },
];

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '7' },
    seconds: { type: 'string', default: '3' },
    json: { type: 'boolean' },
  },
});
const seconds = Number(values.seconds);
const contestants = { accelnode, benchmarkApp: (model, mode) => benchmarkApp(model, { ...mode, seconds, openvino }) };

prepare({ openvino: true });
const rows = [];
let openvino;
for (const model of ['resnet50', 'mlp'].map(modelOf)) {
  for (const mode of MODES) {
    const rounds = [];
    for (let round = 0; round < Number(values.rounds); round++) {
      progress(`${model.name}, ${mode.hint}: round ${round + 1}`);
      const measured = {};
      // The first says which build of OpenVINO the other must be of.
      const order = openvino === undefined ? ['accelnode', 'benchmarkApp'] : shuffled(['accelnode', 'benchmarkApp']);
      for (const contestant of order) measured[contestant] = await contestants[contestant](model, mode);
      rounds.push(measured);
    }
    for (const figure of ['perSecond', 'median']) rows.push(compared(model, mode, figure, rounds));
  }
}

if (values.json) console.log(JSON.stringify({ rows, environment: environmentOf({ openvino }) }));
else await printTables([table(rows)], environmentOf({ openvino }));
process.exitCode = rows.every(({ holds }) => holds) ? 0 : 1;

function accelnode({ file, dims, inputs = [] }, { hint, lanes }) {
  const shapes = inputs.flatMap((input) => ['-s', `${input}=${dims.join(',')}`]);
  const args = [
    'bench',
    file,
    '-d',
    'openvino:CPU',
    '--hint',
    hint,
    '-l',
    lanes,
    '-c',
    lanes,
    '-t',
    seconds,
    ...shapes,
  ];
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(root, 'dist', 'cli.js'), ...args.map(String), '--json'],
    { encoding: 'utf8', env: { ...process.env, ...environment } },
  );
  if (status !== 0) throw new Error(`accelnode bench ended with ${status}: ${stderr || stdout}`);
  const { environment: found, rows: measured } = JSON.parse(stdout);
  openvino = found.devices['openvino:CPU'].runtime;
  const [{ throughput, latency }] = measured;
  return { perSecond: throughput, median: latency.p50 };
}

function compared({ name }, { hint }, figure, rounds) {
  const ratio = quartiles(rounds.map(({ accelnode: ours, benchmarkApp: theirs }) => ours[figure] / theirs[figure]));
  const middle = (contestant) => quartiles(rounds.map((measured) => measured[contestant][figure])).median;
  return {
    model: name,
    hint,
    figure,
    accelnode: middle('accelnode'),
    benchmarkApp: middle('benchmarkApp'),
    ratio,
    holds: Math.abs(ratio.median - 1) <= TOLERANCE,
  };
}

function table(found) {
  const digits = (value) => value.toPrecision(4);
  return {
    title: 'accelnode bench beside benchmark_app: the ratio is to be within 5 % of 1',
    head: ['model', 'hint', 'figure', 'accelnode bench', 'benchmark_app', 'ratio', 'holds'],
    rows: found.map(({ model, hint, figure, accelnode: ours, benchmarkApp: theirs, ratio, holds }) => [
      model,
      hint,
      figure === 'perSecond' ? 'inferences a second' : 'median latency, ms',
      digits(ours),
      digits(theirs),
      `${ratio.median.toFixed(3)} (${ratio.low.toFixed(3)}…${ratio.high.toFixed(3)})`,
      holds ? 'yes' : 'NO',
    ]),
  };
}
