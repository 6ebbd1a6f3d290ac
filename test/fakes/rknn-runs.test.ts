/** Runs on the double of the librknnrt that the project names: types, layouts, memory, shapes, times. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { Session, Tensor, devices } from 'accelnode';
import type { RknnOptions } from 'accelnode';
import { afterAll, afterEach, describe, expect, it } from 'vitest';

import { runScript } from '../utils/child.js';
import { expectError, withSession } from '../utils/session.js';
import { reaches } from './cuda/setup.js';
import { makeWorkplace } from './openvino/setup.js';
import { rknnModel } from './rknn/models.mjs';
import { echoModel, imageModel, makeDouble, missing, openDouble } from './rknn/setup.js';

const device = 'rknn:0';
const place = makeWorkplace();
afterAll(() => place.remove());

const count = (dims: readonly number[]): number => dims.reduce((a, b) => a * b, 1);
const counting = (dims: readonly number[]): Tensor<'float32'> =>
  new Tensor(
    'float32',
    Float32Array.from({ length: count(dims) }, (_, i) => i),
    dims,
  );

/** From [h, w, c] to [c, h, w]. */
function toNchw(values: ArrayLike<number>, [h, w, c]: [number, number, number]): number[] {
  return Array.from({ length: h * w * c }, (_, i) => values[(i % (h * w)) * c + Math.floor(i / (h * w))]!);
}

