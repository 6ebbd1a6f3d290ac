/** Runs on the double of the MIGraphX that the project names: what is copied, waited for and kept apart. */
import { Session, Tensor, devices } from 'accelnode';
import { afterAll, afterEach, describe, expect, it } from 'vitest';

import { onnxModel } from '../utils/onnx-model.js';
import { expectError, withSession } from '../utils/session.js';
import { reaches } from './cuda/setup.js';
import { makeWorkplace } from './openvino/setup.js';
import { missing, openDoubles, takeViolation, writeSystem } from './rocm/setup.js';

describe.skipIf(missing)(`running${missing ?? ''}`, () => {
  const place = makeWorkplace();
  const { control, models, root } = openDoubles(place.folder);
  afterAll(() => place.remove());
  afterEach(() => {
    for (const field of ['hold', 'holdCompile', 'devices', 'hidden', 'memoryLimit', 'hostLimit', 'lost', 'failAt'])
      control.set(field, 0);
    expect(takeViolation(control)).toBe('');
  });

  const device = 'rocm:0';
  const BYTES = 16; // of each tensor of `mix`

  /** What the counters have counted since. */
  function counting(): (field: string) => number {
    const names = ['h2dBytes', 'd2hBytes', 'd2dBytes', 'pageableCopies', 'runs', 'asyncRuns', 'compiles'];
    const before = new Map(names.map((name) => [name, control.get(name)]));
    return (field) => control.get(field) - before.get(field)!;
  }

  /** The tensors of `mix` in memory of this kind, with what a run must make of them. */
  async function tensorsIn(memory: 'host' | 'pinned' | 'device', on = device) {
    const make = async (values: number[]): Promise<Tensor<'float32'>> => {
      if (memory === 'host') return new Tensor('float32', values, [2, 2]);
      const tensor = Tensor.allocate('float32', [2, 2], { memory, device: on });
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
    ['host', { copied: 4 * BYTES, moved: 2 * BYTES, within: 0 }],
    ['pinned', { copied: 0, moved: 2 * BYTES, within: 0 }],
    // `copy` is `a`, which MIGraphX gives back as it is: it lies in another place than the tensor.
    ['device', { copied: 0, moved: 0, within: BYTES }],
  ] as const)('from and to %s memory copies no more than it must', async (memory, { copied, moved, within }) => {
    const { inputs, outputs, check, dispose } = await tensorsIn(memory);
    await withSession(models.mix, { device, lanes: 1 }, async (session) => {
      const count = counting();
      await session.run(inputs, { outputs });
      expect([count('h2dBytes'), count('d2hBytes'), count('d2dBytes')]).toEqual([moved, moved, within]);
      // Never from where a copy would not be asynchronous.
      expect(count('pageableCopies')).toBe(0);
      expect(count('asyncRuns')).toBe(1);
      expect(session.stats()).toMatchObject({ bytesCopied: copied, bytesH2d: moved, bytesD2h: moved });
      await check();
    });
    dispose();
  });

  it.each(['host', 'pinned'] as const)(
    'leaves copies from and to %s memory to MIGraphX where told so',
    async (memory) => {
      const { inputs, outputs, check, dispose } = await tensorsIn(memory);
      await withSession(models.mix, { device, lanes: 1, rocm: { offloadCopy: true } }, async (session) => {
        const count = counting();
        await session.run(inputs, { outputs });
        expect([count('runs'), count('asyncRuns')]).toEqual([1, 0]);
        expect([count('h2dBytes'), count('d2hBytes')]).toEqual([2 * BYTES, 2 * BYTES]);
        await check();
      });
      dispose();
    },
  );

  it('refuses device memory where MIGraphX copies', async () => {
    const { inputs, dispose } = await tensorsIn('device');
    await withSession(models.mix, { device, lanes: 1, rocm: { offloadCopy: true } }, async (session) => {
      expect((await expectError('UNSUPPORTED', () => session.run(inputs))).hint).toContain('without rocm.offloadCopy');
    });
    dispose();
  });

  /** Outputs that MIGraphX has memory for, and between them such as are inputs, constants or each other. */
  const varied = onnxModel({
    inputs: [
      { name: 'a', type: 'float32', shape: [2, 2] },
      { name: 'b', type: 'float32', shape: [5] },
    ],
    initializers: [{ name: 'constant', tensor: new Tensor('float32', [7, 8, 9]) }],
    nodes: [
      { op: 'Identity', inputs: ['a'], outputs: ['copy'] },
      { op: 'Add', inputs: ['a', 'a'], outputs: ['twice'] },
      { op: 'Identity', inputs: ['constant'], outputs: ['fixed'] },
      { op: 'Add', inputs: ['b', 'b'], outputs: ['long'] },
      { op: 'Identity', inputs: ['long'], outputs: ['again'] },
    ],
    outputs: [
      { name: 'copy', type: 'float32', shape: [2, 2] },
      { name: 'long', type: 'float32', shape: [5] },
      { name: 'fixed', type: 'float32', shape: [3] },
      { name: 'twice', type: 'float32', shape: [2, 2] },
      { name: 'again', type: 'float32', shape: [5] },
    ],
  });

  it.each([
    ['host', {}],
    ['pinned', {}],
    ['device', {}],
    ['host', { rocm: { offloadCopy: true } }],
  ] as const)('finds each output where it is, for %s memory and %j', (memory, options) =>
    withSession(varied, { device, lanes: 1, ...options }, async (session) => {
      const inputs = { a: new Tensor('float32', [1, 2, 3, 4], [2, 2]), b: new Tensor('float32', [1, 2, 3, 4, 5]) };
      const sizes = { copy: [2, 2], long: [5], fixed: [3], twice: [2, 2], again: [5] };
      const make = (dims: number[]): Tensor =>
        memory === 'host' ? Tensor.zeros('float32', dims) : Tensor.allocate('float32', dims, { memory, device });
      const outputs = Object.fromEntries(Object.entries(sizes).map(([name, dims]) => [name, make(dims)]));
      for (const given of [outputs, undefined]) {
        const results = await session.run(inputs, given === undefined ? {} : { outputs: given });
        const values = await Promise.all(Object.keys(sizes).map(async (name) => [...(await results[name]!.read())]));
        expect(values).toEqual([
          [1, 2, 3, 4],
          [2, 4, 6, 8, 10],
          [7, 8, 9],
          [2, 4, 6, 8],
          [2, 4, 6, 8, 10],
        ]);
      }
      for (const tensor of Object.values(outputs)) tensor.dispose();
    }),
  );

  /** Which call of `work` is the nth of this function: it is made to fail one by one. */
  async function callOf(name: string, work: () => Promise<unknown>, nth = 1): Promise<number> {
    for (let n = 1, met = 0; ; n++) {
      control.arm(n, { status: 1, text: '' });
      await work().catch(() => undefined);
      const call = control.disarm();
      if (call === '') throw new Error(`${name} was not called ${nth} times.`);
      if (call === name && ++met === nth) return n;
    }
  }

  /** Until so many calls were made. */
  async function calls(count: number): Promise<void> {
    while (control.get('calls') < count) await new Promise(setImmediate);
  }

  /** After it, no lane has to allocate anything. */
  async function useBothLanes(session: Session, inputs: Record<string, Tensor>): Promise<void> {
    // A lane that is quick does both runs of a round.
    for (let round = 0; round < 10; round++) {
      control.set('hold', 1);
      const runs = [session.run(inputs), session.run(inputs)];
      await reaches(control, 'held', 1);
      control.set('hold', 0);
      await Promise.all(runs);
    }
  }

  it('tells copies and computation apart', () =>
    withSession(models.mix, { device, lanes: 1 }, async (session) => {
      const { inputs } = await tensorsIn('host');
      await session.run(inputs);
      // By the double's clock: 0.25 ms for a copy to the device, 0.125 ms back, 0.5 ms for the work.
      const { h2d, compute, d2h } = session.stats();
      expect([h2d, compute, d2h]).toEqual([0.5, 0.5, 0.25]);
    }));

  it('computes in turn on the lanes of a session, which share one program', () =>
    withSession(models.mix, { device, lanes: 3 }, async (session) => {
      const { inputs } = await tensorsIn('host');
      control.set('hold', 1);
      const runs = Array.from({ length: 12 }, () => session.run(inputs));
      await reaches(control, 'held', 1);
      control.set('hold', 0);
      for (const { sum } of await Promise.all(runs)) expect([...sum!.data]).toEqual([6, 8, 10, 12]);
    }));

  it('computes in two sessions at once', () =>
    withSession(models.mix, { device, lanes: 1 }, (first) =>
      withSession(models.mix, { device, lanes: 1 }, async (second) => {
        const { inputs } = await tensorsIn('host');
        control.set('hold', 1);
        const runs = [first.run(inputs), second.run(inputs)];
        await reaches(control, 'held', 2);
        control.set('hold', 0);
        for (const { sum } of await Promise.all(runs)) expect([...sum!.data]).toEqual([6, 8, 10, 12]);
      }),
    ));

  async function runRows(session: Session, rows: number): Promise<void> {
    const values = Float32Array.from({ length: rows * 3 }, (_, i) => i);
    const { y } = await session.run({ x: new Tensor('float32', values, [rows, 3]) });
    expect([...(y!.data as Float32Array)]).toEqual([...values].map((value, i) => value + 1 + (i % 3)));
  }

  it('compiles for each shape once, and again for those that it had to forget', () =>
    withSession(models.rows, { device, lanes: 1, rocm: { maxPrograms: 2 } }, async (session) => {
      const count = counting();
      for (const rows of [2, 5, 2, 5, 2]) await runRows(session, rows);
      expect(count('compiles')).toBe(2);
      await runRows(session, 7); // in the place of 5
      await runRows(session, 2);
      expect(count('compiles')).toBe(3);
      await runRows(session, 5);
      expect(count('compiles')).toBe(4);
    }));

  it('compiles once for lanes that want the same at once', () =>
    withSession(models.rows, { device, lanes: 3 }, async (session) => {
      control.set('holdCompile', 1);
      const count = counting();
      const runs = [9, 9, 9, 9].map((rows) => runRows(session, rows));
      await reaches(control, 'compiling', 1);
      control.set('holdCompile', 0);
      await Promise.all(runs);
      expect(count('compiles')).toBe(1);
    }));

  it('waits for what a run began that MIGraphX gave up', async () => {
    const { inputs, outputs, dispose } = await tensorsIn('device');
    await withSession(models.mix, { device, lanes: 1 }, async (session) => {
      await session.run(inputs, { outputs });
      const runAsync = await callOf('migraphx_program_run_async', () => session.run(inputs, { outputs }));
      control.arm(runAsync, { status: 1, text: 'Gpu copy failed: invalid argument' });
      await expectError('VENDOR_FAILURE', () => session.run(inputs, { outputs }));
      // What goes on would write to it.
      await outputs.sum.write(Float32Array.of(9, 9, 9, 9));
      await session.run(inputs);
      expect([...(await outputs.sum.read())]).toEqual([9, 9, 9, 9]);
    });
    dispose();
  });

  it('keeps the program until a run that failed is done with it', async () => {
    const { inputs } = await tensorsIn('host');
    await withSession(models.mix, { device, lanes: 2 }, async (session) => {
      await useBothLanes(session, inputs);
      const download = await callOf('hipMemcpyAsync', () => session.run(inputs), 3);
      const runAsync = await callOf('migraphx_program_run_async', () => session.run(inputs));
      control.set('hold', 1);
      control.arm(download, { status: 1, text: '' });
      const failing = expectError('VENDOR_FAILURE', () => session.run(inputs));
      await reaches(control, 'held', 1);
      // The download comes after what is held.
      await calls(download);
      control.arm(0, { status: 0, text: '' });
      const count = counting();
      const next = session.run(inputs);
      await calls(runAsync - 1);
      for (let turn = 0; turn < 1000; turn++) await new Promise(setImmediate);
      expect(count('asyncRuns')).toBe(0);
      control.set('hold', 0);
      await failing;
      await next;
    });
  });

  it('launches nothing for a result that does not fit', () =>
    withSession(models.rows, { device, lanes: 1 }, async (session) => {
      const count = counting();
      const outputs = { y: Tensor.zeros('float32', [1, 3]) };
      await expectError('INVALID_ARGUMENT', () => session.run({ x: Tensor.zeros('float32', [2, 3]) }, { outputs }));
      expect(count('asyncRuns')).toBe(0);
    }));

  it.each([{}, { rocm: { offloadCopy: true } }])(
    'does not begin what was cancelled before its turn, with %j',
    (options) =>
      withSession(models.mix, { device, lanes: 2, ...options }, async (session) => {
        const { inputs } = await tensorsIn('host');
        await useBothLanes(session, inputs);
        const name = 'rocm' in options ? 'migraphx_program_run' : 'migraphx_program_run_async';
        const turn = 'rocm' in options ? 1 : (await callOf(name, () => session.run(inputs))) - 1;
        const count = counting();
        control.set('hold', 1);
        const first = session.run(inputs);
        await reaches(control, 'held', 1);
        control.arm(0, { status: 0, text: '' });
        const abort = new AbortController();
        const second = expectError('CANCELLED', () => session.run(inputs, { signal: abort.signal }));
        await calls(turn);
        abort.abort();
        control.set('hold', 0);
        await first;
        await second;
        await session.run(inputs);
        expect(count('runs')).toBe(2);
      }),
  );

  it('does not begin what was cancelled while it was compiled', () =>
    withSession(models.rows, { device, lanes: 1 }, async (session) => {
      const count = counting();
      control.set('holdCompile', 1);
      const abort = new AbortController();
      const run = expectError('CANCELLED', () =>
        session.run({ x: Tensor.zeros('float32', [2, 3]) }, { signal: abort.signal }),
      );
      await reaches(control, 'compiling', 1);
      abort.abort();
      control.set('holdCompile', 0);
      await run;
      await runRows(session, 2);
      expect([count('compiles'), count('runs')]).toEqual([1, 1]);
    }));

  it('keeps no more programs than it was told, on any number of lanes', async () => {
    const before = control.live().program ?? 0;
    await withSession(models.rows, { device, lanes: 4, rocm: { maxPrograms: 1 } }, async (session) => {
      control.set('holdCompile', 1);
      const runs = [2, 3, 4, 5].map((rows) => runRows(session, rows));
      await reaches(control, 'compiling', 4);
      control.set('holdCompile', 0);
      await Promise.all(runs);
      expect(control.live().program! - before).toBe(1);
    });
  });

  it('keeps its programs when others can not be compiled', () =>
    withSession(models.rows, { device, lanes: 1, rocm: { maxPrograms: 1 } }, async (session) => {
      await runRows(session, 2);
      let rows = 2;
      const compile = await callOf('migraphx_program_compile', () => runRows(session, ++rows));
      await runRows(session, 2);
      const count = counting();
      control.arm(compile, { status: 1, text: 'no' });
      await expectError('MODEL_UNSUPPORTED', () => runRows(session, ++rows));
      await runRows(session, 2);
      expect(count('compiles')).toBe(0);
    }));

  it('knows its memory after a run that failed', async () => {
    const { inputs } = await tensorsIn('host');
    let failed = '';
    for (let n = 1; failed !== 'migraphx_program_run_async'; n++) {
      await withSession(models.mix, { device, lanes: 1 }, async (session) => {
        control.arm(n, { status: 1, text: '' });
        await expectError('VENDOR_FAILURE', () => session.run(inputs));
        failed = control.disarm();
        if (failed !== 'migraphx_program_run_async') return;
        const { device: bytes } = session.memory();
        await session.run(inputs);
        expect(bytes).toBe(session.memory().device);
      });
    }
  });

  it('uses the device that it was told', async () => {
    control.set('devices', 2);
    const { inputs, outputs, check, dispose } = await tensorsIn('device', 'rocm:1');
    await withSession(models.mix, { device: 'rocm:1', lanes: 2 }, async (session) => {
      expect(control.getText('config')).toContain('device=1');
      for (let i = 0; i < 3; i++) await session.run(inputs, { outputs });
      await check();
    });
    dispose();
    await expectError('DEVICE_NOT_FOUND', () => withSession(models.mix, { device: 'rocm:2' }, () => undefined));
  });

  it('lists devices as HIP shows them, with what Linux knows', async () => {
    control.set('devices', 2);
    control.set('hidden', 1);
    writeSystem(root, 3, 90010);
    const listed = (await devices()).filter(({ backend }) => backend === 'rocm');
    const GiB = 2 ** 30;
    expect(listed).toMatchObject([
      { id: 'rocm:0', name: 'AMD Double 1', kind: 'gpu', arch: 'gfx90a', memoryTotal: 24 * GiB, memoryFree: 22 * GiB },
      { id: 'rocm:1', name: 'AMD Double 2', memoryFree: 21 * GiB },
      { id: 'rocm:ref', automatic: false },
    ]);
    expect(listed[0]!.details).toMatchObject({
      pciBusId: '0000:02:00.0',
      computeUnits: 96,
      utilization: 41,
      power: 87.500001,
      temperature: 55,
    });
    writeSystem(root, 1);
  });

  it('runs out of memory, and goes on when there is some', async () => {
    const { inputs } = await tensorsIn('host');
    control.set('hostLimit', 1);
    const calls = new Set<string>();
    // From nothing on, in steps in which each allocation of load and run is refused once.
    for (let limit = 1; limit < 3000; limit += 100) {
      control.set('memoryLimit', limit);
      try {
        await withSession(models.mix, { device, lanes: 1 }, (session) => session.run(inputs));
      } catch (error) {
        expect(error).toMatchObject({ code: 'OUT_OF_MEMORY' });
        calls.add((error as { call?: string }).call ?? '');
      }
    }
    expect([...calls].sort()).toEqual(['hipMalloc', 'migraphx_program_compile']);

    control.set('memoryLimit', 0);
    await withSession(models.mix, { device, lanes: 1 }, async (session) => {
      control.set('memoryLimit', Math.max(control.get('deviceBytes'), 1));
      const error = await expectError('OUT_OF_MEMORY', () => session.run(inputs));
      expect(error).toMatchObject({ call: 'hipMalloc', status: 2 });
      control.set('memoryLimit', 0);
      expect([...(await session.run(inputs)).sum!.data]).toEqual([6, 8, 10, 12]);
    });
  });

  it('ends a session cleanly whose device is lost', async () => {
    const { inputs } = await tensorsIn('host');
    const before = control.live();
    const session = await Session.load(models.mix, { device, lanes: 2 });
    control.arm(1, { status: 700, text: '' });
    for (let i = 0; i < 3; i++) {
      const error = await expectError('DEVICE_LOST', () => session.run(inputs));
      expect(error.hint).toContain('start a new one');
    }
    // Whatever the device says then.
    control.set('lost', 0);
    await expectError('DEVICE_LOST', () => session.run(inputs));
    await session.close();
    expect(control.live()).toEqual(before);
  });
});
