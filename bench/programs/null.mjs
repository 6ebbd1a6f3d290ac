// The null backend: what a run costs when the model costs nothing. The commands of turns.mjs, and
//
//   memory          bytes of the resident set after a collection, and bytes copied so far, or null
//
// usage: node --expose-gc null.mjs
import { Session, Tensor } from 'accelnode';

import { serve } from './serve.mjs';
import { turns } from './turns.mjs';

await serve(async () => {
  const shape = [1, 64];
  const spec = { model: 'echo', inputs: [{ name: 'x', type: 'float32', shape }] };
  const session = await Session.load({ null: spec }, { device: 'null' });
  const [{ name: output }] = session.outputs;
  const tensors = () => [
    { x: Tensor.zeros('float32', shape) },
    { outputs: { [output]: Tensor.zeros('float32', shape) } },
  ];
  return {
    ...turns(session, tensors),
    async memory() {
      gc();
      const { runs, bytesCopied = null } = session.stats();
      return { rssMB: process.memoryUsage.rss() / 2 ** 20, runs, bytesCopied };
    },
  };
});
