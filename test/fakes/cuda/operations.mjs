// What the fault loop makes fail, call by call; ../openvino/operations.mjs says what the parts are. All that
// runs has a session of its own each time, as one that has lost its device is of no more use.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { Session, Tensor, diagnose, runtime } from 'accelnode';

// One lane: what others need they would take at their first run, whenever that is.
const GPU = { device: 'cuda:0', lanes: 1 };
const DEVICE_LOST = 700;
const floats = (...values) => Float32Array.from(values);
const dynamic = { shapes: { x: { min: [1, 3], opt: [2, 3], max: [8, 3] } } };

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
    options: {},
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
    options: dynamic,
  },
  /** places = where x is not 0 */
  places: {
    inputs: { x: [[0, 5, 0, 7, 8, 0], [6]] },
    outputs: { places: [BigInt64Array.of(1n, 3n, 4n), [1, 3]] },
    options: {},
  },
  /** y = x stretched to the shape that the input `shape` has as its values, size = the shape of y */
  stretch: {
    inputs: {
      x: [
        [1, 2, 3],
        [1, 3],
      ],
      shape: [[2n, 3n], [2]],
    },
    outputs: { y: [floats(1, 2, 3, 1, 2, 3), [2, 3]], size: [BigInt64Array.of(2n, 3n), [2]] },
    options: { shapes: { x: [1, 3] }, cuda: { shapeValues: { shape: { min: [1, 3], max: [4, 3] } } } },
  },
};

const inputsOf = (model) =>
  Object.fromEntries(
    Object.entries(models[model].inputs).map(([name, [values, dims]]) => [
      name,
      new Tensor(typeof values[0] === 'bigint' ? 'int64' : 'float32', values, dims),
    ]),
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
  attempt: () => runtime('cuda', { library }),
  verify: ({ backend, version }) => {
    assert.equal(backend, 'cuda');
    assert.match(version, /^1[01]\.\d+\.\d+$/);
  },
});

const lookRound = () => ({
  attempt: async () => (await diagnose()).find(({ name }) => name === 'cuda'),
  verify: ({ devices, absent }, failedCall) => {
    if (failedCall === 'cudaGetDeviceCount') assert.ok(absent.find(({ id }) => id.startsWith('cuda'))?.reason);
    else assert.ok(devices.concat(absent).some(({ id }) => id === 'cuda:0'));
  },
});

// ---- Loading

const loading =
  (model, source, options = {}) =>
  (context) => ({
    attempt: () => Session.load(source(context), { ...GPU, ...models[model].options, ...options }),
    verify: (session) => checkSession(model, session),
    tidy: (session) => session.close(),
  });

/** A plan that the double's own builder made, in the process that then loads it. */
const loadingPlan = async (context) => {
  const plan = join(dirname(context.models.mix), `${process.pid}.plan`);
  const session = await Session.load(context.models.rows, { ...GPU, ...dynamic });
  await session.export(plan);
  await session.close();
  return loading('rows', () => plan)(context);
};

/** Everything that a build can be told. */
const loadingWithAll = (context) => {
  const timingCache = join(dirname(context.models.mix), `${process.pid}.timing`);
  return loading('rows', ({ models: files }) => readFileSync(files.rows), {
    lanes: 2,
    profiling: true,
    cuda: {
      timingCache,
      workspace: 1 << 20,
      optimizationLevel: 2,
      tacticSources: ['edgeMaskConvolutions'],
      maxAuxStreams: 1,
      refittable: true,
      versionCompatible: true,
      engineInspector: true,
      sharedMemory: true,
      profiles: [{ x: { min: [9, 3], opt: [9, 3], max: [16, 3] } }],
    },
  })(context);
};

/** TensorRT 10 only; other batches each time, as an iterable is used up. */
const calibrating = (context) => ({
  ...loading('mix', ({ models: files }) => files.mix)(context),
  attempt: () => {
    const batch = inputsOf('mix');
    return Session.load(context.models.mix, {
      ...GPU,
      precision: 'int8',
      cuda: { calibration: { batches: [batch, batch] } },
    });
  },
});

/** Waits until `field` of the block is no longer 0, or the work is done. */
async function begun(control, field, work) {
  let settled = false;
  const end = () => (settled = true);
  work.then(end, end);
  while (!settled && control.get(field) === 0) await new Promise(setImmediate);
}

