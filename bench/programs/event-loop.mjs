// Does the event loop run on during an inference? The longest gap of a 1 ms timer while a model runs,
// here and with onnxruntime-node. usage: node event-loop.mjs MODEL
import { Session, Tensor } from 'accelnode';
import ort from 'onnxruntime-node';

const model = process.argv[2];
const INFERENCES = 20;

async function measure(library, run) {
  await run();
  const begin = performance.now();
  let last = begin;
  let longestGapMs = 0;
  const timer = setInterval(() => {
    const now = performance.now();
    longestGapMs = Math.max(longestGapMs, now - last);
    last = now;
  }, 1);
  for (let i = 0; i < INFERENCES; i++) await run();
  clearInterval(timer);
  return { library, inferenceMs: (performance.now() - begin) / INFERENCES, longestGapMs };
}

const session = await Session.load(model, { device: 'openvino:CPU' });
const [{ name, type, shape }] = session.inputs;
const input = Tensor.zeros(type, shape);
const results = [await measure('accelnode', () => session.run({ [name]: input }))];
await session.close();

const other = await ort.InferenceSession.create(model);
const otherInput = new ort.Tensor(type, input.data, shape);
results.push(await measure('onnxruntime-node', () => other.run({ [name]: otherInput })));
console.log(JSON.stringify(results));
