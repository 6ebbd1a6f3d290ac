/** Arm NN behind its delegate: what it computes, what it leaves to TFLite, and what it is told. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { Session } from 'accelnode';
import type { LoadOptions, Tensor } from 'accelnode';
import { expect, it } from 'vitest';

import { REFERENCE, describeArmnn } from '../utils/armnn.js';
import { runScript } from '../utils/child.js';
import { command, jsonOf } from '../utils/command.js';
import { fromFloat16, toFloat16 } from '../utils/float16.js';
import { randomTensor } from '../utils/random.js';
import { expectError, withSession } from '../utils/session.js';
import { temporaryFolder } from '../utils/temporary-folder.js';
import { tfliteModel } from '../utils/tflite-model.js';
import type { TfliteTensor } from '../utils/tflite-model.js';

const float = (name: string, shape: readonly number[]): TfliteTensor => ({ name, type: 'float32', shape });
const TFLITE: LoadOptions = { device: 'armnn:tflite', lanes: 1 };

const WIDTH = 64;
const weights = (seed: number): Float32Array => {
  return randomTensor('float32', [WIDTH, WIDTH], { seed, min: -0.125, max: 0.125 }).data;
};

/** Two layers, of which Arm NN takes all, or with a cosine between them, which it does not have. */
function network(between: 'RELU' | 'COS'): Uint8Array {
  return tfliteModel({
    tensors: [
      float('x', [1, WIDTH]),
      { ...float('first', [WIDTH, WIDTH]), data: weights(1) },
      { ...float('second', [WIDTH, WIDTH]), data: weights(2) },
      float('a', [1, WIDTH]),
      float('b', [1, WIDTH]),
      float('y', [1, WIDTH]),
    ],
    inputs: ['x'],
    outputs: ['y'],
    operators: [
      { op: 'FULLY_CONNECTED', inputs: ['x', 'first', ''], outputs: ['a'] },
      { op: between, inputs: ['a'], outputs: ['b'] },
      { op: 'FULLY_CONNECTED', inputs: ['b', 'second', ''], outputs: ['y'] },
    ],
  });
}

const dense = network('RELU');
const withCosine = network('COS');
const x = randomTensor('float32', [1, WIDTH], { seed: 3 });

async function compute(model: Uint8Array, options: LoadOptions): Promise<Float32Array> {
  return withSession(model, options, async (session) => (await session.run({ x })).y!.data as Float32Array);
}

function largestDifference(a: Float32Array, b: Float32Array): number {
  return Math.max(...a.map((value, i) => Math.abs(value - b[i]!)));
}

