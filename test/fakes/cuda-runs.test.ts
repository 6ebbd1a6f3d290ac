/** Runs on the double of the TensorRT that the project names: what is copied, told, recorded and waited for. */
import { join } from 'node:path';

import { Tensor, devices, measure } from 'accelnode';
import type { LayerProfile, LoadOptions, Session } from 'accelnode';
import { afterAll, afterEach, describe, expect, it } from 'vitest';

import { expectError, withSession } from '../utils/session.js';
import { missing, openDoubles, reaches, rowsFrom1To8 } from './cuda/setup.js';
import { makeWorkplace } from './openvino/setup.js';

describe.skipIf(missing)(`running${missing ?? ''}`, () => {
  const place = makeWorkplace();
  const { control, models } = openDoubles(place.folder);
  afterAll(() => place.remove());
  afterEach(() => {
    expect(control.getText('violation')).toBe('');
    for (const field of ['hold', 'integrated', 'devices', 'hidden', 'sm', 'memoryLimit', 'nvmlStatus', 'mig'])
      control.set(field, 0);
  });

  const device = 'cuda:0';
  const BYTES = 16; // of each tensor of `mix`

  /** What the counters have counted since. */
  function counting(): (field: string) => number {
    const names = [
      'h2dBytes',
      'd2hBytes',
      'pageableCopies',
      'setAddresses',
      'setShapes',
      'enqueues',
      'captures',
      'graphLaunches',
    ];
    const before = new Map(names.map((name) => [name, control.get(name)]));
    return (field) => control.get(field) - before.get(field)!;
  }

  /** The tensors of `mix` in memory of this kind, with what a run must make of them. */
  async function tensorsIn(memory: 'host' | 'pinned' | 'device') {
    const make = async (values: number[]): Promise<Tensor<'float32'>> => {
      if (memory === 'host') return new Tensor('float32', values, [2, 2]);
      const tensor = Tensor.allocate('float32', [2, 2], { memory, device });
      await tensor.write(Float32Array.from(values));
      return tensor;
    };
    const inputs = { a: await make([1, 2, 3, 4]), b: await make([5, 6, 7, 8]) };
    const outputs = { sum: await make([0, 0, 0, 0]), copy: await make([0, 0, 0, 0]) };
    const check = async (): Promise<void> => {
      expect([...(await outputs.sum.read())]).toEqual([6, 8, 10, 12]);
      expect([...(await outputs.copy.read())]).toEqual([1, 2, 3, 4]);
    };
    const dispose = (): void => {
      for (const tensor of [...Object.values(inputs), ...Object.values(outputs)]) tensor.dispose();
    };
    return { inputs, outputs, check, dispose };
  }

  it.each([
    ['host', { copied: 4 * BYTES, moved: 2 * BYTES }],
    ['pinned', { copied: 0, moved: 2 * BYTES }],
    ['device', { copied: 0, moved: 0 }],
  ] as const)('from and to %s memory copies no more than it must', async (memory, { copied, moved }) => {
    const { inputs, outputs, check, dispose } = await tensorsIn(memory);
    await withSession(models.mix, { device, lanes: 1 }, async (session) => {
      const count = counting();
      await session.run(inputs, { outputs });
      expect(count('h2dBytes')).toBe(moved);
      expect(count('d2hBytes')).toBe(moved);
      // Never from where a copy would not be asynchronous.
      expect(count('pageableCopies')).toBe(0);
      expect(session.stats()).toMatchObject({ bytesCopied: copied, bytesH2d: moved, bytesD2h: moved });
      await check();
    });
    dispose();
  });

  it.each(['host', 'pinned', 'device'] as const)(
    'tells addresses in %s memory once, while they stay',
    async (memory) => {
      const first = await tensorsIn(memory);
      const second = await tensorsIn(memory);
      await withSession(models.mix, { device, lanes: 1 }, async (session) => {
        const count = counting();
        for (let i = 0; i < 5; i++) await session.run(first.inputs, { outputs: first.outputs });
        expect(count('setAddresses')).toBe(4);
        expect(count('enqueues')).toBe(5);
        for (let i = 0; i < 5; i++) await session.run(second.inputs, { outputs: second.outputs });
        // Only what lies in the device's memory is bound as it is.
        expect(count('setAddresses')).toBe(memory === 'device' ? 8 : 4);
        await second.check();
      });
      first.dispose();
      second.dispose();
    },
  );

  it('tells shapes once, while they stay', () =>
    withSession(models.rows, { device, lanes: 1, shapes: rowsFrom1To8 }, async (session) => {
      const count = counting();
      for (const rows of [2, 2, 2, 5, 5, 2]) await session.run({ x: Tensor.zeros('float32', [rows, 3]) });
      expect(count('setShapes')).toBe(3);
    }));

  it('tells copies and computation apart', () =>
    withSession(models.mix, { device, lanes: 1 }, async (session) => {
      const { inputs } = await tensorsIn('host');
      await session.run(inputs);
      // By the double's clock: 0.25 ms for a copy to the device, 0.125 ms back, 0.5 ms for the work.
      const { h2d, compute, d2h } = session.stats();
      expect([h2d, compute, d2h]).toEqual([0.5, 0.5, 0.25]);
      const limits = { api: 'native', duration: 0, warmup: 0, minRuns: 3 } as const;
      const { parts } = await measure(session, inputs, limits);
      for (const [part, time] of Object.entries({ h2d: 0.5, compute: 0.5, d2h: 0.25 })) {
        expect(parts![part as 'h2d'], part).toMatchObject({ min: time, mean: time, max: time });
      }
    }));

  describe('CUDA graphs', () => {
    it('are recorded once for the same shapes and addresses, and replayed', async () => {
      const { inputs, outputs, check, dispose } = await tensorsIn('device');
      await withSession(models.mix, { device, lanes: 1, cuda: { graphs: true } }, async (session) => {
        const count = counting();
        for (let i = 0; i < 6; i++) {
          await outputs.sum.write(new Float32Array(4));
          await session.run(inputs, { outputs });
          await check();
        }
        expect(count('captures')).toBe(1);
        expect(count('graphLaunches')).toBeGreaterThanOrEqual(4);
        expect(count('graphLaunches') + count('enqueues')).toBeLessThanOrEqual(7);
      });
      dispose();
    });

    it('follow when shapes and addresses change', () =>
      withSession(models.rows, { device, lanes: 1, shapes: rowsFrom1To8, cuda: { graphs: true } }, async (session) => {
        const count = counting();
        for (const rows of [2, 2, 2, 3, 3, 3, 2, 2, 3]) await addBias(session, rows);
        // The last three are replayed: both are still there.
        expect(count('captures')).toBe(2);
        expect(count('graphLaunches')).toBe(7);
        expect(count('enqueues')).toBe(4);
      }));

    it.each([false, true])('are kept for the last four sets of shapes (shared memory: %s)', async (sharedMemory) => {
      const cuda = { graphs: true, sharedMemory };
      await withSession(models.rows, { device, lanes: 1, shapes: rowsFrom1To8, cuda }, async (session) => {
        const contexts = control.live().context ?? 0;
        const all = [1, 2, 3, 4, 5];
        for (const rows of all) for (let i = 0; i < 2; i++) await addBias(session, rows);
        expect(control.live().context).toBe(contexts + 3);
        const count = counting();
        for (const rows of [5, 4, 3, 2]) await addBias(session, rows);
        expect(count('graphLaunches')).toBe(4);
        expect(count('enqueues')).toBe(0);
        for (let i = 0; i < 2; i++) await addBias(session, 1);
        expect(count('captures')).toBe(1);
        // 5 was not used for longest, and made room.
        const again = counting();
        for (const rows of [4, 3, 2, 1]) await addBias(session, rows);
        expect([again('graphLaunches'), again('enqueues')]).toEqual([4, 0]);
        for (const rows of [...all, ...all]) await addBias(session, rows);
      });
    });

    it('stay when a run is refused for its shapes', () => {
      const profiles = [{ x: { min: [5, 3], max: [8, 3] } }];
      const options = { shapes: { x: { min: [1, 3], max: [2, 3] } }, cuda: { graphs: true, profiles } };
      return withSession(models.rows, { device, lanes: 1, ...options }, async (session) => {
        const kept = [1, 2, 5, 6];
        for (const rows of [...kept, ...kept]) await addBias(session, rows);
        for (const rows of [3, 4, 3, 4]) await expectError('INVALID_ARGUMENT', () => addBias(session, rows));
        const count = counting();
        for (const rows of kept) await addBias(session, rows);
        expect([count('graphLaunches') + count('enqueues'), count('enqueues')]).toEqual([4, 0]);
      });
    });

    it('make room for a run that needs the memory, and are kept again when there is enough', () => {
      const most = 5000;
      const shapes = { x: { min: [1, 3], max: [most, 3] } };
      return withSession(models.rows, { device, lanes: 1, shapes, cuda: { graphs: true } }, async (session) => {
        await addBias(session, most);
        control.set('memoryLimit', control.get('deviceBytes') + 40_000);
        for (const less of [1, 2, 3]) await addBias(session, most - less);
        control.set('memoryLimit', 0);
        const count = counting();
        for (const rows of [1, 2, 1, 2, 1, 2]) await addBias(session, rows);
        expect([count('captures'), count('graphLaunches')]).toEqual([2, 4]);
      });
    });

    it.each([
      ['where they can be recorded', true, 'rows', { shapes: rowsFrom1To8 }],
      ['not with times of layers', false, 'rows', { shapes: rowsFrom1To8, profiling: true }],
      [
        'not where values decide shapes',
        false,
        'stretch',
        { shapes: { x: [1, 3] }, cuda: { shapeValues: { shape: { min: [1, 3], max: [4, 3] } } } },
      ],
    ] as const)('are promised %s: %s', (_, graphs, model, options: LoadOptions) =>
      withSession(
        models[model],
        { device, lanes: 1, ...options, cuda: { ...options.cuda, graphs: true } },
        (session) => {
          expect(session.details.graphs).toBe(graphs);
        },
      ),
    );

    it('are not recorded where shapes depend on data', () =>
      withSession(models.places, { device, lanes: 1, cuda: { graphs: true } }, async (session) => {
        const count = counting();
        await findPlaces(session);
        expect(count('captures')).toBe(0);
      }));
  });

  async function addBias(session: Session, rows: number): Promise<void> {
    const x = Float32Array.from({ length: rows * 3 }, (_, i) => i + rows);
    const { y } = await session.run({ x: new Tensor('float32', x, [rows, 3]) });
    expect(y!.data).toEqual(x.map((value, i) => value + 1 + (i % 3)));
  }

  async function findPlaces(session: Session): Promise<void> {
    for (const values of [
      [0, 5, 0, 7, 8, 0],
      [0, 0, 0, 0, 0, 0],
      [1, 1, 1, 1, 1, 1],
      [0, 0, 3, 0, 0, 0],
    ]) {
      const { places } = await session.run({ x: new Tensor('float32', values, [6]) });
      const expected = values.flatMap((value, i) => (value === 0 ? [] : [BigInt(i)]));
      expect(places!.dims).toEqual([1, expected.length]);
      expect([...(places!.data as BigInt64Array)]).toEqual(expected);
    }
  }

  it('gives outputs whose shapes depend on data', () =>
    withSession(models.places, { device, lanes: 1 }, async (session) => {
      expect(session.outputs[0]).toMatchObject({ name: 'places', type: 'int64', shape: [1, -1] });
      await findPlaces(session);
    }));

  it('computes on all lanes at once', () =>
    withSession(models.mix, { device, lanes: 3 }, async (session) => {
      const { inputs } = await tensorsIn('host');
      control.set('hold', 1);
      const runs = [1, 2, 3, 4].map(() => session.run(inputs));
      await reaches(control, 'held', 3);
      control.set('hold', 0);
      for (const { sum } of await Promise.all(runs)) expect([...sum!.data]).toEqual([6, 8, 10, 12]);
    }));

  it('computes in turn on lanes that share memory', () =>
    withSession(models.mix, { device, lanes: 3, cuda: { sharedMemory: true } }, async (session) => {
      const { inputs } = await tensorsIn('host');
      const runs = Array.from({ length: 12 }, () => session.run(inputs));
      for (const { sum } of await Promise.all(runs)) expect([...sum!.data]).toEqual([6, 8, 10, 12]);
    }));

  it('takes pinned memory as it is where the device shares it with the CPU', async () => {
    control.set('integrated', 1);
    for (const memory of ['pinned', 'host'] as const) {
      const { inputs, outputs, check, dispose } = await tensorsIn(memory);
      await withSession(models.mix, { device, lanes: 1 }, async (session) => {
        const count = counting();
        await session.run(inputs, { outputs });
        await check();
        expect(count('h2dBytes') + count('d2hBytes')).toBe(0);
        if (memory === 'pinned') expect(session.stats().bytesCopied).toBe(0);
      });
      dispose();
    }
  });

  it('uses the device that it was told', async () => {
    control.set('devices', 2);
    const free = async (): Promise<number[]> =>
      (await devices()).filter(({ backend }) => backend === 'cuda').map(({ memoryFree }) => memoryFree!);
    const [first, second] = await free();
    await withSession(models.mix, { device: 'cuda:1', lanes: 2 }, async (session) => {
      const { inputs } = await tensorsIn('host');
      for (let i = 0; i < 3; i++) await session.run(inputs);
      const [now, then] = await free();
      expect(now).toBe(first);
      expect(then).toBeLessThan(second!);
    });
    await expectError('DEVICE_NOT_FOUND', () => withSession(models.mix, { device: 'cuda:2' }, () => undefined));
  });

  it('lists devices as CUDA shows them, with what NVML knows', async () => {
    control.set('devices', 2);
    control.set('hidden', 1);
    control.set('sm', 87);
    const listed = (await devices()).filter(({ backend }) => backend === 'cuda');
    expect(listed).toMatchObject([
      { id: 'cuda:0', name: 'NVIDIA Double 1', kind: 'gpu', arch: 'sm_87', driver: '580.65.06' },
      { id: 'cuda:1', name: 'NVIDIA Double 2', uuid: 'GPU-00000000-0000-4000-8000-000000000002' },
    ]);
    expect(listed[0]!.details).toMatchObject({
      computeCapability: '8.7',
      pciBusId: '0000:02:00.0',
      integrated: false,
      multiprocessors: 132,
      power: 123.5,
      temperature: 54,
    });
    expect(listed[0]!.memoryTotal).toBe(24 * 2 ** 30);
  });

  it('tells of an instance of a card what is its own', async () => {
    control.set('mig', 1);
    control.set('hidden', 1);
    control.set('memoryLimit', 5 * 2 ** 30);
    const of = async () => (await devices()).find(({ backend }) => backend === 'cuda')!;
    const instance = { uuid: 'MIG-00000000-0000-4000-8000-000000000001', memoryTotal: 5 * 2 ** 30 };
    expect(await of()).toMatchObject({ ...instance, name: 'NVIDIA Double 1 MIG 1g.5gb', details: { mig: true } });
    control.set('mig', 2);
    const unknown = await of();
    expect(unknown).toMatchObject({ ...instance, name: 'NVIDIA Double 1', details: { mig: true } });
    for (const field of ['power', 'utilization']) expect(unknown.details).not.toHaveProperty(field);
  });

  it('tells the time of each layer, and what it became where that was kept', async () => {
    const { inputs } = await tensorsIn('host');
    const layersWith = (options: LoadOptions): Promise<LayerProfile[]> =>
      withSession(models.mix, { device, lanes: 1, profiling: true, ...options }, async (session) => {
        expect(await session.profile()).toEqual([]);
        await session.run(inputs);
        return session.profile();
      });
    const row = { status: 'executed', time: expect.any(Number) as number };
    for (const graphs of [false, true]) {
      expect(await layersWith({ cuda: { graphs } })).toMatchObject([
        { ...row, name: 'add', type: '', kernel: '' },
        { ...row, name: 'pass', type: '', kernel: '' },
      ]);
    }
    expect(await layersWith({ cuda: { engineInspector: true } })).toMatchObject([
      { ...row, name: 'add', type: 'Add', kernel: 'double_Add' },
      { ...row, name: 'pass', type: 'Identity', kernel: 'double_Identity' },
    ]);
    await withSession(models.mix, { device, lanes: 1 }, async (session) => {
      await session.run(inputs);
      await expectError('UNSUPPORTED', () => session.profile());
    });
  });

  it('runs out of memory, and goes on when there is some', async () => {
    const { inputs } = await tensorsIn('host');
    const plan = join(place.folder, 'mix.plan');
    await withSession(models.mix, { device, lanes: 1 }, (session) => session.export(plan));
    const failed = new Set<string>();
    // A plan needs less than its build, so that other allocations are refused too.
    const steps = (source: string, to: number, step: number): [string, number][] =>
      Array.from({ length: to / step }, (_, i) => [source, 1 + i * step]);
    for (const [source, limit] of [...steps(models.mix, 300_000, 10_000), ...steps(plan, 8000, 250)]) {
      control.set('memoryLimit', limit);
      try {
        await withSession(source, { device, lanes: 1 }, (session) => session.run(inputs));
      } catch (error) {
        expect(error).toMatchObject({
          code: 'OUT_OF_MEMORY',
          call: expect.stringMatching(/^cudaMalloc/) as string,
          status: 2,
        });
        failed.add((error as Error).message.split(' ', 3).join(' '));
      }
    }
    const during = ["TensorRT can't build", "The plan can't", 'The engine gives', 'An allocation of'];
    expect([...failed].sort()).toEqual(during.sort());

    control.set('memoryLimit', 0);
    const before = control.get('deviceBytes');
    await withSession(models.mix, { device, lanes: 1 }, async (session) => {
      control.set('memoryLimit', control.get('deviceBytes') + 256); // the second of four tensors is one too many
      const error = await expectError('OUT_OF_MEMORY', () => session.run(inputs));
      expect(error).toMatchObject({ call: 'cudaMallocAsync', status: 2 });
      expect(error.message).toMatch(/^An allocation of 256 bytes on the device failed\. CUDA: out of memory/);
      expect(session.memory()).toEqual({ device: control.get('deviceBytes') - before });
      control.set('memoryLimit', 0);
      expect([...(await session.run(inputs)).sum!.data]).toEqual([6, 8, 10, 12]);
    });
  });
});
