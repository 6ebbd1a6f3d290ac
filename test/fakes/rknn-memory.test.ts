/** Memory that the NPU uses itself, on the double of librknnrt of today; that of 1.4 has none. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { Tensor } from 'accelnode';
import type { RknnOptions, Session } from 'accelnode';
import { afterAll, afterEach, describe, expect, it } from 'vitest';

import { runScript } from '../utils/child.js';
import { expectError, withSession } from '../utils/session.js';
import { reaches } from './cuda/setup.js';
import { makeWorkplace } from './openvino/setup.js';
import { rknnModel } from './rknn/models.mjs';
import { counting, echoModel, imageModel, makeDouble, missing, openDouble, toNchw } from './rknn/setup.js';

const device = 'rknn:0';
const place = makeWorkplace();
afterAll(() => place.remove());

describe.skipIf(missing)(`memory that the NPU uses itself${missing ?? ''}`, () => {
  const { control } = openDouble(place.folder);
  const load = <T>(model: Buffer, rknn: RknnOptions, use: (session: Session) => Promise<T> | T): Promise<T> =>
    withSession(model, { device, lanes: 1, rknn }, use);

  afterEach(() => {
    expect(control.takeViolation()).toBe('');
    expect(control.live().context).toBeUndefined();
    expect(control.live().weights).toBeUndefined();
  });

  const raw: RknnOptions = { inputs: { x: { type: 'raw' } }, outputs: { y: { type: 'raw' } } };

  it('is what session.allocate gives, and nothing is copied', () =>
    load(imageModel(), raw, async (session) => {
      const x = session.allocate('x');
      const y = session.allocate('y');
      expect([x.memory, y.memory]).toEqual(['pinned', 'pinned']);
      expect([...(x.data as Uint16Array)]).toEqual(new Array(24).fill(0));
      for (const [value, expected] of [
        [0x3c00, 0x4200],
        [0x4000, 0x4500],
      ]) {
        (x.data as Uint16Array).fill(value!);
        await session.run({ x }, { outputs: { y } });
        expect([...(y.data as Uint16Array)]).toEqual(new Array(24).fill(expected));
      }
      expect(session.stats().bytesCopied).toBe(0);
      x.dispose();
      y.dispose();
    }));

  it('is told once for each buffer, and asked to be in step with the CPU at each run', () =>
    load(imageModel(), raw, async (session) => {
      const [x, y] = [session.allocate('x'), session.allocate('y')];
      const [bindings, syncs, sets] = [control.get('bindings'), control.get('syncs'), control.get('inputSets')];
      for (let i = 0; i < 5; i++) await session.run({ x }, { outputs: { y } });
      expect(control.get('bindings') - bindings).toBe(2);
      expect(control.get('syncs') - syncs).toBe(15);
      expect(control.get('inputSets')).toBe(sets);
      x.dispose();
      y.dispose();
    }));

  it('has the results of the NPU, whatever the CPU has written there before', () =>
    load(imageModel(), raw, async (session) => {
      const [x, y] = [session.allocate('x'), session.allocate('y')];
      (x.data as Uint16Array).fill(0x3c00);
      for (const before of [0, 7, 0x3c00]) {
        (y.data as Uint16Array).fill(before);
        await session.run({ x }, { outputs: { y } });
        expect([...(y.data as Uint16Array)]).toEqual(new Array(24).fill(0x4200));
      }
      x.dispose();
      y.dispose();
    }));

  it('is not written by the NPU for an output that has a part of it: what the CPU writes beside it stays', () =>
    load(imageModel(), raw, async (session) => {
      const both = Tensor.allocate('float16', [2, 4, 2, 3], { memory: 'pinned', device });
      const [first, second] = [0, 24].map((at) => both.data.subarray(at, at + 24));
      const y = new Tensor('float16', first!, [1, 4, 2, 3]);
      const x = session.allocate('x');
      (x.data as Uint16Array).fill(0x3c00);
      control.set('hold', 1);
      const run = session.run({ x }, { outputs: { y } });
      try {
        await reaches(control, 'held', 1);
        second!.fill(7);
      } finally {
        control.set('hold', 0);
        await run;
      }
      expect([...first!]).toEqual(new Array(24).fill(0x4200));
      expect([...second!]).toEqual(new Array(24).fill(7));
      expect(session.stats().bytesCopied).toBe(48);
      // Inputs are only read.
      const half = new Tensor('float16', first!, [1, 2, 3, 4]);
      const { y: again } = await session.run({ x: half });
      expect([...(again!.data as Uint16Array)]).toEqual(new Array(24).fill(0x4700)); // 7
      expect(session.stats().bytesCopied).toBe(96);
      x.dispose();
      both.dispose();
    }));

  it.each([
    ['boundMemory', 'rknn_create_mem2'],
    ['noImport', 'rknn_create_mem_from_fd'],
  ])('is not used where librknnrt refuses it, which is told: %s', async (field, call) => {
    control.set(field, 1);
    try {
      await load(imageModel(), raw, async (session) => {
        expect(session.details.zeroCopy).toBe(false);
        expect(session.details.warnings).toEqual([expect.stringContaining(call)]);
        const x = session.allocate('x');
        expect(x.memory).toBe('host');
        (x.data as Uint16Array).fill(0x3c00);
        expect((await session.run({ x })).y!.data[0]).toBe(0x4200);
      });
    } finally {
      control.set(field, 0);
    }
  });

  it('is not made again where it can not be freed', async () => {
    const { env, control: theirs } = makeDouble(place.folder);
    theirs.set('noFree', 1);
    const model = join(place.folder, 'floats.rknn');
    writeFileSync(model, echoModel([{ name: 'x', type: 'float32', shape: [4] }]));
    const script = `
      import { Session } from 'accelnode';
      for (let i = 0; i < 3; i++) {
        const session = await Session.load(process.env.MODEL, { device: 'rknn:0' });
        console.log(JSON.stringify([session.details.warnings, session.allocate('x').memory]));
        await session.close();
      }
    `;
    const { stdout, stderr } = await runScript(script, { env: { ...env, MODEL: model } });
    expect(stderr).toBe('');
    const told = [[expect.stringContaining('rknn_destroy_mem')], 'host'];
    expect(
      stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
    ).toEqual([told, told, told]);
    expect(theirs.live()).toEqual({ memory: 1 });
  });

  it('mixes with ordinary memory, which is then copied', () =>
    load(imageModel(), raw, async (session) => {
      const x = session.allocate('x');
      (x.data as Uint16Array).fill(0x3c00);
      const expected = new Array(24).fill(0x4200);
      const plain = new Tensor('float16', new Uint16Array(24).fill(0x3c00), [1, 2, 3, 4]);
      expect([...((await session.run({ x: plain })).y!.data as Uint16Array)]).toEqual(expected);
      expect(session.stats().bytesCopied).toBe(0);
      expect([...((await session.run({ x })).y!.data as Uint16Array)]).toEqual(expected);
      expect(session.stats().bytesCopied).toBe(48);
      // librknnrt's two ways do not mix, so this context stays on the second.
      expect([...((await session.run({ x: plain })).y!.data as Uint16Array)]).toEqual(expected);
      expect(session.stats().bytesCopied).toBe(144);
      x.dispose();
    }));

  it('goes back when it is disposed of, and no run writes to it any more', () =>
    load(imageModel(), raw, async (session) => {
      const before = control.get('sharedMemory');
      const [x, y] = [session.allocate('x'), session.allocate('y')];
      await session.run({ x }, { outputs: { y } });
      x.dispose();
      y.dispose();
      await session.run({ x: Tensor.zeros('float16', [1, 2, 3, 4]) }, { outputs: [] });
      // What the lane has instead: two pages.
      expect(control.get('sharedMemory')).toBe(before + 8192);
    }));

  it('serves two sessions and their lanes', () =>
    load(imageModel(), raw, async (one) => {
      await withSession(imageModel(), { device, lanes: 3, rknn: raw }, async (other) => {
        const x = one.allocate('x');
        (x.data as Uint16Array).fill(0x3c00);
        const runs = [one, other, other, other, one].map((session) => session.run({ x }));
        for (const { y } of await Promise.all(runs)) expect((y!.data as Uint16Array)[5]).toBe(0x4200);
        x.dispose();
      });
    }));

  it('bytes are converted there too', () =>
    load(
      rknnModel({
        inputs: [{ name: 'x', type: 'int8', layout: 'NHWC', scale: 0.5, dims: [1, 1, 2, 2] }],
        outputs: [{ name: 'y', type: 'int8', layout: 'NCHW', scale: 0.5, dims: [1, 2, 1, 2] }],
      }),
      { inputs: { x: { type: 'uint8' } } },
      async (session) => {
        const [x, y] = [session.allocate('x'), session.allocate('y')];
        (x.data as Uint8Array).set([1, 2, 3, 4]);
        await session.run({ x }, { outputs: { y } });
        expect([...(y.data as Float32Array)]).toEqual([1, 3, 2, 4]);
        expect(session.stats().bytesCopied).toBe(0);
        x.dispose();
        y.dispose();
      },
    ));

  it('rows that the NPU wants further apart are copied, row by row', () =>
    load(
      rknnModel({
        inputs: [{ name: 'x', type: 'float16', layout: 'NHWC', widthStride: 16, dims: [1, 3, 5, 2] }],
        outputs: [{ name: 'y', type: 'float16', layout: 'NHWC', dims: [1, 3, 5, 2] }],
      }),
      raw,
      async (session) => {
        const [x, y] = [session.allocate('x'), session.allocate('y')];
        const values = Uint16Array.from({ length: 30 }, (_, i) => 0x3c00 + i);
        (x.data as Uint16Array).set(values);
        await session.run({ x }, { outputs: { y } });
        expect(y.data).toEqual(values);
        expect(session.stats().bytesCopied).toBe(60);
        x.dispose();
        y.dispose();
      },
    ));

  it('axes are put into order there too', () =>
    load(
      rknnModel({
        inputs: [{ name: 'x', type: 'float32', layout: 'NHWC', dims: [1, 2, 3, 4] }],
        outputs: [{ name: 'y', type: 'float32', layout: 'NCHW', dims: [1, 4, 2, 3] }],
      }),
      { inputs: { x: { layout: 'NCHW' } }, outputs: { y: { layout: 'NHWC' } } },
      async (session) => {
        const nhwc = counting([1, 2, 3, 4]).data;
        const [x, y] = [session.allocate('x'), session.allocate('y')];
        (x.data as Float32Array).set(toNchw(nhwc, [2, 3, 4]));
        await session.run({ x }, { outputs: { y } });
        expect([...(y.data as Float32Array)]).toEqual([...nhwc]);
        x.dispose();
        y.dispose();
      },
    ));

  it('what librknnrt converts otherwise than in place goes by copy, whatever its memory', () =>
    load(imageModel(), {}, async (session) => {
      const x = session.allocate('x');
      expect(x.memory).toBe('host');
      const pinned = Tensor.allocate('float32', [1, 2, 3, 4], { memory: 'pinned', device });
      const bindings = control.get('bindings');
      const { y } = await session.run({ x: pinned });
      expect([...(y!.data as Float32Array)]).toEqual(new Array(24).fill(1));
      expect(control.get('bindings')).toBe(bindings);
      pinned.dispose();
    }));

  it('is refused when there is no more', async () => {
    control.set('memoryLimit', control.get('sharedMemory') + 4096);
    await load(imageModel(), raw, async (session) => {
      const x = session.allocate('x');
      const error = await expectError('OUT_OF_MEMORY', () => session.allocate('y'));
      expect(error).toMatchObject({ call: 'rknn_create_mem2', backend: 'rknn' });
      x.dispose();
    });
    control.set('memoryLimit', 0);
  });
});
