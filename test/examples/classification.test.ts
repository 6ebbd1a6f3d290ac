import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { Classifier } from '../../examples/classification/classifier.mjs';
import { classifierFolder } from '../../scripts/setup/classifier.mjs';
import { describeOpenvino } from '../utils/openvino.js';
import { classifierMissing, runExample } from './run-example.js';

const model = join(classifierFolder, 'classifier.onnx');
const cat = join(classifierFolder, 'cat.png');
const coffee = join(classifierFolder, 'coffee.png');

describeOpenvino('classification', () => {
  describe.skipIf(classifierMissing !== '')(`EfficientNet-Lite0${classifierMissing}`, () => {
    let classifier: Classifier;

    beforeAll(async () => {
      classifier = await Classifier.load(model, { device: 'openvino:CPU' });
    });

    afterAll(() => classifier.close());

    it('knows a cat and a coffee', async () => {
      const [ofCat, ofCoffee] = await Promise.all([classifier.classify(cat), classifier.classify(coffee)]);
      // Three classes of ImageNet are striped cats.
      const cats = ['a cat having a striped coat', 'Egyptian Mau', 'tabby cat'];
      expect(
        ofCat
          .slice(0, 3)
          .map(({ label }) => label)
          .toSorted(),
      ).toEqual(cats.toSorted());
      expect(ofCoffee[0]).toMatchObject({ label: 'espresso' });
      expect(ofCoffee[0]!.probability).toBeGreaterThan(0.8);
    });

    it('gives as many guesses as are asked for, the likeliest first, and all add up to one', async () => {
      expect(await classifier.classify(cat)).toHaveLength(5);
      const all = await classifier.classify(cat, 1000);
      expect(all.map(({ probability }) => probability)).toEqual(
        all.map(({ probability }) => probability).toSorted((a, b) => b - a),
      );
      expect(all.reduce((sum, { probability }) => sum + probability, 0)).toBeCloseTo(1);
    });

    it('takes the bytes of an image, and refuses what is none', async () => {
      expect(await classifier.classify(readFileSync(coffee), 1)).toMatchObject([{ label: 'espresso' }]);
      await expect(classifier.classify(Buffer.from('no image'))).rejects.toThrow('unsupported image format');
      expect(classifier.session.pending).toBe(0);
    });

    it('prints what is on each photograph', async () => {
      const lines = await runExample('classification/classify.mjs', [model, cat, coffee]);
      expect(lines[0]).toBe('on openvino:CPU');
      expect(lines.filter((line) => line.includes(' %  '))).toHaveLength(10);
      expect(lines[lines.indexOf(coffee) + 1]).toMatch(/^ {2}9\d\.\d % {2}espresso$/);
    });
  });
});
