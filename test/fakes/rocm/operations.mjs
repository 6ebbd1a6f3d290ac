// What the fault loop makes fail, call by call; ../openvino/operations.mjs says what the parts are. All that
// runs has a session of its own each time, as one that has lost its device is of no more use.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { Session, Tensor, diagnose, runtime } from 'accelnode';

// One lane: what others need they would take at their first run, whenever that is.
const GPU = { device: 'rocm:0', lanes: 1 };
const DEVICE_LOST = 700;
const floats = (...values) => Float32Array.from(values);

const models = {
  /** sum = a + b, copy = a */
  mix: {
    inputs: {
      a: [
        [1, 2, 3, 4],
        [2, 2],
      ],
      b: [
        [5, 6, 7, 8],
        [2, 2],
      ],
    },
    outputs: { sum: [floats(6, 8, 10, 12), [2, 2]], copy: [floats(1, 2, 3, 4), [2, 2]] },
  },
  /** y = x + [1, 2, 3] for any number of rows */
  rows: {
    inputs: {
      x: [
        [0, 0, 0, 10, 20, 30],
        [2, 3],
      ],
    },
    outputs: { y: [floats(1, 2, 3, 11, 22, 33), [2, 3]] },
  },
};

const inputsOf = (model) =>
  Object.fromEntries(
    Object.entries(models[model].inputs).map(([name, [values, dims]]) => [name, new Tensor('float32', values, dims)]),
  );

async function checkOutputs(model, outputs) {
  assert.deepEqual(Object.keys(outputs).sort(), Object.keys(models[model].outputs).sort());
  for (const [name, [values]] of Object.entries(models[model].outputs)) {
    assert.deepEqual(await outputs[name].read(), values);
  }
}

async function checkSession(model, session) {
  await checkOutputs(model, await session.run(inputsOf(model)));
}

/** After the device is lost a session says so, and lets itself be closed; after other failures it goes on. */
async function checkAfter(model, session, { status }) {
  if (status === DEVICE_LOST) {
    await assert.rejects(session.run(inputsOf(model)), { code: 'DEVICE_LOST' });
  } else {
    await checkSession(model, session);
  }
}

export const opened = {};

/** A lost device is there again for the next process, which this one plays. */
export function heal(control) {
  control.set('lost', 0);
}

export async function otherSession({ models: files }) {
  const session = await Session.load(files.mix, GPU);
  return { check: () => checkSession('mix', session) };
}

const open = ({ library }) => ({
  attempt: () => runtime('rocm', { library }),
  verify: ({ backend, version }) => {
    assert.equal(backend, 'rocm');
    assert.match(version, /^2\.1[34]\.0$/);
  },
});

const lookRound = () => ({
  attempt: async () => (await diagnose()).find(({ name }) => name === 'rocm'),
  verify: ({ devices, absent }, failedCall) => {
    if (failedCall === 'hipGetDeviceCount') assert.ok(absent.find(({ id }) => id.startsWith('rocm'))?.reason);
    else assert.ok(devices.concat(absent).some(({ id }) => id === 'rocm:0'));
  },
});

// ---- Loading

const loading =
  (model, source, options = {}) =>
  (context) => ({
    attempt: () => Session.load(source(context), { ...GPU, ...options }),
    verify: (session) => checkSession(model, session),
    tidy: (session) => session.close(),
  });

/** A program that the double's own compiler made, in the process that then loads it. */
const loadingMxr = async (context) => {
  const path = join(dirname(context.models.mix), `${process.pid}.mxr`);
  const session = await Session.load(context.models.mix, GPU);
  await session.export(path);
  await session.close();
  return {
    attempt: () => Session.load(path, GPU),
    verify: async (session) => {
      // Only the order of the outputs is left of their names.
      const [sum, copy] = Object.values(await session.run(inputsOf('mix')));
      assert.deepEqual([...sum.data, ...copy.data], [6, 8, 10, 12, 1, 2, 3, 4]);
    },
    tidy: (session) => session.close(),
  };
};

const fixed = { shapes: { x: [2, 3] } };
const quantized = {
  ...fixed,
  precision: 'int8',
  rocm: { calibration: { batches: [{ x: new Tensor('float32', [1, 2, 3, 4, 5, 6], [2, 3]) }] }, exhaustiveTune: true },
};

// ---- Running

