// Does the event loop run on during an inference? The gaps of a 1 ms timer while a model runs: here, with
// onnxruntime-node, and with the C program in a process of its own, which shows what the machine's scheduler alone does
// to a timer when all cores are busy. usage: node event-loop.mjs MODEL C_PROGRAM
import { Session, Tensor } from 'accelnode';
import ort from 'onnxruntime-node';

import { Program } from '../program.mjs';
import { quantile } from '../statistics.mjs';

const [model, cProgram] = process.argv.slice(2);
const INFERENCES = 30;

/** `work` runs the model `INFERENCES` times. */
async function measure(library, work) {
  const gaps = [];
  let last = performance.now();
  const begin = last;
  const timer = setInterval(() => {
    const now = performance.now();
    gaps.push(now - last);
    last = now;
  }, 1);
  await work();
  clearInterval(timer);
  const end = performance.now();
  gaps.push(end - last);
  gaps.sort((a, b) => a - b);
  return {
    library,
    inferenceMs: (end - begin) / INFERENCES,
    p99GapMs: quantile(gaps, 0.99),
    longestGapMs: gaps.at(-1),
  };
}

async function repeat(run) {
  for (let i = 0; i < INFERENCES; i++) await run();
}

const session = await Session.load(model, { device: 'openvino:CPU' });
const [{ name, type, shape }] = session.inputs;
const input = Tensor.zeros(type, shape);
const results = [];
await session.run({ [name]: input });
results.push(await measure('accelnode', () => repeat(() => session.run({ [name]: input }))));
await session.close();

const other = await ort.InferenceSession.create(model);
const otherInput = new ort.Tensor(type, input.data, shape);
await other.run({ [name]: otherInput });
results.push(await measure('onnxruntime-node', () => repeat(() => other.run({ [name]: otherInput }))));
await other.release();

const c = await Program.start(cProgram, [model]);
await c.ask('infer 1');
const { medianUs } = await c.ask('infer 1000');
results.push(await measure('C, another process', () => c.ask(`infer ${Math.round((medianUs / 1000) * INFERENCES)}`)));
c.stop();

console.log(JSON.stringify({ gaps: results }));
