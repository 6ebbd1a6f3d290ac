// What the fault loop makes fail, call by call. Each operation is made by a function of its context:
//
//   begin     what is not to fail: its result is given to attempt
//   attempt   the operation
//   verify    throws unless the result of a successful attempt is right; gets the call that failed,
//             as some failures are tolerated, and what begin made
//   tidy      frees the result, and what begin made
//   recover   what must work again right after a failed attempt; gets what begin made, and the fault
//   finish    at the end of the loop
import assert from 'node:assert/strict';
import { readFileSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { Session, Tensor, diagnose, runtime } from 'accelnode';

const CPU = { device: 'openvino:CPU' };

const floats = (...values) => Float32Array.from(values);

// ---- The models: how to run each, and what must come out. Names are taken from the session, since
// a runtime that can't tell them has them made up.

const models = {
  /** sum = a + b, product = a × b */
  mix: {
    inputs: () => [
      new Tensor('float32', floats(1, 2, 3, 4), [2, 2]),
      new Tensor('float32', floats(5, 6, 7, 8), [2, 2]),
    ],
    outputs: [floats(6, 8, 10, 12), floats(5, 12, 21, 32)],
  },
  /** y = x + [1, 2, 3] for any number of rows */
  rows: {
    inputs: () => [new Tensor('float32', floats(0, 0, 0, 10, 20, 30), [2, 3])],
    outputs: [floats(1, 2, 3, 11, 22, 33)],
  },
  /** y = x + 1 for an image: [1, 3, 2, 2]; given in bytes as BGR, with mean 10 and scale 2 */
  image: {
    inputs: () => [new Tensor('uint8', Uint8Array.from(Array(16).fill([30, 20, 10]).flat()), [1, 4, 4, 3])],
    outputs: [floats(1, 1, 1, 1, 6, 6, 6, 6, 11, 11, 11, 11)],
  },
  /** same = x, twice = x + x: the first output is merely passed on */
  relay: {
    inputs: () => [new Tensor('float32', floats(1, 2, 3), [3])],
    outputs: [floats(1, 2, 3), floats(2, 4, 6)],
  },
  /** y = x + [0.5, 1, 1.5], whose numbers are in a file of their own */
  ir: {
    inputs: () => [new Tensor('float32', floats(1, 2, 3), [3])],
    outputs: [floats(1.5, 3, 4.5)],
  },
};

/** Fresh tensors, so that each run binds them anew. */
function inputsOf(model, session) {
  return Object.fromEntries(models[model].inputs().map((tensor, i) => [session.inputs[i].name, tensor]));
}

function givenOutputs(model, session) {
  return Object.fromEntries(
    models[model].outputs.map((values, i) => [
      session.outputs[i].name,
      new Tensor('float32', new Float32Array(values.length), dimsOf(model, session, i)),
    ]),
  );
}

const dimsOf = (model, session, i) => session.outputs[i].shape.map((dim) => (dim < 0 ? 2 : dim));

function checkOutputs(model, session, outputs, count = models[model].outputs.length) {
  assert.equal(Object.keys(outputs).length, count);
  models[model].outputs
    .slice(0, count)
    .forEach((values, i) => assert.deepEqual(outputs[session.outputs[i].name].data, values));
}

async function checkSession(model, session) {
  checkOutputs(model, session, await session.run(inputsOf(model, session)));
}

/** A session that is not concerned: it must go on giving right results. */
export async function otherSession({ models }) {
  const session = await Session.load(models.mix, CPU);
  return { check: () => checkSession('mix', session) };
}

// ---- Opening and looking round

const open = ({ library }) => ({
  attempt: () => runtime('openvino', { library }),
  verify: ({ backend, warnings }) => {
    assert.equal(backend, 'openvino');
    assert.deepEqual(warnings, []);
  },
});

const lookRound = () => ({
  attempt: async () => (await diagnose()).find(({ name }) => name === 'openvino'),
  verify: ({ devices, absent }, failedCall) => {
    if (failedCall === 'ov_core_get_property CPU AVAILABLE_DEVICES') {
      assert.ok(absent.find(({ id }) => id === 'openvino:CPU')?.reason);
    } else {
      const cpu = devices.find(({ id }) => id === 'openvino:CPU');
      assert.equal(cpu?.name === undefined, failedCall === 'ov_core_get_property CPU FULL_DEVICE_NAME');
    }
  },
});

// ---- Loading

function loading(model, source, options = {}) {
  return (context) => ({
    attempt: () => Session.load(source(context), { ...CPU, ...options }),
    verify: (session) => checkSession(model, session),
    tidy: (session) => session.close(),
  });
}

const importing = async (context) => {
  const blob = join(dirname(context.models.mix), `${process.pid}.blob`);
  const session = await Session.load(context.models.mix, CPU);
  await session.export(blob);
  await session.close();
  return loading('mix', () => blob)(context);
};

const fallingBack = ({ models }) => ({
  attempt: () => Session.load(models.mix, { device: ['openvino:AUTO', 'openvino:CPU'] }),
  verify: (session) => checkSession('mix', session),
  tidy: (session) => session.close(),
});

/** Aborted at the first sign of progress; nothing of the load may be left in the end. */
const abortedLoading = ({ models }) => ({
  attempt: async () => {
    const abort = new AbortController();
    const load = Session.load(models.mix, { ...CPU, signal: abort.signal, onProgress: () => abort.abort() });
    await assert.rejects(load, (error) => {
      if (error.call !== undefined) throw error; // failed before it could be aborted
      return error.code === 'CANCELLED';
    });
  },
  verify: () => undefined,
});

// ---- Running

function running(model, run, outputCount) {
  return async (context) => {
    const session = await Session.load(context.models[model], CPU);
    const verify = (outputs) => checkOutputs(model, session, outputs, outputCount);
    return {
      attempt: () => run(session, model),
      verify,
      recover: async () => verify(await run(session, model)),
      finish: () => session.close(),
    };
  };
}

const fresh = (session, model) => session.run(inputsOf(model, session));
const given = (session, model) => session.run(inputsOf(model, session), { outputs: givenOutputs(model, session) });
const freshSync = (session, model) => session.runSync(inputsOf(model, session));
const givenSync = (session, model) =>
  session.runSync(inputsOf(model, session), { outputs: givenOutputs(model, session) });

const one = (session, model) => session.run(inputsOf(model, session), { outputs: [session.outputs[0].name] });

// ---- Stopping. The double holds an inference until it is asked to cancel it.

/** Resolves once the double holds the run under way: true; or when it failed before: false. */
async function heldRun(control, run) {
  let settled = false;
  run.then(
    () => (settled = true),
    () => (settled = true),
  );
  while (!settled && control.get('held') === 0) await new Promise(setImmediate);
  return !settled;
}

const cancelling = async ({ models, control }) => {
  const session = await Session.load(models.mix, CPU);
  return {
    begin: () => control.set('hold', 1),
    attempt: async () => {
      const abort = new AbortController();
      const run = session.run(inputsOf('mix', session), { signal: abort.signal });
      await heldRun(control, run);
      abort.abort();
      await assert.rejects(run, (error) => {
        if (error.call !== undefined) throw error; // failed before it could be cancelled
        return error.code === 'CANCELLED';
      });
    },
    verify: () => undefined,
    tidy: () => control.set('hold', 0),
    recover: async () => {
      control.set('hold', 0);
      await checkSession('mix', session);
    },
    finish: () => session.close(),
  };
};

/** The outcome is the run's; the session is closed whatever it is. */
const closingOnARun = ({ models, control }) => ({
  begin: async () => {
    const session = await Session.load(models.mix, CPU);
    control.set('hold', 1);
    return session;
  },
  attempt: async (session) => {
    const run = session.run(inputsOf('mix', session));
    const held = await heldRun(control, run);
    await session.close({ cancel: true });
    control.set('hold', 0);
    return run.then(
      (outputs) => checkOutputs('mix', session, outputs),
      (error) => {
        if (!held || error.code !== 'CANCELLED' || error.call !== 'ov_infer_request_infer') throw error;
      },
    );
  },
  verify: () => undefined,
});

const closing = ({ models }) => ({
  begin: () => Session.load(models.mix, { ...CPU, lanes: 2 }),
  attempt: (session) => session.close(),
  verify: () => undefined,
});

// ---- Looking into a session

const profiling = async ({ models }) => {
  const session = await Session.load(models.mix, { ...CPU, profiling: true });
  await session.run(inputsOf('mix', session));
  return {
    attempt: () => session.profile(),
    verify: (layers) => assert.ok(layers.length > 0 && layers.every(({ name }) => name !== '')),
    recover: () => checkSession('mix', session),
    finish: () => session.close(),
  };
};

const measuringMemory = async ({ models }) => {
  const session = await Session.load(models.mix, CPU);
  return {
    attempt: () => session.memory(),
    verify: (use) => assert.equal(typeof use, 'object'),
    finish: () => session.close(),
  };
};

const exporting = async ({ models }) => {
  const session = await Session.load(models.mix, CPU);
  const path = join(dirname(models.mix), 'exported.blob');
  return {
    attempt: () => session.export(path),
    verify: () => assert.ok(statSync(path).size > 0),
    tidy: () => rmSync(path),
    recover: () => assert.throws(() => statSync(path), { code: 'ENOENT' }),
    finish: () => session.close(),
  };
};

/** What is alive once the library is open. */
export const opened = { core: 1 };

export const operations = {
  open,
  'look round': lookRound,

  'load a static model': loading('mix', ({ models }) => models.mix),
  'load a dynamic model from bytes': loading('rows', ({ models }) => readFileSync(models.rows)),
  'load with shapes and preprocessing': loading('image', ({ models }) => models.image, {
    shapes: { x: [1, 3, 2, 2] },
    openvino: {
      preprocess: {
        x: {
          type: 'uint8',
          layout: 'NHWC',
          modelLayout: 'NCHW',
          color: 'bgr',
          modelColor: 'rgb',
          resize: 'linear',
          height: 4,
          width: 4,
          mean: [10, 10, 10],
          scale: [2, 2, 2],
        },
      },
    },
  }),
  'load IR from bytes with weights': loading('ir', ({ models }) => ({
    ir: { xml: readFileSync(models.xml), bin: readFileSync(models.bin) },
  })),
  'import a blob': importing,
  'load several lanes in a named precision': loading('mix', ({ models }) => models.mix, {
    lanes: 3,
    precision: 'fp32',
  }),
  'load on AUTO': loading('mix', ({ models }) => models.mix, { device: 'openvino:AUTO' }),
  'load along a list': fallingBack,
  'abort a load': abortedLoading,

  run: running('mix', fresh),
  'run for one output': running('mix', one, 1),
  'run into given outputs': running('mix', given),
  'run a dynamic model': running('rows', fresh),
  'run a dynamic model into given outputs': running('rows', given),
  'run a model that passes an input on': running('relay', fresh),
  runSync: running('mix', freshSync),
  'runSync into given outputs': running('mix', givenSync),
  'runSync of a dynamic model': running('rows', freshSync),

  profile: profiling,
  memory: measuringMemory,
  export: exporting,
  'cancel a run': cancelling,
  close: closing,
  'close, cancelling a run': closingOnARun,
};
