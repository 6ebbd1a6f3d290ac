// What the fault loop makes fail, call by call; ../openvino/operations.mjs says what the parts are. All that
// runs has a session of its own each time, as one that has lost the NPU is of no more use.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

import { Session, Tensor } from 'accelnode';

const NPU = { device: 'rknn:0' };
const [FAIL, GONE] = [-1, -3]; // RKNN_ERR_FAIL, RKNN_ERR_DEVICE_UNAVAILABLE
const FRESH = Tensor.zeros('float32', [2, 3]).data;
const values = FRESH.map((_, i) => i + 1);

/** y = 2x + 1 */
const expected = values.map((value) => 2 * value + 1);
const input = () => ({ x: new Tensor('float32', Float32Array.from(values), [2, 3]) });

async function checkSession(session) {
  const { y } = await session.run(input());
  assert.deepEqual(y.data, expected);
}

/** After the NPU is lost a session says so, and lets itself be closed; after other failures it goes on. */
async function checkAfter(session, { status }, code) {
  if ((status === FAIL || status === GONE) && code === 'DEVICE_LOST') {
    await assert.rejects(session.run(input()), { code: 'DEVICE_LOST' });
  } else {
    await checkSession(session);
  }
}

export const opened = {};

export async function otherSession({ models }) {
  const session = await Session.load(models.fixed, { ...NPU, lanes: 1 });
  return { check: () => checkSession(session) };
}

// ---- Loading

const loading =
  (source, options = {}) =>
  (context) => ({
    attempt: () => Session.load(source(context), { ...NPU, ...options }),
    verify: (session) => checkSession(session),
    tidy: (session) => session.close(),
  });

/** Where librknnrt does not tell the shapes, the model has the one that it describes. */
const loadingRows = (context) => ({
  ...loading(file('rows'))(context),
  verify: async (session) => {
    if (session.details.shapes !== undefined) return checkSession(session);
    const [{ shape }] = session.inputs;
    const { y } = await session.run({ x: Tensor.zeros('float32', shape) });
    assert.deepEqual([...y.data], new Array(3).fill(1));
  },
});

const file =
  (name) =>
  ({ models }) =>
    models[name];
const bytes =
  (name) =>
  ({ models }) =>
    readFileSync(models[name]);
const byChip =
  (name) =>
  ({ models }) => ({ rknn: { rk3588: models[name] } });

// ---- Running

const running =
  (model, run, options = {}) =>
  ({ models }) => ({
    begin: async () => ({ session: await Session.load(models[model], { ...NPU, lanes: 1, ...options }), tensors: [] }),
    attempt: (state) => run(state),
    verify: ({ y }) => assert.deepEqual(y.data, expected),
    tidy: (_, state) => end(state),
    recover: async (state, fault) => {
      // What a session has lost it says itself.
      const code = await state.session.run(input()).then(
        () => undefined,
        (error) => error.code,
      );
      await checkAfter(state.session, fault, code);
      await end(state);
    },
  });

async function end({ session, tensors }) {
  await session.close();
  for (const tensor of tensors) tensor.dispose();
}

const fresh = ({ session }) => session.run(input());
const sync = async ({ session }) => session.runSync(input());

/** More than there are lanes. */
const several = async ({ session }) => {
  const runs = await Promise.allSettled(Array.from({ length: 6 }, () => session.run(input())));
  const reasons = runs.flatMap(({ reason }) => reason ?? []);
  // Once the NPU is lost, others are told of that, without a call of their own.
  if (reasons.length > 0) throw reasons.find(({ call }) => call !== undefined) ?? reasons[0];
  return runs[5].value;
};

const inPlace = async (state) => {
  const allocate = (name) => {
    const tensor = state.session.allocate(name);
    state.tensors.push(tensor);
    return tensor;
  };
  const x = allocate('x');
  x.data.set(values);
  const y = allocate('y');
  await state.session.run({ x }, { outputs: { y } });
  y.data.fill(0);
  return state.session.run({ x }, { outputs: { y } });
};

/** In ordinary memory too, which needs memory of the lane's; and when what was used in place is gone. */
const inBothMemories = async ({ session }) => {
  const x = session.allocate('x');
  try {
    x.data.set(values);
    await session.run({ x });
  } finally {
    x.dispose();
  }
  return session.run(input());
};

const changingShapes = async ({ session }) => {
  for (const rows of [1, 4]) await session.run({ x: Tensor.zeros('float32', [rows, 3]) });
  return session.run(input());
};

const profiling = ({ models }) => ({
  begin: async () => {
    const session = await Session.load(models.fixed, { ...NPU, lanes: 1, profiling: true });
    await checkSession(session);
    return session;
  },
  attempt: (session) => session.profile(),
  verify: (layers) => assert.equal(layers.length, 2),
  tidy: (_, session) => session.close(),
  recover: async (session, fault) => {
    await checkAfter(session, fault, fault.status === GONE ? 'DEVICE_LOST' : undefined);
    await session.close();
  },
});

const closing = ({ models }) => ({
  begin: async () => {
    const session = await Session.load(models.fixed, NPU);
    for (let i = 0; i < 4; i++) await checkSession(session);
    return session;
  },
  attempt: (session) => session.close(),
  verify: () => undefined,
});

const allocating = () => ({
  attempt: () => Tensor.allocate('float32', [4], { memory: 'pinned', device: 'rknn:0' }),
  verify: async (tensor) => {
    await tensor.write(values.subarray(0, 4));
    assert.deepEqual(await tensor.read(), values.subarray(0, 4));
  },
  tidy: (tensor) => tensor.dispose(),
});

export const operations = {
  load: loading(file('fixed')),
  'load from memory': loading(bytes('fixed'), { rknn: { threads: 2, highPriority: true } }),
  'load what is given for a chip': loading(byChip('fixed'), { lanes: 1, rknn: { coreMask: 'all' } }),
  'load with batches over the cores': loading(file('fixed'), { lanes: 1, rknn: { batchCores: 2 } }),
  'load a model with several shapes': loadingRows,
  run: running('fixed', fresh),
  runSync: running('fixed', sync),
  'run on three lanes': running('fixed', several, { lanes: 3 }),
  'run in memory of the NPU': running('fixed', inPlace),
  'run in memory of both kinds': running('fixed', inBothMemories),
  'run with shapes that change': running('rows', changingShapes),
  profile: profiling,
  'allocate memory of the NPU': allocating,
  close: closing,
};