/** Resolves if the work is done or was cancelled; whatever else went wrong is for the test to judge. */
const unlessCancelled = (work) =>
  work.catch((error) => {
    if (error.code !== 'CANCELLED') throw error;
  });

const cancelledBuild = ({ control, models: files }) => ({
  attempt: async () => {
    const abort = new AbortController();
    control.set('holdBuild', 1);
    const load = Session.load(files.mix, { ...GPU, signal: abort.signal });
    await begun(control, 'building', load);
    abort.abort();
    try {
      await unlessCancelled(load);
      while (control.get('building') !== 0) await new Promise(setImmediate);
    } finally {
      control.set('holdBuild', 0);
    }
  },
  verify: () => undefined,
});

// ---- Running

const running =
  (model, run, options = {}) =>
  ({ control, models: files }) => ({
    begin: async () => {
      const session = await Session.load(files[model], { ...GPU, ...models[model].options, ...options });
      return { session, control, tensors: [] };
    },
    attempt: (state) => run(state, model),
    verify: (outputs) => outputs === undefined || checkOutputs(model, outputs),
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

/** Runs, captures and replays. */
const withGraph = async ({ session }, model) => {
  const inputs = inputsOf(model);
  for (let i = 0; i < 3; i++) await session.run(inputs);
  return session.run(inputs);
};

/** The same for two sets of shapes, and back to the first. */
const withGraphs = async ({ session }, model) => {
  for (const rows of [2, 2, 3, 3]) await session.run({ x: Tensor.zeros('float32', [rows, 3]) });
  return session.run(inputsOf(model));
};

/** Given up while the device is at it. */
const cancelled = async ({ session, control }, model) => {
  const abort = new AbortController();
  control.set('hold', 1);
  const run = session.run(inputsOf(model), { signal: abort.signal });
  await begun(control, 'held', run);
  abort.abort();
  control.set('hold', 0);
  await unlessCancelled(run);
};

/** Another profile, and back. */
const changingProfile = async ({ session }, model) => {
  await session.run({ x: Tensor.zeros('float32', [12, 3]) });
  return session.run(inputsOf(model));
};
const twoProfiles = { cuda: { profiles: [{ x: { min: [9, 3], opt: [9, 3], max: [16, 3] } }] } };

const closing = ({ models: files }) => ({
  begin: async () => {
    const session = await Session.load(files.mix, { ...GPU, lanes: 2, cuda: { graphs: true } });
    for (let i = 0; i < 4; i++) await checkSession('mix', session);
    return session;
  },
  attempt: (session) => session.close(),
  verify: () => undefined,
});

const exporting = ({ models: files }) => {
  const path = join(dirname(files.mix), `${process.pid}.exported.plan`);
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
  attempt: () => Tensor.allocate('float32', [4], { memory: 'device', device: 'cuda:0' }),
  verify: async (tensor) => {
    await tensor.write(floats(1, 2, 3, 4));
    assert.deepEqual(await tensor.read(), floats(1, 2, 3, 4));
  },
  tidy: (tensor) => tensor.dispose(),
});

export const operations = {
  open,
  'look round': lookRound,
  'load ONNX': loading('mix', ({ models: files }) => files.mix),
  'load ONNX with all options': loadingWithAll,
  'load ONNX with calibration': calibrating,
  'give up a build': cancelledBuild,
  'load a plan': loadingPlan,
  run: running('mix', fresh),
  runSync: running('mix', sync),
  'run with dynamic shapes': running('rows', fresh),
  'run with shapes of another profile': running('rows', changingProfile, twoProfiles),
  'run with shapes that depend on data': running('places', fresh),
  'run with values that decide shapes': running('stretch', fresh),
  'give up a run': running('mix', cancelled),
  'run in pinned memory': running('mix', inMemory('pinned')),
  'run in device memory': running('mix', inMemory('device')),
  'run as a CUDA graph': running('mix', withGraph, { cuda: { graphs: true } }),
  'run as CUDA graphs of several shapes': running('rows', withGraphs, { cuda: { graphs: true } }),
  'run lanes that share memory': running('mix', fresh, { cuda: { sharedMemory: true } }),
  export: exporting,
  'allocate device memory': allocating,
  close: closing,
};
