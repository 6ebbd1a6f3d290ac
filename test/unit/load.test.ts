/** What `Session.load` refuses, and how it chooses a device. */
import { mkdtempSync, mkdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { Session } from 'accelnode';
import type { LoadOptions, ModelSource } from 'accelnode';
import { afterAll, describe, expect, it } from 'vitest';

import { parseLoadOptions } from '../../build-ts/options/load.js';
import { expectError, nullModel, withSession } from '../utils/session.js';

const folder = mkdtempSync(join(tmpdir(), 'accelnode-load-'));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, content: string | Uint8Array = 'x'): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

/** Without any runtime, whatever is installed here. */
process.env.ACCELNODE_RUNTIMES = join(folder, 'no-runtimes');
process.env.ACCELNODE_OPENVINO_LIBRARY = join(folder, 'no-such-library');
process.env.ACCELNODE_CUDA_LIBRARY = join(folder, 'no-such-tensorrt');
process.env.ACCELNODE_ROCM_LIBRARY = join(folder, 'no-such-migraphx');

function detached(): ArrayBuffer {
  const buffer = new ArrayBuffer(8);
  structuredClone(buffer, { transfer: [buffer] });
  return buffer;
}

describe('model', () => {
  it.each<[string, () => unknown, RegExp]>([
    ['a missing file', () => join(folder, 'none.onnx'), /ENOENT/],
    ['a file: URL of a missing file', () => pathToFileURL(join(folder, 'none.onnx')), /ENOENT/],
    ['an empty file', () => file('empty.onnx', ''), /empty/],
    [
      'a folder',
      () => {
        mkdirSync(join(folder, 'folder.onnx'), { recursive: true });
        return join(folder, 'folder.onnx');
      },
      /not a file/,
    ],
    [
      'a sparse file of 3 GB',
      () => {
        truncateSync(file('sparse.onnx'), 3 * 2 ** 30);
        return join(folder, 'sparse.onnx');
      },
      /less than 2 GiB/,
    ],
    ['no bytes', () => new Uint8Array(0), /no bytes/],
    ['bytes of half a tag', () => new TextEncoder().encode('ftr'), /no model format/],
    ['bytes of no known format', () => new TextEncoder().encode('hello'), /no model format/],
  ])('refuses %s', async (_what, make, message) => {
    const error = await expectError('MODEL_INVALID', () => Session.load(make() as ModelSource));
    expect(error.message).toMatch(message);
  });

  it.each<[string, unknown, RegExp]>([
    ['nothing', undefined, /path, a URL, bytes/],
    ['a detached buffer', detached(), /detached/],
    ['a number', 5, /not 5/],
    ['an empty object', {}, /names no file/],
    ['an unknown format', { caffe: 'x' }, /no model format "caffe"/],
    ['a format that is not a file', { onnx: 5 }, /model.onnx must be/],
    ['an unknown ending', 'model.bin', /by its ending/],
    ['a web address', new URL('https://example.com/model.onnx'), /file: URL/],
    ['a path with a zero byte', 'a\0b.onnx', /zero byte/],
    ['a null model without inputs', { null: { model: 'echo' } }, /model\.null\.inputs/],
    [
      'a null model with more outputs than inputs',
      nullModel({ outputs: Array.from('ab', (name) => ({ name, type: 'float32' as const, shape: [1] })) }),
      /more outputs/,
    ],
  ])('refuses %s', async (_what, source, message) => {
    const error = await expectError('INVALID_ARGUMENT', () => Session.load(source as ModelSource));
    expect(error.message).toMatch(message);
  });
});

// On Windows it is a folder that the machine shares.
it.skipIf(process.platform === 'win32')('refuses the URL of another machine', async () => {
  const error = await expectError('INVALID_ARGUMENT', () => Session.load(new URL('file://host/a.onnx')));
  expect(error.message).toMatch(/URL of no file here/);
});

