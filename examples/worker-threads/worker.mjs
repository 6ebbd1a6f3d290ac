// One of the workers: it takes images until there are none, and has a session of its own, as sessions belong to the
// thread that loaded them.
import { availableParallelism } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';

import { Session, Tensor } from 'accelnode';

const { model, workers, count, pixels, results, next } = workerData;

const session = await Session.load(model, {
  lanes: 1,
  // Of a CPU, its share: left to itself, each session would take all cores.
  openvino: { threads: Math.max(1, Math.floor(availableParallelism() / workers)) },
});
const [{ name: inputName }] = session.inputs;
const [{ name: outputName, shape: outputShape }] = session.outputs;
const input = session.allocate(inputName);
const outputSize = results.length / count;

let done = 0;
for (let i = Atomics.add(next, 0, 1); i < count; i = Atomics.add(next, 0, 1)) {
  for (let j = 0; j < input.size; j++) input.data[j] = pixels[i * input.size + j] / 255;
  // The output is written straight into the memory that all threads share.
  const row = results.subarray(i * outputSize, (i + 1) * outputSize);
  const output = new Tensor('float32', row, outputShape);
  // A worker has nothing else to do meanwhile, so it may block: that spares it the way through the event loop.
  session.runSync({ [inputName]: input }, { outputs: { [outputName]: output } });
  done++;
}
await session.close();
parentPort.postMessage(done);
