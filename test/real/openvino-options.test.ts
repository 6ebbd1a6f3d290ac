/** Devices, and the options that become OpenVINO's properties: each seen to have its effect, or refused. */
import { availableParallelism } from 'node:os';

import { Session } from 'accelnode';
import type { AccelError, LoadOptions } from 'accelnode';
import { afterAll, describe, expect, it } from 'vitest';

import { expectAllClose } from '../utils/compare.js';
import { modelPath } from '../utils/models.js';
import { releaseOnnxruntime, runOnnxruntime } from '../utils/onnxruntime.js';
import { describeOpenvino } from '../utils/openvino.js';
import { randomTensor } from '../utils/random.js';
import { withSession } from '../utils/session.js';

const CPU: LoadOptions = { device: 'openvino:CPU', lanes: 1 };
const cores = availableParallelism();

/** `session.details` and the lanes of the smallest model, loaded with some options. */
function detailsOf(options: LoadOptions): Promise<Record<string, unknown>> {
  return withSession(modelPath('mlp'), { device: 'openvino:CPU', ...options }, ({ details, lanes }) => ({
    ...details,
    lanes,
  }));
}

async function refusalOf(options: LoadOptions): Promise<AccelError> {
  return Session.load(modelPath('mlp'), { ...CPU, ...options }).then(
    async (session) => {
      await session.close();
      throw new Error('it was not refused');
    },
    (error: unknown) => error as AccelError,
  );
}

afterAll(releaseOnnxruntime);

describeOpenvino('devices', () => {
  const image = randomTensor('float32', [1, 3, 224, 224]);

  it.each([
    ['openvino', 'openvino:CPU'],
    ['openvino:CPU', 'openvino:CPU'],
    ['openvino:AUTO', 'openvino:AUTO'],
    ['openvino:AUTO:CPU', 'openvino:AUTO:CPU'],
    ['openvino:AUTO:-GPU', 'openvino:AUTO:-GPU'],
    ['openvino:MULTI:CPU', 'openvino:MULTI:CPU'],
    ['openvino:MULTI:CPU(2)', 'openvino:MULTI:CPU(2)'],
    ['openvino:HETERO:CPU', 'openvino:HETERO:CPU'],
    ['openvino:BATCH:CPU(2)', 'openvino:BATCH:CPU(2)'],
  ])('%s runs on the CPU, in float32', async (device, real) => {
    // A machine with a GPU would have it chosen where no device is named.
    await withSession(modelPath('resnet18'), { device, lanes: 1 }, async (session) => {
      if (session.device === real) expect(session.details.executionDevices).toContain('CPU');
      expect(session.backend).toBe('openvino');
      expectAllClose(await session.run({ image }), await runOnnxruntime(modelPath('resnet18'), { image }));
    });
  });

  it.each([
    ['openvino:TPU', /no device TPU/],
    ['openvino:CPU.7', /there is CPU\./],
    ['openvino:GPU.31', /no device GPU/],
    ['openvino:AUTO:TPU,CPU', /no device TPU/],
    ['openvino:HETERO:CPU,GPU.31', /no device GPU/],
    ['openvino:AUTO:-CPU,-GPU,-NPU,-GPU.0,-GPU.1', /nothing is left to choose from/],
  ])('%s is refused', async (device, message) => {
    expect(await refusalOf({ device })).toMatchObject({
      code: 'DEVICE_NOT_FOUND',
      backend: 'openvino',
      device,
      message: expect.stringMatching(message) as string,
      hint: expect.any(String) as string,
    });
  });

  it('a list falls back along itself, and says why', async () => {
    await withSession(modelPath('mlp'), { device: ['openvino:GPU.31', 'rocm', 'openvino:CPU'] }, (session) => {
      expect(session.device).toBe('openvino:CPU');
      expect(session.attempts).toMatchObject([
        { device: 'openvino:GPU.31', code: 'DEVICE_NOT_FOUND' },
        { device: 'rocm' },
      ]);
    });
  });
});

describeOpenvino('hints, streams, threads and lanes', () => {
  it('one lane wants latency', async () => {
    expect(await detailsOf({ lanes: 1 })).toMatchObject({ hint: 'LATENCY', streams: '1', lanes: 1 });
  });

  it('several lanes want throughput, and are as many as asked for', async () => {
    expect(await detailsOf({ lanes: 3 })).toMatchObject({ hint: 'THROUGHPUT', lanes: 3 });
  });

  it('as many lanes as OpenVINO prefers', async () => {
    for (const hint of ['latency', 'throughput', 'cumulative_throughput', 'none'] as const) {
      const details = await detailsOf({ openvino: { hint } });
      expect(details.lanes).toBe(Number(details.optimalLanes));
      expect(details.hint).toBe(hint === 'none' ? 'LATENCY' : hint.toUpperCase());
    }
  });

  it.runIf(cores > 1)('a number of streams', async () => {
    expect(await detailsOf({ openvino: { streams: 2 } })).toMatchObject({ streams: '2', lanes: 2 });
  });

  it('streams as OpenVINO likes', async () => {
    expect(Number((await detailsOf({ openvino: { streams: 'auto' } })).streams)).toBeGreaterThan(0);
  });

  it('a number of threads', async () => {
    expect(await detailsOf({ openvino: { threads: 1 } })).toMatchObject({ threads: '1' });
  });
});