describe('options', () => {
  it.each<[string, unknown, RegExp]>([
    ['an unknown option', { devices: 'x' }, /devices/],
    ['an unknown OpenVINO option', { openvino: { stream: 1 } }, /options\.openvino.*stream/],
    ['no device', { device: '' }, /options\.device/],
    ['an empty list of devices', { device: [] }, /options\.device/],
    ['an unknown backend', { device: 'tpu:0' }, /no backend "tpu"/],
    ['a device without a name', { device: 'null:' }, /no name after the colon/],
    ['a number that is another way to write 0', { device: 'cuda:00' }, /no device "cuda:00"/],
    ['a number with a sign', { device: ['null:0', 'rocm:+0'] }, /no device "rocm:\+0"/],
    ['a zero that is negative', { device: 'cuda:-0' }, /no device "cuda:-0"/],
    ['an unknown precision', { precision: 'fp8' }, /options\.precision/],
    ['no lanes', { lanes: 0 }, /options\.lanes/],
    ['a fraction of a lane', { lanes: 1.5 }, /options\.lanes/],
    ['NaN lanes', { lanes: NaN }, /options\.lanes/],
    ['257 lanes', { lanes: 257 }, /options\.lanes/],
    ['a negative dimension', { shapes: { x: [-2] } }, /options\.shapes\.x/],
    ['a NaN dimension', { shapes: { x: [NaN] } }, /options\.shapes\.x/],
    ['a range upside down', { shapes: { x: [[4, 2]] } }, /options\.shapes\.x\.0: the smallest size is larger/],
    [
      'a profile upside down',
      { shapes: { x: { min: [4], opt: [3], max: [2] } } },
      /options\.shapes\.x: min ≤ opt ≤ max/,
    ],
    ['an optimum outside of its range', { shapes: { x: { min: [1], opt: [5], max: [2] } } }, /options\.shapes\.x/],
    ['maxQueue 0', { maxQueue: 0 }, /options\.maxQueue/],
    ['a signal that is none', { signal: {} }, /options\.signal/],
    ['a progress function that is none', { onProgress: 5 }, /options\.onProgress/],
    ['threads 0', { openvino: { threads: 0 } }, /options\.openvino\.threads/],
    ['a layout that names an axis twice', { openvino: { preprocess: { x: { layout: 'NHHC' } } } }, /layout/],
    [
      'a height without a width',
      { openvino: { preprocess: { x: { layout: 'NHWC', height: 5 } } } },
      /height and width/,
    ],
    ['an unknown TensorRT option', { cuda: { workspaceSize: 1 } }, /options\.cuda.*workspaceSize/],
    ['a workspace of nothing', { cuda: { workspace: 0 } }, /options\.cuda\.workspace/],
    ['half a byte of workspace', { cuda: { workspace: 1.5 } }, /options\.cuda\.workspace/],
    ['optimisation level 6', { cuda: { optimizationLevel: 6 } }, /options\.cuda\.optimizationLevel/],
    ['an unknown source of tactics', { cuda: { tacticSources: ['cuda'] } }, /options\.cuda\.tacticSources\.0/],
    ['streams that are not to be counted', { cuda: { maxAuxStreams: 2 ** 33 + 1 } }, /options\.cuda\.maxAuxStreams/],
    ['a timing cache without a name', { cuda: { timingCache: '' } }, /options\.cuda\.timingCache/],
    ['a profile upside down', { cuda: { profiles: [{ x: [[4, 2]] }] } }, /options\.cuda\.profiles\.0\.x/],
    [
      'no lean runtime where there is none',
      { cuda: { excludeLeanRuntime: true } },
      /options\.cuda\.excludeLeanRuntime.*versionCompatible/,
    ],
    [
      'calibration that is not iterable',
      { precision: 'int8', cuda: { calibration: { batches: 5 } } },
      /options\.cuda\.calibration\.batches: must be an iterable/,
    ],
    ['calibration of nothing', { precision: 'int8', cuda: { calibration: {} } }, /needs batches, cache or both/],
    [
      'calibration for another precision',
      { precision: 'fp16', cuda: { calibration: { batches: [] } } },
      /options\.cuda\.calibration: is only of use with precision: 'int8'/,
    ],
    [
      'a precision beside strong types',
      { precision: 'fp16', cuda: { stronglyTyped: true } },
      /options\.precision: must be left out with cuda\.stronglyTyped/,
    ],
    ['a negative limit of the cache', { cacheLimit: -1 }, /options\.cacheLimit/],
    ['a mean without a layout', { openvino: { preprocess: { x: { mean: 5 } } } }, /layout is needed/],
  ])('refuses %s', async (_what, options, message) => {
    const error = await expectError('INVALID_ARGUMENT', () => Session.load(nullModel(), options as LoadOptions));
    expect(error.message).toMatch(message);
  });
});

