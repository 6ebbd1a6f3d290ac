/** Sessions that free their model and load it again, on the real OpenVINO. */
import { copyFile, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { AccelError, Session } from 'accelnode';
import type { LoadOptions, ModelSource } from 'accelnode';
import { expect, it } from 'vitest';

import { modelPath } from '../utils/models.js';
import { describeOpenvino } from '../utils/openvino.js';
import { randomTensor } from '../utils/random.js';
import { expectError, withSession } from '../utils/session.js';
import { temporaryFolder } from '../utils/temporary-folder.js';

const CPU: LoadOptions = { device: 'openvino:CPU', lanes: 1 };

describeOpenvino('a released session', () => {
  const image = randomTensor('float32', [1, 3, 224, 224]);

  it.each<[string, () => Promise<ModelSource>, LoadOptions]>([
    ['a file', () => Promise.resolve(modelPath('resnet18')), {}],
    ['bytes', () => readFile(modelPath('resnet18')), { idleTtl: Infinity }],
  ])('comes back from %s with the same outputs', async (_what, source, options) => {
    await withSession(await source(), { ...CPU, ...options }, async (session) => {
      const { inputs, outputs, details } = session;
      const before = await session.run({ image });
      await session.release();
      expect(await session.run({ image })).toEqual(before);
      expect(session).toMatchObject({ inputs, outputs, details });
    });
  });

  it('gives its memory back', () =>
    withSession(modelPath('resnet50'), CPU, async (session) => {
      await session.run({ image });
      const loaded = process.memoryUsage.rss();
      await session.release();
      // Its weights alone are 97 MB.
      expect(loaded - process.memoryUsage.rss()).toBeGreaterThan(60e6);
    }));

  it('does not come back from bytes that it was not asked to keep', async () =>
    withSession(await readFile(modelPath('mlp')), CPU, async (session) => {
      const error = await expectError('UNSUPPORTED', () => session.release());
      expect(error.hint).toContain('idleTtl');
      expect(session.released).toBe(false);
    }));

  it('does not come back when its weights, in a file of their own, are others', async () => {
    const folder = temporaryFolder();
    for (const name of ['external-data.onnx', 'external-data.weights']) {
      await copyFile(join(dirname(modelPath('external-data')), name), join(folder, name));
    }
    await withSession(join(folder, 'external-data.onnx'), CPU, async (session) => {
      await session.release();
      const weights = join(folder, 'external-data.weights');
      await writeFile(weights, new Uint8Array((await readFile(weights)).byteLength));
      expect((await expectError('MODEL_INVALID', () => session.reload())).message).toContain(weights);
    });
  });

  it('that was loaded while its file was being replaced comes back from neither', async () => {
    const file = join(temporaryFolder(), 'model.onnx');
    await copyFile(modelPath('mlp'), file);
    let replaced: Promise<void> | undefined;
    const onProgress = (): void => void (replaced ??= copyFile(modelPath('encoder'), file));
    const session = await Session.load(file, { ...CPU, onProgress }).catch((error: unknown) => error as AccelError);
    await replaced;
    if (session instanceof AccelError) return; // it was read half
    await session.release();
    await expectError('MODEL_INVALID', () => session.reload());
    await session.close();
  });

  it.each<[string, (file: string) => Promise<void>]>([
    ['replaced', (file) => copyFile(modelPath('encoder'), file)],
    ['removed', (file) => rm(file)],
  ])('does not come back from a file that was %s', async (_what, change) => {
    const file = join(temporaryFolder(), 'model.onnx');
    await copyFile(modelPath('mlp'), file);
    await withSession(file, CPU, async (session) => {
      await session.release();
      await change(file);
      const error = await expectError('MODEL_INVALID', () => session.reload());
      expect(error.message).toContain(file);
      expect(session.released).toBe(true);
    });
  });
});
