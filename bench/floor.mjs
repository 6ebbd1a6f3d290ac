// accelnode beside the vendor's own C API, and what a service cares about: does the event loop run on, does memory
// stay. `npm run bench:floor`
import { parseArgs } from 'node:util';

import { compare } from './compare.mjs';
import { modelNames, modelOf } from './models.mjs';
import { environment, floorProgram, modelFile, prepare, progress } from './prepare.mjs';
import { Program } from './program.mjs';
import { comparisonTables, environmentOf, printTables } from './report.mjs';

const { values } = parseArgs({ options: { quick: { type: 'boolean' }, json: { type: 'boolean' } } });
const plan = {
  turns: ['infer', 'runSync', 'run'],
  processes: values.quick ? 1 : 3,
  rounds: 5,
  milliseconds: { latency: values.quick ? 300 : 500 },
  seconds: Infinity,
};

prepare({ openvino: true });
const rows = [];
let facts;
for (const name of modelNames) {
  progress(name);
  const compared = await compare(modelOf(name), plan);
  rows.push(...compared.rows);
  facts = compared.facts;
}
progress('event loop');
const eventLoop = await measureEventLoop();
progress('memory');
const rssKB = await measureMemory();

if (values.json) console.log(JSON.stringify({ rows, eventLoop, memory: { rssKB } }));
else await report();

async function measureEventLoop() {
  const program = await Program.startNode('event-loop.mjs', [modelFile('slow'), floorProgram], { env: environment });
  const { gaps } = program.facts;
  program.stop();
  return gaps;
}

/** The resident set after every tenth load and close, once caches that never shrink are full. */
async function measureMemory() {
  const tens = values.quick ? 3 : 10;
  const model = modelFile('resnet18');
  const c = await Program.start(floorProgram, [model]);
  const js = await Program.startNode('accelnode.mjs', [model], { env: environment, nodeArgs: ['--expose-gc'] });
  const rssKB = { c: [], accelnode: [] };
  for (let ten = 0; ten < tens + 1; ten++) {
    rssKB.c.push((await c.ask('cycles 10')).rssKB);
    rssKB.accelnode.push((await js.ask('cycles 10')).rssKB);
  }
  c.stop();
  js.stop();
  return rssKB;
}

async function report() {
  const gaps = {
    title: 'Gaps of a 1 ms timer while inferences run, ms',
    head: ['library', 'inference', '99 % of gaps within', 'longest'],
    rows: eventLoop.map(({ library, inferenceMs, p99GapMs, longestGapMs }) => [
      library,
      ...[inferenceMs, p99GapMs, longestGapMs].map((value) => value.toFixed(1)),
    ]),
  };
  const memory = {
    title: 'Resident set after every 10 cycles of load, run, close of resnet18, MB',
    head: ['library', 'after each ten'],
    rows: Object.entries(rssKB).map(([library, seen]) => [
      library,
      seen.map((kb) => (kb / 1024).toFixed(1)).join('  '),
    ]),
  };
  await printTables([...comparisonTables(rows), gaps, memory], environmentOf({ openvino: facts.openvino }));
}
