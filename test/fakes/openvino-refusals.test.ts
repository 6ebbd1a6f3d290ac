/** What OpenVINO itself refuses, and failures of the caller's own: the right code, and nothing is lost. */
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { Session, Tensor, runtime } from 'accelnode';
import type { LoadOptions, OpenvinoPreprocess } from 'accelnode';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import { onnxModel } from '../utils/onnx-model.js';
import { findRelease, makeDouble, makeWorkplace, writeModels } from './openvino/setup.js';
import type { Double } from './openvino/setup.js';

const { folder: release, missing = '' } = findRelease('current');
const CPU: LoadOptions = { device: 'openvino:CPU' };

describe.skipIf(missing)(`refusals${missing}`, () => {
  const place = makeWorkplace();
  const models = writeModels(place.folder);
  let double: Double;

  beforeAll(async () => {
    double = makeDouble(place.folder, release);
    Object.assign(process.env, double.env);
    await runtime('openvino', { library: double.library });
  });
  afterEach(() => {
    expect(double.control.live()).toEqual({ core: 1 });
    expect(double.control.getText('violation')).toBe('');
  });
  afterAll(() => place.remove());

  it('a property that the device does not have', async () => {
    const options = { openvino: { config: { NO_SUCH_PROPERTY: 1 } } };
    const load = Session.load(models.mix, { ...CPU, ...options });
    await expect(load).rejects.toMatchObject({
      code: 'UNSUPPORTED',
      call: 'ov_core_compile_model',
      status: -1,
      message: expect.stringContaining('NO_SUCH_PROPERTY') as string,
      hint: expect.stringContaining('Leave out the option') as string,
    });
  });

  it.each<[string, 'rows' | 'image', LoadOptions['shapes'], OpenvinoPreprocess, RegExp]>([
    ['a layout of another rank', 'rows', { x: [2, 3] }, { layout: 'NHWC', modelLayout: 'NCHW' }, /rank|length/],
    ['too few means', 'image', { x: [1, 3, 2, 2] }, { layout: 'NCHW', mean: [1, 2] }, /mean/],
    ['a resize to no size', 'image', {}, { layout: 'NCHW', modelLayout: 'NCHW', resize: 'linear' }, /static/],
    ['colours without channels', 'image', {}, { layout: 'NXYZ', color: 'bgr', modelColor: 'rgb' }, /C dimension/],
  ])('preprocessing with %s', async (_, model, shapes, step, words) => {
    const load = Session.load(models[model], { ...CPU, shapes, openvino: { preprocess: { x: step } } });
    await expect(load).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      call: 'ov_preprocess_prepostprocessor_build',
      message: expect.stringMatching(words) as string,
    });
  });

  it('a tensor of more dimensions than a run can pass', async () => {
    const shape = [...new Array<number>(16).fill(1), 2];
    const model = onnxModel({
      inputs: [{ name: 'x', type: 'float32', shape: [2] }],
      initializers: [{ name: 'shape', tensor: new Tensor('int64', shape) }],
      nodes: [{ op: 'Reshape', inputs: ['x', 'shape'], outputs: ['many'] }],
      outputs: [{ name: 'many', type: 'float32', shape }],
    });
    await expect(Session.load(model, CPU)).rejects.toMatchObject({
      code: 'MODEL_UNSUPPORTED',
      message: '"many" has 17 dimensions; accelnode passes at most 16.',
    });
  });

  it('a callback for progress that throws', async () => {
    const cause = new Error('the progress bar is broken');
    const onProgress = (): never => {
      throw cause;
    };
    const load = Session.load(models.mix, { device: ['openvino:CPU', 'openvino:AUTO'], onProgress });
    await expect(load).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: 'onProgress threw: Error: the progress bar is broken',
      cause,
    });
    const session = await Session.load(models.mix, CPU);
    await session.close();
  });

  it('an export to where no file can be', async () => {
    const folder = join(place.folder, 'exports');
    mkdirSync(join(folder, 'folder'), { recursive: true });
    writeFileSync(join(folder, 'file'), '');
    const session = await Session.load(models.mix, CPU);
    for (const [path, words] of [
      [join(folder, 'folder'), 'it is a folder'],
      [join(folder, 'file', 'blob'), 'a file is in the way'],
      [join(folder, 'a\0b'), 'must be that of a file'],
      ['', 'must be that of a file'],
    ] as const) {
      await expect(session.export(path), path).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
        message: expect.stringContaining(words) as string,
      });
    }
    expect(readdirSync(folder)).toEqual(['file', 'folder']);
    await session.close();
  });

  it('nothing of many exports at once', async () => {
    const session = await Session.load(models.mix, CPU);
    const paths = Array.from({ length: 8 }, (_, i) => join(place.folder, 'at-once', `${i}.blob`));
    await Promise.all(paths.map((path) => session.export(path)));
    expect(paths.every((path) => existsSync(path))).toBe(true);
    expect(readdirSync(join(place.folder, 'at-once'))).toHaveLength(8);
    await session.close();
  });
});
