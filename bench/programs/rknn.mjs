// RKNN's backend on the double of librknnrt. The commands of turns.mjs.
//
// usage: node rknn.mjs WORK THREADS MEMORY      WORK: microseconds of a run on a core; MEMORY: host, pinned
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Session } from 'accelnode';

import { rknnModel } from '../../test/fakes/rknn/models.mjs';
import { writeBoard } from '../../test/fakes/rknn/board.mjs';
import { serve } from './serve.mjs';
import { turns } from './turns.mjs';

const [work, threads, memory] = process.argv.slice(2);
const root = mkdtempSync(join(tmpdir(), 'accelnode-rknn-'));
process.on('exit', () => rmSync(root, { recursive: true, force: true }));
writeBoard(root);
process.env.ACCELNODE_RKNN_ROOT = root;

const model = rknnModel({
  work: Number(work),
  inputs: [{ name: 'x', dims: [64] }],
  outputs: [{ name: 'y', dims: [64], factor: 2 }],
});

await serve(async () => {
  const session = await Session.load({ rknn: model }, { device: 'rknn:0', rknn: { threads: Number(threads) } });
  const allocate = (infos) =>
    Object.fromEntries(infos.map(({ name, shape }) => [name, session.allocate(name, shape, { memory })]));
  return turns(session, () => [allocate(session.inputs), { outputs: allocate(session.outputs) }]);
});
