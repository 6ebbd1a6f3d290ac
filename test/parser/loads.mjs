// Loads models on cuda:0 one after the other, runs those that load, and prints what came of each as JSON: in a process
// of its own, which a parser that crashes takes along.
import { readFileSync } from 'node:fs';

import { AccelError, Session, Tensor, runtime } from 'accelnode';

const outcomes = [];
for (const { path, fromBytes, shapes } of JSON.parse(process.argv[2])) {
  try {
    const source = fromBytes ? readFileSync(path) : path;
    const session = await Session.load(source, { device: 'cuda:0', shapes });
    const info = ({ name, type, shape }) => `${name}: ${type} [${shape.join()}]`;
    const values = {};
    for (const { name, type, shape } of session.inputs) {
      const dims = shape.map((dim) => (dim < 0 ? 2 : dim));
      const numbers = Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, i) => i);
      values[name] = new Tensor(type, type === 'int64' ? numbers.map(BigInt) : numbers, dims);
    }
    const outputs = Object.entries(await session.run(values));
    outcomes.push({
      inputs: session.inputs.map(info),
      outputs: session.outputs.map(info),
      results: Object.fromEntries(outputs.map(([name, { data }]) => [name, Array.from(data, Number)])),
    });
    await session.close();
  } catch (error) {
    if (!(error instanceof AccelError)) throw error;
    const { code, message, call, hint } = error;
    outcomes.push({ code, message, call, hint });
  }
}
const { details } = await runtime('cuda');
console.log(JSON.stringify({ outcomes, details }));
