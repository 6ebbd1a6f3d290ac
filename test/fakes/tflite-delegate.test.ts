/** TFLite with a stub of Arm NN's delegate: what it takes over, what it leaves to TFLite, and how it fails. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Session, Tensor } from 'accelnode';
import type { ArmnnOptions, LoadOptions } from 'accelnode';
import fc from 'fast-check';
import { afterAll, afterEach, describe, expect, it } from 'vitest';

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
  // Nothing is left, whatever went wrong, and TFLite goes on without the delegate.
  afterEach(async () => {
    control.behave('acceptAll');
    await withSession(relu, { device: 'armnn:tflite', lanes: 1 }, expectRelu);
    expect(control.live()).toEqual({});
    expect(control.getText('violation')).toBe('');
  });

  it.each([
    ['acceptAll', 2, []],
    ['half', 1, ['RELU']],
    ['rejectAll', 0, ['ADD', 'RELU']],
  ] as const)('%s: says which operators stay with TFLite', async (behaviour, claimed, fallbackOperators) => {
    control.behave(behaviour);
    control.set('claimed', 0);
    await withSession(relu, STUB, async (session) => {
      expect(control.get('claimed')).toBe(claimed);
      expect(session.device).toBe('armnn:CpuRef');
      expect(session.details).toMatchObject({ delegate, fallbackOperators, delegateOptions: { backends: 'CpuRef' } });
      for (let i = 0; i < 3; i++) await expectRelu(session);
    });
  });

  it('names an operator that it has no kernel for', () =>
    withSession(cosine, STUB, async (session) => {
      expect(session.details).toMatchObject({ fallbackOperators: ['COS'] });
      const { y } = await session.run({ x: Float32Array.of(0) });
      expect([...y!.data]).toEqual([1]);
    }));

  it('follows shapes that change', () =>
    withSession(negative, STUB, async (session) => {
      for (const rows of [1, 5, 2]) {
        const { y } = await session.run({ x: new Tensor('float32', new Float32Array(3 * rows).fill(rows), [rows, 3]) });
        expect(y).toMatchObject({ dims: [rows, 3], data: new Float32Array(3 * rows).fill(-rows) });
      }
    }));

  it('is made for each lane', async () => {
    const before = control.get('made');
    await withSession(relu, { ...STUB, lanes: 3 }, async (session) => {
      await Promise.all(Array.from({ length: 9 }, () => expectRelu(session)));
      expect(control.live()).toMatchObject({ delegate: 3 });
    });
    expect(control.get('made') - before).toBe(3);
  });

  it.each([
    ['failPrepare', 'MODEL_UNSUPPORTED', 'TfLiteInterpreterCreate', /can't be optimised/],
    ['throwCreate', 'VENDOR_FAILURE', 'tflite_plugin_create_delegate', /CL_INVALID_DEVICE/],
    ['throwOddly', 'VENDOR_FAILURE', 'tflite_plugin_create_delegate', /unknown kind/],
    ['throwPrepare', 'VENDOR_FAILURE', 'TfLiteInterpreterCreate', /\(clGetDeviceInfo\) caught/],
  ] as const)('%s: the load fails', async (behaviour, code, call, words) => {
    control.behave(behaviour);
    const error = await expectError(code, () => Session.load(relu, STUB));
    expect(error).toMatchObject({ call, message: expect.stringMatching(words) as string });
    control.behave('acceptAll');
    await withSession(relu, STUB, expectRelu);
  });

  it.each([
    ['failInvoke', /workload failed/],
    ['throwInvoke', /the queue is gone/],
  ] as const)('%s: a run fails, the next works', (behaviour, words) =>
    withSession(relu, STUB, async (session) => {
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
    }),
  );

  it('is the next of a list when another device was refused', async () => {
    control.behave('failPrepare');
    await withSession(relu, { ...STUB, device: ['armnn:CpuRef', 'armnn:tflite'] }, async (session) => {
      expect(session.device).toBe('armnn:tflite');
      expect(session.attempts).toMatchObject([{ device: 'armnn:CpuRef', code: 'MODEL_UNSUPPORTED' }]);
      await expectRelu(session);
    });
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
        logging: fc.oneof(fc.constantFrom('trace', 'fatal', 'loud', 'ERROR'), odd),
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
