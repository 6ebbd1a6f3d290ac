// Loads damaged models one after the other, and runs those that load; writes each number before it begins, so that
// whoever looks knows which one has ended the process.
import { readFileSync, writeSync } from 'node:fs';

import { AccelError, Session, Tensor } from 'accelnode';
import { mutate } from './tflite-mutations.mjs';

const { models, from, to } = JSON.parse(process.argv[2]);
const sources = models.map((path) => new Uint8Array(readFileSync(path)));

/** Inputs that damage has made larger than this are right, but take long. */
const MOST_ELEMENTS = 2 ** 20;

const shapeFor = ({ shape }) => shape.map((dim) => (dim < 0 ? 1 : dim));
const isLarge = (input) => shapeFor(input).reduce((product, dim) => product * dim, 1) > MOST_ELEMENTS;

async function use(bytes) {
  const session = await Session.load({ tflite: bytes }, { device: 'armnn:tflite', lanes: 1 });
  try {
    if (session.inputs.some(isLarge)) return 'LOADED';
    const zeros = (input) => Tensor.zeros(input.type, shapeFor(input));
    await session.run(Object.fromEntries(session.inputs.map((input) => [input.name, zeros(input)])));
    return 'RAN';
  } finally {
    await session.close();
  }
}

for (let seed = from; seed < to; seed++) {
  const { bytes, what } = mutate(sources[seed % sources.length], seed);
  writeSync(1, `${seed} (${what}) `);
  const outcome = await use(bytes).catch((error) =>
    error instanceof AccelError ? error.code : `not an AccelError: ${String(error)}`,
  );
  writeSync(1, `${outcome}\n`);
}
