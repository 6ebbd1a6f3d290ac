// What a run costs on the host with TensorRT's backend: `npm run bench:cuda`, on the double of TensorRT and CUDA. The
// double checks each call, so these are upper bounds. docs/performance.md says how to read it.
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { buildFakes, fakesFolder } from '../scripts/setup/fakes.mjs';
import { makeModels } from '../scripts/setup/models.mjs';
import { modelFile, prepare, progress } from './prepare.mjs';
import { Program } from './program.mjs';
import { environmentOf, layerTable, printTables, writeMarkdown } from './report.mjs';
import { quartiles, shuffled } from './statistics.mjs';
import { cudaTargets, within } from './targets.mjs';

const { values } = parseArgs({
  options: { quick: { type: 'boolean' }, json: { type: 'boolean' }, report: { type: 'string' } },
});
const rounds = values.quick ? 5 : 15;
const batch = 5000;
const ways = ['device off', 'device on', 'pinned off', 'host off'];
const commands = { run: `sequential ${batch}`, 'run, 64 in flight': `flight 64 ${batch}`, runSync: `sync ${batch}` };

prepare({ openvino: false });
buildFakes();
makeModels();
const env = { ACCELNODE_CUDA_LIBRARY: join(fakesFolder, 'tensorrt10', 'libnvinfer.so.10') };
const seen = new Map();
const programs = new Map();
for (const way of ways) {
  const program = await Program.startNode('cuda.mjs', [modelFile('identity'), ...way.split(' ')], { env });
  programs.set(way, program);
  for (const command of Object.values(commands)) await program.ask(command); // warm up
}
for (let i = 0; i < rounds; i++) {
  progress(`round ${i + 1} of ${rounds}`);
  for (const way of shuffled(ways)) {
    for (const [call, command] of Object.entries(commands)) {
      const name = nameOf(way, call);
      seen.set(name, [...(seen.get(name) ?? []), (await programs.get(way).ask(command)).microseconds]);
    }
  }
}
for (const program of programs.values()) program.stop();

const rows = ways.flatMap((way) =>
  Object.keys(commands).map((call) => {
    const { median, low, high } = quartiles(seen.get(nameOf(way, call)));
    const limit = cudaTargets[way.split(' ')[0]];
    const holds = limit === undefined ? null : within(median, limit);
    return { what: nameOf(way, call), value: median, quartiles: [low, high], limit, holds };
  }),
);
const environment = environmentOf();
const tables = [layerTable(rows, "TensorRT's backend on a device that costs nothing, µs a call")];
if (values.json) console.log(JSON.stringify({ rows, environment }));
else await printTables(tables, environment);
if (values.report !== undefined) await writeMarkdown(values.report, tables, environment);

function nameOf(way, call) {
  const [memory, graphs] = way.split(' ');
  return `${call.replace(/^\w+/, '`$&`')}, tensors in ${memory} memory${graphs === 'on' ? ', CUDA graph' : ''}`;
}
