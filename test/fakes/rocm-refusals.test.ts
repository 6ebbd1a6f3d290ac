/** What can't be loaded, on the double of the MIGraphX that the project names: why, in the vendor's words, and that all goes on. */
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { Session, Tensor, diagnose } from 'accelnode';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import { runScript } from '../utils/child.js';
import { onnxModel } from '../utils/onnx-model.js';
import { expectError, withSession } from '../utils/session.js';
import { makeWorkplace } from './openvino/setup.js';
import { libraryOf, makeDoubles, missing, openDoubles, takeViolation, writeSystem } from './rocm/setup.js';

describe.skipIf(missing)(`refusals${missing ?? ''}`, () => {
  const place = makeWorkplace();
  const { control, release, models, root } = openDoubles(place.folder);
  const device = 'rocm:0';
  const shapes = { x: [2, 3] };
  const mxr = join(place.folder, 'rows.mxr');
  const other = release === '7.0' ? '7.1' : '7.0';

  let before: Record<string, number> = {};
  beforeAll(async () => {
    await withSession(models.rows, { device, lanes: 1, shapes }, (session) => session.export(mxr));
    before = control.live();
  });
  afterAll(() => place.remove());
  afterEach(async () => {
    for (const field of ['countStatus', 'gfx', 'fileVersion', 'failAt', 'lost']) control.set(field, 0);
    expect(takeViolation(control)).toBe('');
    expect(control.live()).toEqual(before);
    await withSession(mxr, { device, lanes: 1 }, () => undefined);
  });

  const write = (name: string, bytes: Uint8Array | string): string => {
    const path = join(place.folder, name);
    writeFileSync(path, bytes);
    return path;
  };
  const load = (source: string): Promise<Session> => Session.load(source, { device, lanes: 1 });
  const rocm = async () => (await diagnose()).find(({ name }) => name === 'rocm')!;

  it('a machine without a device is told with the words of HIP, and nothing of MIGraphX is made', async () => {
    control.set('countStatus', 100);
    for (const source of [models.mix, mxr]) {
      const error = await expectError('DEVICE_NOT_FOUND', () => load(source));
      expect(error.message).toContain('no ROCm-capable device is detected');
      expect(error.hint).toContain('`rocminfo` shows');
    }
    const { devices, absent } = await rocm();
    expect(devices).toMatchObject([{ id: 'rocm:ref' }]);
    expect(absent[0]!.reason).toContain('no ROCm-capable device is detected');
  });

  it('what keeps HIP from the device is told where Linux shows it', async () => {
    control.set('countStatus', 100);
    rmSync(join(root, 'dev', 'kfd'));
    const error = await expectError('DEVICE_NOT_FOUND', () => load(models.mix));
    expect(error.message).toContain('There is no /dev/kfd.');
    expect(error.hint).toContain('--device /dev/kfd');
    writeSystem(root, 1);
  });

  it('the reference operators never stand in for a device', async () => {
    control.set('countStatus', 100);
    const error = await expectError('DEVICE_NOT_FOUND', () =>
      Session.load({ onnx: models.mix }, { device: ['rocm:0'] }),
    );
    expect(error.message).toContain('no ROCm-capable device');
    await withSession(models.mix, { device: 'rocm:ref' }, async (session) => {
      const { sum } = await session.run({ a: new Float32Array([1, 2, 3, 4]), b: new Float32Array([5, 6, 7, 8]) });
      expect([...sum!.data]).toEqual([6, 8, 10, 12]);
    });
  });

  it('an operator that MIGraphX lacks is told', async () => {
    const error = await expectError('MODEL_UNSUPPORTED', () => load(models.strange));
    expect(error.message).toContain('Unknown operator: Whirl');
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
    const bytes = readFileSync(mxr);
    return write('changed.mxr', change(bytes) ?? bytes);
  };

  it.each([
    ['corrupt', 'MIGraphX: parse error', (bytes: Buffer) => void bytes.writeUInt8(bytes.at(-3)! ^ 1, bytes.length - 3)],
    ['truncated', 'MIGraphX: parse error', (bytes: Buffer) => bytes.subarray(0, -20)],
    ['cut off in its header', 'is no compiled model of MIGraphX', (bytes: Buffer) => bytes.subarray(0, 12)],
    [
      'something else',
      'is no compiled model of MIGraphX',
      () => Buffer.from('no program, but long enough to be taken for one'),
    ],
    ['empty', 'is empty', () => Buffer.alloc(0)],
  ])('a .mxr that is %s is refused', async (_, words, change) => {
    const error = await expectError('MODEL_INVALID', () => load(changed(change)));
    expect(error.message).toContain(words);
  });

  it('a .mxr with another layout is told with both versions', async () => {
    control.set('fileVersion', 8);
    const error = await expectError('RUNTIME_INCOMPATIBLE', () => load(mxr));
    expect(error.message).toContain('created using program file version: 7');
    expect(error.hint).toContain('it is made again when needed: { mxr, onnx }');
  });

  it('a .mxr of another MIGraphX is told with both versions', async () => {
    const error = await expectError('RUNTIME_INCOMPATIBLE', () =>
      load(changed((bytes) => Buffer.from(bytes.toString('latin1').replace(/2\.1[34]\.0/, '2.12.0'), 'latin1'))),
    );
    expect(error.message).toMatch(/2\.12\.0.*2\.1[34]\.0/);
    expect(error.hint).toContain('Compile the ONNX model again.');
  });

  it('a .mxr for another architecture is refused with the words of HIP', async () => {
    control.set('gfx', 90010);
    const error = await expectError('RUNTIME_INCOMPATIBLE', () => load(mxr));
    expect(error.message).toContain('no kernel image is available');
  });

  it('a .mxr for the reference operators does not run on the device, nor the other way round', async () => {
    const path = join(place.folder, 'ref.mxr');
    await withSession(models.rows, { device: 'rocm:ref', shapes }, (session) => session.export(path));
    expect((await expectError('RUNTIME_INCOMPATIBLE', () => load(path))).message).toContain('"ref"');
    const error = await expectError('RUNTIME_INCOMPATIBLE', () => Session.load(mxr, { device: 'rocm:ref' }));
    expect(error.message).toContain('"gpu"');
  });

  it('a .mxr that copies by itself is refused without the option for that', async () => {
    const path = join(place.folder, 'copies.mxr');
    const rocm = { offloadCopy: true };
    // Its output has another shape than its input, and so is something else.
    const source = onnxModel({
      inputs: [{ name: 'x', type: 'float32', shape: [3] }],
      initializers: [{ name: 'rows', tensor: new Tensor('float32', [1, 2, 3, 4, 5, 6], [2, 3]) }],
      nodes: [{ op: 'Add', inputs: ['rows', 'x'], outputs: ['y'] }],
      outputs: [{ name: 'y', type: 'float32', shape: [2, 3] }],
    });
    await withSession(source, { device, rocm }, (session) => session.export(path));
    const error = await expectError('RUNTIME_INCOMPATIBLE', () => load(path));
    expect(error.hint).toContain('rocm.offloadCopy');
    await withSession({ mxr: path, onnx: source }, { device }, (session) =>
      expect(session.details.planRefused).toBe(error.message),
    );
    await withSession(path, { device, rocm }, async (session) => {
      const [y] = Object.values(await session.run({ x: new Tensor('float32', [1, 1, 1], [3]) }));
      expect([...y!.data]).toEqual([2, 3, 4, 5, 6, 7]);
    });
  });

  it('a .mxr that does not copy by itself is given memory of the device all the same', () =>
    withSession({ mxr, onnx: models.rows }, { device, shapes, rocm: { offloadCopy: true } }, async (session) => {
      expect(session.details).toMatchObject({ loadedFrom: 'mxr', offloadCopy: false });
      const { y } = await session.run({ x: Tensor.zeros('float32', [2, 3]) });
      expect([...y!.data]).toEqual([1, 2, 3, 1, 2, 3]);
    }));

  it('a .mxr that is not fit is made again from the model beside it', () =>
    withSession(
      { mxr: changed((bytes) => bytes.subarray(0, -20)), onnx: models.rows },
      { device, lanes: 1, shapes },
      (session) => expect(session.details.planRefused).toContain("can't load the compiled model"),
    ));

  it('a failed load leaves the next device of a list its turn', async () => {
    control.set('countStatus', 100);
    const session = await Session.load(
      { mxr, null: { model: 'echo', inputs: [{ name: 'x', type: 'float32', shape: [1, 3] }] } },
      { device: [device, 'null:0'] },
    );
    expect(session.device).toBe('null:0');
    expect(session.attempts).toMatchObject([{ device, code: 'DEVICE_NOT_FOUND' }]);
    await session.close();
  });

  // One process holds one MIGraphX, so what follows needs others.
  const use = `
    import { AccelError, Session, Tensor, runtime } from 'accelnode';
    const sources = process.argv.slice(1);
    const results = [];
    for (const source of sources) {
      try {
        const session = await Session.load(source, { device: 'rocm:0' });
        const [y] = Object.values(await session.run({ x: Tensor.zeros('float32', [2, 3]) }));
        results.push([...y.data]);
        await session.close();
      } catch (error) {
        if (!(error instanceof AccelError)) throw error;
        results.push({ code: error.code, message: error.message, hint: error.hint });
      }
    }
    const { version } = await runtime('rocm');
    console.log(JSON.stringify({ version, results }));
  `;
  async function elsewhere(library: string, sources: string[]) {
    const { control, env } = makeDoubles(place.folder, release, library);
    const { stdout, stderr, code } = await runScript(use, { args: sources, env });
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(control.getText('violation')).toBe('');
    return JSON.parse(stdout) as { version: string; results: unknown[] };
  }

  it('the other release refuses the .mxr, and computes with its own numbers of types', async () => {
    const { version, results } = await elsewhere(libraryOf(other), [mxr, models.rows]);
    expect(version).toBe(other === '7.0' ? '2.13.0' : '2.14.0');
    expect(results[0]).toMatchObject({ code: 'RUNTIME_INCOMPATIBLE' });
    expect(results[1]).toEqual([1, 2, 3, 1, 2, 3]);
  });

  it('a MIGraphX without its GPU library has no device, and says what to install', async () => {
    const folder = join(place.folder, 'without gpu');
    mkdirSync(folder);
    const library = join(folder, 'libmigraphx_c.so.3');
    copyFileSync(libraryOf(release), library);
    const { results } = await elsewhere(library, [models.rows]);
    expect(results[0]).toMatchObject({
      code: 'DEVICE_NOT_FOUND',
      message: expect.stringContaining('libmigraphx_gpu.so') as string,
      hint: expect.stringContaining('migraphx-tools') as string,
    });
  });
});