describeOpenvino('precision', () => {
  it('is float32 by default', async () => {
    expect(await detailsOf({})).toMatchObject({ precision: 'f32' });
    expect(await detailsOf({ precision: 'fp32' })).toMatchObject({ precision: 'f32' });
  });

  it.each(['fp16', 'bf16'] as const)('%s is as asked for, or refused with what the device can', async (precision) => {
    const name = precision === 'fp16' ? 'f16' : 'bf16';
    const outcome = await detailsOf({ precision }).catch((error: unknown) => error);
    if (outcome instanceof Error) {
      expect(outcome).toMatchObject({
        code: 'UNSUPPORTED',
        message: expect.stringMatching(/It is capable of: .*FP32/) as string,
      });
    } else expect(outcome).toMatchObject({ precision: name });
  });

  it('int8 is nothing that a load could do', async () => {
    expect(await refusalOf({ precision: 'int8' })).toMatchObject({
      code: 'UNSUPPORTED',
      hint: expect.stringContaining('Quantise the model') as string,
    });
  });
});

describeOpenvino("OpenVINO's own properties", () => {
  it('are passed on as they are', async () => {
    expect(await detailsOf({ lanes: 1, openvino: { config: { INFERENCE_NUM_THREADS: 1 } } })).toMatchObject({
      threads: '1',
    });
    await detailsOf({ openvino: { config: { ENABLE_CPU_PINNING: false, ENABLE_HYPER_THREADING: 'NO' } } });
  });

  it('win over what other options would set', async () => {
    const options: LoadOptions = {
      lanes: 1,
      openvino: { hint: 'latency', config: { PERFORMANCE_HINT: 'THROUGHPUT' } },
    };
    expect(await detailsOf(options)).toMatchObject({ hint: 'THROUGHPUT' });
  });

  it.each([
    ['a property that there is not', 'UNSUPPORTED', { NO_SUCH_PROPERTY: 1 }, 'NO_SUCH_PROPERTY'],
    ['a word where a switch is', 'INVALID_ARGUMENT', { ENABLE_CPU_PINNING: 'perhaps' }, 'ENABLE_CPU_PINNING'],
    ['a negative number of threads', 'INVALID_ARGUMENT', { INFERENCE_NUM_THREADS: -5 }, 'INFERENCE_NUM_THREADS'],
    ['a hint that there is not', 'INVALID_ARGUMENT', { PERFORMANCE_HINT: 'SPEEDY' }, 'PERFORMANCE_HINT'],
  ])('%s', async (_, code, config, name) => {
    expect(await refusalOf({ openvino: { config } })).toMatchObject({
      code,
      device: 'openvino:CPU',
      call: 'ov_core_compile_model',
      message: expect.stringContaining(name) as string,
    });
  });
});

describeOpenvino('the profile', () => {
  it.each(['CPU', 'AUTO:CPU', 'HETERO:CPU'])('has the layers of the last run on %s, with times', async (device) => {
    const options = { device: `openvino:${device}`, lanes: 1, profiling: true };
    await withSession(modelPath('resnet18'), options, async (session) => {
      await session.run({ image: randomTensor('float32', [1, 3, 224, 224]) });
      const layers = await session.profile();
      const convolutions = layers.filter(({ type, status }) => type === 'Convolution' && status === 'executed');
      expect(convolutions.length).toBeGreaterThanOrEqual(20);
      for (const layer of convolutions) {
        expect(layer.time).toBeGreaterThan(0);
        expect(layer.time).toBeLessThan(10_000);
        expect(layer.kernel).toMatch(/\w/);
      }
    });
  });

  it('needs a session that was loaded for it', async () => {
    await withSession(modelPath('mlp'), CPU, async (session) => {
      await session.run({ input: randomTensor('float32', [1, 64]) });
      await expect(session.profile()).rejects.toMatchObject({
        code: 'UNSUPPORTED',
        hint: expect.stringContaining('profiling') as string,
      });
    });
  });
});

describe('options that make no sense', () => {
  it.each([
    ['lanes', { lanes: 0 }],
    ['precision', { precision: 'fp64' as 'fp32' }],
    ['openvino.hint', { openvino: { hint: 'fast' as 'latency' } }],
    ['openvino.streams', { openvino: { streams: 0 } }],
    ['openvino.threads', { openvino: { threads: 1.5 } }],
    ['openvino', { openvino: { thread: 1 } as object }],
    ['shapes.input', { shapes: { input: [[4, 2]] } }],
    ['shapes.input', { shapes: { input: { min: [1], max: [2, 3] } } }],
    ['openvino.config.A', { openvino: { config: { A: null as unknown as string } } }],
  ] satisfies [string, LoadOptions][])('%s is named', async (name, options) => {
    expect(await refusalOf(options)).toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining(`options.${name}`) as string,
    });
  });
});
