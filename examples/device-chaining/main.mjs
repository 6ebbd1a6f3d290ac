// Runs two models in a row on zeros, and says what was copied.
//
//   node main.mjs first.onnx second.onnx [device]
import { Chain } from './chain.mjs';

const [first, second, device = 'auto'] = process.argv.slice(2);

const chain = await Chain.load(first, second, { device });
const inputs = Object.fromEntries(chain.first.inputs.map(({ name }) => [name, chain.first.allocate(name)]));
const outputs = await chain.run(inputs);
for (const [name, { type, dims }] of Object.entries(outputs)) console.log(`${name}: ${type} [${dims.join(', ')}]`);

const memory = chain.target === null ? "the host's memory" : `the memory of ${chain.first.device}`;
console.log(`${chain.first.device}; between the models, tensors lay in ${memory}`);
for (const [which, session] of [
  ['first', chain.first],
  ['second', chain.second],
]) {
  const { bytesCopied, bytesH2d, bytesD2h } = session.stats();
  console.log(`${which}: ${bytesCopied} bytes copied in the host, ${bytesH2d} to the device, ${bytesD2h} back`);
}
await chain.close();
