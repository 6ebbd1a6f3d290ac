/** .tflite models on TFLite's own kernels: what is told of them, how they run, and what is refused. */
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { Session, Tensor, dequantize, devices, inspectTflite, quantize, runtime } from 'accelnode';
import type { AccelError, LoadOptions } from 'accelnode';
import { describe, expect, it } from 'vitest';

import { onnxModel } from '../utils/onnx-model.js';
import { expectError, withSession } from '../utils/session.js';
import { temporaryFolder } from '../utils/temporary-folder.js';
import { tfliteModel } from '../utils/tflite-model.js';
import { sampleModels } from '../utils/tflite-samples.js';
import type { TfliteTensor } from '../utils/tflite-model.js';

// One that is there has to open.
const library = process.env.ACCELNODE_ARMNN_LIBRARY ?? '';
const found = existsSync(library) ? await runtime('armnn') : new Error(`there is no ${library}`);
const isOlder = 'version' in found && found.version.startsWith('2.9.');

const CPU: LoadOptions = { device: 'armnn:tflite', lanes: 1 };
const float = (name: string, shape: readonly number[]): TfliteTensor => ({ name, type: 'float32', shape });
const fixedTo = (rows: number): LoadOptions => ({ ...CPU, shapes: { x: [rows, 3] } });

const openDense = tfliteModel({
  tensors: [
    float('x', [-1, 4]),
    { ...float('weights', [3, 4]), data: new Float32Array(12) },
    float('product', [-1, 3]),
    float('y', [-1, 3]),
  ],
  inputs: ['x'],
  outputs: ['y'],
  operators: [
    { op: 'FULLY_CONNECTED', inputs: ['x', 'weights', ''], outputs: ['product'] },
    { op: 'SOFTMAX', inputs: ['product'], outputs: ['y'] },
  ],
});
const openConvolution = tfliteModel({
  tensors: [
    float('x', [-1, 4, 4, 2]),
    { ...float('filters', [3, 2, 2, 2]), data: new Float32Array(24) },
    { ...float('bias', [3]), data: new Float32Array(3) },
    float('y', [-1, 3, 3, 3]),
  ],
  inputs: ['x'],
  outputs: ['y'],
  operators: [{ op: 'CONV_2D', inputs: ['x', 'filters', 'bias'], outputs: ['y'] }],
});

/** A model whose list of tables claims to be so long. */
function vectorOf(length: number): Uint8Array {
  const bytes = relu.slice();
  const view = new DataView(bytes.buffer);
  const root = view.getUint32(0, true);
  const fields = root - view.getInt32(root, true);
  const field = root + view.getUint16(fields + 4 + 2 * 2, true); // the graphs
  view.setUint32(field + view.getUint32(field, true), length, true);
  return bytes;
}

const { relu, negative } = sampleModels;

