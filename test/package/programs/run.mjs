// A user's program in ES modules: load, run, close; what it prints is what the tests compare.
import { createRequire } from 'node:module';

import { AccelError, Session, Tensor } from 'accelnode';

const model = { null: { model: 'echo', inputs: [{ name: 'x', type: 'float32', shape: [-1] }] } };
const session = await Session.load(model, { device: 'null:0' });
const { x } = await session.run({ x: new Tensor('float32', Float32Array.of(1, 2, 3), [3]) });
const pinned = session.allocate('x', [2]).memory;
const { bytesCopied } = session.stats();
await session.close();
const refused = await Session.load('there is no such file.onnx').catch((error) => error);
const required = createRequire(import.meta.url)('accelnode');
console.log(
  JSON.stringify({
    values: [...x.data],
    device: session.device,
    memory: pinned,
    bytesCopied,
    refused: refused instanceof AccelError ? refused.code : String(refused),
    // One copy of the library, whichever way it is loaded.
    sameClasses: required.Session === Session && required.AccelError === AccelError,
  }),
);
