// What a GPU and a driver must prove beside results and speed: profiles, outputs whose shapes depend on data, what a
// build tells and takes (progress, an abort, calibration data, caches), what a session tells of its layers, and memory
// that is exhausted. Each gives what was seen, and throws when that is not as it should be.
import assert from 'node:assert/strict';
import { mkdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { Session, Tensor } from 'accelnode';
import { difference, readValues, shapesOf } from './models.mjs';
import { doubled, places } from './small-models.mjs';

/** Eight bits, whose ranges come from one batch, are this near to onnxruntime's outputs at least. */
const INT8_TOLERANCE = 0.1;

/** Rows of an input of 12 MiB: more than is left when nothing smaller can be had. */
const MANY = 2 ** 20;

const anyRows = { x: { min: [1, 3], opt: [2, 3], max: [MANY, 3] } };

/** Takes all memory of the device, and gives it back. */
export async function exhaust({ device }) {
  const all = takeAll(device);
  const { bytes, refusal } = all;
  all.giveBack();
  Tensor.allocate('uint8', [bytes / 2], { memory: 'device', device }).dispose();
  return { bytes, refusal: told(refusal) };
}

/**
 * What needs the builder: steps by their names, each with `{ device, folder, models, model }`: a place for files, the
 * folder of the trained models, and one of them.
 */
export const services = {
  'the bounds of two profiles': ({ device }) => {
    const shapes = { x: { min: [1, 3], opt: [2, 3], max: [8, 3] } };
    const profiles = [{ x: { min: [20, 3], opt: [20, 3], max: [30, 3] } }];
    return withSession(doubled, { device, shapes, cuda: { profiles } }, async (session) => {
      const rows = [1, 2, 8, 20, 30, 1, 25];
      for (const count of rows) await double(session, count);
      const outside = [];
      for (const count of [9, 31]) outside.push(await refused('INVALID_ARGUMENT', () => double(session, count)));
      return { rows, outside };
    });
  },

  'outputs whose shapes depend on data': ({ device }) =>
    withSession(places, { device }, async (session) => {
      const found = [];
      for (const values of [
        [0, 5, 0, 7, 8, 0],
        [0, 0, 0, 0, 0, 0],
        [1, 1, 1, 1, 1, 1],
        [0, 0, 3, 0, 0, 0],
      ]) {
        const { y } = await session.run({ x: new Tensor('float32', values, [6]) });
        const expected = values.flatMap((value, i) => (value === 0 ? [] : [i]));
        assert.deepEqual([...y.dims, ...[...y.data].map(Number)], [1, expected.length, ...expected]);
        found.push(expected.length);
      }
      return { found };
    }),

  'a build tells how far it has come': async ({ device, models, model }) => {
    const phases = {};
    let calls = 0;
    const onProgress = (phase, done, total) => {
      calls++;
      phases[phase] = `${done} of ${total}`;
    };
    await withSession(join(models, model.file), { device, shapes: shapesOf(model.inputs), onProgress }, () => {});
    assert.notEqual(calls, 0, 'onProgress was never called');
    return { calls, phases };
  },

  'a build is given up when its signal is aborted': async ({ device, models, model }) => {
    const abort = new AbortController();
    let told = 0;
    const onProgress = () => {
      told ||= performance.now();
      abort.abort();
    };
    const options = { device, shapes: shapesOf(model.inputs), onProgress, signal: abort.signal };
    const error = await refused('CANCELLED', () => Session.load(join(models, model.file), options));
    const milliseconds = performance.now() - told;
    await withSession(doubled, { device, shapes: anyRows }, (session) => double(session, 2));
    return { milliseconds, error };
  },

  'times of layers, and what they became': async ({ device, models, model }) => {
    const shapes = shapesOf(model.inputs);
    // The times are those of one lane, whichever is free.
    const options = { device, shapes, lanes: 1, profiling: true, cuda: { engineInspector: true } };
    return withSession(join(models, model.file), options, async (session) => {
      await session.run(readInputs(models, model));
      const profile = await session.profile();
      assert(
        profile.some(({ time }) => time > 0),
        `no layer took any time: ${JSON.stringify(profile)}`,
      );
      const layers = JSON.parse(session.details.layers).Layers;
      assert(layers.length > 0, 'the inspector shows no layer');
      return { profile, inspected: layers.length, first: layers[0] };
    });
  },

  'measured times of kernels are kept': async ({ device, folder, models, model }) => {
    const timingCache = join(folder, 'timing');
    const builds = [];
    for (let i = 0; i < 2; i++) {
      const begin = performance.now();
      const options = { device, shapes: shapesOf(model.inputs), cuda: { timingCache } };
      await withSession(join(models, model.file), options, () => {});
      builds.push({ milliseconds: performance.now() - begin, size: statSync(timingCache).size });
    }
    assert.notEqual(builds[0].size, 0, 'the file is empty');
    return { builds };
  },

  'the plan cache': async ({ device, folder, models, model }) => {
    const cache = join(folder, 'plans');
    const loads = [];
    for (let i = 0; i < 2; i++) {
      const begin = performance.now();
      const options = { device, shapes: shapesOf(model.inputs), cache };
      await withSession(join(models, model.file), options, async (session) => {
        const milliseconds = performance.now() - begin;
        loads.push({ milliseconds, differences: await run(session, models, model), ...session.details.cache });
      });
    }
    assert.deepEqual(
      loads.map(({ hit, stored }) => ({ hit, stored })),
      [
        { hit: false, stored: true },
        { hit: true, stored: false },
      ],
    );
    return { loads };
  },

  'int8, calibrated': async ({ device, folder, models, model }) => {
    const file = join(folder, 'ranges');
    let batches = 0;
    const read = function* () {
      batches++;
      yield readInputs(models, model);
    };
    const cuda = { calibration: { batches: read(), cache: file } };
    const options = { device, precision: 'int8', shapes: shapesOf(model.inputs), cuda };
    return withSession(join(models, model.file), options, async (session) => {
      assert.equal(batches, 1, 'no batch was read');
      const differences = await run(session, models, model, INT8_TOLERANCE);
      return { differences, ranges: statSync(file).size };
    });
  },

  'a build without memory is refused': async ({ device }) => {
    const build = () => withSession(doubled, { device, shapes: anyRows }, (session) => double(session, 2));
    await build();
    const all = takeAll(device);
    let error;
    try {
      error = await refused('OUT_OF_MEMORY', build);
    } finally {
      all.giveBack();
    }
    await build();
    return { error };
  },

  'a run without memory is refused': ({ device }) =>
    withSession(doubled, { device, shapes: anyRows, lanes: 1 }, async (session) => {
      const all = takeAll(device);
      let error;
      try {
        error = await refused('OUT_OF_MEMORY', () => double(session, MANY));
      } finally {
        all.giveBack();
      }
      await double(session, MANY);
      return { error };
    }),
};

/** Runs one of {@link services} in a folder that is there only for it. */
export async function serve(service, { folder, ...rest }) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  try {
    return await service({ folder, ...rest });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function withSession(source, options, use) {
  const session = await Session.load(source, options);
  try {
    return await use(session);
  } finally {
    await session.close();
  }
}

async function double(session, rows) {
  const values = Float32Array.from({ length: rows * 3 }, (_, i) => i % 1000);
  const { y } = await session.run({ x: new Tensor('float32', values, [rows, 3]) });
  assert.deepEqual(y.dims, [rows, 3]);
  const wrong = values.findIndex((value, i) => y.data[i] !== 2 * value);
  assert.equal(wrong, -1, `of ${rows} rows, the value ${wrong} is wrong`);
}

/** The inputs of a model, in the host's memory. */
function readInputs(folder, { inputs }) {
  const tensors = Object.entries(inputs).map(([name, input]) => {
    return [name, new Tensor('float32', readValues(folder, input), input.dims)];
  });
  return Object.fromEntries(tensors);
}

/** How far the outputs of one run are from onnxruntime's. */
async function run(session, models, model, tolerance = 1e-3) {
  const outputs = await session.run(readInputs(models, model));
  const differences = {};
  for (const [name, output] of Object.entries(model.outputs)) {
    differences[name] = difference(outputs[name].data, readValues(models, output));
    assert(differences[name] <= tolerance, `"${name}" differs from onnxruntime's by ${differences[name]}`);
  }
  return differences;
}

/** The words in which `work` was refused. */
async function refused(code, work) {
  try {
    await work();
  } catch (error) {
    if (error.code === code) return told(error);
    throw error;
  }
  throw new Error(`it was not refused with ${code}`);
}

function told({ code, message, call, status, hint }) {
  return { code, message, call, status, hint };
}

/** Takes memory in ever smaller blocks, until there is none. */
function takeAll(device) {
  const tensors = [];
  const giveBack = () => {
    for (const tensor of tensors.splice(0)) tensor.dispose();
  };
  let bytes = 0;
  let refusal;
  for (let size = 2 ** 30; size >= 2 ** 12;) {
    try {
      tensors.push(Tensor.allocate('uint8', [size], { memory: 'device', device }));
      bytes += size;
    } catch (error) {
      if (error.code !== 'OUT_OF_MEMORY') {
        giveBack();
        throw error;
      }
      refusal = error;
      size /= 2;
    }
  }
  return { bytes, refusal, giveBack };
}
