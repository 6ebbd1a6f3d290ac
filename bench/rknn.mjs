// What RKNN's backend makes of several cores, and what a run costs on the host: `npm run bench:rknn`, on the double of
// librknnrt. On an NPU that takes 2 ms for a run, so that cores overlap on any machine; and on one that takes no time. The
// double checks each call, so costs are upper bounds.
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { buildFakes, fakesFolder } from '../scripts/setup/fakes.mjs';
import { prepare, progress } from './prepare.mjs';
import { Program } from './program.mjs';
import { environmentOf, layerTable, printTables, writeMarkdown } from './report.mjs';
import { quartiles, shuffled } from './statistics.mjs';
import { rknnTargets, within } from './targets.mjs';

const { values } = parseArgs({
  options: { quick: { type: 'boolean' }, json: { type: 'boolean' }, report: { type: 'string' } },
});
const rounds = values.quick ? 5 : 15;
const threads = [1, 2, 3];
const costs = ['host', 'pinned'];

prepare({ openvino: false });
buildFakes();
const env = { ACCELNODE_RKNN_LIBRARY: join(fakesFolder, 'rknn2.3.2', 'librknnrt.so') };
const programs = new Map();
for (const count of threads) {
  programs.set(count, await Program.startNode('rknn.mjs', ['2000', String(count), 'host'], { env }));
}
for (const memory of costs) programs.set(memory, await Program.startNode('rknn.mjs', ['0', '1', memory], { env }));

// Threads at a time: rounds of neighbouring turns, whose ratio is what counts.
const speedups = { 2: [], 3: [] };
const rates = { 1: [], 2: [], 3: [] };
const microseconds = { host: [], pinned: [] };
for (const program of programs.values()) await program.ask('flight 12 100'); // warm up
for (let i = 0; i < rounds; i++) {
  progress(`round ${i + 1} of ${rounds}`);
  for (const count of shuffled(threads)) {
    const answer = await programs.get(count).ask('flight 12 600');
    rates[count].push(1e6 / answer.microseconds);
  }
  for (const count of [2, 3]) speedups[count].push(rates[count].at(-1) / rates[1].at(-1));
  for (const memory of shuffled(costs)) {
    microseconds[memory].push((await programs.get(memory).ask('sync 5000')).microseconds);
  }
}
for (const program of programs.values()) program.stop();

const row = (what, seen, limit) => {
  const { median, low, high } = quartiles(seen);
  return { what, value: median, quartiles: [low, high], limit, holds: limit ? within(median, limit) : null };
};
const rows = [
  ...threads.map((count) => row(`runs a second on ${count} of 3 cores, 2 ms each`, rates[count])),
  ...[2, 3].map((count) => row(`times as many on ${count} cores`, speedups[count], rknnTargets[count])),
  ...costs.map((memory) =>
    row(`\`runSync\`, tensors in ${memory} memory, µs a call`, microseconds[memory], rknnTargets.call),
  ),
];
const environment = environmentOf();
const tables = [layerTable(rows, "RKNN's backend on the double of librknnrt")];
if (values.json) console.log(JSON.stringify({ rows, environment }));
else await printTables(tables, environment);
if (values.report !== undefined) await writeMarkdown(values.report, tables, environment);
