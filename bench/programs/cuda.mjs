// TensorRT's backend on the double of TensorRT and CUDA: what a run costs on the host, the double's own checks
// included, when the device costs nothing. The commands of turns.mjs.
//
// usage: node cuda.mjs MODEL MEMORY GRAPHS      MEMORY: host, pinned, device; GRAPHS: on, off
import { Session } from 'accelnode';

import { serve } from './serve.mjs';
import { turns } from './turns.mjs';

const [model, memory, graphs] = process.argv.slice(2);

await serve(async () => {
  const session = await Session.load(model, { device: 'cuda:0', lanes: 1, cuda: { graphs: graphs === 'on' } });
  const allocate = (infos) =>
    Object.fromEntries(infos.map(({ name, shape }) => [name, session.allocate(name, shape, { memory })]));
  return turns(session, () => [allocate(session.inputs), { outputs: allocate(session.outputs) }]);
});
