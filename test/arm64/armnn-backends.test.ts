/** Arm NN's backends on arm64, against TFLite's own kernels: CpuRef, and CpuAcc, whose Neon code is only there. */
import { existsSync, readFileSync } from 'node:fs';

import { Session, Tensor, devices } from 'accelnode';
import type { LoadOptions, ModelSource, Outputs } from 'accelnode';
import { describe, expect, it } from 'vitest';

import { faceModel } from '../../scripts/setup/tflite.mjs';
import { TOLERANCE, compare, expectAllClose, valuesOf } from '../utils/compare.js';
import { fromFloat16, toFloat16 } from '../utils/float16.js';
import { expectError, withSession } from '../utils/session.js';
import { dense, denseInput, noise } from '../utils/tflite-networks.js';

const optionsOf = (device: string): LoadOptions => ({ device, lanes: 1 });

function runOn(device: string, source: ModelSource, inputs: Record<string, Tensor>): Promise<Outputs> {
  return withSession(source, optionsOf(device), (session) => session.run(inputs));
}

const HALF_TOLERANCE = 1e-2;

it('is Arm NN for arm64, with Neon', async () => {
  const found = (await devices()).filter(({ backend }) => backend === 'armnn').map(({ id }) => id);
  expect(found).toEqual(expect.arrayContaining(['armnn:CpuAcc', 'armnn:CpuRef', 'armnn:tflite']));
  expect(found).not.toContain('armnn:GpuAcc');
});

describe.each(['armnn:CpuRef', 'armnn:CpuAcc'])('%s', (device) => {
  it('takes all of a model, and computes what TFLite does', () =>
    withSession(dense, optionsOf(device), async (session) => {
      expect(session.device).toBe(device);
      expect(session.details).toMatchObject({ fallbackOperators: [] });
      for (const seed of [1, 2, 3]) {
        const x = denseInput(seed);
        expectAllClose(await session.run({ x }), await runOn('armnn:tflite', dense, { x }), TOLERANCE);
      }
    }));

  it('leaves to TFLite what it does not have: the face model, with weights in half precision', async () => {
    expect(existsSync(faceModel), `${faceModel} has not been fetched`).toBe(true);
    const model = readFileSync(faceModel);
    await withSession(model, optionsOf(device), async (session) => {
      const { name, shape } = session.inputs[0]!;
      const size = shape!.reduce((a, b) => a * b, 1);
      const inputs = { [name]: new Tensor('float32', noise(size, 5), shape) };
      expectAllClose(await session.run(inputs), await runOn('armnn:tflite', model, inputs), TOLERANCE);
    });
  });

  it('computes in half precision with fp16Turbo', async () => {
    const x = denseInput();
    const { y: single } = await runOn('armnn:tflite', dense, { x });
    await withSession(dense, { ...optionsOf(device), armnn: { fp16Turbo: true } }, async (session) => {
      expect(session.precision).toBe('fp16');
      const { y: half } = await session.run({ x });
      expectAllClose({ y: half! }, { y: single! }, HALF_TOLERANCE);
      // Off by what the rounding of half precision makes.
      expect(compare(half!, single!).error).toBeGreaterThan(TOLERANCE);
      // CpuRef's are numbers of half precision, widened; Neon's last layer adds up in single precision.
      const values = [...valuesOf(half!)];
      if (device === 'armnn:CpuRef') expect(values).toEqual(values.map((value) => fromFloat16(toFloat16(value))));
    });
  });

  it('gives the same on lanes of its own, at the same time', () =>
    withSession(dense, { ...optionsOf(device), lanes: 3 }, async (session) => {
      const inputs = Array.from({ length: 30 }, (_, i) => denseInput(i + 1));
      const alone = inputs.map((x) => session.runSync({ x }));
      const together = await Promise.all(inputs.map((x) => session.run({ x })));
      together.forEach((outputs, i) => expectAllClose(outputs, alone[i]!, 0));
    }));
});

describe('armnn:GpuAcc, without OpenCL', () => {
  it('is refused, and the process goes on', async () => {
    const error = await expectError('DEVICE_NOT_FOUND', () => Session.load(dense, optionsOf('armnn:GpuAcc')));
    expect(error.message).toContain('OpenCL library');
    expect(error.hint).toContain('Mali');
    await expectError('DEVICE_NOT_FOUND', () => Session.load(dense, optionsOf('armnn:GpuAcc,CpuAcc')));
    const x = denseInput();
    expectAllClose(await runOn('armnn:CpuAcc', dense, { x }), await runOn('armnn:tflite', dense, { x }), TOLERANCE);
  });

  it('is passed over by a list of devices', () =>
    withSession(dense, { lanes: 1, device: ['armnn:GpuAcc', 'armnn:CpuAcc'] }, (session) => {
      expect(session.device).toBe('armnn:CpuAcc');
      expect(session.attempts).toMatchObject([{ device: 'armnn:GpuAcc', code: 'DEVICE_NOT_FOUND' }]);
    }));
});