describe('shapes', () => {
  it.each<[string, NonNullable<LoadOptions['shapes']>[string], number[][]]>([
    ['sizes', [1, -1], [[1, 1, 1], [-1, -1, -1]]], // prettier-ignore
    ['ranges, tuned for the largest', [[1, 8], 3], [[1, 8, 8], [3, 3, 3]]], // prettier-ignore
    ['min and max, tuned for the largest', { min: [1, 3], max: [8, 3] }, [[1, 8, 8], [3, 3, 3]]], // prettier-ignore
    ['min, opt and max', { min: [1], opt: [4], max: [8] }, [[1, 8, 4]]],
    ['no dimensions', [], []],
  ])('are given as %s', (_what, shape, expected) => {
    const parsed = parseLoadOptions({ shapes: { x: shape }, cuda: { profiles: [{ x: shape }] } });
    expect(parsed.shapes).toEqual({ x: expected });
    expect(parsed.cuda?.profiles).toEqual([{ x: expected }]);
  });
});

/** What is said of a library of TensorRT that is named and not there. On Windows none is tried. */
const withoutTensorrt =
  process.platform === 'win32'
    ? { code: 'UNSUPPORTED', message: 'TensorRT runs on Linux here' }
    : { code: 'RUNTIME_NOT_FOUND', message: 'TensorRT was not found.' };

describe('device', () => {
  it('is exactly the one that is named, or an error', async () => {
    const error = await expectError('RUNTIME_NOT_FOUND', () =>
      Session.load(file('a.onnx'), { device: 'openvino:CPU' }),
    );
    expect(error).toMatchObject({ backend: 'openvino' });
    expect(error.attempts).toBeUndefined();
    expect(error.libraries).toEqual([
      {
        name: join(folder, 'no-such-library'),
        origin: 'ACCELNODE_OPENVINO_LIBRARY',
        error: expect.stringMatching(/cannot open|No such file|not found/i) as string,
      },
    ]);
    expect(error.hint).toContain('accelnode runtime install openvino');
  });

  // On Windows only OpenVINO is looked for.
  it.skipIf(process.platform === 'win32')(
    'auto says what stopped the device that tried, or the runtime that it lacks',
    async () => {
      // Three backends take ONNX.
      const error = await expectError('RUNTIME_NOT_FOUND', () => Session.load(file('a.onnx')));
      expect(error.hint).toContain('accelnode runtime install openvino');
      expect(error.hint).toMatch(/^cuda: .*\nrocm: .*\nopenvino: /);
      expect(error.libraries!.map(({ origin }) => origin)).toEqual(
        expect.arrayContaining(['ACCELNODE_CUDA_LIBRARY', 'ACCELNODE_ROCM_LIBRARY', 'ACCELNODE_OPENVINO_LIBRARY']),
      );
      expect(error.attempts?.map(({ device, code }) => [device, code])).toContainEqual(['rknn', 'MODEL_UNSUPPORTED']);
      const other = await expectError('DEVICE_NOT_FOUND', () =>
        Session.load({ onnx: file('a.onnx'), ...nullModel() }, { device: ['rknn', 'null:7', 'openvino:CPU'] }),
      );
      expect(other.device).toBeUndefined();
      expect(other.hint).toBe('There are null:0 and null:1.');
    },
  );

  it('falls back along a list, and says why', () =>
    withSession(
      { onnx: file('a.onnx'), ...nullModel() },
      { device: ['cuda:0', 'openvino:CPU', 'null:0'] },
      (session) => {
        expect(session.device).toBe('null:0');
        expect(session.attempts.map(({ device, code }) => [device, code])).toEqual([
          ['cuda', withoutTensorrt.code],
          ['openvino', 'RUNTIME_NOT_FOUND'],
        ]);
        for (const { message } of session.attempts) expect(message).toMatch(/\w{3}/);
      },
    ));

  it('is never the null backend unless named', async () => {
    const error = await expectError('MODEL_UNSUPPORTED', () => Session.load(nullModel(), { device: 'auto' }));
    expect(error.attempts).toHaveLength(5);
  });

  it('lists every refusal when none can', async () => {
    const error = await expectError('RUNTIME_NOT_FOUND', () =>
      Session.load(file('a.onnx'), { device: ['cuda:0', 'openvino'] }),
    );
    expect(error.attempts!.map(({ device }) => device)).toEqual(['cuda', 'openvino']);
    expect(error.message).toContain(`cuda: ${withoutTensorrt.message}`);
    expect(error.message).toContain('no-such-library');
  });

  it('does not hide a mistake of the caller behind a fallback', async () => {
    await expectError('INVALID_ARGUMENT', () => Session.load(nullModel(), { device: ['tpu:0', 'null:0'] }));
  });

  it('tells which formats a backend takes', async () => {
    const error = await expectError('MODEL_UNSUPPORTED', () =>
      Session.load({ onnx: file('a.onnx') }, { device: 'rknn:0' }),
    );
    expect(error.message).toBe('Rockchip RKNN loads rknn models; the model was given as onnx.');
  });
});
