/** TFLite with a stub of Arm NN's delegate: what it takes over, what it leaves to TFLite, and how it fails. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Session, Tensor } from 'accelnode';
import type { ArmnnOptions, LoadOptions } from 'accelnode';
import fc from 'fast-check';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';

import { fakesFolder } from '../../scripts/setup/fakes.mjs';
import { runScript } from '../utils/child.js';
import { expectError, withSession } from '../utils/session.js';
import { tfliteModel } from '../utils/tflite-model.js';
import { sampleModels } from '../utils/tflite-samples.js';
import { DELEGATE_VARIABLE, DelegateControl } from './tflite/delegate.mjs';
import { missing } from './tflite/setup.js';

const delegate = join(fakesFolder, 'armnn_delegate', 'libarmnnDelegate.so');
const folder = mkdtempSync(join(tmpdir(), 'accelnode-delegate-'));
const block = join(folder, 'control');
const control = DelegateControl.create(block);
process.env[DELEGATE_VARIABLE] = block;
afterAll(() => rmSync(folder, { recursive: true }));

const { relu, negative } = sampleModels;

let lastModel = 0;
/** A model that no other test has loaded: what was made for one is kept for the next session. */
function unlike(model: Uint8Array): Uint8Array {
  // TFLite does not mind what stands behind it.
  return Buffer.concat([model, Buffer.from(`${++lastModel}`)]);
}

const STUB: LoadOptions = { device: 'armnn:CpuRef', lanes: 1, armnn: { delegate } };

/** y = cos(-x) */
const cosine = tfliteModel({
  tensors: ['x', 'middle', 'y'].map((name) => ({ name, type: 'float32', shape: [1] })),
  inputs: ['x'],
  outputs: ['y'],
  operators: [
    { op: 'NEG', inputs: ['x'], outputs: ['middle'] },
    { op: 'COS', inputs: ['middle'], outputs: ['y'] },
  ],
});

async function expectRelu(session: Session): Promise<void> {
  const { y } = await session.run({ x: new Float32Array([-2, 5, -1, 4]) });
  expect([...y!.data]).toEqual([0, 3, 2, 0]);
}

