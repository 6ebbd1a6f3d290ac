// What accelnode itself costs, without a vendor: `npm run bench:layer`. docs/performance.md says how to read it.
import { parseArgs } from 'node:util';

import { prepare, progress } from './prepare.mjs';
import { Program } from './program.mjs';
import { environmentOf, layerTable, printTables, writeMarkdown } from './report.mjs';
import { quartiles, shuffled } from './statistics.mjs';
import { layerTargets, within } from './targets.mjs';

const { values } = parseArgs({
  options: { quick: { type: 'boolean' }, json: { type: 'boolean' }, report: { type: 'string' } },
});
const processes = values.quick ? 1 : 3;
const rounds = values.quick ? 5 : 7;
const batch = 50_000;
const million = 1_000_000;
/** V8 makes its young generation larger as it sees fit; of one size, all growth is ours. */
const nodeArgs = ['--expose-gc', '--min-semi-space-size=16', '--max-semi-space-size=16'];

/** Commands of null.mjs, by the figure that they give. */
const turns = {
  sequentialUs: `sequential ${batch}`,
  inflight64Us: `flight 64 ${batch}`,
  syncUs: `sync ${batch}`,
};

prepare({ openvino: false });
const seen = { sequentialUs: [], inflight64Us: [], syncUs: [] };
const memory = [];
for (let i = 0; i < processes; i++) {
  progress(`process ${i + 1} of ${processes}`);
  const program = await Program.startNode('null.mjs', [], { nodeArgs });
  for (const command of Object.values(turns)) await program.ask(command); // warm up
  for (let j = 0; j < rounds; j++) {
    for (const figure of shuffled(Object.keys(turns)))
      seen[figure].push((await program.ask(turns[figure])).microseconds);
  }
  memory.push(await overAMillion(program));
  program.stop();
}

const spread = Object.fromEntries(Object.entries(seen).map(([figure, numbers]) => [figure, quartiles(numbers)]));
const result = {
  sequentialUs: spread.sequentialUs.median,
  inflight64Us: spread.inflight64Us.median,
  syncUs: spread.syncUs.median,
  bytesCopiedPerCall: memory[0].bytesCopiedPerCall,
  rssGrowthMB: quartiles(memory.map(({ growthMB }) => growthMB)).median,
};
const holds = Object.fromEntries(
  Object.entries(layerTargets).map(([figure, limit]) => [figure, within(result[figure], limit)]),
);
const bounds = Object.fromEntries(Object.entries(spread).map(([figure, { low, high }]) => [figure, [low, high]]));
const environment = environmentOf();
const names = {
  sequentialUs: '`run`, awaited one by one, µs a call',
  inflight64Us: '`run`, 64 in flight, µs a call',
  syncUs: '`runSync`, µs a call',
  bytesCopiedPerCall: 'bytes copied a call',
  rssGrowthMB: 'growth of the resident set over a million calls, MB',
};
const tables = [
  layerTable(
    Object.entries(names).map(([figure, what]) => ({
      what,
      value: result[figure],
      quartiles: bounds[figure],
      limit: layerTargets[figure],
      holds: holds[figure] ?? null,
    })),
  ),
];
if (values.json)
  console.log(JSON.stringify({ ...result, quartiles: bounds, targets: layerTargets, holds, environment }));
else await printTables(tables, environment);
if (values.report !== undefined) await writeMarkdown(values.report, tables, environment);

/** Another million before lets compiled code and pools reach their size. */
async function overAMillion(program) {
  await program.ask(`flight 64 ${million}`);
  const before = await program.ask('memory');
  await program.ask(`flight 64 ${million}`);
  const after = await program.ask('memory');
  const copied = after.bytesCopied === null ? null : after.bytesCopied - before.bytesCopied;
  return {
    growthMB: after.rssMB - before.rssMB,
    bytesCopiedPerCall: copied === null ? null : copied / (after.runs - before.runs),
  };
}