const running =
  (model, run, options = {}) =>
  ({ models: files }) => ({
    begin: async () => {
      const session = await Session.load(files[model], { ...GPU, ...options });
      return { session, tensors: [] };
    },
    attempt: (state) => run(state, model),
    verify: (outputs) => checkOutputs(model, outputs),
    tidy: (_, { session, tensors }) => end(session, tensors),
    recover: async ({ session, tensors }, fault) => {
      await checkAfter(model, session, fault);
      await end(session, tensors);
    },
  });

async function end(session, tensors) {
  await session.close();
  for (const tensor of tensors) tensor.dispose();
}

const fresh = ({ session }, model) => session.run(inputsOf(model));
const sync = ({ session }, model) => Promise.resolve(session.runSync(inputsOf(model)));

/** Two at once, which take turns with the program. */
const twice = async ({ session }, model) => {
  const runs = await Promise.allSettled([session.run(inputsOf(model)), session.run(inputsOf(model))]);
  for (const { reason } of runs) if (reason !== undefined) throw reason;
  await checkOutputs(model, runs[1].value);
  return runs[0].value;
};

/** Inputs and outputs in memory of the device's own. */
const inMemory = (memory) => async (state, model) => {
  const make = (type, dims) => {
    const tensor = Tensor.allocate(type, dims, { memory, device: state.session.device });
    state.tensors.push(tensor);
    return tensor;
  };
  const inputs = {};
  for (const [name, [values, dims]] of Object.entries(models[model].inputs)) {
    inputs[name] = make('float32', dims);
    await inputs[name].write(floats(...values));
  }
  const outputs = Object.fromEntries(
    Object.entries(models[model].outputs).map(([name, [, dims]]) => [name, make('float32', dims)]),
  );
  return state.session.run(inputs, { outputs });
};

/** More shapes than programs are kept. */
const changingShapes = async ({ session }, model) => {
  for (const rows of [1, 4, 5]) await session.run({ x: Tensor.zeros('float32', [rows, 3]) });
  return session.run(inputsOf(model));
};

const closing = ({ models: files }) => ({
  begin: async () => {
    const session = await Session.load(files.mix, { ...GPU, lanes: 2 });
    for (let i = 0; i < 4; i++) await checkSession('mix', session);
    return session;
  },
  attempt: (session) => session.close(),
  verify: () => undefined,
});

const exporting = ({ models: files }) => {
  const path = join(dirname(files.mix), `${process.pid}.exported.mxr`);
  return {
    begin: () => Session.load(files.mix, GPU),
    attempt: (session) => session.export(path),
    verify: () => assert.ok(statSync(path).size > 0),
    tidy: (_, session) => {
      rmSync(path);
      return session.close();
    },
    recover: async (session) => {
      assert.ok(!existsSync(path));
      await session.close();
    },
  };
};

const allocating = () => ({
  attempt: () => Tensor.allocate('float32', [4], { memory: 'device', device: 'rocm:0' }),
  verify: async (tensor) => {
    await tensor.write(floats(1, 2, 3, 4));
    assert.deepEqual(await tensor.read(), floats(1, 2, 3, 4));
  },
  tidy: (tensor) => tensor.dispose(),
});

const file =
  (name) =>
  ({ models: files }) =>
    files[name];
const bytes =
  (name) =>
  ({ models: files }) =>
    readFileSync(files[name]);

export const operations = {
  open,
  'look round': lookRound,
  'load ONNX': loading('mix', file('mix')),
  'load ONNX from memory': loading('rows', bytes('rows'), fixed),
  'load ONNX with open shapes': loading('rows', file('rows')),
  'load ONNX as fp16': loading('rows', file('rows'), { ...fixed, precision: 'fp16' }),
  'load ONNX as int8': loading('rows', file('rows'), quantized),
  'load ONNX with offload copy': loading('mix', file('mix'), { rocm: { offloadCopy: true } }),
  'load a .mxr': loadingMxr,
  run: running('mix', fresh),
  runSync: running('mix', sync),
  'run on two lanes': running('mix', twice, { lanes: 2 }),
  'run with shapes that change': running('rows', changingShapes, { rocm: { maxPrograms: 2 } }),
  'run in pinned memory': running('mix', inMemory('pinned')),
  'run in device memory': running('mix', inMemory('device')),
  'run with offload copy': running('mix', fresh, { rocm: { offloadCopy: true } }),
  export: exporting,
  'allocate device memory': allocating,
  close: closing,
};
