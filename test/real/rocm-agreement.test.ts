/** Outputs of MIGraphX's reference target are right: they agree with onnxruntime's, in each precision as far as that goes. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { Session, Tensor } from 'accelnode';
import type { LoadOptions, TensorLike } from 'accelnode';
import { afterAll, describe, expect, it } from 'vitest';

import { compare, expectAllClose } from '../utils/compare.js';
import { describeMigraphx } from '../utils/migraphx.js';
import { modelPath } from '../utils/models.js';
import { onnxModel } from '../utils/onnx-model.js';
import { releaseOnnxruntime, runOnnxruntime } from '../utils/onnxruntime.js';
import { randomTensor } from '../utils/random.js';
import { withSession } from '../utils/session.js';
import { temporaryFolder } from '../utils/temporary-folder.js';

type Feeds = Record<string, Tensor>;

const device = 'rocm:ref';

/** ResNet-18 for images of 32 × 32: the reference operators take minutes for one of 224 × 224. */
function smallResnet(folder: string): string {
  const bytes = readFileSync(modelPath('resnet18'));
  // A dimension of 224, and one of 32 in as many bytes.
  const [large, small] = [Buffer.from('0a0308e001', 'hex'), Buffer.from('0a0308a000', 'hex')];
  for (let i = 0; i < 2; i++) small.copy(bytes, bytes.indexOf(large));
  expect(bytes.includes(large)).toBe(false);
  const path = join(folder, 'resnet18-small.onnx');
  writeFileSync(path, bytes);
  return path;
}

const image = (dims: number[], seed = 1): Feeds => ({ image: randomTensor('float32', dims, { seed }) });

function sentences(batch: number, sequence: number): Feeds {
  return {
    tokens: randomTensor('int64', [batch, sequence], { seed: batch, max: 999 }),
    mask: new Tensor('int64', new Array<number>(batch * sequence).fill(1), [batch, sequence]),
  };
}

describeMigraphx('outputs agree with onnxruntime', () => {
  afterAll(releaseOnnxruntime);

  async function check(path: string, inputs: Feeds, options: LoadOptions = {}, tolerance?: number): Promise<void> {
    const expected = await runOnnxruntime(path, inputs);
    await withSession(path, { device, ...options }, async (session) => {
      expectAllClose(await session.run(inputs), expected, tolerance);
      expectAllClose(session.runSync(inputs), expected, tolerance);
    });
  }

  it.each<[string, Feeds, number?]>([
    ['mlp', { input: randomTensor('float32', [1, 64]) }],
    ['image', image([1, 3, 16, 16])],
    ['int8', { x: randomTensor('float32', [1, 3, 16, 16]) }],
    ['mixed', { a: randomTensor('float32', [2, 3]), b: randomTensor('int64', [2, 3]) }],
    ['float16', { x: randomTensor('float16', [3, 32]) }, 4e-3], // sums in float16
    ['external-data', { x: randomTensor('float32', [1, 32]) }],
    ['passthrough', { a: randomTensor('float32', [2, 3]), b: randomTensor('int64', [4]) }],
  ])('of %s', (model, inputs, tolerance) => check(modelPath(model), inputs, {}, tolerance));

  it('of ResNet-18 at 32 × 32', () => check(smallResnet(temporaryFolder()), image([1, 3, 32, 32])));

  it('of a transformer encoder, whatever the batch and the length, with a program for each', async () => {
    const path = modelPath('encoder');
    await withSession(path, { device, rocm: { maxPrograms: 2 } }, async (session) => {
      expect(session.inputs[0]!.shape).toEqual([-1, -1]);
      // More than are kept, and again what was dropped.
      for (const [batch, sequence] of [
        [1, 4],
        [2, 4],
        [1, 7],
        [1, 4],
        [3, 2],
      ] as const) {
        const inputs = sentences(batch, sequence);
        expectAllClose(await session.run(inputs), await runOnnxruntime(path, inputs));
      }
    });
  });

  it('of a transformer encoder whose shapes are bounded', () =>
    check(modelPath('encoder'), sentences(2, 5), {
      shapes: {
        tokens: { min: [1, 1], opt: [2, 5], max: [4, 8] },
        mask: { min: [1, 1], opt: [2, 5], max: [4, 8] },
      },
    }));

  it('of a scalar that is expanded, to one element too', async () => {
    const source = onnxModel({
      inputs: [{ name: 'x', type: 'float32', shape: ['n'] }],
      initializers: [{ name: 'seven', tensor: new Tensor('float32', [7], []) }],
      nodes: [
        { op: 'Shape', inputs: ['x'], outputs: ['size'] },
        { op: 'Expand', inputs: ['seven', 'size'], outputs: ['y'] },
      ],
      outputs: [{ name: 'y', type: 'float32', shape: ['n'] }],
    });
    await withSession(source, { device }, async (session) => {
      for (const size of [1, 2]) {
        expect((await session.run({ x: Tensor.zeros('float32', [size]) })).y!.dims).toEqual([size]);
      }
    });
  });

  it('of four runs at once, each its own', async () => {
    const path = modelPath('image');
    await withSession(path, { device, lanes: 4 }, async (session) => {
      const all = [1, 2, 3, 4].map((seed) => image([1, 3, 16, 16], seed));
      const expected: Record<string, TensorLike>[] = [];
      for (const inputs of all) expected.push(await runOnnxruntime(path, inputs));
      for (let round = 0; round < 5; round++) {
        const outputs = await Promise.all(all.map((inputs) => session.run(inputs)));
        outputs.forEach((each, i) => expectAllClose(each, expected[i]!));
      }
    });
  });

  describe('in precision', () => {
    const inputs = image([1, 3, 16, 16]);
    const path = modelPath('image');
    const calibration = { batches: [2, 3, 4].map((seed) => image([1, 3, 16, 16], seed)) };

    // The figures of a small convolutional network, with some room.
    it.each<[string, number, LoadOptions]>([
      ['fp16', 4e-3, { precision: 'fp16' }],
      ['bf16', 3e-2, { precision: 'bf16' }],
      ['int8', 3e-2, { precision: 'int8', rocm: { calibration } }],
    ])('%s, to %d', async (precision, tolerance, options) => {
      const { features } = await runOnnxruntime(path, inputs);
      const session = await Session.load(path, { device, ...options });
      try {
        expect(session.precision).toBe(precision);
        const { error, worst } = compare((await session.run(inputs)).features!, features!);
        expect(error, worst).toBeLessThan(tolerance);
        expect(error, 'it computes in float32').toBeGreaterThan(1e-5);
      } finally {
        await session.close();
      }
    });
  });
});
