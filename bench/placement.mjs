// How far `accelnode plan` gets in a minute with many models: `npm run bench:placement [-- --seeds 3 --json]`. Random models that
// share a seed are the same each time.
import { parseArgs } from 'node:util';

import { prepare, progress } from './prepare.mjs';
import { environmentOf, printTables } from './report.mjs';

const MINUTE = 60_000;
const GPU = { name: 'gpu', memoryMB: 16_384 };

/** What a model takes, in percent of a device, of each of three resources. */
const SORTS = {
  'small and large, 5 to 60 %': [5, 60],
  'two or three to a device, 20 to 45 %': [20, 45],
};

/** What there must be within a minute: how many devices more than the bound. */
const REQUIREMENTS = [
  { models: 50, text: 'proved, or one device more', holds: ({ count, bound }) => count <= bound + 1 },
  { models: 500, text: 'within 5 %', holds: ({ count, bound }) => count <= bound * 1.05 },
];

const { values } = parseArgs({
  options: { seeds: { type: 'string', default: '1' }, json: { type: 'boolean' } },
});

prepare({ openvino: false });
// What is there only now.
const { placeModels } = await import('../dist/index.mjs');
const { default: fc } = await import('fast-check');

const rows = [];
for (const { models, text, holds } of REQUIREMENTS) {
  for (const [sort, range] of Object.entries(SORTS)) {
    for (let seed = 1; seed <= Number(values.seeds); seed++) {
      progress(`${models} models, ${sort}, seed ${seed}`);
      const { count, bound, proved, elapsed } = await placeModels({
        models: randomModels(models, range, seed),
        devices: [GPU],
        maxUtilizationPercent: 100,
        maxMemoryPercent: 100,
        timeLimit: MINUTE,
      });
      const seconds = elapsed / 1000;
      rows.push({
        models,
        sort,
        seed,
        count,
        bound,
        proved,
        seconds,
        requirement: text,
        holds: holds({ count, bound }),
      });
    }
  }
}

const environment = environmentOf();
if (values.json) console.log(JSON.stringify({ rows, environment }));
else await printTables([table(rows)], environment);
process.exitCode = rows.every(({ holds }) => holds) ? 0 : 1;

function randomModels(count, [min, max], seed) {
  const percent = fc.noBias(fc.integer({ min, max }));
  const shares = fc.sample(fc.tuple(percent, percent, percent), { seed, numRuns: count });
  return shares.map(([memory, memoryPercent, utilizationPercent], i) => ({
    name: `model-${i + 1}`,
    configurations: [{ memoryMB: Math.round((GPU.memoryMB * memory) / 100), memoryPercent, utilizationPercent }],
  }));
}

function table(found) {
  return {
    title: 'Placing many models on few devices, in a minute at most',
    head: ['models', 'each takes', 'seed', 'devices', 'no fewer than', 'proved', 'seconds', 'must be', 'holds'],
    rows: found.map((row) => [
      row.models,
      row.sort,
      row.seed,
      row.count,
      row.bound,
      row.proved ? 'yes' : 'no',
      row.seconds.toFixed(1),
      row.requirement,
      row.holds ? 'yes' : 'NO',
    ]),
  };
}
