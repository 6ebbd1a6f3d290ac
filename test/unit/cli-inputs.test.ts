/** What `--input` and `--output-dir` of the command line stand for. */
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { Tensor } from 'accelnode';
import type { DataType, TensorInfo } from 'accelnode';
import sharp from 'sharp';
import type { Sharp } from 'sharp';
import { describe, expect, it } from 'vitest';

import { makeInput, shapeFor } from '../../build-ts/cli/input.js';
import { writeNpy } from '../../build-ts/cli/npy.js';
import { OutputFolder, fileNames } from '../../build-ts/cli/output-folder.js';
import { givenInputs } from '../../build-ts/cli/verify.js';
import { dataTypes } from '../../build-ts/data-type.js';
import { expectError, withNull } from '../utils/session.js';
import { temporaryFolder } from '../utils/temporary-folder.js';

function info(type: TensorInfo['type'], ...shape: number[]): TensorInfo {
  return { name: 'x', type, shape };
}

describe('shapes', () => {
  it('are the model’s, with 1 or the smallest size for what it leaves open', () => {
    expect(shapeFor(info('float32', -1, 3, -1), undefined)).toEqual([1, 3, 1]);
    expect(shapeFor({ ...info('float32', -1, 3), min: [4, 3], max: [8, 3] }, undefined)).toEqual([4, 3]);
    expect(shapeFor(info('float32', -1, 3), [5, 3])).toEqual([5, 3]);
  });

  it('must be given where even the number of dimensions varies', async () => {
    const error = await expectError('INVALID_ARGUMENT', () => shapeFor({ name: 'x', type: 'float32' }, undefined));
    expect(error.hint).toContain('--shape x=');
    expect(shapeFor({ name: 'x', type: 'float32' }, [])).toEqual([]);
  });
});

describe.each(Object.keys(dataTypes) as DataType[])('%s', (type) => {
  it('can be zeros or random', async () => {
    const zeros = await makeInput(info(type, -1, 8), 'zeros', undefined);
    expect([zeros.type, zeros.dims]).toEqual([type, [1, 8]]);
    expect([...zeros.data].every((value) => Number(value) === 0)).toBe(true);
    const random = await makeInput(info(type, -1, 8), 'random', [100, 8]);
    expect([random.type, random.dims]).toEqual([type, [100, 8]]);
    expect([...random.data].some((value) => Number(value) !== 0)).toBe(true);
  });
});

it.each(['string', 'unknown'] as const)('%s can be nothing', async (type) => {
  await expectError('UNSUPPORTED', () => makeInput(info(type, 1), 'zeros', undefined));
});

it('nothing is said to be nothing', async () => {
  const error = await expectError('INVALID_ARGUMENT', () => makeInput(info('float32', 1, 3, 2, 2), '', undefined));
  expect(error.message).toBe('--input x= says nothing of what the input is.');
  expect(error.hint).toContain('x=random');
});

it('random inputs of verify follow from its seed', () =>
  withNull(
    {
      inputs: ['a', 'b', 'c'].map((name) => ({ name, type: 'float32', shape: [-1, 4] })),
    },
    async (session) => {
      const valuesFor = async (seed: number): Promise<unknown> => {
        const input = { a: 'random', b: 'zeros', c: 'random' };
        const [{ a, b, c }] = (await givenInputs(session, { input, shape: { c: [2, 4] }, seed })) as [
          Record<string, Tensor>,
        ];
        expect(a!.data).not.toEqual(c!.data.subarray(0, 4));
        expect([b!.data, c!.dims]).toEqual([new Float32Array(4), [2, 4]]);
        return [a!.data, c!.data];
      };
      expect(await valuesFor(1)).toEqual(await valuesFor(1));
      expect(await valuesFor(2)).not.toEqual(await valuesFor(1));
    },
  ));

describe('arrays', () => {
  it('have a shape of their own, which --shape must not deny', async () => {
    const path = join(temporaryFolder(), 'x.npy');
    writeNpy(path, new Tensor('float32', [1, 2, 3, 4], [2, 2]));
    expect((await makeInput(info('float32', -1, 2), path, [2, 2])).dims).toEqual([2, 2]);
    const error = await expectError('INVALID_ARGUMENT', () => makeInput(info('float32', -1, 2), path, [1, 2]));
    expect(error.message).toContain('[2, 2], but --shape x says [1, 2]');
  });

  it('keep their type where the input’s is not theirs', async () => {
    const path = join(temporaryFolder(), 'x.npy');
    writeNpy(path, new Tensor('float64', [1, 2]));
    expect((await makeInput(info('float32', 2), path, undefined)).type).toBe('float64');
  });
});

