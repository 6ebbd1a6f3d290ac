// Several environments of one process: each worker loads, runs and ends as it likes, and so does the main thread.
import { once } from 'node:events';
import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads';

import { Session, Tensor } from 'accelnode';

const model = { null: { model: 'echo', inputs: [{ name: 'x', type: 'int32', shape: [1] }] } };
const session = await Session.load(model, { device: 'null:0', lanes: 2 });

async function echo(value) {
  const runs = Array.from({ length: 20 }, () => session.run({ x: new Tensor('int32', Int32Array.of(value)) }));
  return (await Promise.all(runs)).reduce((sum, { x }) => sum + x.data[0], 0);
}

if (isMainThread) {
  const ends = ['closes', 'leaves its session open', 'exits', 'is terminated'];
  const workers = ends.map((end) => new Worker(new URL(import.meta.url), { workerData: end }));
  const sums = await Promise.all([echo(1), ...workers.map(async (worker) => (await once(worker, 'message'))[0])]);
  const exits = workers.map(async (worker) => (await once(worker, 'exit'))[0]);
  for (const worker of workers) worker.postMessage('end');
  await workers[3].terminate();
  console.log(JSON.stringify({ sums, exits: await Promise.all(exits) }));
  await session.close();
} else {
  parentPort.postMessage(await echo(2));
  await once(parentPort, 'message');
  if (workerData === 'closes') await session.close();
  if (workerData === 'exits') process.exit(3);
  if (workerData === 'is terminated') await once(parentPort, 'message');
}
