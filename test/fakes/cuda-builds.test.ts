/** What a build is told, on the double of the TensorRT that the project names: options, profiles, progress, cancel. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';

import { Session, Tensor } from 'accelnode';
import type { CudaOptions, LoadOptions } from 'accelnode';
import { afterAll, afterEach, describe, expect, it } from 'vitest';

import { expectError, withSession } from '../utils/session.js';
import { missing, openDoubles, reaches, rowsFrom1To8 } from './cuda/setup.js';
import { makeWorkplace } from './openvino/setup.js';

describe.skipIf(missing)(`building${missing ?? ''}`, () => {
  const place = makeWorkplace();
  const { control, major, models } = openDoubles(place.folder);
  afterAll(() => place.remove());
  afterEach(() => expect(control.getText('violation')).toBe(''));

  const device = 'cuda:0';
  const build = (options: LoadOptions = {}): Promise<void> =>
    withSession(models.mix, { device, lanes: 1, ...options }, () => undefined);
  const of = <T>(in10: T, in11: T): T => (major === 10 ? in10 : in11);
  const hasFlag = (bit: number): boolean => ((control.get('builderFlags') >> bit) & 1) === 1;

  const TF32 = 6;
  const flags: [options: LoadOptions, bit: number][] = [
    [{ cuda: { tf32: true } }, TF32],
    [{ cuda: { sparseWeights: true } }, 7],
    [{ cuda: { refittable: true } }, 4],
    [{ cuda: { versionCompatible: true } }, of(13, 12)],
    [{ cuda: { versionCompatible: true, excludeLeanRuntime: true } }, of(14, 13)],
  ];
  it.each(flags)('%j sets a flag, which is not set without', async (options, bit) => {
    await build();
    expect(hasFlag(bit)).toBe(false);
    await build(options);
    expect(hasFlag(bit)).toBe(true);
  });

  const settings: [options: CudaOptions, line: string][] = [
    [{ workspace: 1 << 20 }, 'pool 0: 1048576'],
    [{ optimizationLevel: 0 }, 'level: 0'],
    [{ optimizationLevel: 5 }, 'level: 5'],
    [{ maxAuxStreams: 2 }, 'aux streams: 2'],
    [{ tacticSources: ['edgeMaskConvolutions', 'jitConvolutions'] }, `tactics: ${of(24, 3)}`],
    [{ tacticSources: [] }, 'tactics: 0'],
  ];
  it.each(settings)('%j is told to the builder', async (cuda, line) => {
    await build();
    expect(control.getText('config').split('\n')).not.toContain(line);
    await build({ cuda });
    expect(control.getText('config').split('\n')).toContain(line);
  });

  it.each(['cublas', 'cublasLt', 'cudnn'] as const)('tactics of %s are there in 10 only', async (source) => {
    const options = { cuda: { tacticSources: [source] } };
    if (major === 10) await build(options);
    else expect((await expectError('UNSUPPORTED', () => build(options))).hint).toContain('edgeMaskConvolutions');
  });

  it.each([
    ['fp16', 0],
    ['bf16', 17],
  ] as const)('%s is a flag in 10, and in 11 a matter of the model', async (precision, bit) => {
    if (major === 10) {
      await build({ precision });
      expect(hasFlag(bit)).toBe(true);
      await expectError('INVALID_ARGUMENT', () => build({ precision, cuda: { stronglyTyped: true } }));
    } else {
      expect((await expectError('UNSUPPORTED', () => build({ precision }))).hint).toContain('Convert the model');
    }
  });

  it('layers are shown where they were asked for', () =>
    withSession(models.mix, { device, cuda: { engineInspector: true } }, (session) => {
      const layers = session.details.layers as string;
      expect(JSON.parse(layers)).toMatchObject({ Layers: [{ Name: 'add', LayerType: 'Add' }, { Name: 'pass' }] });
    }));

  it('says how far it has come', async () => {
    const seen: [string, number, number][] = [];
    await build({ onProgress: (...progress) => seen.push(progress) });
    const phases = new Set(seen.map(([phase]) => phase));
    expect([...phases]).toEqual(expect.arrayContaining(['Building Engine', 'Tactic Selection']));
    expect(seen.filter(([phase]) => phase === 'Building Engine').at(-1)).toEqual(['Building Engine', 4, 4]);
    expect(seen.every(([, done, total]) => done >= 0 && done <= total)).toBe(true);
  });

  it('is given up when its signal is aborted, and the next one works', async () => {
    const before = control.live();
    control.set('holdBuild', 1);
    const abort = new AbortController();
    const load = expectError('CANCELLED', () => build({ signal: abort.signal }));
    await reaches(control, 'building', 1);
    abort.abort();
    await load;
    // The build, which still holds, ends by itself: it was told at its next step.
    while (!isDeepStrictEqual(control.live(), before)) await new Promise(setImmediate);
    control.set('holdBuild', 0);
    await build();
  });

  it('keeps measured times for later builds, and refuses a file that is something else', async () => {
    const timingCache = join(place.folder, 'timing');
    await build({ cuda: { timingCache } });
    expect(existsSync(timingCache)).toBe(true);
    expect(control.get('timingCacheEntries')).toBe(0);
    await build({ cuda: { timingCache } });
    expect(control.get('timingCacheEntries')).toBe(2);
    await withSession(models.places, { device, cuda: { timingCache } }, () => undefined);
    expect(readFileSync(timingCache, 'utf8').trim().split('\n')).toHaveLength(4);
    writeFileSync(timingCache, 'something else');
    const builds = control.get('builds');
    const error = await expectError('INVALID_ARGUMENT', () => build({ cuda: { timingCache } }));
    expect(error.message).toContain(timingCache);
    expect(error.hint).toContain('cuda.timingCache');
    expect(control.get('builds')).toBe(builds);
    expect(readFileSync(timingCache, 'utf8')).toBe('something else');
  });

  describe('profiles', () => {
    it('are needed for what is dynamic', async () => {
      const error = await expectError('MODEL_UNSUPPORTED', () => Session.load(models.rows, { device }));
      expect(error.message).toContain('"x" has the shape [-1, 3]');
      expect(error.hint).toContain('shapes');
    });

    it('bound the shapes, and another takes what the first does not', () =>
      withSession(
        models.rows,
        {
          device,
          lanes: 2,
          shapes: rowsFrom1To8,
          cuda: { profiles: [{ x: { min: [20, 3], opt: [20, 3], max: [30, 3] } }] },
        },
        async (session) => {
          const run = async (rows: number): Promise<void> => {
            const { y } = await session.run({ x: Tensor.zeros('float32', [rows, 3]) });
            expect(y!.dims).toEqual([rows, 3]);
            expect([...(y!.data as Float32Array)].slice(-3)).toEqual([1, 2, 3]);
          };
          for (const rows of [1, 8, 20, 30, 2, 25, 25, 8]) await run(rows);
          await Promise.all([1, 30, 8, 20, 2, 25].map(run));
          for (const rows of [9, 19, 31]) await expectError('INVALID_ARGUMENT', () => run(rows));
          await run(3);
        },
      ));

    it('are kept in a plan', async () => {
      const plan = join(place.folder, 'rows.plan');
      await withSession(models.rows, { device, shapes: rowsFrom1To8 }, (session) => session.export(plan));
      const builds = control.get('builds');
      await withSession(plan, { device }, async (session) => {
        expect(session.inputs[0]).toMatchObject({ name: 'x', shape: [-1, 3], min: [1, 3], max: [8, 3] });
        expect((await session.run({ x: Tensor.zeros('float32', [8, 3]) })).y!.dims).toEqual([8, 3]);
      });
      expect(control.get('builds')).toBe(builds);
    });
  });
});