describe('images', () => {
  const RED = { r: 255, g: 0, b: 0 };
  const [WIDTH, HEIGHT] = [6, 4];

  /** A red image with its upper half blue. */
  function image(): Sharp {
    const blue = {
      create: { width: WIDTH, height: HEIGHT / 2, channels: 3 as const, background: { r: 0, g: 0, b: 255 } },
    };
    const red = sharp({ create: { width: WIDTH, height: HEIGHT, channels: 3, background: RED } });
    return red.composite([{ input: blue, top: 0, left: 0 }]);
  }

  async function png(make: Sharp = image()): Promise<string> {
    const path = join(temporaryFolder(), 'image.png');
    await make.png().toFile(path);
    return path;
  }

  const upper = [0, 0, 255];
  const lower = [255, 0, 0];

  /** Its pixels, top down, in the layout of the input. */
  function expected(height: number, width: number, channelsFirst: boolean): number[] {
    const pixel = (y: number): number[] => (y < height / 2 ? upper : lower);
    const rows = Array.from({ length: height }, (_, y) => y);
    if (!channelsFirst) return rows.flatMap((y) => Array.from({ length: width }, () => pixel(y)).flat());
    return [0, 1, 2].flatMap((channel) => rows.flatMap((y) => Array.from({ length: width }, () => pixel(y)[channel]!)));
  }

  it.each([
    ['NCHW', true],
    ['NHWC', false],
  ])('bytes, %s, of their own size or the input’s', async (_, first) => {
    const shapeOf = (height: number, width: number): number[] =>
      first ? [1, 3, height, width] : [1, height, width, 3];
    const path = await png();
    const same = await makeInput(info('uint8', ...shapeOf(HEIGHT, WIDTH)), path, undefined);
    expect([...same.data]).toEqual(expected(HEIGHT, WIDTH, first));
    const open = await makeInput(info('uint8', ...shapeOf(-1, -1).with(0, -1)), path, undefined);
    expect(open.dims).toEqual(shapeOf(HEIGHT, WIDTH));
    expect(open.data).toEqual(same.data);
    const given = await makeInput(info('uint8', ...shapeOf(-1, -1)), path, shapeOf(8, 2));
    expect(given.dims).toEqual(shapeOf(8, 2));
  });

  it('floats are 0 to 1', async () => {
    const tensor = await makeInput(info('float32', 1, 3, HEIGHT, WIDTH), await png(), undefined);
    expect([...tensor.data]).toEqual(expected(HEIGHT, WIDTH, true).map((value) => value / 255));
  });

  it('keep their proportions where one side is open', async () => {
    const path = await png();
    expect((await makeInput(info('uint8', 1, 3, 8, -1), path, undefined)).dims).toEqual([1, 3, 8, 12]);
    expect((await makeInput(info('uint8', 1, -1, 3, 3), path, undefined)).dims).toEqual([1, 2, 3, 3]);
  });

  it('are stretched where both are fixed', async () => {
    const tensor = await makeInput(info('float32', 1, 3, 10, 2), await png(), undefined);
    expect(tensor.dims).toEqual([1, 3, 10, 2]);
  });

  const red = { width: 2, height: 2, background: RED };
  it.each<[string, Sharp, number[]]>([
    ['transparent', sharp({ create: { ...red, channels: 4, background: { ...RED, alpha: 0.5 } } }), [255, 0, 0]],
    ['grey', sharp({ create: { ...red, channels: 3, background: '#808080' } }).toColourspace('b-w'), [128, 128, 128]],
    ['of 16 bits', sharp({ create: { ...red, channels: 3 } }).toColourspace('rgb16'), [255, 0, 0]],
    ['with a palette', sharp({ create: { ...red, channels: 3 } }).png({ palette: true }), [255, 0, 0]],
  ])('%s', async (_, make, [r, g, b]) => {
    const path = await png(make);
    const { data } = await makeInput(info('uint8', 1, 3, 2, 2), path, undefined);
    expect([...data]).toEqual([r, r, r, r, g, g, g, g, b, b, b, b]);
  });

  it('are grey for an input of one channel', async () => {
    const path = await png(sharp({ create: { ...red, channels: 3, background: '#808080' } }));
    expect([...(await makeInput(info('uint8', 1, 1, 2, 2), path, undefined)).data]).toEqual([128, 128, 128, 128]);
    expect((await makeInput(info('uint8', 1, 2, 2, 1), path, undefined)).dims).toEqual([1, 2, 2, 1]);
  });

  it('stand as the camera was held', async () => {
    const path = join(temporaryFolder(), 'image.jpg');
    await image().jpeg().withMetadata({ orientation: 6 }).toFile(path);
    expect((await makeInput(info('uint8', 1, 3, -1, -1), path, undefined)).dims).toEqual([1, 3, WIDTH, HEIGHT]);
  });

  it.each<[string, TensorInfo]>([
    ['another type', info('int64', 1, 3, 2, 2)],
    ['five channels', info('uint8', 1, 5, 2, 2)],
    ['a batch', info('uint8', 8, 3, 2, 2)],
    ['a vector', info('uint8', 3)],
  ])('are no input of %s', async (_, wrong) => {
    const path = await png();
    const error = await expectError('INVALID_ARGUMENT', () => makeInput(wrong, path, undefined));
    expect(error.hint).toContain('.npy');
  });

  it('that are damaged or missing are named', async () => {
    const folder = temporaryFolder();
    const damaged = join(folder, 'damaged.png');
    writeFileSync(damaged, readFileSync(await png()).subarray(0, 60));
    const text = join(folder, 'text');
    writeFileSync(text, 'hello');
    for (const path of [damaged, text, join(folder, 'none.png'), folder]) {
      const error = await expectError('INVALID_ARGUMENT', () => makeInput(info('uint8', 1, 3, 2, 2), path, undefined));
      expect(error.message).toContain(path);
    }
  });
});

