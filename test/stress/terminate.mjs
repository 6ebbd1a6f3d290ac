// Starts workers that load, run and measure without end, and terminates each after another number of runs.
import { Worker, isMainThread, parentPort } from 'node:worker_threads';

import { Session, Tensor, measure } from 'accelnode';

const WORKERS = 30;

/** Resolves when the worker has said `count` times that a run has ended. */
function runsOf(worker, count) {
  return new Promise((resolve, reject) => {
    worker.on('message', () => --count === 0 && resolve());
    worker.on('error', reject);
  });
}

async function work() {
  // A dynamic model: its outputs are made for each run.
  const model = { null: { model: 'echo', inputs: [{ name: 'x', type: 'float32', shape: [-1] }] } };
  const session = await Session.load(model, { device: 'null', lanes: 2 });
  const x = new Tensor('float32', new Float32Array(64));
  const run = async () => {
    for (;;) {
      await session.run({ x });
      parentPort.postMessage('ran');
    }
  };
  const load = async () => {
    for (;;) await (await Session.load(model, { device: 'null' })).close();
  };
  const endless = { api: 'native', concurrency: 4, warmup: 0, duration: 1e9, maxRuns: 1e9 };
  await Promise.all([...Array.from({ length: 32 }, run), load(), measure(session, { x }, endless)]);
}

if (isMainThread) {
  for (let i = 0; i < WORKERS; i++) {
    const worker = new Worker(new URL(import.meta.url));
    await runsOf(worker, 1 + 25 * i);
    await worker.terminate();
  }
  console.log(`survived ${WORKERS} workers`);
} else {
  await work();
}
