/** Compiled models of MIGraphX's: written, read, kept in the plan cache, and refused where they would run otherwise than asked for. */
import { copyFileSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { Session, Tensor } from 'accelnode';
import type { DataType, LoadOptions, ModelSource } from 'accelnode';
import { expect, it } from 'vitest';

import { expectAllClose } from '../utils/compare.js';
import { describeMigraphx, migraphxVersion } from '../utils/migraphx.js';
import { modelPath } from '../utils/models.js';
import { onnxModel } from '../utils/onnx-model.js';
import { randomTensor } from '../utils/random.js';
import { expectError, withSession } from '../utils/session.js';
import { temporaryFolder } from '../utils/temporary-folder.js';

const device = 'rocm:ref';
const path = modelPath('image');
const inputs = { image: randomTensor('float32', [1, 3, 16, 16]) };

interface CacheOutcome {
  hit: boolean;
  stored: boolean;
  key?: string;
  file?: string;
  reason?: string;
}

/** What came of the cache, and of a run. */
function loadAndRun(
  source: ModelSource,
  options: LoadOptions,
): Promise<{ cache: CacheOutcome; features: Float32Array }> {
  return withSession(source, { device, ...options }, async (session) => {
    const { features } = await session.run(inputs);
    return { cache: session.details.cache as CacheOutcome, features: features!.data as Float32Array };
  });
}

/** The model compiled, in a folder of its own. */
async function compiled(): Promise<string> {
  const file = join(temporaryFolder(), 'image.mxr');
  await withSession(path, { device }, (session) => session.export(file));
  return file;
}

/** The same with some bytes exchanged for as many others. */
function altered(file: string, from: string, to: string): string {
  const bytes = readFileSync(file);
  const at = bytes.indexOf(from, 0, 'latin1');
  expect(at).toBeGreaterThan(0);
  bytes.write(to, at, 'latin1');
  writeFileSync(file, bytes);
  return file;
}

describeMigraphx('compiled models', () => {
  it('are kept in the cache and come from there, with the same results', async () => {
    const cache = temporaryFolder();
    const first = await loadAndRun(path, { cache });
    expect(first.cache).toMatchObject({ hit: false, stored: true });
    expect(first.cache.file).toMatch(/\.mxr$/);
    const second = await loadAndRun(path, { cache });
    expect(second.cache).toMatchObject({ hit: true, key: first.cache.key });
    expect(second.features).toEqual(first.features);
    const bytes = await loadAndRun(readFileSync(path), { cache });
    expect(bytes.cache).toMatchObject({ hit: true, key: first.cache.key });
    // What makes another program has another key; what does not, the same.
    expect((await loadAndRun(path, { cache, precision: 'fp16' })).cache).toMatchObject({ hit: false, stored: true });
    expect((await loadAndRun(path, { cache, rocm: { fastMath: true } })).cache.key).toBe(first.cache.key);
    expect((await loadAndRun(path, { cache, rocm: { fastMath: false } })).cache.hit).toBe(false);
  });

  it('with bounded shapes come from the cache too, and other shapes are compiled', async () => {
    const cache = temporaryFolder();
    const options: LoadOptions = { device, cache, shapes: { x: { min: [1, 32], opt: [2, 32], max: [4, 32] } } };
    const model = modelPath('float16');
    const outcomes: boolean[] = [];
    for (let i = 0; i < 2; i++) {
      await withSession(model, options, async (session) => {
        outcomes.push((session.details.cache as CacheOutcome).hit);
        expect(session.inputs).toEqual([{ name: 'x', type: 'float16', shape: [-1, 32], min: [1, 32], max: [4, 32] }]);
        for (const rows of [2, 4, 1]) {
          expect((await session.run({ x: randomTensor('float16', [rows, 32]) })).y!.dims).toEqual([rows, 4]);
        }
        await expectError('INVALID_ARGUMENT', () => session.run({ x: randomTensor('float16', [5, 32]) }));
      });
    }
    expect(outcomes).toEqual([false, true]);
  });

  it('that are damaged in the cache are compiled again', async () => {
    const cache = temporaryFolder();
    const first = await loadAndRun(path, { cache });
    altered(first.cache.file!, 'convolution', 'convolutjon');
    const second = await loadAndRun(path, { cache });
    expect(second.cache).toMatchObject({ hit: false, stored: true });
    expect(second.cache.reason).toContain('Operator not found');
    expect(second.features).toEqual(first.features);
    expect((await loadAndRun(path, { cache })).cache.hit).toBe(true);
  });

  it('are what a released session comes back from', async () => {
    const options: LoadOptions = { device, cache: temporaryFolder() };
    await withSession(path, options, async (session) => {
      const before = await session.run(inputs);
      expect((session.details.cache as CacheOutcome).hit).toBe(false);
      await session.release();
      expect(session.released).toBe(true);
      expect((await session.run(inputs)).features!.data).toEqual(before.features!.data);
      expect(session.released).toBe(false);
      expect((session.details.cache as CacheOutcome).hit).toBe(true);
    });
  });

  it('are not kept where the calibration data can not be told apart', async () => {
    const rocm = { calibration: { batches: [inputs] } };
    const { cache } = await loadAndRun(path, { cache: temporaryFolder(), precision: 'int8', rocm });
    expect(cache).toMatchObject({ hit: false, stored: false });
    expect(cache.reason).toContain('Calibration batches');
  });

  it('load from a file and from bytes', async () => {
    const file = await compiled();
    expect(statSync(file).size).toBeGreaterThan(0);
    const expected = await withSession(path, { device }, (session) => session.run(inputs));
    for (const source of [file, { mxr: readFileSync(file) }]) {
      await withSession(source, { device }, async (session) => {
        expect(session.inputs).toEqual([{ name: 'image', type: 'float32', shape: [1, 3, 16, 16] }]);
        // The file has no names of outputs.
        expect(session.outputs).toEqual([{ name: 'output_0', type: 'float32', shape: [1, 4, 16, 16] }]);
        const { output_0: features } = await session.run(inputs);
        expectAllClose({ features: features! }, expected);
      });
    }
  });

  it.each<[string, (file: string) => string, 'MODEL_INVALID' | 'RUNTIME_INCOMPATIBLE', string]>([
    [
      'cut off',
      (file) => (writeFileSync(file, readFileSync(file).subarray(0, 500)), file),
      'MODEL_INVALID',
      'insufficient',
    ],
    ['of something else', (file) => (writeFileSync(file, 'junk'), file), 'MODEL_INVALID', 'no compiled model'],
    ['of another format', (file) => altered(file, 'version\x07', 'version\x06'), 'RUNTIME_INCOMPATIBLE', 'version'],
    [
      'of another MIGraphX',
      (file) => altered(file, migraphxVersion, migraphxVersion.replace(/^\d/, '1')),
      'RUNTIME_INCOMPATIBLE',
      migraphxVersion,
    ],
    [
      'of a MIGraphX that did not write its version yet',
      (file) => (writeFileSync(file, Buffer.from('\x83\xa7version\x05\xa6target\xa3ref', 'latin1')), file),
      'RUNTIME_INCOMPATIBLE',
      'before 2.7',
    ],
    ['for a GPU', (file) => altered(file, '\xa3ref', '\xa3gpu'), 'RUNTIME_INCOMPATIBLE', '"gpu"'],
  ])('%s are refused, or the ONNX model is compiled where it is given', async (_what, spoil, code, words) => {
    const file = spoil(await compiled());
    const error = await expectError(code, () => Session.load(file, { device }));
    expect(error.message).toContain(words);
    expect(error.hint).toContain('{ mxr, onnx }');
    await withSession({ mxr: file, onnx: path }, { device }, async (session) => {
      expect(session.details.planRefused).toBe(error.message);
      expect(Object.keys(await session.run(inputs))).toEqual(['features']);
    });
  });

  it('have the names of the model beside them, and its open shapes', async () => {
    const file = join(temporaryFolder(), 'encoder.mxr');
    const encoder = modelPath('encoder');
    const sentence = (length: number): Record<string, Tensor> => ({
      tokens: Tensor.zeros('int64', [1, length]),
      mask: Tensor.zeros('int64', [1, length]),
    });
    await withSession(encoder, { device, shapes: { tokens: [1, 4], mask: [1, 4] } }, (session) => session.export(file));
    for (const mxr of [file, readFileSync(file)]) {
      await withSession({ mxr, onnx: encoder }, { device }, async (session) => {
        expect(session.details).toMatchObject({ loadedFrom: 'mxr' });
        expect(session.details.planRefused).toBeUndefined();
        expect(session.details.precision).toBeUndefined();
        for (const length of [4, 5]) {
          expect(await session.run(sentence(length))).toMatchObject({ pooled: { dims: [1, 128] } });
        }
      });
    }
    const nonsense: LoadOptions = { device, shapes: { nonsense: [1] } };
    await expectError('INVALID_ARGUMENT', () => Session.load({ mxr: file, onnx: encoder }, nonsense));
  });

  it.each<[string, DataType, number[]]>([
    ['a model of another type', 'int32', [2, 3]],
    ['other shapes', 'float32', [3, 2]],
  ])('that were made of %s are refused, and the model beside them is compiled', async (_what, type, shape) => {
    const file = join(temporaryFolder(), 'other.mxr');
    const transposing = (element: DataType): ModelSource =>
      onnxModel({
        inputs: [{ name: 'x', type: element, shape: ['a', 'b'] }],
        nodes: [{ op: 'Transpose', inputs: ['x'], outputs: ['y'] }],
        outputs: [{ name: 'y', type: element, shape: ['b', 'a'] }],
      });
    await withSession(transposing(type), { device, shapes: { x: shape } }, (session) => session.export(file));
    const onnx = transposing('float32') as Uint8Array;
    await withSession({ mxr: file, onnx }, { device, shapes: { x: [2, 3] } }, async (session) => {
      expect(session.details.planRefused).toContain(`"x" is ${type} [${shape.join(', ')}], not float32 [2, 3]`);
      const { y } = await session.run({ x: new Tensor('float32', [0, 1, 2, 3, 4, 5], [2, 3]) });
      expect(y!.dims).toEqual([3, 2]);
      expect([...(y!.data as Float32Array)]).toEqual([0, 3, 1, 4, 2, 5]);
    });
  });

  it('that were saved before they were compiled are refused: they would run on the CPU unnoticed', async () => {
    // The begin of such a file: no targets, no contexts.
    const file = await compiled();
    const bytes = readFileSync(file);
    const targets = bytes.indexOf('\xa7targets', 0, 'latin1');
    const modules = bytes.indexOf('\xa7modules', 0, 'latin1');
    const none = Buffer.from('\xa7targets\x90\xa8contexts\x90', 'latin1');
    writeFileSync(file, Buffer.concat([bytes.subarray(0, targets), none, bytes.subarray(modules)]));
    const error = await expectError('MODEL_INVALID', () => Session.load(file, { device }));
    expect(error.message).toContain('before it was compiled');
  });

  it('can not be written when the shapes are open, and are told so', async () => {
    const file = join(temporaryFolder(), 'encoder.mxr');
    await withSession(modelPath('encoder'), { device }, async (session) => {
      const error = await expectError('UNSUPPORTED', () => session.export(file));
      expect(error.hint).toContain('shapes');
    });
  });

  it('keep their weights: the ONNX file may go', async () => {
    const copy = join(temporaryFolder(), 'image.onnx');
    copyFileSync(path, copy);
    await withSession(copy, { device }, async (session) => {
      writeFileSync(copy, '');
      expect(Object.keys(await session.run(inputs))).toEqual(['features']);
    });
  });
});
