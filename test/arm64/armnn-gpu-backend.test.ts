/**
 * An Arm NN that has its backend for GPUs, on a machine without one, where by itself it may take the process down: each
 * test in a process of its own.
 */
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { fakesFolder } from '../../scripts/setup/fakes.mjs';
import { runScript } from '../utils/child.js';
import { dense, denseInput } from '../utils/tflite-networks.js';

/** The folder of Arm NN's backends, with GpuAcc. */
const ACCELNODE_ARMNN_BACKENDS = process.env.ARMNN_BACKENDS_WITH_GPU;

/** Prints what becomes of loading the model on each of the devices. */
const script = `
  import { Session } from 'accelnode';
  const [model, x, ...devices] = JSON.parse(process.argv[1]);
  for (const device of devices) {
    try {
      const session = await Session.load(Buffer.from(model, 'base64'), { device, lanes: 1 });
      const { y } = await session.run({ x: Float32Array.from(x) });
      console.log(JSON.stringify({ device, values: y.data.length }));
      await session.close();
    } catch ({ code, message, call }) {
      console.log(JSON.stringify({ device, code, message, call }));
    }
  }
  console.log(JSON.stringify('goes on'));
`;

async function load(devices: string[], env: NodeJS.ProcessEnv = {}): Promise<unknown[]> {
  const request = [Buffer.from(dense).toString('base64'), [...denseInput().data], ...devices];
  const { code, signal, stdout, stderr } = await runScript(script, {
    args: [JSON.stringify(request)],
    env: { ACCELNODE_ARMNN_BACKENDS, ...env },
  });
  const lines = stdout.split('\n').filter((line) => line.startsWith('{') || line.startsWith('"'));
  expect({ code, signal, last: lines.at(-1) }, stderr).toEqual({ code: 0, signal: null, last: '"goes on"' });
  return lines.slice(0, -1).map((line) => JSON.parse(line) as unknown);
}

/** The loader of the process finds the double in this folder. */
const opencl = (FAKE_OPENCL: string): NodeJS.ProcessEnv => ({
  LD_LIBRARY_PATH: join(fakesFolder, 'opencl'),
  FAKE_OPENCL,
});

const computes = (device: string): object => ({ device, values: 32 });

describe('Arm NN with GpuAcc', () => {
  it('runs on the CPU where there is no OpenCL', async () => {
    const [gpu, ...others] = await load(['armnn:GpuAcc', 'armnn:CpuAcc', 'armnn:CpuRef', 'armnn:tflite']);
    expect(gpu).toMatchObject({ code: 'DEVICE_NOT_FOUND' });
    expect(others).toEqual(['armnn:CpuAcc', 'armnn:CpuRef', 'armnn:tflite'].map(computes));
  });

  it('is not started where OpenCL has no GPU, whatever is asked for', async () => {
    const devices = ['armnn:GpuAcc', 'armnn:CpuAcc', 'armnn:CpuRef', 'armnn:tflite'];
    const [gpu, neon, reference, plain] = await load(devices, opencl('cpu'));
    expect(gpu).toMatchObject({ code: 'DEVICE_NOT_FOUND' });
    for (const refused of [neon, reference]) {
      const message = expect.stringContaining('would end the process') as string;
      expect(refused).toMatchObject({ code: 'DEVICE_NOT_FOUND', message });
    }
    expect(plain).toEqual(computes('armnn:tflite'));
  });

  it('throws where OpenCL fails, which is an error of ours', async () => {
    const [gpu, plain] = await load(['armnn:GpuAcc', 'armnn:tflite'], opencl('gpu'));
    // The double tells nothing of its GPU beyond its name and driver.
    const message = expect.stringContaining('clGetDeviceInfo') as string;
    expect(gpu).toMatchObject({ code: 'VENDOR_FAILURE', message });
    expect(plain).toEqual(computes('armnn:tflite'));
  });
});
