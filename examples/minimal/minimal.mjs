// A model, once: load, run, close.
//
//   node minimal.mjs model.onnx [device]
//
// Inputs are zeros, so that any model will do whose shapes are fixed.
import { Session } from 'accelnode';

const [model, device = 'auto'] = process.argv.slice(2);

const session = await Session.load(model, { device });
console.log(`${session.device}, computing in ${session.precision ?? 'the precision of the model'}`);

const inputs = Object.fromEntries(session.inputs.map(({ name }) => [name, session.allocate(name)]));
const outputs = await session.run(inputs);
for (const [name, { type, dims }] of Object.entries(outputs)) console.log(`${name}: ${type} [${dims.join(', ')}]`);

await session.close();