describeArmnn('Arm NN', () => {
  it('computes what TFLite computes', () =>
    withSession(dense, REFERENCE, async (session) => {
      expect(session.device).toBe('armnn:CpuRef');
      expect(session.fallbackOperators).toEqual([]);
      expect(session.details).toMatchObject({ delegateOptions: { backends: 'CpuRef' }, log: [] });
      expect(session.details.armnn).toMatch(/libarmnn\.so/);
      const { y } = await session.run({ x });
      expect(largestDifference(y!.data as Float32Array, await compute(dense, TFLITE))).toBeLessThan(1e-5);
    }));

  it('leaves to TFLite what it does not have, and that is told', async () => {
    await withSession(withCosine, REFERENCE, async (session) => {
      expect(session.fallbackOperators).toEqual(['COS']);
      const { y } = await session.run({ x });
      expect(largestDifference(y!.data as Float32Array, await compute(withCosine, TFLITE))).toBeLessThan(1e-5);
    });
    await withSession(withCosine, TFLITE, (session) => expect(session.fallbackOperators).toBeUndefined());
  });

  it('tells it on the command line too', async () => {
    const file = join(temporaryFolder(), 'model.tflite');
    await writeFile(file, withCosine);
    const accelnode = command();
    const inspected = await jsonOf<{ details: object }>(accelnode, 0, 'inspect', file, '-d', 'armnn:CpuRef');
    expect(inspected.details).toMatchObject({ fallbackOperators: ['COS'] });
    const { stdout, code } = await accelnode('doctor', file);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^ +model +armnn:CpuRef {2}loads; leaves to slower kernels: COS$/m);
    expect(stdout).toMatch(/^ +model +armnn:tflite {2}loads$/m);
  });

  it('computes in half precision as a wish', () =>
    withSession(dense, { ...REFERENCE, armnn: { fp16Turbo: true } }, async (session) => {
      expect(session).toMatchObject({ precision: 'fp16', attempts: [] });
      const [half, full] = [(await session.run({ x })).y!.data as Float32Array, await compute(dense, TFLITE)];
      expect(largestDifference(half, full)).toBeLessThan(1e-2);
      // It does compute in halves: each result is one.
      for (const value of half) expect(value).toBe(fromFloat16(toFloat16(value)));
      expect(largestDifference(half, full)).toBeGreaterThan(1e-6);
    }));

  it('computes in half precision as a demand', async () => {
    await withSession(dense, { ...REFERENCE, precision: 'fp16' }, (session) => {
      expect(session.precision).toBe('fp16');
    });
    for (const [options, code] of [
      [{ ...REFERENCE, precision: 'bf16' }, 'UNSUPPORTED'],
      [{ ...REFERENCE, precision: 'int8' }, 'UNSUPPORTED'],
      [{ ...TFLITE, precision: 'fp16' }, 'UNSUPPORTED'],
      [{ ...REFERENCE, precision: 'fp32', armnn: { fp16Turbo: true } }, 'INVALID_ARGUMENT'],
      [{ ...REFERENCE, precision: 'fp16', armnn: { fp16Turbo: false } }, 'INVALID_ARGUMENT'],
    ] as const) {
      await expectError(code, () => withSession(dense, options, () => undefined));
    }
  });

  it('works on memory of session.allocate, with its own copies or without', async () => {
    for (const memoryImport of [false, true]) {
      await withSession(dense, { ...REFERENCE, armnn: { memoryImport } }, async (session) => {
        const [input, y] = [session.allocate('x') as Tensor<'float32'>, session.allocate('y')];
        for (const scale of [1, 2]) {
          input.data.set(x.data.map((value) => value * scale));
          await session.run({ x: input }, { outputs: { y } });
          const expected = await withSession(dense, TFLITE, async (plain) => (await plain.run({ x: input })).y!.data);
          expect(largestDifference(y.data as Float32Array, expected as Float32Array)).toBeLessThan(1e-5);
        }
      });
    }
  });

  it('keeps what it logs out of the standard output', async () => {
    const script = `
      import { Session } from 'accelnode';
      const model = Buffer.from(process.argv[1], 'base64');
      const session = await Session.load(model, { device: 'armnn:CpuRef', armnn: { logging: 'info' } });
      process.stderr.write(JSON.stringify(session.details.log));
      await session.close();`;
    const { stdout, stderr, code } = await runScript(script, { args: [Buffer.from(dense).toString('base64')] });
    expect(code).toBe(0);
    // What it says when the process ends, nobody is there to keep.
    expect(stdout).toMatch(/^(Info: Shutdown time.*\n)?$/);
    expect(JSON.parse(stderr)).toContainEqual(expect.stringMatching(/^Info: ArmNN v\d+\./));
  });

  it('refuses operators whose types the backend does not have, and says what to do', async () => {
    const bytes = tfliteModel({
      tensors: [
        { name: 'x', type: 'uint8', shape: [2, 3] },
        { name: 'dims', type: 'int32', shape: [2], data: Int32Array.of(3, 2) },
        { name: 'y', type: 'uint8', shape: [3, 2] },
      ],
      inputs: ['x'],
      outputs: ['y'],
      operators: [{ op: 'RESHAPE', inputs: ['x', 'dims'], outputs: ['y'] }],
    });
    const error = await expectError('MODEL_UNSUPPORTED', () => withSession(bytes, REFERENCE, () => undefined));
    expect(error.hint).toContain('armnn:tflite');
    await withSession(bytes, { device: ['armnn:CpuRef', 'armnn:tflite'] }, (session) => {
      expect(session.device).toBe('armnn:tflite');
      expect(session.attempts).toMatchObject([{ device: 'armnn:CpuRef', code: 'MODEL_UNSUPPORTED' }]);
    });
  });

  it.each(['armnn:Foo', 'armnn:CpuRef,Foo', 'armnn:CpuRef,', 'armnn:cpuref', 'armnn:tflite,CpuRef', 'armnn:,'])(
    'has no %s',
    async (device) => {
      const error = await expectError('DEVICE_NOT_FOUND', () => withSession(dense, { device }, () => undefined));
      expect(error.hint).toContain('GpuAcc, CpuAcc and CpuRef');
    },
  );

  it('runs several sessions at once, and each gets its own', async () => {
    const sessions = await Promise.all([1, 2, 3].map(() => Session.load(dense, { ...REFERENCE, lanes: 2 })));
    await Promise.all(
      sessions.map(async (session, i) => {
        const scaled = x.data.map((value) => value * (i + 1));
        const runs = Array.from({ length: 20 }, () => session.run({ x: scaled }));
        const expected = await withSession(dense, TFLITE, async (plain) => (await plain.run({ x: scaled })).y!.data);
        for (const { y } of await Promise.all(runs)) {
          expect(largestDifference(y!.data as Float32Array, expected as Float32Array)).toBeLessThan(1e-5);
        }
        await session.close();
      }),
    );
  });

  it('keeps what belongs to the process from its first session', async () => {
    await withSession(dense, REFERENCE, () => undefined);
    const folder = temporaryFolder();
    for (const armnn of [{ dynamicBackends: folder }, { tuning: { file: join(folder, 'tuning.csv') } }]) {
      const error = await expectError('INVALID_ARGUMENT', () =>
        withSession(dense, { ...REFERENCE, armnn }, () => undefined),
      );
      expect(error.message).toContain('An earlier session of this process');
    }
    await withSession(dense, REFERENCE, () => undefined);
  });

  it('says that it does not find its backends', async () => {
    const script = `
      import { Session } from 'accelnode';
      const model = Buffer.from(process.argv[1], 'base64');
      const load = (armnn) => Session.load(model, { device: 'armnn:CpuRef', armnn });
      const error = await load({ dynamicBackends: process.argv[2] }).catch((error) => error);
      process.stdout.write(JSON.stringify({ code: error.code, hint: error.hint }));`;
    const args = [Buffer.from(dense).toString('base64'), temporaryFolder()];
    const { stdout, code } = await runScript(script, { args });
    expect(code).toBe(0);
    const error = JSON.parse(stdout) as { code: string; hint: string };
    expect(error.code).toBe('DEVICE_NOT_FOUND');
    expect(error.hint).toContain('armnn.dynamicBackends');
  });

  it('refuses a folder of backends that there is not, before Arm NN keeps it', async () => {
    const armnn = { dynamicBackends: '/nowhere/backends' };
    await expectError('INVALID_ARGUMENT', () => withSession(dense, { ...REFERENCE, armnn }, () => undefined));
  });

  it.each<[string, object, RegExp]>([
    [
      'a tuning file in a folder that is not there',
      { file: '/nowhere/tuning.csv' },
      /can't be written: there is no such/,
    ],
    ['a tuning file that is a folder', { file: '/' }, /can't be written/],
    ['nothing to use at level 0', { level: 0, file: '/nowhere/tuning.csv' }, /can't be read/],
  ])('refuses %s', async (_what, tuning, words) => {
    const error = await expectError('INVALID_ARGUMENT', () =>
      withSession(dense, { ...REFERENCE, armnn: { tuning } }, () => undefined),
    );
    expect(error.message).toMatch(words);
    expect(error.hint).toBeDefined();
  });
});
