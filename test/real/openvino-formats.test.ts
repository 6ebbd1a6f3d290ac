/** Every format that OpenVINO reads, from files and from bytes; exported blobs; the model cache. */
import { cp, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { Session, Tensor } from 'accelnode';
import type { LoadOptions, ModelSource } from 'accelnode';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { expectAllClose, expectClose } from '../utils/compare.js';
import { modelPath } from '../utils/models.js';
import { releaseOnnxruntime, runOnnxruntime } from '../utils/onnxruntime.js';
import { describeOpenvino } from '../utils/openvino.js';
import { randomTensor } from '../utils/random.js';
import { withSession } from '../utils/session.js';

const CPU: LoadOptions = { device: 'openvino:CPU', lanes: 1 };

let scratch: string;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'accelnode-formats-'));
});
afterAll(async () => {
  await rm(scratch, { recursive: true, force: true });
  await releaseOnnxruntime();
});

/** The network of test/models/formats.py: relu(x + [1, -2, 3, -4]). */
async function expectRelu(source: ModelSource, options: LoadOptions = {}): Promise<void> {
  await withSession(source, { ...CPU, ...options }, async (session) => {
    const [input, output] = [session.inputs[0]!, session.outputs[0]!];
    expect(input.type).toBe('float32');
    const x = new Tensor('float32', [1, 1, -4, 10], [1, 4]);
    const outputs = await session.run({ [input.name]: x });
    expectClose(outputs[output.name]!, new Tensor('float32', [2, 0, 0, 6], [1, 4]));
  });
}

/** With a folder of its own for temporary files. */
async function inTemporaryFolder(name: string, use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(scratch, name));
  const usual = process.env.TMPDIR;
  process.env.TMPDIR = folder;
  try {
    await use(folder);
  } finally {
    if (usual === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = usual;
  }
}

