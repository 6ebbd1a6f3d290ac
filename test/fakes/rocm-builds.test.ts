/** What a compile is told, on the double of the MIGraphX that the project names: options, precision, files, cancel. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';

import { Session, Tensor } from 'accelnode';
import type { LoadOptions } from 'accelnode';
import { afterAll, afterEach, describe, expect, it } from 'vitest';

import { expectError, withSession } from '../utils/session.js';
import { reaches } from './cuda/setup.js';
import { makeWorkplace } from './openvino/setup.js';
import { missing, openDoubles, takeViolation } from './rocm/setup.js';

describe.skipIf(missing)(`compiling${missing ?? ''}`, () => {
  const place = makeWorkplace();
  const { control, models } = openDoubles(place.folder);
  afterAll(() => place.remove());
  afterEach(() => {
    control.set('holdCompile', 0);
    expect(takeViolation(control)).toBe('');
  });

  const device = 'rocm:0';
  const fixed = { shapes: { x: [2, 3] } };
  const x = new Tensor('float32', [1, 2, 3, 4, 5, 6], [2, 3]);
  const compile = (options: LoadOptions = {}): Promise<void> =>
    withSession(models.rows, { device, lanes: 1, ...fixed, ...options }, async (session) => {
      expect([...(await session.run({ x })).y!.data]).toEqual([2, 4, 6, 5, 7, 9]);
    });

  const settings: [options: LoadOptions, setting: string][] = [
    [{ rocm: { fastMath: false } }, 'fast_math=0'],
    [{ rocm: { exhaustiveTune: true } }, 'exhaustive_tune=1'],
    [{ rocm: { offloadCopy: true } }, 'offload_copy=1'],
    [{ precision: 'fp16' }, 'precision=fp16'],
    [{ precision: 'bf16' }, 'precision=bf16'],
  ];
  it.each(settings)('%j is told to MIGraphX', async (options, setting) => {
    await compile();
    expect(control.getText('config').split(' ')).not.toContain(setting);
    await compile(options);
    expect(control.getText('config').split(' ')).toContain(setting);
  });

  it('is for the GPU, by default with memory that accelnode gives', async () => {
    await compile();
    expect(control.getText('config')).toBe(
      'target=gpu device=0 precision=fp32 offload_copy=0 fast_math=1 exhaustive_tune=0',
    );
  });

  describe('int8', () => {
    it('looks at all batches of calibration data, which are there until it has', async () => {
      const pulled: number[] = [];
      async function* batches() {
        for (const first of [1, 10, 100]) {
          pulled.push(first);
          await new Promise(setImmediate);
          yield { x: new Tensor('float32', [first, 0, 0, 0, 0, 1], [2, 3]) };
        }
      }
      await compile({ precision: 'int8', rocm: { calibration: { batches: batches() } } });
      expect(pulled).toEqual([1, 10, 100]);
      expect([control.get('calibrationBatches'), control.get('calibrationSum')]).toEqual([3, 114]);
      expect(control.getText('config')).toContain('precision=int8');
    });

    it('needs data, of the right shapes', async () => {
      const live = control.live();
      await expectError('UNSUPPORTED', () => compile({ precision: 'int8' }));
      const empty: { x: Tensor }[] = [];
      await expectError('INVALID_ARGUMENT', () =>
        compile({ precision: 'int8', rocm: { calibration: { batches: empty } } }),
      );
      const batches = [{ x: Tensor.zeros('float32', [3, 3]) }];
      await expectError('INVALID_ARGUMENT', () => compile({ precision: 'int8', rocm: { calibration: { batches } } }));
      expect(control.live()).toEqual(live);
    });

    it('passes on what the iterator throws', async () => {
      function* batches(): Generator<{ x: Tensor }> {
        yield { x };
        throw new RangeError('no more data');
      }
      const calibration = { batches: batches() };
      await expect(compile({ precision: 'int8', rocm: { calibration } })).rejects.toThrow('no more data');
    });
  });

  it('is given up at once when its signal is aborted, and ends by itself', async () => {
    const before = control.live();
    control.set('holdCompile', 1);
    const abort = new AbortController();
    const load = expectError('CANCELLED', () => compile({ signal: abort.signal }));
    await reaches(control, 'compiling', 1);
    abort.abort();
    await load;
    expect(control.get('compiling')).toBe(1); // no call of MIGraphX could stop it
    control.set('holdCompile', 0);
    while (!isDeepStrictEqual(control.live(), before)) await new Promise(setImmediate);
    await compile();
  });

  it('shows what it does', async () => {
    const phases: string[] = [];
    await compile({ onProgress: (phase) => void phases.push(phase) });
    expect(new Set(phases)).toEqual(new Set(['parse', 'quantize', 'compile']));
  });

  it('happens once where the cache may keep what comes of it', async () => {
    const cache = join(place.folder, 'cache');
    const compiles = control.get('compiles');
    const load = (options: LoadOptions = {}): Promise<void> => compile({ cache, ...options });
    await load();
    await load();
    expect(control.get('compiles')).toBe(compiles + 1);
    // What it depends on is in the key.
    await load({ precision: 'fp16' });
    await load({ rocm: { fastMath: false } });
    await load({ rocm: { offloadCopy: true } });
    expect(control.get('compiles')).toBe(compiles + 4);
    control.set('computeUnits', 60);
    await load();
    expect(control.get('compiles')).toBe(compiles + 5);
    control.set('computeUnits', 0);
    await load();
    expect(control.get('compiles')).toBe(compiles + 5);
  });

  it('can be had as a file, which loads from a path or from memory', async () => {
    const path = join(place.folder, 'rows.mxr');
    await withSession(models.rows, { device, ...fixed }, (session) => session.export(path));
    const compiles = control.get('compiles');
    for (const source of [path, { mxr: readFileSync(path) }]) {
      await withSession(source, { device }, async (session) => {
        expect(session.inputs).toEqual([{ name: 'x', type: 'float32', shape: [2, 3] }]);
        const [y] = Object.values(await session.run({ x }));
        expect([...y!.data]).toEqual([2, 4, 6, 5, 7, 9]);
      });
    }
    expect(control.get('compiles')).toBe(compiles);
  });

  it('waits for the shapes of runs where the model leaves them open', () =>
    withSession(models.rows, { device }, async (session) => {
      const compiles = control.get('compiles');
      expect(session.inputs[0]!.shape).toEqual([-1, 3]);
      await expectError('UNSUPPORTED', () => session.export(join(place.folder, 'open.mxr')));
      await session.run({ x });
      expect(control.get('compiles')).toBe(compiles + 1);
    }));

  it('refuses a shape that does not fit the model, at load', async () => {
    await expectError('INVALID_ARGUMENT', () => Session.load(models.rows, { device, shapes: { x: [2, 4] } }));
    await expectError('INVALID_ARGUMENT', () => Session.load(models.rows, { device, shapes: { z: [2, 3] } }));
  });
});