describe.skipIf(missing)(`runs${missing ?? ''}`, () => {
  const { control, release, root } = openDouble(place.folder);
  const older = release === '1.4.0';
  const load = <T>(model: Buffer, rknn: RknnOptions, use: (session: Session) => Promise<T> | T): Promise<T> =>
    withSession(model, { device, lanes: 1, rknn }, use);

  afterEach(() => {
    expect(control.takeViolation()).toBe('');
    expect(control.live().context).toBeUndefined();
    expect(control.live().weights).toBeUndefined();
  });

  describe('types and layouts', () => {
    it('what is float16 in the model is float32 outside, NHWC in and NCHW out', () =>
      load(imageModel(), {}, async (session) => {
        expect(session.precision).toBe('fp16');
        expect(session.inputs).toEqual([
          { name: 'x', type: 'float32', shape: [1, 2, 3, 4], details: { layout: 'NHWC', modelType: 'float16' } },
        ]);
        expect(session.outputs).toEqual([
          { name: 'y', type: 'float32', shape: [1, 4, 2, 3], details: { layout: 'NCHW', modelType: 'float16' } },
        ]);
        const x = counting([1, 2, 3, 4]);
        const { y } = await session.run({ x });
        expect([...(y!.data as Float32Array)]).toEqual(toNchw(x.data, [2, 3, 4]).map((value) => 2 * value + 1));
        expect(session.stats().bytesCopied).toBe(0);
      }));

    it('float16 goes in and comes out as it is, when that is asked for', () =>
      load(imageModel(), { inputs: { x: { type: 'raw' } }, outputs: { y: { type: 'raw' } } }, async (session) => {
        expect([session.inputs[0]!.type, session.outputs[0]!.type]).toEqual(['float16', 'float16']);
        const one = 0x3c00;
        const { y } = await session.run({ x: new Tensor('float16', new Uint16Array(24).fill(one), [1, 2, 3, 4]) });
        expect([...(y!.data as Uint16Array)]).toEqual(new Array(24).fill(0x4200)); // 3
      }));

    it('axes are put into the order that is asked for', () =>
      load(imageModel(), { inputs: { x: { layout: 'NCHW' } }, outputs: { y: { layout: 'NHWC' } } }, async (session) => {
        expect(session.inputs[0]).toMatchObject({ shape: [1, 4, 2, 3], details: { layout: 'NCHW' } });
        expect(session.outputs[0]).toMatchObject({ shape: [1, 2, 3, 4], details: { layout: 'NHWC' } });
        const nhwc = counting([1, 2, 3, 4]).data;
        const x = new Tensor('float32', Float32Array.from(toNchw(nhwc, [2, 3, 4])), [1, 4, 2, 3]);
        const { y } = await session.run({ x });
        expect([...(y!.data as Float32Array)]).toEqual([...nhwc].map((value) => 2 * value + 1));
        expect(session.stats().bytesCopied).toBe(96); // librknnrt has no other order for outputs
      }));

    const quantized = rknnModel({
      inputs: [{ name: 'x', type: 'int8', layout: 'NHWC', scale: 0.5, zeroPoint: -3, dims: [1, 1, 2, 2] }],
      outputs: [{ name: 'y', type: 'int8', layout: 'NHWC', scale: 0.25, zeroPoint: 7, dims: [1, 1, 2, 2] }],
    });

    it('what is quantized is float32 outside', () =>
      load(quantized, {}, async (session) => {
        expect(session.precision).toBe('int8');
        expect(session.inputs[0]).toMatchObject({
          type: 'float32',
          details: { scale: 0.5, zeroPoint: -3, modelType: 'int8' },
        });
        const { y } = await session.run({ x: new Tensor('float32', [0.5, -1, 4, 1.5], [1, 1, 2, 2]) });
        expect([...(y!.data as Float32Array)]).toEqual([0.5, -1, 4, 1.5]);
      }));

    it('quantized numbers go in and come out as they are, when that is asked for', () =>
      load(quantized, { inputs: { x: { type: 'raw' } }, outputs: { y: { type: 'raw' } } }, async (session) => {
        expect(session.outputs[0]).toMatchObject({ type: 'int8', details: { scale: 0.25, zeroPoint: 7 } });
        // -3 means 0, which is 7 there; 1 means 2, which is 15
        const { y } = await session.run({ x: new Tensor('int8', [-3, 1, -3, 1], [1, 1, 2, 2]) });
        expect([...(y!.data as Int8Array)]).toEqual([7, 15, 7, 15]);
      }));

    it('bytes of an image go in as they are', () =>
      load(quantized, { inputs: { x: { type: 'uint8' } } }, async (session) => {
        const { y } = await session.run({ x: new Tensor('uint8', [0, 1, 2, 3], [1, 1, 2, 2]) });
        expect([...(y!.data as Float32Array)]).toEqual([0, 1, 2, 3]);
      }));

    it('a fixed point is told', () =>
      load(
        rknnModel({
          inputs: [{ name: 'x', type: 'int16', fractionBits: 4, dims: [2] }],
          outputs: [{ name: 'y', type: 'int16', fractionBits: 8, dims: [2] }],
        }),
        { outputs: { y: { type: 'raw' } } },
        async (session) => {
          expect(session.precision).toBe('int16');
          expect(session.outputs[0]!.details).toEqual({ fractionBits: 8 });
          const { y } = await session.run({ x: new Tensor('float32', [1, 0.5], [2]) });
          expect([...(y!.data as Int16Array)]).toEqual([256, 128]);
        },
      ));

    it.skipIf(older)("the NPU's own layout is handed out when it is asked for", () =>
      load(
        imageModel(),
        { inputs: { x: { layout: 'native' } }, outputs: { y: { layout: 'native' } } },
        async (session) => {
          // Channels in groups of eight, of which four are used.
          expect(session.inputs[0]).toMatchObject({
            type: 'float16',
            shape: [1, 1, 2, 3, 8],
            details: { layout: 'NC1HWC2' },
          });
          const half = [0x3c00, 0x4000, 0x4200, 0x4400]; // 1, 2, 3, 4
          const x = new Tensor(
            'float16',
            Uint16Array.from({ length: 48 }, (_, i) => (i % 8 < 4 ? half[i % 8]! : 0)),
            [1, 1, 2, 3, 8],
          );
          const { y } = await session.run({ x });
          const three = [0x4200, 0x4500, 0x4700, 0x4880, 0, 0, 0, 0]; // 3, 5, 7, 9
          expect([...(y!.data as Uint16Array)]).toEqual(Array.from({ length: 6 }, () => three).flat());
        },
      ),
    );

    it.runIf(older)("the NPU's own layout needs a newer librknnrt", async () => {
      const error = await expectError('UNSUPPORTED', () =>
        Session.load(imageModel(), { device, rknn: { outputs: { y: { layout: 'native' } } } }),
      );
      expect(error.message).toContain('1.4.0');
    });

    it('what the model does not have, or can not be, is refused', async () => {
      const refused = (rknn: RknnOptions, model = imageModel()) =>
        expectError('INVALID_ARGUMENT', () => Session.load(model, { device, lanes: 1, rknn }));
      expect((await refused({ inputs: { z: { type: 'raw' } } })).message).toContain('rknn.inputs names "z"');
      expect((await refused({ outputs: { z: {} } })).hint).toBe('It has: "y".');
      const flat = echoModel([{ name: 'x', type: 'float32', shape: [2, 3] }]);
      expect((await refused({ inputs: { x: { layout: 'NCHW' } } }, flat)).message).toContain('no axes');
      expect((await refused({ inputs: { x: { type: 'raw', layout: 'NCHW' } } }, quantized)).message).toContain(
        'quantized',
      );
    });
  });

  describe.skipIf(older)('memory that the NPU uses itself', () => {
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
      const { env, control: theirs } = makeDouble(place.folder, release);
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

  it.runIf(older)('a librknnrt that can not tell the NPU what the CPU has written has host memory only', () =>
    load(imageModel(), {}, async (session) => {
      expect(session.details.zeroCopy).toBe(false);
      expect(session.allocate('x').memory).toBe('host');
      const error = await expectError('UNSUPPORTED', () =>
        Tensor.allocate('float32', [4], { memory: 'pinned', device }),
      );
      expect(error.hint).toBe('Host memory is as good there.');
    }),
  );

  it('there is no memory of the device alone', async () => {
    await expectError('UNSUPPORTED', () => Tensor.allocate('float32', [4], { memory: 'device', device }));
    await load(echoModel([{ name: 'x', type: 'float32', shape: [4] }]), {}, async (session) => {
      const x = Tensor.zeros('float32', [4]);
      await expectError('UNSUPPORTED', () => session.run({ x }, { outputs: { x_out: 'device' } }));
      await session.run({ x });
    });
  });

  describe.skipIf(older)('several shapes', () => {
    const model = echoModel([
      { name: 'a', type: 'float32', shape: [-1, 3] },
      { name: 'b', type: 'float32', shape: [2, -1] },
    ]);

    it('are told to librknnrt when they change, and listed', () =>
      load(model, {}, async (session) => {
        expect(session.inputs[0]).toMatchObject({ shape: [-1, 3], min: [1, 3], max: [100, 3] });
        expect((session.details.shapes as unknown[])[1]).toEqual({ a: [2, 3], b: [2, 2] });
        const before = control.get('shapeSets');
        for (const rows of [1, 1, 2, 2, 1]) {
          const [a, b] = [counting([rows, 3]), counting([2, rows])];
          const outputs = await session.run({ a, b });
          expect([outputs.a_out!.dims, outputs.b_out!.data]).toEqual([a.dims, b.data]);
        }
        expect(control.get('shapeSets') - before).toBe(3);
      }));

    it('that do not go together are refused, and the session goes on', () =>
      load(model, {}, async (session) => {
        const error = await expectError('INVALID_ARGUMENT', () =>
          session.run({ a: counting([2, 3]), b: counting([2, 3]) }),
        );
        expect(error.hint).toContain('session.details.shapes');
        await session.run({ a: counting([2, 3]), b: counting([2, 2]) });
      }));

    it.each([-1, 1])('of which inputs have different numbers are refused: %i more', async (more) => {
      control.set('moreShapes', more);
      try {
        const error = await expectError('MODEL_INVALID', () => Session.load(model, { device, lanes: 1 }));
        expect(error.message).toBe(`The model has 11 shapes for "a", but ${11 + more} for "b".`);
      } finally {
        control.set('moreShapes', 0);
      }
    });

    it('are fewer with the option shapes', async () => {
      await withSession(model, { device, lanes: 1, shapes: { a: [[2, 4], 3] } }, (session) => {
        expect(session.inputs[0]).toMatchObject({ shape: [-1, 3], min: [2, 3], max: [4, 3] });
      });
      await withSession(model, { device, lanes: 1, shapes: { a: [2, 3] } }, async (session) => {
        expect(session.inputs[1]!.shape).toEqual([2, 2]);
        await session.run({ a: counting([2, 3]), b: counting([2, 2]) });
      });
      const error = await expectError('INVALID_ARGUMENT', () =>
        Session.load(model, { device, lanes: 1, shapes: { a: [11, 3] } }),
      );
      expect(error.message).toContain('was not converted for the shapes');
    });
  });

  it.each([-1, -5, 1])('a model of one shape is known by whatever librknnrt says of several: %i', async (status) => {
    control.set('rangeStatus', status);
    try {
      await load(echoModel([{ name: 'x', type: 'float32', shape: [2, 3] }]), {}, async (session) => {
        expect(session.inputs[0]!.shape).toEqual([2, 3]);
        const x = counting([2, 3]);
        expect((await session.run({ x })).x_out!.data).toEqual(x.data);
      });
    } finally {
      control.set('rangeStatus', 0);
    }
  });

  it('the option shapes must be what a model with one shape has', async () => {
    const model = echoModel([{ name: 'x', type: 'float32', shape: [2, 3] }]);
    await withSession(model, { device, shapes: { x: [2, 3] } }, () => undefined);
    await withSession(model, { device, shapes: { x: [-1, 3] } }, () => undefined);
    for (const shapes of [{ x: [3, 3] }, { x: [2] }, { z: [1] }]) {
      await expectError('INVALID_ARGUMENT', () => Session.load(model, { device, shapes }));
    }
  });

  describe('times', () => {
    it('of layers are those of the last run, where they are recorded', () =>
      withSession(imageModel(), { device, lanes: 1, profiling: true }, async (session) => {
        await session.run({ x: counting([1, 2, 3, 4]) });
        expect(await session.profile()).toEqual([
          {
            name: 'InputOperator:x',
            type: 'InputOperator',
            kernel: 'CPU',
            status: 'executed',
            time: 0.006,
            cpuTime: 0.006,
          },
          { name: 'Conv:y', type: 'ConvRelu', kernel: 'NPU', status: 'executed', time: 1.25, cpuTime: 0 },
        ]);
      }));

    it('of layers are refused where they are not', () =>
      load(imageModel(), {}, async (session) => {
        const error = await expectError('UNSUPPORTED', () => session.profile());
        expect(error.hint).toContain('profiling: true');
      }));

    it('of runs are those of setting inputs, computing and getting outputs', () =>
      load(imageModel({ work: 2000 }), {}, async (session) => {
        await session.run({ x: counting([1, 2, 3, 4]) });
        const { h2d, compute, d2h } = session.stats();
        expect(compute).toBeGreaterThanOrEqual(2);
        expect(h2d).toBeGreaterThan(0);
        expect(d2h).toBeGreaterThan(0);
      }));
  });

  it('the board is a device, with what the kernel tells of it', async () => {
    const npu = (await devices()).find(({ backend }) => backend === 'rknn');
    expect(npu).toEqual({
      id: 'rknn:0',
      backend: 'rknn',
      name: 'Rockchip RK3588 NPU',
      kind: 'npu',
      arch: 'rk3588',
      driver: '0.9.8',
      automatic: true,
      details: { soc: 'rk3588', cores: 3, load: [12, 3, 0], frequency: 1e9 },
    });
    expect(root).not.toBe('');
  });
});
