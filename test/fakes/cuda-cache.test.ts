/** The plan cache, given plans and calibration data, on the doubles of CUDA and TensorRT 10. */
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';

import { Session, Tensor, cacheEntries, clearCache } from 'accelnode';
import type { CacheOutcome, CalibrationBatch, LoadOptions, ModelSource } from 'accelnode';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';

import { modelPath } from '../utils/models.js';
import { expectError, withSession } from '../utils/session.js';
import { CONTROL_VARIABLE } from './cuda/control.mjs';
import { libraryOf, makeDoubles, missing, reaches, writeModels } from './cuda/setup.js';
import { fake, makeWorkplace } from './openvino/setup.js';

if (missing !== undefined) {
  describe.skip(`TensorRT${missing}`, () => it('is not here', () => undefined));
} else {
  const place = makeWorkplace();
  afterAll(() => place.remove());
  const { control, env } = makeDoubles(place.folder, 10);
  process.env[CONTROL_VARIABLE] = env[CONTROL_VARIABLE];
  process.env.ACCELNODE_CUDA_LIBRARY = libraryOf(10);
  process.env.ACCELNODE_RUNTIMES = join(place.folder, 'no-runtimes');
  const models = writeModels(place.folder);
  const mix = {
    a: new Tensor('float32', [1, 2, 3, 4], [2, 2]),
    b: new Tensor('float32', [10, 20, 30, 40], [2, 2]),
  };

  let cache: string;
  let count = 0;
  beforeEach(() => {
    cache = join(place.folder, `cache ${++count}`);
  });

  const cacheOf = ({ details }: Session): CacheOutcome => details.cache as CacheOutcome;

  /** Loads, runs, and tells what came of the cache and how many engines were built for it. */
  async function load(
    source: ModelSource = models.mix,
    options: LoadOptions = {},
  ): Promise<CacheOutcome & { builds: number }> {
    const before = control.get('builds');
    return withSession(source, { device: 'cuda:0', cache, ...options }, async (session) => {
      const { sum } = await session.run(mix);
      expect([...(sum as Tensor<'float32'>).data]).toEqual([11, 22, 33, 44]);
      return { ...cacheOf(session), builds: control.get('builds') - before };
    });
  }

  describe('the plan cache', () => {
    it('builds once, and loads from the plan then', async () => {
      const first = await load();
      expect(first).toMatchObject({ hit: false, stored: true, builds: 1 });
      expect(first.file).toBe(join(cache, `${first.key!}.plan`));
      expect(await load()).toMatchObject({ hit: true, key: first.key, file: first.file, builds: 0 });
      const [entry, ...others] = await cacheEntries(cache);
      expect(others).toEqual([]);
      expect(entry).toMatchObject({
        key: first.key,
        file: first.file,
        size: statSync(first.file!).size,
        model: models.mix,
        backend: 'cuda',
        facts: { arch: 'sm_90', precision: 'fp32' },
      });
      expect(entry!.facts.version).toMatch(/^10\.\d+\.\d+$/);
    });

    it('knows the precision of a plan that it has kept', async () => {
      const options: LoadOptions = { device: 'cuda:0', cache, precision: 'fp16' };
      for (const hit of [false, true]) {
        await withSession(models.mix, options, (session) => {
          expect({ hit: cacheOf(session).hit, precision: session.precision }).toEqual({ hit, precision: 'fp16' });
        });
      }
    });

    it('goes by what is in the model, not by where it lies', async () => {
      const { key } = await load();
      const bytes = readFileSync(models.mix);
      const copy = join(place.folder, 'copy.onnx');
      writeFileSync(copy, bytes);
      expect(await load(copy)).toMatchObject({ hit: true, key });
      expect(await load(bytes)).toMatchObject({ hit: true, key });
    });

    it.each<[string, LoadOptions]>([
      ['precision', { precision: 'fp16' }],
      ['shapes', { shapes: { a: [2, 2] } }],
      ['workspace', { cuda: { workspace: 1 << 20 } }],
      ['level', { cuda: { optimizationLevel: 5 } }],
      ['TF32', { cuda: { tf32: true } }],
      ['compatibility', { cuda: { hardwareCompatibility: 'amperePlus' } }],
    ])('builds anew for another %s', async (_what, options) => {
      const { key } = await load();
      const other = await load(models.mix, options);
      expect(other).toMatchObject({ hit: false, stored: true, builds: 1 });
      expect(other.key).not.toBe(key);
      expect(await load(models.mix, options)).toMatchObject({ hit: true, key: other.key });
    });

    it.each<[string, LoadOptions]>([
      ['lanes', { lanes: 2 }],
      ['graphs', { cuda: { graphs: true } }],
      ['shared memory', { cuda: { sharedMemory: true } }],
      ['a timing cache', { cuda: { timingCache: false } }],
    ])('takes the same plan for %s', async (_what, options) => {
      const { key } = await load();
      expect(await load(models.mix, options)).toMatchObject({ hit: true, key, builds: 0 });
    });

    it('builds anew for another kind of GPU', async () => {
      const { key } = await load();
      control.set('sm', 80);
      try {
        const other = await load();
        expect(other).toMatchObject({ hit: false, stored: true });
        expect(other.key).not.toBe(key);
      } finally {
        control.set('sm', 0);
      }
      expect(await load()).toMatchObject({ hit: true, key });
    });

    it('takes one plan for all GPUs that it was made compatible with', async () => {
      const options: LoadOptions = { cuda: { hardwareCompatibility: 'amperePlus' } };
      const { key } = await load(models.mix, options);
      control.set('sm', 80);
      try {
        expect((await load(models.mix, options)).key).toBe(key);
      } finally {
        control.set('sm', 0);
      }
    });

    it.each<[string, (file: string) => void]>([
      ['damaged', (file) => writeFileSync(file, readFileSync(file).fill(0x20, 0, 16))],
      ['cut off', (file) => truncateSync(file, 20)],
      ['gone', (file) => rmSync(file)],
    ])('builds again what is %s, and replaces it', async (what, spoil) => {
      const { file } = await load();
      const good = readFileSync(file!);
      spoil(file!);
      const again = await load();
      expect(again).toMatchObject({ hit: false, stored: true, file, builds: 1 });
      if (what === 'damaged') expect(again.reason).toMatch(/^The plan in the cache could not be used: \S/);
      expect(readFileSync(file!)).toEqual(good);
      expect(await load()).toMatchObject({ hit: true });
    });

    it('loads without it when the folder can not be made', async () => {
      const file = join(place.folder, 'a file');
      writeFileSync(file, '');
      const outcome = await load(models.mix, { cache: join(file, 'cache') });
      expect(outcome).toMatchObject({ hit: false, stored: false, builds: 1 });
      expect(outcome.reason).toContain('a part of the path is a file');
    });

    it('loads although the plan is too large to be kept', async () => {
      const outcome = await load(models.mix, { cacheLimit: 10 });
      expect(outcome).toMatchObject({ hit: false, stored: false });
      expect(outcome.reason).toContain('more than the limit of the cache');
      expect(await cacheEntries(cache)).toEqual([]);
    });

    it('has nothing to do with a device that is not there', async () => {
      const error = await expectError('DEVICE_NOT_FOUND', () => load(models.mix, { device: 'cuda:7' }));
      expect(error.device).toBe('cuda:7');
      expect(existsSync(cache)).toBe(false);
    });

    it('keeps measured times beside the plans, for the next build', async () => {
      await load();
      const timing = readdirSync(cache).filter((name) => name.startsWith('timing-'));
      expect(timing).toEqual([expect.stringMatching(/^timing-10\.[\d.]+-sm_90-[\w-]+\.cache$/)]);
      expect(control.get('timingCacheEntries')).toBe(0);
      await load(models.mix, { precision: 'fp16' });
      expect(control.get('timingCacheEntries')).toBeGreaterThan(0);
    });

    it('makes those anew that TensorRT does not take', async () => {
      await load();
      const timing = join(
        cache,
        readdirSync(cache).find((name) => name.startsWith('timing-'))!,
      );
      writeFileSync(timing, 'of no use');
      expect(await load(models.mix, { precision: 'fp16' })).toMatchObject({ stored: true });
      expect(readFileSync(timing, 'utf8')).toMatch(/^timing cache/);
    });

    it('does not put its own measured times over another file that lies where they were to go', async () => {
      mkdirSync(cache);
      const timingCache = join(cache, 'times');
      control.set('holdBuild', 1);
      const loading = load(models.mix, { cuda: { timingCache } });
      try {
        await reaches(control, 'building', 1);
        writeFileSync(timingCache, 'precious');
      } finally {
        control.set('holdBuild', 0);
      }
      expect(await loading).toMatchObject({ stored: true });
      expect(readFileSync(timingCache, 'utf8')).toBe('precious');
    });

    it.each<[string, (file: string) => string, RegExp]>([
      ['is a folder', (file) => (mkdirSync(file), file), /can't be used: it is a folder/],
      ['is no file', () => '/dev/null', /can't be used: it is no file/],
      ['lies nowhere', (file) => join(file, 'times'), /can't be used: there is no such file or folder/],
    ])('refuses a file for measured times that %s, before the build', async (_what, prepare, message) => {
      mkdirSync(cache);
      const timingCache = prepare(join(cache, 'times'));
      const builds = control.get('builds');
      const error = await expectError('INVALID_ARGUMENT', () => load(models.mix, { cuda: { timingCache } }));
      expect(error.message).toMatch(message);
      expect(error.hint).toContain('measured times');
      expect(control.get('builds')).toBe(builds);
    });

    it('has no plan of plugins that were replaced after this process had loaded them', async () => {
      const library = join(place.folder, 'plugin.so');
      const cuda = { plugins: [library] };
      copyFileSync(fake('libopenvino_decoy.so'), library);
      const first = await load(models.mix, { cuda });
      expect(first).toMatchObject({ stored: true });
      copyFileSync(library, `${library}.new`);
      appendFileSync(`${library}.new`, 'of another version');
      renameSync(`${library}.new`, library);
      const error = await expectError('INVALID_ARGUMENT', () => load(models.mix, { cuda }));
      expect(error.message).toBe(`The plugins in ${library} are not those any more that this process has loaded.`);
      expect(error.hint).toContain('in a new one');
      expect((await cacheEntries(cache)).map(({ key }) => key)).toEqual([first.key]);
    });

    it('is cleared with them', async () => {
      const { key } = await load();
      expect(await clearCache({ folder: cache, olderThan: 1 })).toEqual([]);
      expect((await clearCache({ folder: cache })).map((entry) => entry.key)).toEqual([key]);
      expect(readdirSync(cache)).toEqual([]);
    });

    it('keeps no plan of a model that was replaced while it was built', async () => {
      const model = join(place.folder, 'replaced.onnx');
      writeFileSync(model, readFileSync(models.mix));
      control.set('holdBuild', 1);
      const loading = load(model);
      try {
        await reaches(control, 'building', 1);
        writeFileSync(model, readFileSync(models.rows));
      } finally {
        control.set('holdBuild', 0);
      }
      const outcome = await loading;
      expect(outcome).toMatchObject({ hit: false, stored: false });
      expect(outcome.reason).toBe(`The plan was not kept: ${model} changed while the plan was built from it.`);
      expect(await cacheEntries(cache)).toEqual([]);
    });

    it('has nothing of a model whose weights are incomplete', async () => {
      const model = join(place.folder, 'external.onnx');
      const weights = join(place.folder, 'external-data.weights');
      copyFileSync(modelPath('external-data'), model);
      writeFileSync(weights, 'too short');
      for (const source of [model, readFileSync(model)]) {
        const error = await expectError('MODEL_INVALID', () => load(source));
        expect(error.message).toContain('external-data.weights');
      }
      expect(await cacheEntries(cache)).toEqual([]);
    });

    it('stops when the signal is aborted while it builds', async () => {
      const stop = new AbortController();
      control.set('holdBuild', 1);
      try {
        const loading = load(models.mix, { signal: stop.signal, onProgress: () => stop.abort(new Error('enough')) });
        const error = await expectError('CANCELLED', () => loading);
        expect(error.cause).toMatchObject({ message: 'enough' });
      } finally {
        control.set('holdBuild', 0);
      }
      expect(await cacheEntries(cache)).toEqual([]);
      expect(await load()).toMatchObject({ hit: false, stored: true });
    });
  });

  describe('a plan that was given', () => {
    const plan = join(place.folder, 'mix.plan');

    async function exportPlan(): Promise<void> {
      await withSession(models.mix, { device: 'cuda:0' }, (session) => session.export(plan));
    }

    it('is loaded, and the ONNX model beside it is not', async () => {
      await exportPlan();
      const sources: ModelSource[] = [plan, readFileSync(plan), { plan, onnx: models.mix }];
      for (const source of sources) expect((await load(source)).builds).toBe(0);
      expect(existsSync(cache)).toBe(false);
    });

    it('that is of another model than the ONNX beside it is not taken for it', async () => {
      await exportPlan();
      const shapes = { x: [2, 3] };
      await withSession({ plan, onnx: models.rows }, { device: 'cuda:0', cache, shapes }, (session) => {
        expect(session.inputs.map(({ name }) => name)).toEqual(['x']);
        expect(session.details.planRefused).toMatch(
          /another model .*: it has a \(float32\), b .* → .*, the model has x /,
        );
        expect(cacheOf(session)).toMatchObject({ hit: false, stored: true });
      });
    });

    it('needs the ONNX model that is named beside it', async () => {
      await exportPlan();
      const error = await expectError('MODEL_INVALID', () => load({ plan, onnx: join(place.folder, 'none.onnx') }));
      expect(error.message).toContain('none.onnx');
    });

    it.each<[string, () => void]>([
      ['missing', () => rmSync(plan, { force: true })],
      ['empty', () => writeFileSync(plan, '')],
    ])('that is %s is made from the ONNX model beside it', async (what, spoil) => {
      spoil();
      const error = await expectError('MODEL_INVALID', () => load(plan));
      await withSession({ plan, onnx: models.mix }, { device: 'cuda:0', cache }, (session) => {
        expect(session.details.planRefused).toBe(error.message);
        expect(cacheOf(session)).toMatchObject({ hit: false, stored: true });
      });
      expect(error.message).toContain(plan);
      expect(error.hint ?? '').toContain(what === 'missing' ? 'no such file' : '');
      const only = await expectError('MODEL_INVALID', () => load({ plan }));
      expect(only.message).toBe(error.message);
    });

    it('is not blamed for a GPU that is too old for TensorRT', async () => {
      await exportPlan();
      control.set('sm', 50);
      try {
        for (const source of [plan, { plan, onnx: models.mix }]) {
          const error = await expectError('RUNTIME_INCOMPATIBLE', () => load(source));
          expect(error.message).toContain('5.0');
          expect(error.hint ?? '').not.toContain('plan');
        }
      } finally {
        control.set('sm', 0);
      }
    });

    it('that is version compatible needs the option that says so', async () => {
      await withSession(models.mix, { device: 'cuda:0', cuda: { versionCompatible: true } }, (session) =>
        session.export(plan),
      );
      const error = await expectError('UNSUPPORTED', () => load(plan));
      expect(error.hint).toContain('versionCompatible: true');
      expect((await load(plan, { cuda: { versionCompatible: true } })).builds).toBe(0);
    });

    it('stays what it was when its export is aborted', async () => {
      await exportPlan();
      const before = readFileSync(plan);
      await withSession(models.mix, { device: 'cuda:0', precision: 'fp16' }, async (session) => {
        const stop = new AbortController();
        const exporting = session.export(plan, { signal: stop.signal });
        stop.abort(new Error('enough'));
        const error = await expectError('CANCELLED', () => exporting);
        expect(error.cause).toMatchObject({ message: 'enough' });
        await expectError('INVALID_ARGUMENT', () => session.export(plan, { signal: 'now' as never }));
      });
      expect(readFileSync(plan)).toEqual(before);
      expect(readdirSync(place.folder).filter((name) => name.endsWith('.partial'))).toEqual([]);
    });

    it.each<[string, 'MODEL_INVALID' | 'RUNTIME_INCOMPATIBLE', () => void, () => void]>([
      ['damaged', 'MODEL_INVALID', () => writeFileSync(plan, readFileSync(plan).fill(0x20, 0, 16)), () => undefined],
      [
        'for another kind of GPU',
        'RUNTIME_INCOMPATIBLE',
        () => {
          control.set('sm', 80);
        },
        () => {
          control.set('sm', 0);
        },
      ],
    ])('that is %s is refused, or made again', async (_what, code, spoil, mend) => {
      await exportPlan();
      spoil();
      try {
        const error = await expectError(code, () => load(plan));
        expect(error.message).toMatch(/\w{3}/);
        expect(error.hint).toMatch(/\{ plan, onnx \}/);
        await withSession({ plan, onnx: models.mix }, { device: 'cuda:0', cache }, (session) => {
          expect(session.details.planRefused).toBe(error.message);
          expect(cacheOf(session)).toMatchObject({ hit: false, stored: true });
        });
      } finally {
        mend();
      }
    });
  });

  describe('calibration', () => {
    const ranges = (): string => join(cache, 'ranges');
    const options = (
      batches: Iterable<CalibrationBatch> | AsyncIterable<CalibrationBatch>,
      file?: string,
    ): LoadOptions => ({
      precision: 'int8',
      cuda: { calibration: { batches, cache: file } },
    });
    const fed = (): number => control.get('calibrationBatches');

    it('is fed from an async iterator, batch by batch', async () => {
      const before = fed();
      let stopped = false;
      async function* batches(): AsyncGenerator<CalibrationBatch> {
        try {
          for (let i = 0; i < 3; i++) {
            await Promise.resolve();
            yield i === 1 ? { a: new Float32Array(4), b: new Float32Array(4) } : mix;
          }
        } finally {
          stopped = true;
        }
      }
      const outcome = await load(models.mix, options(batches()));
      expect(fed() - before).toBe(3);
      expect(stopped).toBe(true);
      expect(outcome).toMatchObject({ hit: false, stored: false });
      expect(outcome.reason).toContain('cuda.calibration.cache');
    });

    it('is kept in its own cache, and then the plan is too', async () => {
      mkdirSync(cache);
      const before = fed();
      const first = await load(models.mix, options([mix], ranges()));
      expect(fed() - before).toBe(1);
      expect(existsSync(ranges())).toBe(true);
      expect(first).toMatchObject({ hit: false, stored: true });
      const second = await load(models.mix, options([mix], ranges()));
      expect(second).toMatchObject({ hit: true, key: first.key });
      expect(fed() - before).toBe(1);
    });

    it('builds once for two loads at the same time, although the key is of what the build finds', async () => {
      mkdirSync(cache);
      const loads = await Promise.all([1, 2].map(() => load(models.mix, options([mix], ranges()))));
      expect(loads.map(({ hit }) => hit).sort()).toEqual([false, true]);
      expect(loads[0]!.key).toBe(loads[1]!.key);
      expect(await cacheEntries(cache)).toHaveLength(1);
      expect(readdirSync(cache).filter((name) => name.endsWith('.lock'))).toEqual([]);
    });

    it('that is empty is refused, in words', async () => {
      function* used(): Generator<CalibrationBatch> {
        yield mix;
      }
      const generator = used();
      expect([...generator]).toHaveLength(1);
      for (const batches of [[], generator]) {
        const error = await expectError('INVALID_ARGUMENT', () => load(models.mix, options(batches)));
        expect(error.message).toBe('cuda.calibration.batches has no batch in it.');
        expect(error.hint).toContain('can be read once');
      }
    });

    it.each<[string, (file: string) => string, RegExp]>([
      ['is not there', (file) => file, /is not there, and no data is given/],
      ['is empty', (file) => (writeFileSync(file, ''), file), /is empty, and no data is given/],
      ['is a folder', (file) => (mkdirSync(file), file), /can't be used: it is a folder/],
      ['is something else', (file) => (copyFileSync(models.mix, file), file), /is no file of ranges, and would be/],
      ['lies in a file', (file) => (writeFileSync(file, 'x'), join(file, 'ranges')), /a part of the path is a file/],
    ])('is refused before the build when the file of ranges %s', async (_what, prepare, message) => {
      mkdirSync(cache);
      const file = prepare(ranges());
      const builds = control.get('builds');
      const error = await expectError('INVALID_ARGUMENT', () =>
        load(models.mix, { precision: 'int8', cuda: { calibration: { cache: file } } }),
      );
      expect(error.message).toMatch(message);
      expect(error.hint).toMatch(/\w{3}/);
      expect(control.get('builds')).toBe(builds);
    });

    it('leaves a file alone that is something else', async () => {
      mkdirSync(cache);
      writeFileSync(ranges(), 'precious');
      const error = await expectError('INVALID_ARGUMENT', () => load(models.mix, options([mix], ranges())));
      expect(error.message).toContain('is no file of ranges');
      expect(readFileSync(ranges(), 'utf8')).toBe('precious');
    });

    it('makes ranges of another release of TensorRT anew', async () => {
      mkdirSync(cache);
      writeFileSync(ranges(), 'TRT-8501-EntropyCalibration2\n');
      const before = fed();
      expect(await load(models.mix, options([mix], ranges()))).toMatchObject({ stored: false });
      expect(fed() - before).toBe(1);
      expect(readFileSync(ranges(), 'utf8')).toMatch(/^TRT-10/);
    });

    it('is refused before the build when there is no folder for the ranges', async () => {
      const file = join(cache, 'no', 'such', 'ranges');
      const error = await expectError('INVALID_ARGUMENT', () => load(models.mix, options([mix], file)));
      expect(error.message).toMatch(/ranges, can't be used: there is no such file or folder/);
      expect(error.hint).toContain('in a folder that is there');
    });

    it.each<[string, CalibrationBatch, RegExp]>([
      [
        'of the wrong shape',
        { ...mix, b: new Tensor('float32', [1, 2], [2]) },
        /batch 2, input "b".*\[2, 2\], not \[2\]/,
      ],
      ['of the wrong type', { ...mix, a: new Int32Array(4) }, /batch 2, input "a".*Float32Array/],
      ['that lacks an input', { a: mix.a }, /batch 2, input "b" is missing/],
    ])('data %s ends the load', async (_what, batch, message) => {
      let stopped = false;
      function* batches(): Generator<CalibrationBatch> {
        try {
          yield mix;
          yield batch;
        } finally {
          stopped = true;
        }
      }
      mkdirSync(cache, { recursive: true });
      const error = await expectError('INVALID_ARGUMENT', () => load(models.mix, options(batches(), ranges())));
      expect(error.message).toMatch(message);
      expect(stopped).toBe(true);
      // TensorRT takes the end for the end of the data, and what it makes of one batch for the result.
      expect(existsSync(ranges())).toBe(false);
      expect(await load()).toMatchObject({ stored: true }); // nothing hangs or is broken
    });

    it('an iterator that throws ends the load with that as its cause', async () => {
      const cause = new Error('no disk');
      async function* batches(): AsyncGenerator<CalibrationBatch> {
        yield mix;
        await Promise.reject(cause);
      }
      const error = await expectError('INVALID_ARGUMENT', () => load(models.mix, options(batches())));
      expect(error.cause).toBe(cause);
    });

    it('whose ranges could not be written in the end ends the load with the reason', async () => {
      mkdirSync(cache);
      function* batches(): Generator<CalibrationBatch> {
        yield mix;
        mkdirSync(ranges());
      }
      const error = await expectError('VENDOR_FAILURE', () => load(models.mix, options(batches(), ranges())));
      expect(error.message).toContain(`Can't write the calibration cache ${ranges()}: `);
      expect(error.message).toMatch(/directory/i);
      expect(error.hint).toContain('cuda.calibration.cache');
      expect(readdirSync(cache).filter((name) => name.endsWith('.tmp'))).toEqual([]);
    });

    it('is not freed with its worker while it is read', async () => {
      control.set('hold', 1);
      const worker = new Worker(join(import.meta.dirname, '..', 'utils', 'calibrating-worker.mjs'), {
        workerData: { model: models.mix },
      });
      try {
        await reaches(control, 'held', 1);
        // Later than a load that owns all that it uses would be left to itself.
        setTimeout(() => control.set('hold', 0), 4000);
        await worker.terminate();
        expect(control.get('held')).toBe(0);
      } finally {
        control.set('hold', 0);
      }
    });

    it('that never comes can be given up', async () => {
      const stop = new AbortController();
      let returned = false;
      const never: AsyncIterable<CalibrationBatch> = {
        [Symbol.asyncIterator]: () => ({
          next: () => {
            stop.abort(new Error('enough'));
            return new Promise(() => undefined);
          },
          return: () => {
            returned = true;
            return new Promise(() => undefined);
          },
        }),
      };
      const error = await expectError('CANCELLED', () =>
        Session.load(models.mix, { device: 'cuda:0', signal: stop.signal, ...options(never) }),
      );
      expect(error.cause).toMatchObject({ message: 'enough' });
      expect(returned).toBe(true);
    });
  });

  it('the doubles have found nothing wrong in all this', () => {
    expect(control.getText('violation')).toBe('');
  });
}
