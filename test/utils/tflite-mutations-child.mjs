// Loads damaged models one after the other, and runs those that load; writes each number before it begins, so that
// whoever looks knows which one has ended the process.
import { writeSync } from 'node:fs';
import { readFileSync } from 'node:fs';

import { AccelError, Session, Tensor } from '../../dist/index.mjs';
import { mutate } from './tflite-mutations.mjs';

const { models, from, to } = JSON.parse(process.argv[2]);
const sources = models.map((path) => new Uint8Array(readFileSync(path)));

/** Shapes that the damage has made open or larger stay small. */
const inputFor = ({ type, shape }) => Tensor.zeros(type, shape.map((dim) => (dim < 0 ? 1 : dim)));

async function use(bytes) {
  const session = await Session.load({ tflite: bytes }, { device: 'armnn:tflite', lanes: 1 });
  try {
    await session.run(Object.fromEntries(session.inputs.map((input) => [input.name, inputFor(input)])));
    return 'RAN';
  } finally {
    await session.close();
  }
}

for (let seed = from; seed < to; seed++) {
  const { bytes, what } = mutate(sources[seed % sources.length], seed);
  writeSync(1, `${seed} (${what}) `);
  let outcome;
  try {
    outcome = await use(bytes);
  } catch (error) {
    if (error instanceof AccelError) outcome = error.code;
    else outcome = `NOT AN AccelError: ${error.stack}`;
  }
  writeSync(1, `${outcome}\n`);
}
