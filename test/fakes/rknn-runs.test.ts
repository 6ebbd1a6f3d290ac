/** Runs on the double of the librknnrt that the project names: types, layouts, shapes, times. */
import { Session, Tensor, devices } from 'accelnode';
import type { RknnOptions } from 'accelnode';
import { afterAll, afterEach, describe, expect, it } from 'vitest';

import { expectError, withSession } from '../utils/session.js';
import { makeWorkplace } from './openvino/setup.js';
import { rknnModel } from './rknn/models.mjs';
import { counting, echoModel, imageModel, missing, openDouble, toNchw } from './rknn/setup.js';

const device = 'rknn:0';
const place = makeWorkplace();
afterAll(() => place.remove());

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