describe.skipIf(missing)(`TFLite with a stub of Arm NN's delegate${missing ?? ''}`, () => {
  let before = { delegate: 0, kernel: 0 };
  beforeEach(() => {
    before = living();
  });
  // Whatever went wrong, TFLite goes on without the delegate.
  afterEach(async () => {
    control.behave('acceptAll');
    await withSession(relu, { device: 'armnn:tflite', lanes: 1 }, expectRelu);
    expect(control.getText('violation')).toBe('');
  });

  /** How many of each there are. */
  function living(): { delegate: number; kernel: number } {
    return { delegate: 0, kernel: 0, ...control.live() };
  }

  /** Expects that so many are left, which are kept. */
  function expectKept(delegate: number, kernel = delegate): void {
    const now = living();
    expect({ delegate: now.delegate - before.delegate, kernel: now.kernel - before.kernel }).toEqual({
      delegate,
      kernel,
    });
  }

  it.each([
    ['acceptAll', 2, []],
    ['half', 1, ['RELU']],
    ['rejectAll', 0, ['ADD', 'RELU']],
  ] as const)('%s: says which operators stay with TFLite', async (behaviour, claimed, fallbackOperators) => {
    control.behave(behaviour);
    control.set('claimed', 0);
    await withSession(unlike(relu), STUB, async (session) => {
      expect(control.get('claimed')).toBe(claimed);
      expect(session.device).toBe('armnn:CpuRef');
      expect(session.fallbackOperators).toEqual(fallbackOperators);
      expect(session.details).toMatchObject({ delegate, delegateOptions: { backends: 'CpuRef' } });
      for (let i = 0; i < 3; i++) await expectRelu(session);
    });
    expectKept(1, claimed === 0 ? 0 : 1);
  });

  it('names an operator that it has no kernel for', () =>
    withSession(cosine, STUB, async (session) => {
      expect(session.fallbackOperators).toEqual(['COS']);
      const { y } = await session.run({ x: Float32Array.of(0) });
      expect([...y!.data]).toEqual([1]);
    }));

  it('warns of weights in float16 that it does not convert', async () => {
    const half = tfliteModel({
      tensors: [
        { name: 'x', type: 'float32', shape: [2] },
        { name: 'half', type: 'float16', shape: [2], data: Uint16Array.of(0x3c00, 0x4000) },
        { name: 'weights', type: 'float32', shape: [2] },
        { name: 'y', type: 'float32', shape: [2] },
      ],
      inputs: ['x'],
      outputs: ['y'],
      operators: [
        { op: 'DEQUANTIZE', inputs: ['half'], outputs: ['weights'] },
        { op: 'ADD', inputs: ['x', 'weights'], outputs: ['y'] },
      ],
    });
    await withSession(half, STUB, async (session) => {
      expect(session.fallbackOperators).toEqual(['DEQUANTIZE']);
      expect(session.details).toMatchObject({
        operators: { total: 2, fallbackAtMost: 1 },
        warnings: [expect.stringMatching(/stored in float16.*fp16Turbo/) as string],
      });
      expect([...(await session.run({ x: Float32Array.of(1, 1) })).y!.data]).toEqual([2, 3]);
    });
    await withSession(relu, STUB, (session) => expect(session.details.warnings).toEqual([]));
  });

  it('is made once for each set of shapes', async () => {
    await withSession(unlike(negative), STUB, async (session) => {
      for (const rows of [1, 5, 2, 5, 1]) {
        const { y } = await session.run({ x: new Tensor('float32', new Float32Array(3 * rows).fill(rows), [rows, 3]) });
        expect(y).toMatchObject({ dims: [rows, 3], data: new Float32Array(3 * rows).fill(-rows) });
      }
    });
    expectKept(3);
  });

  it('is made for each lane', async () => {
    await withSession(unlike(relu), { ...STUB, lanes: 3 }, async (session) => {
      await Promise.all(Array.from({ length: 9 }, () => expectRelu(session)));
    });
    expectKept(3);
  });

  it('is kept for the next session of the same model with the same options', async () => {
    const [model, other] = [unlike(relu), unlike(relu)];
    for (let i = 0; i < 5; i++) {
      for (const source of [model, new Uint8Array(model)]) await withSession(source, STUB, expectRelu);
      expectKept(1);
    }
    await withSession(other, STUB, expectRelu);
    expectKept(2);
    await withSession(model, { ...STUB, armnn: { delegate, fastMath: false } }, expectRelu);
    expectKept(3);
    await Promise.all([1, 2, 3].map(() => withSession(model, STUB, expectRelu)));
    expect(living().delegate - before.delegate).toBeLessThanOrEqual(5);
  });

  it('keeps no memory of those who used it before', async () => {
    const model = unlike(relu);
    for (let i = 1; i <= 3; i++) {
      await withSession(model, STUB, async (session) => {
        const [x, y] = [session.allocate('x') as Tensor<'float32'>, session.allocate('y')];
        x.data.fill(i);
        // The first run of a session comes without memory of its own.
        const fresh = await session.run({ x: new Float32Array(4).fill(10) });
        expect([...fresh.y!.data]).toEqual([11, 8, 13, 6]);
        await session.run({ x }, { outputs: { y } });
        expect(y.data[0]).toBe(i + 1);
        x.dispose();
        y.dispose();
      });
    }
    expectKept(1);
  });

  it.each([
    ['failPrepare', 'MODEL_UNSUPPORTED', 'TfLiteInterpreterModifyGraphWithDelegate', /can't be optimised/],
    ['throwCreate', 'VENDOR_FAILURE', 'tflite_plugin_create_delegate', /CL_INVALID_DEVICE/],
    ['throwOddly', 'VENDOR_FAILURE', 'tflite_plugin_create_delegate', /unknown kind/],
    ['throwPrepare', 'VENDOR_FAILURE', 'TfLiteInterpreterModifyGraphWithDelegate', /\(clGetDeviceInfo\) caught/],
  ] as const)('%s: the load fails', async (behaviour, code, call, words) => {
    const model = unlike(relu);
    control.behave(behaviour);
    const error = await expectError(code, () => Session.load(model, STUB));
    expect(error).toMatchObject({ call, message: expect.stringMatching(words) as string });
    expectKept(0);
    control.behave('acceptAll');
    await withSession(model, STUB, expectRelu);
  });

  it.each([
    ['failInvoke', /workload failed/],
    ['throwInvoke', /the queue is gone/],
  ] as const)('%s: a run fails, the next works', async (behaviour, words) => {
    await withSession(unlike(relu), STUB, async (session) => {
      await expectRelu(session);
      control.behave(behaviour);
      for (let i = 0; i < 2; i++) {
        const error = await expectError('VENDOR_FAILURE', () => expectRelu(session));
        expect(error).toMatchObject({
          call: 'TfLiteInterpreterInvoke',
          message: expect.stringMatching(words) as string,
        });
      }
      control.behave('acceptAll');
      await expectRelu(session);
    });
    expectKept(1);
  });

  it('throwInvoke: what an exception came through is not used again', async () => {
    const made = control.get('made');
    control.behave('throwInvoke');
    await withSession(unlike(relu), STUB, (session) => expectError('VENDOR_FAILURE', () => expectRelu(session)));
    expect(control.get('made') - made).toBe(1);
    expectKept(0);
  });

  it('throwHalf: without half precision, where it was a wish', async () => {
    control.behave('throwHalf');
    await withSession(unlike(relu), { ...STUB, armnn: { delegate, fp16Turbo: true } }, async (session) => {
      expect(session.attempts).toMatchObject([{ device: 'armnn:CpuRef', code: 'VENDOR_FAILURE' }]);
      expect(session.attempts[0]!.message).toContain('No half precision here');
      expect(session.precision).toBeUndefined();
      expect(control.getText('options')).toContain('reduce-fp32-to-fp16=false');
      await expectRelu(session);
    });
    const demand: LoadOptions = { ...STUB, precision: 'fp16' };
    const error = await expectError('VENDOR_FAILURE', () => Session.load(unlike(relu), demand));
    expect(error.message).toContain('No half precision here');
  });

  it('is the next of a list when another device was refused', async () => {
    control.behave('failPrepare');
    const devices = { ...STUB, device: ['armnn:CpuRef', 'armnn:tflite'] };
    await withSession(unlike(relu), devices, async (session) => {
      expect(session.device).toBe('armnn:tflite');
      expect(session.attempts).toMatchObject([{ device: 'armnn:CpuRef', code: 'MODEL_UNSUPPORTED' }]);
      await expectRelu(session);
    });
    expectKept(0);
  });

  // The stub ends the process for a number of threads that the real one would end it for, and gives none for options
  // that it does not know.
  it('never gets an option that it would refuse or die of', async () => {
    const odd = fc.oneof(fc.constant(-1), fc.integer(), fc.double(), fc.constant('2'), fc.constant(null));
    const options = fc.record(
      {
        threads: fc.oneof(fc.integer({ min: -2, max: 70 }), odd),
        fp16Turbo: fc.oneof(fc.boolean(), odd),
        fastMath: fc.oneof(fc.boolean(), odd),
        memoryImport: fc.boolean(),
        logging: fc.oneof(fc.constantFrom('trace', 'warning', 'loud', 'ERROR'), odd),
      },
      { requiredKeys: [] },
    );
    let loaded = 0;
    await fc.assert(
      fc.asyncProperty(options, async (armnn) => {
        try {
          await withSession(relu, { ...STUB, armnn: { delegate, ...armnn } as ArmnnOptions }, expectRelu);
          loaded++;
        } catch (error) {
          expect(error).toMatchObject({ code: 'INVALID_ARGUMENT' });
        }
        expect(control.getText('options')).not.toMatch(/-\d|NaN|Infinity/);
      }),
      { seed: 1, numRuns: 200 },
    );
    expect(loaded).toBeGreaterThan(10);
  });

  it('is found by ACCELNODE_ARMNN_DELEGATE', async () => {
    const script = `
      import { readFileSync } from 'node:fs';
      import { Session } from './dist/index.mjs';
      const model = Buffer.from(${JSON.stringify(Buffer.from(relu).toString('base64'))}, 'base64');
      const session = await Session.load({ tflite: model }, { device: 'armnn:CpuRef' });
      console.log(session.details.delegate);
      await session.close();`;
    const { stdout, stderr } = await runScript(script, { env: { ACCELNODE_ARMNN_DELEGATE: delegate } });
    expect(stderr).toBe('');
    expect(stdout.trim()).toBe(delegate);
  });
});
