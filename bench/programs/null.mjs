// The null backend: what a run costs when the model costs nothing. Tensors are bound once and used again.
//
//   sequential N    N runs, each awaited
//   flight C N      N runs, C of them in flight
//   sync N          N times runSync
//   memory          bytes of the resident set after a collection, and bytes copied so far, or null
//
// usage: node --expose-gc null.mjs
import { Session, Tensor } from 'accelnode';

import { serve } from './serve.mjs';

await serve(async () => {
  const shape = [1, 64];
  const spec = { model: 'echo', inputs: [{ name: 'x', type: 'float32', shape }] };
  const session = await Session.load({ null: spec }, { device: 'null' });
  const [{ name: output }] = session.outputs;
  const tensors = () => [
    { x: Tensor.zeros('float32', shape) },
    { outputs: { [output]: Tensor.zeros('float32', shape) } },
  ];
  const timed = async (count, work) => {
    const begin = performance.now();
    await work();
    return { microseconds: ((performance.now() - begin) * 1000) / count };
  };
  return {
    sequential: (count) =>
      timed(count, async () => {
        const [inputs, options] = tensors();
        for (let i = 0; i < count; i++) await session.run(inputs, options);
      }),
    flight: (callers, count) =>
      timed(count, async () => {
        let left = count;
        const caller = async () => {
          const [inputs, options] = tensors();
          while (left-- > 0) await session.run(inputs, options);
        };
        await Promise.all(Array.from({ length: callers }, caller));
      }),
    sync: (count) =>
      timed(count, async () => {
        const [inputs, options] = tensors();
        for (let i = 0; i < count; i++) session.runSync(inputs, options);
      }),
    async memory() {
      gc();
      const { runs, bytesCopied = null } = session.stats();
      return { rssMB: process.memoryUsage.rss() / 2 ** 20, runs, bytesCopied };
    },
    close: () => session.close(),
  };
});
