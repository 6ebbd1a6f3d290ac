// Many images through one model, on worker threads that share memory.
//
//   node main.mjs model.onnx [workers] [images]
//
// The model has one input of fixed shape and one output, both float32. The images are noise; put yours in their place.
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

import { inspectOnnx } from 'accelnode';

const [model, workers = '2', images = '16'] = process.argv.slice(2);
const count = Number(images);
const { inputs, outputs } = inspectOnnx(model);
const inputSize = elements(inputs[0]);
const outputSize = elements(outputs[0]);

// Every worker sees these bytes; nothing is copied from one thread to the other.
const pixels = new Uint8Array(new SharedArrayBuffer(count * inputSize));
const results = new Float32Array(new SharedArrayBuffer(4 * count * outputSize));
const next = new Int32Array(new SharedArrayBuffer(4));
for (let i = 0; i < pixels.length; i++) pixels[i] = Math.imul(i, 2654435761) >>> 24;

const begin = performance.now();
const task = { model, workers: Number(workers), count, pixels, results, next };
const done = await Promise.all(Array.from({ length: Number(workers) }, () => runWorker(task)));
const seconds = (performance.now() - begin) / 1000;

for (const [i, images] of done.entries()) console.log(`worker ${i}: ${images} images`);
console.log(`${count} images in ${seconds.toFixed(2)} s, loading included`);
for (let i = 0; i < count; i++) {
  const scores = results.subarray(i * outputSize, (i + 1) * outputSize);
  const highest = scores.reduce((a, b) => Math.max(a, b));
  console.log(`image ${i}: class ${scores.indexOf(highest)}, score ${highest.toFixed(4)}`);
}

/** @returns {Promise<number>} how many images it has done */
async function runWorker(workerData) {
  const worker = new Worker(new URL('worker.mjs', import.meta.url), { workerData });
  const [images] = await once(worker, 'message'); // rejects when the worker fails
  return images;
}

function elements({ name, shape }) {
  if (!shape.every((dim) => typeof dim === 'number'))
    throw new Error(`${name} has no fixed shape: [${shape.join(', ')}]`);
  return shape.reduce((a, b) => a * b, 1);
}