describe('file names', () => {
  it('are the outputs’, as far as they can be', () => {
    expect([...fileNames(['logits', 'softmax_11.tmp_0', 'a/b:c'])]).toEqual([
      ['logits', 'logits.npy'],
      ['softmax_11.tmp_0', 'softmax_11.tmp_0.npy'],
      ['a/b:c', 'a_b_c.npy'],
    ]);
  });

  it('are different for each output', () => {
    const names = ['a/b', 'a:b', 'a_b', 'a_b-2', 'A_B', '出力', '入力', 'x'.repeat(300), 'x'.repeat(301), '..', '/..'];
    const files = [...fileNames(names).values()];
    expect(new Set(files.map((file) => file.toLowerCase())).size).toBe(names.length);
    for (const file of files) expect(file).toMatch(/^[\w.-]{1,220}\.npy$/);
  });
});

describe('the folder of outputs', () => {
  const tensor = new Tensor('float32', [1, 2]);
  const all = (folder: string): string[] => readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();

  it('is made, with those above it, and holds the outputs and nothing else', () => {
    const root = temporaryFolder();
    const path = join(root, 'a', 'b');
    {
      using folder = new OutputFolder(path);
      const files = folder.save({ y: tensor, z: tensor });
      expect([...files]).toEqual([
        ['y', join(path, 'y.npy')],
        ['z', join(path, 'z.npy')],
      ]);
    }
    expect(all(root)).toEqual(['a', join('a', 'b'), join('a', 'b', 'y.npy'), join('a', 'b', 'z.npy')]);
  });

  it('goes away when nothing came into it, but not what was there before', () => {
    const root = temporaryFolder();
    new OutputFolder(join(root, 'a', 'b'))[Symbol.dispose]();
    expect(all(root)).toEqual([]);
    new OutputFolder(root)[Symbol.dispose]();
    expect(all(root)).toEqual([]);
  });

  it('replaces what an earlier run wrote', () => {
    const root = temporaryFolder();
    using folder = new OutputFolder(root);
    writeFileSync(join(root, 'y.npy'), 'old');
    folder.save({ y: tensor });
    expect(readFileSync(join(root, 'y.npy')).length).toBe(128 + 8);
    expect(all(root)).toEqual(['y.npy']);
  });

  it('gets all outputs or none', async () => {
    const root = temporaryFolder();
    using folder = new OutputFolder(root);
    mkdirSync(join(root, 'z.npy'));
    const error = await expectError('INVALID_ARGUMENT', () => folder.save({ y: tensor, z: tensor }));
    expect(error.message).toContain('z.npy: it is a folder');
    expect(all(root)).toEqual(['z.npy']);
  });

  it('can’t be a file or be in one', async () => {
    const path = join(temporaryFolder(), 'file');
    writeFileSync(path, '');
    const file = await expectError('INVALID_ARGUMENT', () => new OutputFolder(path));
    expect(file.message).toBe(`Can't write to the folder ${path}: a file is in the way.`);
    const below = await expectError('INVALID_ARGUMENT', () => new OutputFolder(join(path, 'x')));
    expect(below.message).toContain('a part of the path is a file');
  });
});
