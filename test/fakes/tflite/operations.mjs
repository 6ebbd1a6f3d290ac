// What the fault loop makes fail, call by call; ../openvino/operations.mjs says what the parts are.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

import { Session, Tensor, diagnose, runtime } from 'accelnode';

// One lane: what others need they would take at their first run, whenever that is.
const CPU = { device: 'armnn:tflite', lanes: 1 };
const floats = (...values) => Float32Array.from(values);
const float = (values, dims) => new Tensor('float32', values, dims);

const models = {
  mix: {
    inputs: () => ({ a: float([1, 2, 3, 4], [2, 2]), b: float([5, 6, 7, 8], [2, 2]) }),
    outputs: { sum: floats(6, 8, 10, 12), negative: floats(-1, -2, -3, -4) },
  },
  rows: { inputs: () => ({ x: float([0, 0, 0, 10, 20, 30], [2, 3]) }), outputs: { y: floats(1, 2, 3, 11, 22, 33) } },
  signature: {
    inputs: () => ({ image: float([0, 0, 0, 10, 20, 30], [2, 3]) }),
    outputs: { label: floats(1, 2, 3, 11, 22, 33) },
  },
  where: { inputs: () => ({ x: Uint8Array.of(1, 0, 1, 1) }), outputs: { where: BigInt64Array.of(0n, 2n, 3n) } },
};

function checkOutputs(model, outputs) {
  assert.deepEqual(Object.keys(outputs).sort(), Object.keys(models[model].outputs).sort());
  for (const [name, values] of Object.entries(models[model].outputs)) assert.deepEqual(outputs[name].data, values);
}

async function checkSession(model, session) {
  checkOutputs(model, await session.run(models[model].inputs()));
}

export const opened = {};

export async function otherSession({ models: files }) {
  const session = await Session.load(files.mix, CPU);
  return { check: () => checkSession('mix', session) };
}

const lookRound = () => ({
  attempt: async () => (await diagnose()).find(({ name }) => name === 'armnn'),
  verify: ({ devices }) => assert.ok(devices.some(({ id }) => id === 'armnn:tflite')),
});

// ---- Loading

const loading =
  (model, source, options = {}) =>
  (context) => ({
    attempt: () => Session.load(source(context), { ...CPU, ...options }),
    verify: (session) => checkSession(model, session),
    tidy: (session) => session.close(),
  });

const file =
  (name) =>
  ({ models: files }) =>
    files[name];
const bytes =
  (name) =>
  ({ models: files }) =>
    readFileSync(files[name]);

// ---- Running

/** Each time on a session of its own: TFLite takes over memory at the first run, and keeps it. */
const running =
  (model, run, options = {}, source = model) =>
  ({ models: files }) => ({
    begin: async () => ({ session: await Session.load(files[source], { ...CPU, ...options }) }),
    attempt: ({ session }) => run(session, model),
    verify: (outputs) => checkOutputs(model, outputs),
    tidy: (_, { session }) => session.close(),
    recover: async ({ session }) => {
      await checkSession(model, session);
      await session.close();
    },
  });

const fresh = (session, model) => session.run(models[model].inputs());
const sync = (session, model) => Promise.resolve(session.runSync(models[model].inputs()));

/** In memory that TFLite can take over, then in other memory, and in what it can't take. */
const inOwnMemory = async (session, model) => {
  const given = models[model].inputs();
  for (let turn = 0; turn < 2; turn++) {
    const inputs = {};
    for (const [name, { data }] of Object.entries(given)) {
      inputs[name] = session.allocate(name);
      inputs[name].data.set(data);
    }
    const outputs = Object.fromEntries(
      Object.keys(models[model].outputs).map((name) => [name, session.allocate(name)]),
    );
    checkOutputs(model, await session.run(inputs, { outputs }));
  }
  const odd = Object.fromEntries(
    Object.entries(given).map(([name, { data, dims }]) => {
      const whole = new Float32Array(data.length + 1);
      whole.set(data, 1);
      return [name, new Tensor('float32', whole.subarray(1), dims)];
    }),
  );
  return session.run(odd);
};

/** Forth and back. */
const resizing = async (session, model) => {
  const [[name, tensor]] = Object.entries(models[model].inputs());
  for (const rows of [1, 4]) await session.run({ [name]: Tensor.zeros('float32', [rows, 3]) });
  return session.run({ [name]: tensor });
};

const closing = ({ models: files }) => ({
  begin: async () => {
    const session = await Session.load(files.mix, { ...CPU, lanes: 2 });
    for (let i = 0; i < 4; i++) await checkSession('mix', session);
    return session;
  },
  attempt: (session) => session.close(),
  verify: () => undefined,
});

const loadingAgain = ({ models: files }) => ({
  begin: async () => {
    const session = await Session.load(files.mix, CPU);
    await session.release();
    return { session };
  },
  attempt: ({ session }) => session.run(models.mix.inputs()),
  verify: (outputs) => checkOutputs('mix', outputs),
  tidy: (_, { session }) => session.close(),
  recover: async ({ session }) => {
    await checkSession('mix', session);
    await session.close();
  },
});

export const operations = {
  open: ({ library }) => ({
    attempt: () => runtime('armnn', { library }),
    verify: ({ backend, version }) => {
      assert.equal(backend, 'armnn');
      assert.match(version, /^2\.\d+\.\d+$/);
    },
  }),
  'look round': lookRound,
  load: loading('mix', file('mix')),
  'load from memory': loading('mix', bytes('mix')),
  'load with open shapes': loading('rows', file('rows')),
  'load with shapes and threads': loading('rows', file('rows'), { shapes: { x: [2, 3] }, armnn: { threads: 2 } }),
  'load a signature': loading('signature', file('rows'), { armnn: { signature: 'serve' } }),
  'load again': loadingAgain,
  run: running('mix', fresh),
  runSync: running('mix', sync),
  'run in memory of our own': running('mix', inOwnMemory),
  'run with shapes that change': running('rows', resizing),
  'run a signature with shapes that change': running('signature', resizing, { armnn: { signature: 'serve' } }, 'rows'),
  'run with outputs that depend on data': running('where', fresh),
  close: closing,
};
