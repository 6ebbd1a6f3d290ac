/**
 * Arm NN's GpuAcc for real, but for the GPU: its own kernels, compiled and computed by PoCL on the CPU. What it finds by
 * tuning and compiles belongs to a process, so each of these loads has one of its own.
 */
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { Tensor } from 'accelnode';
import type { DataType } from 'accelnode';
import { describe, expect, it } from 'vitest';

import { faceModel } from '../../scripts/setup/tflite.mjs';
import { TOLERANCE, expectAllClose } from '../utils/compare.js';
import { runScript } from '../utils/child.js';
import { temporaryFolder } from '../utils/temporary-folder.js';
import { dense } from '../utils/tflite-networks.js';

interface Loaded {
  device: string;
  precision: string;
  details: { fallbackOperators?: string[]; cache?: { hit: boolean; stored: boolean; file?: string; reason?: string } };
  attempts: { code: string }[];
  outputs: Record<string, { type: DataType; dims: number[]; data: number[] }>;
  loadMs: number;
}
type Failed = Record<'code' | 'message', string>;

const script = `
  import { Session, Tensor, devices } from 'accelnode';
  const [model, options] = JSON.parse(process.argv[1]);
  try {
    const began = performance.now();
    const session = await Session.load(model, { lanes: 1, ...options });
    const loadMs = performance.now() - began;
    const inputs = Object.fromEntries(session.inputs.map(({ name, shape }) => {
      const size = shape.reduce((a, b) => a * b, 1);
      return [name, new Tensor('float32', Float32Array.from({ length: size }, (_, i) => Math.sin(i)), shape)];
    }));
    const outputs = Object.entries(await session.run(inputs)).map(([name, { type, dims, data }]) => [
      name, { type, dims, data: [...data] },
    ]);
    const { device, precision, details, attempts } = session;
    console.log('RESULT' + JSON.stringify({
      device, precision, details, attempts, loadMs, outputs: Object.fromEntries(outputs),
    }));
    await session.close();
  } catch ({ code, message }) {
    console.log('RESULT' + JSON.stringify({ code, message }));
  }
`;

async function load(model: Uint8Array, options: object, env: NodeJS.ProcessEnv = {}): Promise<Loaded & Failed> {
  const file = join(temporaryFolder(), 'model.tflite');
  writeFileSync(file, model);
  const request = JSON.stringify([file, options]);
  const { code, signal, stdout, stderr } = await runScript(script, { args: [request], env });
  const line = stdout.split('\n').find((each) => each.startsWith('RESULT'));
  expect({ code, signal, line }, stderr).toMatchObject({ code: 0, signal: null, line: expect.any(String) as string });
  return JSON.parse(line!.slice('RESULT'.length)) as Loaded & Failed;
}

const onGpu = (armnn: object = {}, more: object = {}): object => ({
  device: 'armnn:GpuAcc',
  armnn,
  ...more,
});

const tensorsOf = ({ outputs, message }: Loaded & Partial<Failed>): Record<string, Tensor> => {
  expect(message).toBeUndefined();
  return Object.fromEntries(
    Object.entries(outputs).map(([name, { type, dims, data }]) => [
      name,
      new Tensor(type, Float32Array.from(data) as never, dims),
    ]),
  );
};

const face = readFileSync(faceModel);
const expectedOf = (model: Uint8Array): Promise<Loaded> => load(model, { device: 'armnn:tflite' });

describe('GpuAcc', () => {
  it('takes all of a model, and computes what TFLite does', async () => {
    const [gpu, expected] = [await load(dense, onGpu()), await expectedOf(dense)];
    expect(gpu).toMatchObject({ device: 'armnn:GpuAcc', details: { fallbackOperators: [] } });
    expectAllClose(tensorsOf(gpu), tensorsOf(expected), TOLERANCE);
  });

  it('says that it does not have convolutions whose weights are in half precision', async () => {
    const [gpu, expected] = [await load(face, onGpu()), await expectedOf(face)];
    expect(gpu.details.fallbackOperators).toEqual(expect.arrayContaining(['CONV_2D', 'DEPTHWISE_CONV_2D']));
    expectAllClose(tensorsOf(gpu), tensorsOf(expected), TOLERANCE);
  });

  it('works on the memory of tensors with memoryImport', async () => {
    const [gpu, expected] = [await load(dense, onGpu({ memoryImport: true })), await expectedOf(dense)];
    expectAllClose(tensorsOf(gpu), tensorsOf(expected), TOLERANCE);
  });

  it.each([1, 2, 3])('writes what tuning of level %i finds, and uses it', async (level) => {
    const file = join(temporaryFolder(), 'tuning.csv');
    const expected = tensorsOf(await expectedOf(dense));
    expectAllClose(tensorsOf(await load(dense, onGpu({ tuning: { level, file } }))), expected, TOLERANCE);
    const found = readFileSync(file, 'utf8');
    expect(found.split('\n').filter((line) => line.includes(';')).length).toBeGreaterThan(0);
    expectAllClose(tensorsOf(await load(dense, onGpu({ tuning: { level: 0, file } }))), expected, TOLERANCE);
    expect(readFileSync(file, 'utf8')).toBe(found);
  });

  it('keeps the kernels of a model, and loads them in another process', async () => {
    const options = onGpu({}, { cache: temporaryFolder() });
    const first = await load(dense, options);
    expect(first.details.cache).toMatchObject({ hit: false, stored: true });
    expect(statSync(first.details.cache!.file!).size).toBeGreaterThan(1000);
    const second = await load(dense, options);
    expect(second.details.cache).toMatchObject({ hit: true, file: first.details.cache!.file });
    expect(second.outputs).toEqual(first.outputs);
    expectAllClose(tensorsOf(second), tensorsOf(await expectedOf(dense)), TOLERANCE);
    console.log(`loads: ${first.loadMs.toFixed(0)} ms, with the kernels kept ${second.loadMs.toFixed(0)} ms`);
  });

  it('computes in fp32 where OpenCL has no half precision, and says so', async () => {
    expect(await load(dense, onGpu({ fp16Turbo: true }))).toMatchObject({ precision: 'fp32' });
    expect(await load(dense, onGpu({}, { precision: 'fp16' }))).toMatchObject({ code: 'UNSUPPORTED' });
  });

  it('is refused where OpenCL finds no platform, and the process goes on', async () => {
    const nowhere = { OCL_ICD_VENDORS: `${temporaryFolder()}/` };
    expect(await load(dense, onGpu(), nowhere)).toMatchObject({ code: 'DEVICE_NOT_FOUND' });
    expect(await load(dense, { ...onGpu(), device: 'armnn:CpuRef' }, nowhere)).toMatchObject({
      device: 'armnn:CpuRef',
    });
  });
});
