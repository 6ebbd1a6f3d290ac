// accelnode beside the vendor's own C API, onnxruntime-node and OpenVINO's benchmark_app: `npm run bench:peers`.
// docs/performance.md says what is compared and how.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { root } from '../scripts/setup/process.mjs';
import { compare } from './compare.mjs';
import { modelNames, modelOf } from './models.mjs';
import { prepare, progress } from './prepare.mjs';
import { comparisonTables, environmentOf, printTables, writeMarkdown } from './report.mjs';

const usage = `usage: npm run bench:peers -- [--quick] [--json] [--report FILE] [--models ${modelNames.join(',')}]
         [--processes N] [--rounds N]`;
const { values } = parseArgs({
  options: {
    quick: { type: 'boolean' },
    json: { type: 'boolean' },
    report: { type: 'string' },
    models: { type: 'string', default: modelNames.join(',') },
    processes: { type: 'string' },
    rounds: { type: 'string' },
    help: { type: 'boolean', short: 'h' },
  },
});
if (values.help) {
  console.log(usage);
  process.exit(0);
}
const names = values.models.split(',');
const unknown = names.filter((name) => !modelNames.includes(name));
if (unknown.length > 0) refuse(`There is no model ${unknown.join(', ')}.`);

// Five models have to fit into two minutes in a hurry: slow machines make fewer rounds. A throughput takes longer:
// at the end of a turn cores wait for the last run, and that has to be little of it.
const plan = values.quick
  ? { processes: 1, rounds: 5, milliseconds: { latency: 200, throughput: 500 }, seconds: 13 }
  : { processes: 3, rounds: 3, milliseconds: { latency: 400, throughput: 2000 }, seconds: Infinity };
for (const option of ['processes', 'rounds']) {
  if (values[option] === undefined) continue;
  plan[option] = Number(values[option]);
  if (!Number.isInteger(plan[option]) || plan[option] < 1) refuse(`--${option} takes a number from 1.`);
}

prepare({ openvino: true });
const rows = [];
let facts;
for (const name of names) {
  progress(`${name}: ${plan.processes} × ${plan.rounds} rounds`);
  const compared = await compare(modelOf(name), plan);
  rows.push(...compared.rows);
  facts = compared.facts;
}

const environment = environmentOf({
  openvino: facts.openvino,
  onnxruntime: rows.some(({ onnxruntimeRatio }) => onnxruntimeRatio !== null) ? onnxruntimeVersion() : null,
});
const tables = comparisonTables(rows);
if (values.json) console.log(JSON.stringify({ rows, environment }));
else await printTables(tables, environment);
if (values.report !== undefined) await writeMarkdown(values.report, tables, environment);

function onnxruntimeVersion() {
  return JSON.parse(readFileSync(join(root, 'node_modules', 'onnxruntime-node', 'package.json'), 'utf8')).version;
}

function refuse(reason) {
  console.error(`${reason}\n${usage}`);
  process.exit(2);
}
