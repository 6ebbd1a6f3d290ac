/** What can't be loaded, on the double of the TensorRT that the project names: why, in the vendor's words, and that all goes on. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { Session, diagnose } from 'accelnode';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import { runScript } from '../utils/child.js';
import { expectError, withSession } from '../utils/session.js';
import { folderOf, makeDoubles, missing, openDoubles, rowsFrom1To8 } from './cuda/setup.js';
import { makeWorkplace } from './openvino/setup.js';

describe.skipIf(missing)(`refusals${missing ?? ''}`, () => {
  const place = makeWorkplace();
  const { control, major, models } = openDoubles(place.folder);
  const device = 'cuda:0';
  const plan = join(place.folder, 'rows.plan');
  const other = major === 10 ? 11 : 10;

  beforeAll(() =>
    withSession(models.rows, { device, lanes: 1, shapes: rowsFrom1To8 }, (session) => session.export(plan)),
  );
  afterAll(() => place.remove());
  afterEach(async () => {
    for (const field of ['countStatus', 'sm', 'failAt', 'lost', 'nvmlStatus']) control.set(field, 0);
    expect(control.getText('violation')).toBe('');
    expect(control.live()).toEqual(before);
    await withSession(plan, { device, lanes: 1 }, () => undefined);
  });
  let before: Record<string, number> = {};
  beforeAll(() => {
    before = control.live();
  });

  const write = (name: string, bytes: Uint8Array | string): string => {
    const path = join(place.folder, name);
    writeFileSync(path, bytes);
    return path;
  };
  const load = (source: string): Promise<Session> => Session.load(source, { device, lanes: 1 });

  it.each([
    [35, 'CUDA driver version is insufficient for CUDA runtime version'],
    [100, 'no CUDA-capable device is detected'],
  ])('a machine where CUDA says %i is told with its words, and nothing of TensorRT is made', async (status, words) => {
    control.set('countStatus', status);
    for (const source of [models.mix, plan]) {
      const error = await expectError('DEVICE_NOT_FOUND', () => load(source));
      expect(error.message).toContain(words);
      expect(error.message).toContain(String(status));
      expect(error.hint).toContain('`nvidia-smi` shows');
    }
    const cuda = (await diagnose()).find(({ name }) => name === 'cuda')!;
    expect(cuda.devices).toEqual([]);
    expect(cuda.absent[0]!.reason).toContain(words);
  });

  it('devices are listed without NVML', async () => {
    control.set('nvmlStatus', 9);
    const cuda = (await diagnose()).find(({ name }) => name === 'cuda')!;
    expect(cuda.devices).toMatchObject([{ id: 'cuda:0', arch: 'sm_90' }]);
  });

  it('all errors of the parser are told, with their nodes', async () => {
    const error = await expectError('MODEL_UNSUPPORTED', () => load(models.strange));
    for (const words of ['first', 'Whirl', 'second', 'Twist', 'No importer registered'])
      expect(error.message).toContain(words);
  });

  it.each([
    ['text', 'This is not a model at all.'],
    ['an empty file', ''],
    ['noise', Uint8Array.from({ length: 500 }, (_, i) => (i * 151 + 200) % 256)],
  ])('%s is no ONNX model', async (_, bytes) => {
    await expectError('MODEL_INVALID', () => load(write('junk.onnx', bytes)));
  });

  it('a truncated ONNX model is no ONNX model', async () => {
    const whole = readFileSync(models.rows);
    for (const size of [1, 10, 50, whole.length - 1]) {
      await expectError('MODEL_INVALID', () => load(write('part.onnx', whole.subarray(0, size))));
    }
  });

  const changed = (change: (bytes: Buffer) => Buffer | undefined): string => {
    const bytes = readFileSync(plan);
    return write('changed.plan', change(bytes) ?? bytes);
  };

  it.each([
    ['corrupt', 'The plan is corrupt', (bytes: Buffer) => void bytes.writeUInt8(bytes.at(-3)! ^ 1, bytes.length - 3)],
    ['truncated', 'The plan is truncated', (bytes: Buffer) => bytes.subarray(0, -20)],
    ['cut off in its header', '', (bytes: Buffer) => bytes.subarray(0, 12)],
    ['something else', 'Magic tag does not match', () => Buffer.from('no plan, but long enough to be taken for one')],
  ])('a plan that is %s is told with the words of TensorRT', async (_, words, change) => {
    const error = await expectError('MODEL_INVALID', () => load(changed(change)));
    expect(error.message).toContain(words);
  });

  it('a plan of another release is told with both', async () => {
    const path = changed((bytes) => void bytes.writeInt32LE(major * 10000 + 999, 8));
    const error = await expectError('RUNTIME_INCOMPATIBLE', () => load(path));
    expect(error.message).toMatch(/expecting library version 1[01]\.\d+\.\d+ got 1[01]\.9\.99/);
    expect(error.hint).toContain('it is made again when needed: { plan, onnx }');
  });

  it('a plan for another device is told with both', async () => {
    control.set('sm', 86);
    const error = await expectError('RUNTIME_INCOMPATIBLE', () => load(plan));
    expect(error.message).toContain('expecting compute 8.6 got compute 9.0');
  });

  it('a plan that brings code is loaded when that is trusted', async () => {
    const path = join(place.folder, 'compatible.plan');
    const cuda = { versionCompatible: true };
    await withSession(models.mix, { device, lanes: 1, cuda }, (session) => session.export(path));
    const error = await expectError('UNSUPPORTED', () => load(path));
    expect(error.message).toContain('setEngineHostCodeAllowed');
    expect(error.hint).toContain('versionCompatible: true');
    await withSession(path, { device, lanes: 1, cuda }, () => undefined);

    await withSession(models.mix, { device, lanes: 1, cuda: { ...cuda, excludeLeanRuntime: true } }, (session) =>
      session.export(path),
    );
    await withSession(path, { device, lanes: 1 }, () => undefined);
  });

  it('a device that is lost ends the session cleanly', async () => {
    const session = await Session.load(models.mix, { device, lanes: 2 });
    control.arm(1, { status: 700, text: '' });
    const inputs = { a: new Float32Array(4), b: new Float32Array(4) };
    for (let i = 0; i < 3; i++) {
      const error = await expectError('DEVICE_LOST', () => session.run(inputs));
      expect(error.hint).toContain('start a new one');
    }
    await session.close();
  });

  it('a failed load leaves the next device of a list its turn', async () => {
    control.set('countStatus', 100);
    const session = await Session.load(
      { plan, null: { model: 'echo', inputs: [{ name: 'x', type: 'float32', shape: [1, 3] }] } },
      { device: [device, 'null:0'] },
    );
    expect(session.device).toBe('null:0');
    expect(session.attempts).toMatchObject([{ device, code: 'DEVICE_NOT_FOUND' }]);
    await session.close();
  });

  // One process holds one TensorRT, so what follows needs others.
  const use = `
    import { AccelError, Session, Tensor, runtime } from 'accelnode';
    const sources = process.argv.slice(1);
    const results = [];
    for (const source of sources) {
      try {
        const session = await Session.load(source, { device: 'cuda:0', shapes: { x: [[1, 8], 3] } });
        const { y } = await session.run({ x: Tensor.zeros('float32', [1, 3]) });
        results.push([...y.data]);
        await session.close();
      } catch (error) {
        if (!(error instanceof AccelError)) throw error;
        results.push({ code: error.code, message: error.message, hint: error.hint });
      }
    }
    const { version, library } = await runtime('cuda');
    console.log(JSON.stringify({ version, library, results }));
  `;
  async function elsewhere(library: string, version: number, sources: string[]) {
    const { control, env } = makeDoubles(place.folder, major, library);
    control.set('version', version);
    const { stdout, stderr, code } = await runScript(use, { args: sources, env });
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(control.getText('violation')).toBe('');
    return JSON.parse(stdout) as { version: string; library: string; results: unknown[] };
  }

  it('the lean runtime loads plans, and says what ONNX needs', async () => {
    const lean = join(folderOf(major), `libnvinfer_lean.so.${major}`);
    const { library, results } = await elsewhere(lean, 0, [plan, models.rows]);
    expect(library).toBe(lean);
    expect(results[0]).toEqual([1, 2, 3]);
    expect(results[1]).toMatchObject({ code: 'UNSUPPORTED', hint: expect.stringContaining('plan') as string });
  });

  it('the other major refuses the plan', async () => {
    const library = join(folderOf(other), `libnvinfer.so.${other}`);
    const { results } = await elsewhere(library, 0, [plan, models.rows]);
    expect(results[0]).toMatchObject({ code: 'RUNTIME_INCOMPATIBLE' });
    expect(results[1]).toEqual([1, 2, 3]);
  });

  it.runIf(major === 10).each([
    [100000, '10.0.0'],
    [100800, '10.8.0'],
    [101600, '10.16.0'],
  ])('release %i calls only what it has', async (release, text) => {
    const library = join(folderOf(major), `libnvinfer.so.${major}`);
    const { version, results } = await elsewhere(library, release, [models.rows]);
    expect(version).toBe(text);
    expect(results).toEqual([[1, 2, 3]]);
  });
});
