// onnxruntime-node's side of the comparison: run MS, one call at a time, with tensors that are made once.
//
// usage: node onnxruntime.mjs MODEL THREADS [DIM...]   the model's open dimensions become these
import { fill, fixedShape, serve, timeEach } from './serve.mjs';

const [model, threads, ...rest] = process.argv.slice(2);
const arrays = { float32: Float32Array, int64: BigInt64Array };

await serve(async () => {
  // Loaded here, so that its absence becomes an answer.
  const { default: ort } = await import('onnxruntime-node');
  const session = await ort.InferenceSession.create(model, {
    executionProviders: ['cpu'],
    intraOpNumThreads: Number(threads),
    graphOptimizationLevel: 'all',
  });
  const tensors = (metadata) =>
    metadata.map(({ name, type, shape }) => {
      const dims = fixedShape(shape, rest.map(Number));
      const length = dims.reduce((product, dim) => product * dim, 1);
      return [name, new ort.Tensor(type, new arrays[type](length), dims)];
    });
  const inputs = Object.fromEntries(tensors(session.inputMetadata));
  for (const { data } of Object.values(inputs)) fill(data);
  const outputs = Object.fromEntries(tensors(session.outputMetadata));
  return {
    run: (milliseconds) => timeEach(milliseconds, () => session.run(inputs, outputs)),
    close: () => session.release(),
  };
});
