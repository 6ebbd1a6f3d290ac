// accelnode beside the vendor's own C API, in turns in random order: `npm run bench:floor`.
// Then what a service cares about: does the event loop run on, does memory stay.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { root, say } from '../scripts/setup/process.mjs';
import { Program, quartiles, shuffled } from './program.mjs';
import { buildFloor, prepare } from './prepare.mjs';

const { values } = parseArgs({ options: { quick: { type: 'boolean' }, json: { type: 'boolean' } } });
const rounds = values.quick ? 5 : 15;
const turn = values.quick ? 300 : 1000;

const compared = ['mlp', 'encoder', 'resnet18', 'resnet50'];
const { models, environment } = prepare([...compared, 'slow']);
const floorProgram = buildFloor();
const { default: Table } = await import('cli-table3'); // there since prepare()

const rows = [];
for (const name of compared) {
  say(`${name}: ${rounds} rounds of ${turn} ms`);
  rows.push(...(await compare(name, models[name])));
}
const eventLoop = JSON.parse(node('event-loop.mjs', [models.slow, floorProgram]));
const memory = await measureMemory();

if (values.json) console.log(JSON.stringify({ rows, eventLoop, memory }, null, 2));
else report();

/** Ratios to the C loop, round by round. */
async function compare(name, model) {
  const c = await Program.start(floorProgram, [model]);
  const js = await Program.start(
    process.execPath,
    [join(root, 'bench', 'programs', 'accelnode.mjs'), model],
    environment,
  );
  const turns = {
    c: () => c.ask(`infer ${turn}`),
    runSync: () => js.ask(`sync ${turn}`),
    run: () => js.ask(`run ${turn}`),
  };
  for (const measure of Object.values(turns)) await measure(); // compile, warm up
  const seen = { c: [], runSync: [], run: [] };
  for (let round = 0; round < rounds; round++) {
    for (const key of shuffled(Object.keys(turns))) seen[key].push((await turns[key]()).medianUs);
  }
  c.stop();
  js.stop();
  return ['runSync', 'run'].map((mode) => ({
    model: name,
    mode,
    floorUs: quartiles(seen.c).median,
    medianUs: quartiles(seen[mode]).median,
    ratio: quartiles(seen[mode].map((time, i) => time / seen.c[i])),
    differenceUs: quartiles(seen[mode].map((time, i) => time - seen.c[i])),
  }));
}

/** The resident set after every tenth load and close, once caches that never shrink are full. */
async function measureMemory() {
  const tens = values.quick ? 3 : 10;
  const c = await Program.start(floorProgram, [models.resnet18]);
  const js = await Program.start(
    process.execPath,
    ['--expose-gc', join(root, 'bench', 'programs', 'accelnode.mjs'), models.resnet18],
    environment,
  );
  const rssKB = { c: [], accelnode: [] };
  for (let ten = 0; ten < tens + 1; ten++) {
    rssKB.c.push((await c.ask('cycles 10')).rssKB);
    rssKB.accelnode.push((await js.ask('cycles 10')).rssKB);
  }
  c.stop();
  js.stop();
  return { rssKB, nullRuns: JSON.parse(node('null-memory.mjs', [], ['--expose-gc'])) };
}

function node(program, args, nodeArgs = []) {
  return execFileSync(process.execPath, [...nodeArgs, join(root, 'bench', 'programs', program), ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...environment },
  });
}

function report() {
  const number = (value, digits = 2) => value.toFixed(digits);
  const range = ({ median, low, high }, digits) =>
    `${number(median, digits)} (${number(low, digits)}…${number(high, digits)})`;
  const table = new Table({
    head: ['model', 'mode', 'C (µs)', 'accelnode (µs)', 'ratio', 'difference (µs)'],
    style: { head: [] },
  });
  for (const { model, mode, floorUs, medianUs, ratio, differenceUs } of rows) {
    table.push([model, mode, number(floorUs, 1), number(medianUs, 1), range(ratio, 3), range(differenceUs, 1)]);
  }
  say('Times of one inference, f32: median of medians; ratios and differences with their quartiles');
  console.log(table.toString());

  say('Gaps of a 1 ms timer while inferences run, ms');
  for (const { library, inferenceMs, p99GapMs, longestGapMs } of eventLoop) {
    const gaps = `99 % within ${number(p99GapMs, 1)}, longest ${number(longestGapMs, 1)}`;
    console.log(`${library.padEnd(18)} inference ${number(inferenceMs, 1)}: ${gaps}`);
  }

  say('Resident set after every 10 cycles of load, run, close of resnet18, MB');
  const { rssKB, nullRuns } = memory;
  for (const [library, seen] of Object.entries(rssKB)) {
    console.log(`${library.padEnd(10)} ${seen.map((kb) => number(kb / 1024, 1)).join('  ')}`);
  }
  say('Resident set of the null backend');
  console.log(`grew by ${nullRuns.growthKB} KB over ${nullRuns.runs} runs`);
}