describeOpenvino('model formats', () => {
  describe('ONNX', () => {
    const inputs = { input: randomTensor('float32', [1, 64]) };
    const sources: Record<string, () => ModelSource | Promise<ModelSource>> = {
      'a path': () => modelPath('mlp'),
      'a file URL': () => pathToFileURL(modelPath('mlp')),
      bytes: () => readFile(modelPath('mlp')),
      'bytes in the middle of a buffer': async () => {
        const bytes = await readFile(modelPath('mlp'));
        const buffer = new Uint8Array(bytes.length + 10);
        buffer.set(bytes, 7);
        return buffer.subarray(7, 7 + bytes.length);
      },
      'an ArrayBuffer': async () => new Uint8Array(await readFile(modelPath('mlp'))).buffer,
      'one of several formats': () => ({ onnx: modelPath('mlp'), tflite: modelPath('relu.tflite') }),
    };

    it.each(Object.entries(sources))('from %s', async (_, source) => {
      await withSession(await source(), CPU, async (session) => {
        expectAllClose(await session.run(inputs), await runOnnxruntime(modelPath('mlp'), inputs));
      });
    });

    it('with weights in a file of their own', async () => {
      const x = randomTensor('float32', [1, 32]);
      await withSession(modelPath('external-data'), CPU, async (session) => {
        expectAllClose(await session.run({ x }), await runOnnxruntime(modelPath('external-data'), { x }));
      });
    });

    it('without the weights that it needs', async () => {
      const alone = join(scratch, 'alone.onnx');
      await cp(modelPath('external-data'), alone);
      await expect(Session.load(alone, CPU)).rejects.toMatchObject({
        code: 'MODEL_INVALID',
        message: expect.stringContaining('external-data.weights') as string,
      });
    });

    it('from bytes, whose folder nobody knows, it can have no file of weights', async () => {
      const bytes = await readFile(modelPath('external-data'));
      await expect(Session.load(bytes, CPU)).rejects.toMatchObject({
        code: 'MODEL_INVALID',
        message: expect.stringContaining('external-data.weights') as string,
      });
    });

    it('with an operator that OpenVINO does not have', async () => {
      await expect(Session.load(modelPath('custom-operator'), CPU)).rejects.toMatchObject({
        code: 'MODEL_UNSUPPORTED',
        backend: 'openvino',
        device: 'openvino:CPU',
        message: expect.stringContaining('Magic') as string,
      });
    });
  });

  describe('OpenVINO IR', () => {
    it('from a path, the weights beside it', () => expectRelu(modelPath('relu.xml')));

    it('from two paths', async () => {
      const elsewhere = join(scratch, 'weights elsewhere.bin');
      await cp(modelPath('relu.bin'), elsewhere);
      await expectRelu({ ir: { xml: modelPath('relu.xml'), bin: elsewhere } });
    });

    it('from bytes', async () => {
      await expectRelu({
        ir: { xml: await readFile(modelPath('relu.xml')), bin: await readFile(modelPath('relu.bin')) },
      });
    });

    it('without its weights', async () => {
      await expect(Session.load(await readFile(modelPath('relu.xml')), CPU)).rejects.toMatchObject({
        code: 'MODEL_INVALID',
      });
    });
  });

  describe('TensorFlow Lite', () => {
    it('from a path', () => expectRelu(modelPath('relu.tflite')));

    it('from bytes, which leave nothing behind', async () => {
      await inTemporaryFolder('tflite', async (folder) => {
        await expectRelu(await readFile(modelPath('relu.tflite')));
        await expect(Session.load({ tflite: new Uint8Array(100) }, CPU)).rejects.toMatchObject({
          code: 'MODEL_INVALID',
        });
        expect(await readdir(folder)).toEqual([]);
      });
    });

    it('from bytes where no file can be made', async () => {
      const bytes = await readFile(modelPath('relu.tflite'));
      await inTemporaryFolder('tflite', async (folder) => {
        await rm(folder, { recursive: true });
        await expect(Session.load(bytes, CPU)).rejects.toMatchObject({
          code: 'UNSUPPORTED',
          hint: "Give the model's path.",
        });
      });
    });
  });

  describe('PaddlePaddle', () => {
    it('from a path, the parameters beside it', () => expectRelu(modelPath('relu.pdmodel')));

    it('not from bytes', async () => {
      await expect(Session.load({ paddle: await readFile(modelPath('relu.pdmodel')) }, CPU)).rejects.toMatchObject({
        code: 'UNSUPPORTED',
        hint: expect.stringContaining('.pdiparams') as string,
      });
    });
  });

  describe('blobs that OpenVINO compiled', () => {
    const inputs = { input: randomTensor('float32', [1, 64]) };
    let blob: string;
    beforeAll(async () => {
      blob = join(scratch, 'a folder that is made', 'mlp.blob');
      await withSession(modelPath('mlp'), CPU, (session) => session.export(blob));
    });

    it.each([
      ['a path', () => blob],
      ['bytes', async () => ({ blob: await readFile(blob) })],
    ] as const)('are imported from %s', async (_, source) => {
      await withSession(await source(), CPU, async (session) => {
        expect(session.inputs).toEqual([{ name: 'input', type: 'float32', shape: [1, 64] }]);
        expect(session.outputs).toEqual([{ name: 'output', type: 'float32', shape: [1, 10] }]);
        expectAllClose(await session.run(inputs), await runOnnxruntime(modelPath('mlp'), inputs));
      });
    });

    // Its weights take pages of their own, which the process loses when they are freed too early.
    it.each(['a path', 'bytes'])('keep their weights when they came from %s', async (from) => {
      const large = join(scratch, `${from}.blob`);
      const image = { image: randomTensor('float32', [1, 3, 224, 224]) };
      const expected = await withSession(modelPath('resnet18'), CPU, async (session) => {
        await session.export(large);
        return session.run(image);
      });
      const source = from === 'bytes' ? { blob: await readFile(large) } : large;
      await withSession(source, CPU, async (session) => expectAllClose(await session.run(image), expected));
    });

    it('are exported whole or not at all', async () => {
      expect(await readdir(join(scratch, 'a folder that is made'))).toEqual(['mlp.blob']);
      await withSession(modelPath('mlp'), CPU, async (session) => {
        // In place of the one that is there. They differ, as OpenVINO numbers what it compiles in a process.
        await session.export(blob);
        const bytes = await readFile(blob);
        await expect(session.export(join(blob, 'below a file'))).rejects.toThrow();
        expect(bytes.equals(await readFile(blob))).toBe(true);
      });
      expect(await readdir(join(scratch, 'a folder that is made'))).toEqual(['mlp.blob']);
      await withSession(blob, CPU, async (session) => {
        expectAllClose(await session.run(inputs), await runOnnxruntime(modelPath('mlp'), inputs));
      });
    });

    it('compute in float32 too, unless asked otherwise', async () => {
      await withSession(blob, CPU, (session) => expect(session.precision).toBe('f32'));
      await withSession(blob, { ...CPU, openvino: { streams: 1, threads: 1 }, profiling: true }, async (session) => {
        expect(session.details).toMatchObject({ threads: '1' });
        await session.run(inputs);
        expect(await session.profile()).not.toEqual([]);
      });
    });

    it.each([
      ['shapes', { shapes: { input: [2, 64] } }],
      ['preprocessing', { openvino: { preprocess: { input: { type: 'uint8' } } } }],
    ] satisfies [string, LoadOptions][])('take no %s', async (_, options) => {
      await expect(Session.load(blob, { ...CPU, ...options })).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
        hint: expect.stringContaining('original model') as string,
      });
    });

    it('do not change how other models are loaded', async () => {
      const threads = () => withSession(modelPath('mlp'), CPU, (session) => session.details.threads);
      const usual = await threads();
      await withSession(blob, { ...CPU, openvino: { threads: 1 } }, async () => expect(await threads()).toBe(usual));
    });

    it('are refused by another device', async () => {
      await expect(Session.load(blob, { device: 'openvino:HETERO:CPU' })).rejects.toMatchObject({
        backend: 'openvino',
        device: 'openvino:HETERO:CPU',
        code: 'MODEL_INVALID',
        hint: expect.stringContaining('export it again') as string,
      });
    });

    it.each([
      ['cut off', (bytes: Buffer) => bytes.subarray(0, bytes.length / 2)],
      ['of random bytes', (bytes: Buffer) => Buffer.from(randomTensor('uint8', [bytes.length], { max: 255 }).data)],
    ])('are refused when they are %s', async (_, damage) => {
      const damaged = damage(await readFile(blob));
      await expect(Session.load({ blob: damaged }, CPU)).rejects.toMatchObject({
        code: 'MODEL_INVALID',
        hint: expect.stringContaining('export it again') as string,
      });
      const path = join(scratch, 'damaged.blob');
      await writeFile(path, damaged);
      await expect(Session.load(path, CPU)).rejects.toMatchObject({ code: 'MODEL_INVALID' });
    });
  });

  describe('the model cache', () => {
    it('makes the second load faster, and equal', async () => {
      const cache = join(scratch, 'cache');
      const image = randomTensor('float32', [1, 3, 224, 224]);
      const load = () =>
        withSession(modelPath('resnet18'), { ...CPU, cache }, async (session) => ({
          fromCache: session.details.loadedFromCache,
          outputs: await session.run({ image }),
        }));
      const first = await load();
      const files = await readdir(cache);
      const second = await load();
      expect(first.fromCache).toBe('NO');
      expect(files.length).toBeGreaterThan(0);
      expect(second.fromCache).toBe('YES');
      expectAllClose(second.outputs, first.outputs, 0);
    });

    it('in a folder that can not be made', async () => {
      const file = join(scratch, 'a file');
      await writeFile(file, '');
      await expect(Session.load(modelPath('mlp'), { ...CPU, cache: join(file, 'cache') })).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
        message: `Can't make the cache folder ${join(file, 'cache')}: a part of the path is a file.`,
      });
    });
  });
});