describe.skipIf(found instanceof Error)(`TFLite${found instanceof Error ? ` (skipped: ${found.message})` : ''}`, () => {
  it('is a device that only its name chooses', async () => {
    const device = (await devices()).find(({ id }) => id === 'armnn:tflite');
    expect(device).toMatchObject({ kind: 'cpu', automatic: false });
    await expectError('DEVICE_NOT_FOUND', () => Session.load(negative, { device: 'armnn' }));
  });

  it('computes what it should', () =>
    withSession(relu, CPU, async (session) => {
      expect(session.inputs).toEqual([{ name: 'x', type: 'float32', shape: [1, 4] }]);
      const { y } = await session.run({ x: new Float32Array([-2, 5, -1, 4]) });
      expect([...y!.data]).toEqual([0, 3, 2, 0]);
    }));

  it('works on memory of session.allocate, and copies what it can not take over', () =>
    withSession(relu, CPU, async (session) => {
      const [x, y] = [session.allocate('x') as Tensor<'float32'>, session.allocate('y')];
      for (let i = 1; i <= 3; i++) {
        x.data.fill(i);
        await session.run({ x }, { outputs: { y } });
      }
      expect(session.stats().bytesCopied).toBe(isOlder ? 3 * 32 : 0);
      expect(y.data[0]).toBe(4);
      // An address that TFLite does not take: through memory of the session's own, from now on and back.
      const odd = new Float32Array(5).subarray(1).fill(6);
      expect((await session.run({ x: odd }, { outputs: { y } })).y!.data[0]).toBe(7);
      x.data.fill(8);
      await session.run({ x }, { outputs: { y } });
      expect(y.data[0]).toBe(9);
      // Nothing is written to memory of an earlier run.
      await session.run({ x: new Float32Array(4).fill(50) }, { outputs: [] });
      expect(y.data[0]).toBe(9);
    }));

  it('has open dimensions bounded or fixed by `shapes`', async () => {
    await withSession(negative, CPU, async (session) => {
      expect(session.inputs[0]!.shape).toEqual([-1, 3]);
      for (const rows of [1, 5, 2]) {
        const { y } = await session.run({ x: new Tensor('float32', new Float32Array(3 * rows).fill(rows), [rows, 3]) });
        expect(y).toMatchObject({ dims: [rows, 3], data: new Float32Array(3 * rows).fill(-rows) });
      }
    });
    await withSession(negative, { ...CPU, shapes: { x: [4, 3] } }, (session) => {
      expect(session).toMatchObject({ inputs: [{ shape: [4, 3] }], outputs: [{ shape: [4, 3] }] });
    });
    const bounded = { ...CPU, shapes: { x: { min: [1, 3], opt: [2, 3], max: [4, 3] } } };
    await withSession(negative, bounded, async (session) => {
      expect(session.inputs[0]).toMatchObject({ shape: [-1, 3], min: [1, 3], max: [4, 3] });
      await expectError('INVALID_ARGUMENT', () => session.run({ x: Tensor.zeros('float32', [5, 3]) }));
    });
    await expectError('INVALID_ARGUMENT', () => withSession(negative, { ...CPU, shapes: { x: [4] } }, () => undefined));
  });

  it('gives outputs whose shape depends on data', () =>
    withSession(
      tfliteModel({
        tensors: [
          { name: 'x', type: 'bool', shape: [4] },
          { name: 'where', type: 'int64', shape: [-1, 1] },
        ],
        inputs: ['x'],
        outputs: ['where'],
        operators: [{ op: 'WHERE', inputs: ['x'], outputs: ['where'] }],
      }),
      CPU,
      async (session) => {
        for (const [x, where] of [
          [
            [1, 0, 1, 1],
            [0n, 2n, 3n],
          ],
          [[0, 0, 0, 0], []],
          [[0, 1, 0, 0], [1n]],
        ] as const) {
          const outputs = await session.run({ x: Uint8Array.from(x) });
          expect(outputs.where).toMatchObject({ dims: [where.length, 1], data: BigInt64Array.from(where) });
        }
      },
    ));

  it('tells scale and zero point of quantized tensors', async () => {
    const quantization = { scale: 0.5, zeroPoint: -3 };
    const model = tfliteModel({
      tensors: [float('x', [4]), { name: 'y', type: 'int8', shape: [4], quantization }],
      inputs: ['x'],
      outputs: ['y'],
      operators: [{ op: 'QUANTIZE', inputs: ['x'], outputs: ['y'] }],
    });
    expect(inspectTflite(model).outputs).toEqual([{ name: 'y', type: 'int8', shape: [4], ...quantization }]);
    await withSession(model, CPU, async (session) => {
      expect(session.outputs).toEqual([{ name: 'y', type: 'int8', shape: [4], details: quantization }]);
      const { y } = await session.run({ x: new Float32Array([0, 1, -1, 1000]) });
      expect([...y!.data]).toEqual([-3, -1, -5, 127]);
    });
  });

  it.each(['int8', 'uint8', 'int16'] as const)(
    '%s: quantize and dequantize compute as its kernels do',
    async (type) => {
      const quantization = { scale: 0.3, zeroPoint: type === 'int16' ? 0 : 5 };
      const shape = [2000];
      const quantizer = tfliteModel({
        tensors: [float('x', shape), { name: 'y', type, shape, quantization }],
        inputs: ['x'],
        outputs: ['y'],
        operators: [{ op: 'QUANTIZE', inputs: ['x'], outputs: ['y'] }],
      });
      const dequantizer = tfliteModel({
        tensors: [{ name: 'x', type, shape, quantization }, float('y', shape)],
        inputs: ['x'],
        outputs: ['y'],
        operators: [{ op: 'DEQUANTIZE', inputs: ['x'], outputs: ['y'] }],
      });
      // No ties, which kernels for other processors may round otherwise.
      const x = Float32Array.from({ length: 2000 }, (_, i) => (i - 1000) * 0.0701);
      const y = await withSession(quantizer, CPU, async (session) => {
        const outputs = await session.run({ x });
        expect(quantize(x, session.outputs[0]!)).toMatchObject({ type, data: outputs.y!.data });
        return outputs.y!;
      });
      await withSession(dequantizer, CPU, async (session) => {
        const outputs = await session.run({ x: y });
        const [input] = session.inputs;
        dequantize(y, input!).data.forEach((value, i) => expect(value).toBeCloseTo(outputs.y!.data[i] as number, 5));
      });
    },
  );

  it('runs a signature by its own names', async () => {
    const options = { ...CPU, armnn: { signature: 'serve' } };
    expect(inspectTflite(negative).signatures).toEqual(['serve']);
    if (isOlder) {
      await expectError('UNSUPPORTED', () => withSession(negative, options, () => undefined));
      return;
    }
    await withSession(negative, { ...options, shapes: { image: [1, 3] } }, async (session) => {
      const { label } = await session.run({ image: new Float32Array([1, 2, 3]) });
      expect([...label!.data]).toEqual([-1, -2, -3]);
    });
    const unknown = { ...CPU, armnn: { signature: 'train' } };
    const error = await expectError('INVALID_ARGUMENT', () => withSession(negative, unknown, () => undefined));
    expect(error.hint).toBe('It has "serve".');
  });

  it.each<[string, (bytes: Uint8Array) => Uint8Array]>([
    ['cut off', (bytes) => bytes.subarray(0, bytes.length / 2)],
    ['of its identifier alone', (bytes) => bytes.subarray(0, 8)],
    ['with another identifier', (bytes) => bytes.with(4, 0)],
    ['whose first offset leads nowhere', (bytes) => bytes.with(3, 0x7f)],
  ])('refuses a file %s', async (_what, damage) => {
    const file = join(temporaryFolder(), 'model.tflite');
    await writeFile(file, damage(negative));
    await expectError('MODEL_INVALID', () => withSession(file, CPU, () => undefined));
    expect(() => inspectTflite(file)).toThrow(expect.objectContaining({ code: 'MODEL_INVALID' }) as Error);
  });

  it('refuses what it has no kernel for, and other formats', async () => {
    const magic = tfliteModel({
      tensors: [float('x', [1]), float('y', [1])],
      inputs: ['x'],
      outputs: ['y'],
      operators: [{ op: 'Magic', inputs: ['x'], outputs: ['y'] }],
    });
    const error = await expectError('MODEL_UNSUPPORTED', () => withSession(magic, CPU, () => undefined));
    expect(error.message).toContain('Magic');
    const io = { name: 'x', type: 'float32' as const, shape: [1] };
    const onnx = onnxModel({ inputs: [io], outputs: [io], nodes: [] });
    const other = await expectError('MODEL_UNSUPPORTED', () => withSession(onnx, CPU, () => undefined));
    expect(other.message).toContain('loads tflite models');
  });

  it('computes in int8 with a scale for each filter', () =>
    withSession(sampleModels.perChannel, CPU, async (session) => {
      const [input] = session.inputs;
      const [output] = session.outputs;
      const x = [1, 2, -3, 0.5, 0, 8, 4, -4];
      const { y } = await session.run({ x: quantize(x, input!) });
      const expected = [0, 2, 4, 6].flatMap((i) => [0.5 * x[i]! - x[i + 1]!, 2 * x[i]! + 4 * x[i + 1]!]);
      expect([...dequantize(y!, output!).data]).toEqual(expected);
    }));

  it('refuses what would end TFLite before TFLite sees it', async () => {
    // Weights without rows, which kernels for convolutions divide by; TFLite itself takes the file.
    const empty = tfliteModel({
      tensors: [float('x', [2, 4]), { ...float('weights', [0, 4]), data: new Float32Array(12) }, float('y', [2, 3])],
      inputs: ['x'],
      outputs: ['y'],
      operators: [{ op: 'FULLY_CONNECTED', inputs: ['x', 'weights', ''], outputs: ['y'] }],
    });
    const unwritten = tfliteModel({
      tensors: [float('x', [1]), float('nobody', [1]), float('y', [1])],
      inputs: ['x'],
      outputs: ['y'],
      operators: [{ op: 'ADD', inputs: ['x', 'nobody'], outputs: ['y'] }],
    });
    for (const [model, words] of [
      [empty, /tensor 1 has 0 elements of 32 bits, but 48 bytes/],
      [unwritten, /operator 0 reads tensor 1, which nobody has written/],
    ] as const) {
      const error = await expectError('MODEL_INVALID', () => withSession(model, CPU, () => undefined));
      expect(error.message).toMatch(words);
      expect(error.hint).toContain('convert the model again');
    }
  });

  it('says which format is wanted, and how to come to it', async () => {
    const folder = temporaryFolder();
    const io = { name: 'x', type: 'float32' as const, shape: [1] };
    const files = { 'model.onnx': onnxModel({ inputs: [io], outputs: [io], nodes: [] }), 'model.armnn': negative };
    for (const [name, bytes] of Object.entries(files)) {
      const file = join(folder, name);
      await writeFile(file, bytes);
      const error = await expectError('MODEL_UNSUPPORTED', () => withSession(file, CPU, () => undefined));
      expect(error.hint).toMatch(/Convert the model to \.tflite: ONNX with onnx2tf/);
    }
    const serialized = Buffer.from('\x10\0\0\0ARMN\0\0\0\0', 'latin1');
    await expectError('MODEL_UNSUPPORTED', () => withSession(serialized, CPU, () => undefined));
  });

  it.each([
    ['random bytes', () => Uint8Array.from({ length: 4096 }, (_, i) => (i * 2654435761) >>> 24)],
    ['a vector longer than the file', () => vectorOf(0x7fffffff)],
    ['a vector longer than memory', () => vectorOf(0xffffffff)],
  ])('refuses %s under the right ending', async (_what, bytes) => {
    const file = join(temporaryFolder(), 'model.tflite');
    await writeFile(file, bytes());
    const error = await expectError('MODEL_INVALID', () => withSession(file, CPU, () => undefined));
    expect(error.message).toMatch(/This is no TFLite model|The file is damaged at byte \d+: a vector of \d+ elements/);
  });

  it.each([-1, 1.5, 2 ** 31])('refuses a dimension of %d, and goes on', (rows) =>
    withSession(negative, CPU, async (session) => {
      const dims = [rows, 3];
      const run = (): unknown =>
        session.run({ x: new Tensor('float32', new Float32Array(Math.max(0, rows) * 3), dims) });
      await expectError('INVALID_ARGUMENT', rows === 2 ** 31 ? () => Session.load(negative, fixedTo(rows)) : run);
      const { y } = await session.run({ x: Tensor.zeros('float32', [2, 3]) });
      expect(y!.dims).toEqual([2, 3]);
    }),
  );

  // No rows are no mistake: the outputs have none either, and no kernel divides by them.
  it.each(['plain', 'dense', 'convolution'] as const)('takes no rows at all (%s)', async (which) => {
    const model = which === 'plain' ? negative : which === 'dense' ? openDense : openConvolution;
    await withSession(model, CPU, async (session) => {
      const rest = session.inputs[0]!.shape!.slice(1);
      const { y } = await session.run({ x: Tensor.zeros('float32', [0, ...rest]) });
      expect(y!.size).toBe(0);
      expect((await session.run({ x: Tensor.zeros('float32', [2, ...rest]) })).y!.dims[0]).toBe(2);
    });
  });

  it.each([-2, 1.5])('refuses shapes of %d', async (rows) => {
    await expectError('INVALID_ARGUMENT', () => Session.load(negative, fixedTo(rows)));
  });

  it('runs from and to memory of any alignment', () =>
    withSession(relu, CPU, async (session) => {
      const block = new ArrayBuffer(1024);
      for (let offset = 0; offset < 128; offset += 4) {
        const x = new Float32Array(block, offset, 4);
        const y = new Tensor('float32', new Float32Array(block, 512 + offset, 4), [1, 4]);
        x.set([-2, 5, -1, offset]);
        await session.run({ x }, { outputs: { y } });
        expect([...y.data]).toEqual([0, 3, 2, Math.max(0, offset - 4)]);
      }
    }));

  it('is closed while it runs: what was begun ends, or is cancelled', async () => {
    for (const cancel of [false, true]) {
      const session = await Session.load(relu, { ...CPU, inline: false });
      const runs = Array.from({ length: 200 }, () => session.run({ x: new Float32Array(4) }));
      const closed = session.close({ cancel });
      const results = await Promise.allSettled(runs);
      await closed;
      const allowed = cancel ? ['done', 'CANCELLED', 'CLOSED'] : ['done'];
      const codes = results.map((each) => (each.status === 'fulfilled' ? 'done' : (each.reason as AccelError).code));
      expect(codes.filter((code) => !allowed.includes(code))).toEqual([]);
      await expectError('CLOSED', () => session.run({ x: new Float32Array(4) }));
    }
  });

  it.each([
    ['armnn:GpuAcc', 'RUNTIME_NOT_FOUND', 'ACCELNODE_ARMNN_DELEGATE'],
    ['armnn:CpuRef', 'RUNTIME_NOT_FOUND', 'armnn:tflite'],
  ] as const)('%s needs the delegate, and says so', async (device, code, words) => {
    const error = await expectError(code, () => withSession(negative, { ...CPU, device }, () => undefined));
    expect(error.hint).toContain(words);
  });

  it.each<[string, object]>([
    ['threads that would end the process', { threads: -1 }],
    ['a tuning level that there is not', { tuning: { level: 4, file: 'tuning' } }],
    ['an option that there is not', { fp17Turbo: true }],
  ])('refuses %s', async (_what, armnn) => {
    await expectError('INVALID_ARGUMENT', () => withSession(negative, { ...CPU, armnn }, () => undefined));
  });
});
