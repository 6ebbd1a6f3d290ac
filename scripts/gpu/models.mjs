// Models with inputs, and the outputs that onnxruntime computes from them: what a visit to a GPU compares with.
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';

/**
 * Copies a model into `folder`, with values for its inputs and outputs, and an entry for the list of models.
 * @param {string} path
 * @param {Record<string, number[]>} dims of its inputs; those of float32 alone are supported
 */
export async function addModel(folder, path, dims) {
  const { InferenceSession, Tensor } = await import('onnxruntime-node');
  mkdirSync(folder, { recursive: true });
  const file = basename(path);
  copyFileSync(path, join(folder, file));
  const session = await InferenceSession.create(path, { executionProviders: ['cpu'], logSeverityLevel: 3 });
  const write = (kind, name, values) => {
    const values_file = `${file}.${kind}.${name.replaceAll(/\W/g, '_')}.f32`;
    writeFileSync(join(folder, values_file), new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
    return values_file;
  };
  const feeds = {};
  const inputs = {};
  for (const name of session.inputNames) {
    const values = Float32Array.from({ length: dims[name].reduce((a, b) => a * b, 1) }, noise());
    feeds[name] = new Tensor('float32', values, dims[name]);
    inputs[name] = { dims: dims[name], file: write('in', name, values) };
  }
  const outputs = {};
  for (const [name, output] of Object.entries(await session.run(feeds))) {
    outputs[name] = { dims: output.dims, file: write('out', name, output.data) };
  }
  await session.release();
  const list = join(folder, 'models.json');
  const models = readModels(folder).filter((model) => model.file !== file);
  writeFileSync(list, JSON.stringify([...models, { file, inputs, outputs }], null, 1));
}

/** The list of models in a folder. */
export function readModels(folder) {
  try {
    return JSON.parse(readFileSync(join(folder, 'models.json'), 'utf8'));
  } catch (error) {
    if (error.code === 'ENOENT') return [];
    throw error;
  }
}

export function readValues(folder, { file }) {
  const bytes = readFileSync(join(folder, file));
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}

export function shapesOf(inputs) {
  return Object.fromEntries(Object.entries(inputs).map(([name, { dims }]) => [name, dims]));
}

/** The largest difference, as a part of the largest value. */
export function difference(got, expected) {
  if (got.length !== expected.length) return Infinity;
  const scale = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-6);
  return expected.reduce((most, value, i) => Math.max(most, Math.abs(value - Number(got[i]))), 0) / scale;
}

/** Numbers between -1 and 1, the same each time. */
function noise() {
  let state = 12345;
  return () => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return state / 2 ** 31 - 1;
  };
}
