// The OCR example reads its sample lines, on the real OpenVINO.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { Tensor, runtime } from 'accelnode';
import type { AccelError } from 'accelnode';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import {
  decodeImage,
  decodeText,
  newInput,
  paddedWidth,
  readAlphabet,
  writePlanes,
} from '../../examples/ocr/pp-ocr.mjs';
import { Recognizer } from '../../examples/ocr/recognizer.mjs';
import { ocrModelsFolder } from '../../scripts/setup/ocr-models.mjs';

const samples = join(import.meta.dirname, '..', '..', 'examples', 'ocr', 'samples');
const truth = JSON.parse(readFileSync(join(samples, 'truth.json'), 'utf8')) as Record<string, string>;
const files = Object.keys(truth);
const paths = files.map((file) => join(samples, file));

/** Where the model reads something else than what is written. */
const misread: Record<string, string> = {
  // The yen sign of full width for the one of half width.
  'order.png': '订单A2046共3件，合计￥99.50',
};
const expected = files.map((file) => misread[file] ?? truth[file]);

const model = join(ocrModelsFolder, 'rec.onnx');
const missing = await findMissing();

async function findMissing(): Promise<string> {
  if (!existsSync(model)) return ' (skipped: the PP-OCR models were not fetched)';
  try {
    await runtime('openvino');
    return '';
  } catch (error) {
    return ` (skipped: ${(error as AccelError).message.split('\n', 1)[0]!})`;
  }
}

describe.skipIf(missing !== '')(`OCR example${missing}`, () => {
  let recognizer: Recognizer;

  beforeAll(async () => {
    recognizer = await Recognizer.load(model, { device: 'openvino:CPU' });
  });

  afterAll(() => recognizer.close());

  it('reads the sample lines, all but one exactly', async () => {
    const readings = await recognizer.readAll(paths);
    expect(Object.fromEntries(files.map((file, i) => [file, readings[i]!.text]))).toEqual({ ...truth, ...misread });
    expect(readings.filter(({ text }, i) => text === truth[files[i]!])).toHaveLength(13);
    for (const { confidence } of readings) {
      expect(confidence).toBeGreaterThan(0.9);
      expect(confidence).toBeLessThanOrEqual(1);
    }
  });

  it('keeps apart lines that are read at the same time', async () => {
    // Three times the samples over eight at a time: every slot serves several lines of its width.
    const lines = [...paths, ...paths.toReversed(), ...paths];
    const readings = await recognizer.readAll(lines, 8);
    expect(readings.map(({ text }) => text)).toEqual([...expected, ...expected.toReversed(), ...expected]);
  });

  it('gives the same text by run, by runSync and in batches', async () => {
    const { session, alphabet, inputName, outputName } = recognizer;
    const images = await Promise.all(paths.map((path) => decodeImage(path)));
    const inputs = images.map(({ pixels, width }) => {
      const input = newInput(1, width);
      writePlanes(pixels, width, input);
      return input;
    });

    for (const [i, input] of inputs.entries()) {
      const byRun = (await session.run({ [inputName]: input }))[outputName]!;
      const bySync = session.runSync({ [inputName]: input })[outputName]!;
      expect(decodeText(byRun, alphabet).text).toBe(expected[i]);
      expect(decodeText(bySync, alphabet).text).toBe(expected[i]);
    }

    const widths = new Set(images.map(({ width }) => paddedWidth(width)));
    for (const padded of widths) {
      const items = [...files.keys()].filter((i) => paddedWidth(images[i]!.width) === padded);
      const batch = newInput(items.length, padded);
      for (const [item, i] of items.entries()) writePlanes(images[i]!.pixels, images[i]!.width, batch, item);
      const output = (await session.run({ [inputName]: batch }))[outputName]!;
      const texts = items.map((_, item) => decodeText(output, alphabet, item).text);
      expect(texts).toEqual(items.map((i) => expected[i]));
    }
    expect(widths.size).toBeGreaterThan(3);
  });

  it('refuses what is no image, and goes on reading', async () => {
    await expect(recognizer.read(Buffer.from('no image'))).rejects.toThrow('unsupported image format');
    expect(await recognizer.read(paths[0]!)).toMatchObject({ text: expected[0] });
  });

  it('reads images from bytes, without colours and with transparency', async () => {
    const path = paths[0]!;
    const images = [
      readFileSync(path),
      await sharp(path).toColourspace('b-w').png({ palette: false }).toBuffer(),
      await sharp(path).ensureAlpha(0.9).png().toBuffer(),
    ];
    const readings = await recognizer.readAll(images);
    expect(readings.map(({ text }) => text)).toEqual([expected[0], expected[0], expected[0]]);
  });

  it('knows as many characters as the model has classes', () => {
    expect(recognizer.alphabet).toHaveLength(recognizer.session.outputs[0]!.shape!.at(-1)!);
  });

  it('refuses a model that has no characters', () => {
    expect(() => readAlphabet(join(ocrModelsFolder, 'det.onnx'))).toThrow('det.onnx has no list of characters');
  });
});

describe('OCR example, without a model', () => {
  it('writes planes of blue, green and red, and grey beside the image', () => {
    const input = newInput(2, 1);
    const [, , height, width] = input.dims as [number, number, number, number];
    expect(input.dims).toEqual([2, 3, 48, 160]);
    input.data.fill(9);
    const pixels = new Uint8Array(height * 3);
    pixels.set([255, 127.5 * 1.2, 0], 3 * 47); // the lowest pixel: red, a bit of green, no blue
    writePlanes(pixels, 1, input, 1);

    expect(input.data.subarray(0, 3 * height * width).every((value) => value === 9)).toBe(true);
    const plane = (channel: number): Float32Array => {
      const at = (3 + channel) * height * width;
      return input.data.subarray(at, at + height * width);
    };
    const lowest = [0, 1, 2].map((channel) => plane(channel)[47 * width]);
    expect(lowest[0]).toBe(-1);
    expect(lowest[1]).toBeCloseTo(0.2);
    expect(lowest[2]).toBe(1);
    expect([0, 1, 2].map((channel) => plane(channel)[0])).toEqual([-1, -1, -1]);
    expect(
      plane(2)
        .subarray(1, width)
        .every((value) => value === 0),
    ).toBe(true);
  });

  it('decodes by the rules of CTC', () => {
    // Two items of seven steps over blank, a, b and the space.
    const alphabet = ['', 'a', 'b', ' '];
    const steps = [3, 1, 1, 0, 1, 2, 3, 0, 0, 0, 0, 0, 0, 0];
    const probabilities = new Tensor('float32', new Float32Array(2 * 7 * 4), [2, 7, 4]);
    for (const [step, best] of steps.entries()) probabilities.data[step * 4 + best] = step === 1 ? 0.5 : 1;
    // Spaces at the ends count for the confidence, but are not text.
    expect(decodeText(probabilities, alphabet)).toEqual({ text: 'aab', confidence: 0.9 });
    expect(decodeText(probabilities, alphabet, 1)).toEqual({ text: '', confidence: 0 });
  });
});
