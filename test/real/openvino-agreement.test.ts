/** Outputs are right: they agree with onnxruntime's to 1e-4, however the run is made. */
import { Session, Tensor } from 'accelnode';
import type { Outputs, TensorLike } from 'accelnode';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { TOLERANCE, compare, expectAllClose } from '../utils/compare.js';
import { modelPath, ocrModelPath } from '../utils/models.js';
import { releaseOnnxruntime, runOnnxruntime } from '../utils/onnxruntime.js';
import { describeOpenvino } from '../utils/openvino.js';
import { randomNumbers, randomTensor } from '../utils/random.js';
import { textImages } from '../utils/text-image.js';
import { withSession } from '../utils/session.js';

type Feeds = Record<string, Tensor>;

interface Case {
  model: string;
  path: () => string;
  /** A name for each shape, and inputs of that shape; other seeds, other numbers. */
  shapes: Record<string, (seed: number) => Feeds>;
}

/** Noise, brighter or darker by seed: noise alone is much the same to these networks. */
const image = (...dims: number[]) => ({
  [dims.join('×')]: (seed: number): Feeds => ({
    image: randomTensor('float32', dims, { seed, min: -2 + (seed % 3), max: 1 + (seed % 2) }),
  }),
});
const ocr = (batch: number, height: number, width: number) => ({
  [`${batch}×3×${height}×${width}`]: (seed: number): Feeds => ({ x: textImages(batch, height, width, seed) }),
});

const cases: Case[] = [
  {
    model: 'mlp',
    path: () => modelPath('mlp'),
    shapes: { '1×64': (seed) => ({ input: randomTensor('float32', [1, 64], { seed }) }) },
  },
  { model: 'ResNet-18', path: () => modelPath('resnet18'), shapes: image(1, 3, 224, 224) },
  { model: 'ResNet-50', path: () => modelPath('resnet50'), shapes: image(1, 3, 224, 224) },
  {
    model: 'transformer encoder',
    path: () => modelPath('encoder'),
    shapes: Object.fromEntries(
      [1, 3].flatMap((batch) =>
        [1, 7, 128].map((sequence) => [`${batch}×${sequence}`, (seed: number) => sentences(batch, sequence, seed)]),
      ),
    ),
  },
  {
    model: 'PP-OCR recognition',
    path: () => ocrModelPath('rec'),
    shapes: { ...ocr(1, 48, 320), ...ocr(3, 48, 97) },
  },
  {
    model: 'PP-OCR detection',
    path: () => ocrModelPath('det'),
    shapes: { ...ocr(1, 320, 320), ...ocr(1, 96, 160) },
  },
  {
    model: 'PP-OCR direction',
    path: () => ocrModelPath('cls'),
    shapes: { ...ocr(1, 48, 192), ...ocr(5, 48, 192) },
  },
];

/** Token ids, of which the last ones of each sequence but the first are padding. */
function sentences(batch: number, sequence: number, seed: number): Feeds {
  const next = randomNumbers(seed);
  const lengths = Array.from({ length: batch }, (_, i) => (i === 0 ? sequence : 1 + Math.floor(next() * sequence)));
  const mask = lengths.flatMap((length) => Array.from({ length: sequence }, (_, i) => (i < length ? 1 : 0)));
  return {
    tokens: randomTensor('int64', [batch, sequence], { seed, max: 999 }),
    mask: new Tensor('int64', mask, [batch, sequence]),
  };
}

/** Tensors of the expected shapes, filled with what no output is, to be written to. */
function emptyOutputs(expected: Record<string, TensorLike>): Record<string, Tensor> {
  return Object.fromEntries(
    Object.entries(expected).map(([name, { data, dims }]) => [
      name,
      new Tensor('float32', new Float32Array((data as Float32Array).length).fill(-12345), dims),
    ]),
  );
}

const LANES = 3;

/** Outputs of different inputs differ by more than this. */
const MIX_UP = 0.03;

describeOpenvino('outputs agree with onnxruntime', () => {
  afterAll(releaseOnnxruntime);

  describe.each(cases)('$model', ({ path, shapes }) => {
    let session: Session;
    beforeAll(async () => {
      session = await Session.load(path(), { device: 'openvino:CPU', lanes: LANES });
    });
    afterAll(() => session?.close());

    describe.each(Object.entries(shapes))('%s', (_shape, makeInputs) => {
      const inputs = makeInputs(3);
      let expected: Record<string, TensorLike>;
      beforeAll(async () => {
        expected = await runOnnxruntime(path(), inputs);
      });

      it('from run', async () => {
        expectAllClose(await session.run(inputs), expected);
      });

      it('from runSync', () => {
        expectAllClose(session.runSync(inputs), expected);
      });

      it('in tensors that the caller gives', async () => {
        const outputs = emptyOutputs(expected);
        const result = await session.run(inputs, { outputs });
        for (const name of Object.keys(outputs)) expect(result[name]).toBe(outputs[name]);
        expectAllClose(outputs, expected);

        const again = emptyOutputs(expected);
        session.runSync(inputs, { outputs: again });
        expectAllClose(again, expected);
      });

      it('one at a time', async () => {
        for (const name of Object.keys(expected)) {
          const result = await session.run(inputs, { outputs: [name] });
          expectAllClose(result, { [name]: expected[name]! });
        }
      });

      it(`from ${LANES} lanes at once, each run with inputs of its own`, async () => {
        const many = [inputs, ...Array.from({ length: 3 * LANES }, (_, i) => makeInputs(100 + i))];
        const alone = many.map((each) => session.runSync(each));
        const results = await Promise.all(many.map((each) => session.run(each)));
        expectAllClose(results[0]!, expected);
        // Far from the tolerance: how a device shares out work among lanes may change rounding, and a near tie
        // between two letters makes much of it. Other inputs give outputs that are farther still.
        results.forEach((result, i) => expectAllClose(result, alone[i]!, MIX_UP / 10));
        const name = Object.keys(expected)[0]!;
        expect(compare(alone[0]![name]!, alone[1]![name]!).error).toBeGreaterThan(MIX_UP);
      });
    });
  });

  it('changes shape from run to run, lanes in any order', async () => {
    const many = [1, 40, 3, 128, 7, 1, 64, 2].map((sequence, i) => sentences((i % 3) + 1, sequence, i));
    await withSession(modelPath('encoder'), { device: 'openvino:CPU', lanes: LANES }, async (session) => {
      const results = await Promise.all(many.map((each) => session.run(each)));
      for (const [i, each] of many.entries())
        expectAllClose(results[i]!, await runOnnxruntime(modelPath('encoder'), each));
    });
  });

  it('computes in float32 unless asked otherwise', async () => {
    const inputs = cases[1]!.shapes['1×3×224×224']!(1);
    const expected = await runOnnxruntime(modelPath('resnet18'), inputs);
    const logits = async (precision?: 'auto'): Promise<[string | undefined, Outputs]> =>
      withSession(modelPath('resnet18'), { device: 'openvino:CPU', lanes: 1, precision }, async (session) => [
        session.precision,
        await session.run(inputs),
      ]);

    const [precision, outputs] = await logits();
    expect(precision).toBe('f32');
    expectAllClose(outputs, expected);

    // What the device would have chosen; on a CPU with AMX or AVX512-BF16 that is bf16.
    const [preferred, hasty] = await logits('auto');
    const { error } = compare(hasty.logits!, expected.logits!);
    if (preferred === 'f32') expect(error).toBeLessThan(TOLERANCE);
    else expect(error).toBeGreaterThan(TOLERANCE);
  });
});
