/** Pinned and device memory, and who may use which memory when; on the null backend, which plays both. */
import { inspect } from 'node:util';

import { Session, Tensor } from 'accelnode';
import type { MemoryKind, NullModel } from 'accelnode';
import { describe, expect, it } from 'vitest';

import { runScript } from '../utils/child.js';
import { expectError, nullModel, withNull } from '../utils/session.js';

const VALUES = new Float32Array([1, 2, 3, 4]);
const KINDS: MemoryKind[] = ['host', 'pinned', 'device'];
const DYNAMIC: Partial<NullModel> = { inputs: [{ name: 'x', type: 'float32', shape: [-1] }] };
/** Runs that last until they are cancelled. */
const ENDLESS: Partial<NullModel> = { model: 'busy', durationMs: 1e9, wait: 'sleep' };

async function tensorIn(memory: MemoryKind, values = VALUES, dims: number[] = [1, 4]): Promise<Tensor<'float32'>> {
  const tensor = Tensor.allocate('float32', dims, memory === 'host' ? {} : { memory, device: 'null:0' });
  await tensor.write(values);
  return tensor;
}

describe('Tensor.allocate', () => {
  it.each([1, 3, 64, 1000])('gives host memory of zeros, %i elements', (elements) => {
    for (let i = 0; i < 10; i++) {
      const tensor = Tensor.allocate('float32', [elements]);
      expect(tensor).toMatchObject({ type: 'float32', dims: [elements], memory: 'host', device: undefined });
      expect([...tensor.data]).toEqual(Array(elements).fill(0));
    }
  });

  it('gives pinned memory that the CPU reads and writes', async () => {
    const tensor = Tensor.allocate('int16', [2, 3], { memory: 'pinned', device: 'null:0' });
    expect(tensor).toMatchObject({ memory: 'pinned', device: 'null:0', size: 6, byteLength: 12 });
    expect([...tensor.data]).toEqual([0, 0, 0, 0, 0, 0]);
    tensor.data[5] = 7;
    expect([...(await tensor.read())]).toEqual([0, 0, 0, 0, 0, 7]);
  });

  it('gives device memory that only read and write reach', async () => {
    const tensor = Tensor.allocate('float32', [1, 4], { memory: 'device', device: 'null:1' });
    expect(tensor).toMatchObject({ memory: 'device', device: 'null:1', byteLength: 16 });
    const error = await expectError('INVALID_ARGUMENT', () => tensor.data);
    expect(error.message).toBe('The tensor lies in the memory of null:1.');
    await tensor.write(VALUES);
    expect(await tensor.read()).toEqual(VALUES);
    const mine = new Float32Array(4);
    expect(await tensor.read(mine)).toBe(mine);
    expect(mine).toEqual(VALUES);
    expect(inspect(tensor)).toContain("memory: 'device'");
  });

  it.each<[string, () => unknown]>([
    ['no device', () => Tensor.allocate('float32', [1], { memory: 'pinned' })],
    ['a backend without a device', () => Tensor.allocate('float32', [1], { memory: 'device', device: 'null' })],
    ['an unknown backend', () => Tensor.allocate('float32', [1], { memory: 'device', device: 'tpu:0' })],
    ['an unknown kind', () => Tensor.allocate('float32', [1], { memory: 'disk' as MemoryKind })],
    ['a negative dimension', () => Tensor.allocate('float32', [-1])],
    ['options that are none', () => Tensor.allocate('float32', [1], null as never)],
    ['a mistyped option', () => Tensor.allocate('float32', [1], { memroy: 'device' } as never)],
    ['host memory of a device', () => Tensor.allocate('float32', [1], { device: 'null:0' })],
    ['an unknown type', () => Tensor.allocate('float31' as 'float32', [1])],
  ])('refuses %s', async (_, action) => {
    await expectError('INVALID_ARGUMENT', action);
  });

  it('says that there is no such device, or no such memory', async () => {
    await expectError('DEVICE_NOT_FOUND', () => Tensor.allocate('int8', [1], { memory: 'device', device: 'null:7' }));
    const error = await expectError('UNSUPPORTED', () =>
      Tensor.allocate('int8', [1], { memory: 'pinned', device: 'openvino:CPU' }),
    );
    expect(error).toMatchObject({ backend: 'openvino', device: 'openvino:CPU' });
  });

  it('says that the memory is used up, and goes on when some was given back', async () => {
    const half = { memory: 'device', device: 'null:1' } as const;
    const held = Tensor.allocate('uint8', [600_000_000], half);
    const error = await expectError('OUT_OF_MEMORY', () => Tensor.allocate('uint8', [600_000_000], half));
    expect(error.hint).toMatch(/fewer lanes/);
    held.dispose();
    Tensor.allocate('uint8', [600_000_000], half).dispose();
  });

  it.each(['pinned', 'device'] as const)('makes V8 collect before %s memory is used up', async (memory) => {
    for (let i = 0; i < 150; i++) {
      // 3 GB in all, of a device that has one.
      Tensor.allocate('uint8', [20_000_000], { memory, device: 'null:0' });
      await new Promise(setImmediate);
    }
  });

  it('gives memory back that nobody refers to any more', async () => {
    // Each takes nearly all that the device has: the next finds none left, until the last one is collected.
    const { code, stderr, stdout } = await runScript(
      `
      import { Tensor } from 'accelnode';
      const allocate = (memory) => {
        try {
          Tensor.allocate('uint8', [900_000_000], { memory, device: 'null:0' });
          return true;
        } catch (error) {
          if (error.code !== 'OUT_OF_MEMORY') throw error;
          return false;
        }
      };
      for (const memory of ['device', 'device', 'pinned', 'pinned', 'device']) {
        for (let turns = 0; !allocate(memory); turns++) {
          if (turns === 50) throw new Error(memory + ' memory was not given back');
          gc();
          await new Promise(setImmediate);
        }
      }
      console.log('done');`,
      { nodeArgs: ['--expose-gc'] },
    );
    expect(stderr).toBe('');
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'done\n' });
  });
});

describe('session.allocate', () => {
  it('chooses the memory that suits the device', () =>
    withNull({}, (session) => {
      expect(session.allocate('x')).toMatchObject({ dims: [1, 4], memory: 'pinned', device: 'null:0' });
      expect(session.allocate('x', [1, 4], { memory: 'device' })).toMatchObject({ memory: 'device' });
      expect(session.allocate('x', undefined, { memory: 'host' })).toMatchObject({ memory: 'host' });
    }));

  it('wants a shape where the model has none, and one that fits', () =>
    withNull(DYNAMIC, async (session) => {
      expect(session.allocate('x', [7]).dims).toEqual([7]);
      await expectError('INVALID_ARGUMENT', () => session.allocate('x'));
      await expectError('INVALID_ARGUMENT', () => session.allocate('x', [1, 2]));
      await expectError('INVALID_ARGUMENT', () => session.allocate('x', [-1]));
      await expectError('INVALID_ARGUMENT', () => session.allocate('x', 5 as never));
      await expectError('INVALID_ARGUMENT', () => session.allocate('y', [1]));
    }));

  it('is plain host memory where the host of JavaScript forbids external buffers', async () => {
    const { stdout, stderr } = await runScript(
      `
      import { Session, Tensor } from 'accelnode';
      const model = { null: { model: 'echo', inputs: [{ name: 'x', type: 'float32', shape: [-1] }] } };
      const session = await Session.load(model, { device: 'null:0' });
      const x = session.allocate('x', [2]);
      x.data.set([3, 4]);
      const outputs = await session.run({ x });
      let refused;
      try {
        Tensor.allocate('int8', [1], { memory: 'pinned', device: 'null:0' });
      } catch (error) {
        refused = error.code;
      }
      console.log(x.memory, [...outputs.x.data], refused, session.stats().bytesCopied);`,
      { env: { ACCELNODE_NO_EXTERNAL_BUFFERS: '1' } },
    );
    expect(stderr).toBe('');
    expect(stdout).toBe('host [ 3, 4 ] UNSUPPORTED 8\n');
  });
});

describe('runs', () => {
  it.each(KINDS.flatMap((from) => KINDS.map((to) => [from, to] as const)))(
    'from %s into %s memory copy nothing of their own',
    (from, to) =>
      withNull({}, async (session) => {
        const [x, y] = [await tensorIn(from), await tensorIn(to, new Float32Array(4))];
        expect((await session.run({ x }, { outputs: { x: y } })).x).toBe(y);
        expect(await y.read()).toEqual(VALUES);
        session.runSync({ x }, { outputs: { x: y } });
        expect(session.stats()).toMatchObject({
          runs: 2,
          bytesCopied: 0,
          bytesH2d: from === 'device' ? 0 : 32,
          bytesD2h: to === 'device' ? 0 : 32,
          busyLanes: 0,
        });
      }),
  );

  it('hand a tensor from session to session without touching the host', () =>
    withNull({}, (first) =>
      withNull({}, async (second) => {
        const { x: features } = await first.run({ x: VALUES }, { outputs: { x: 'device' } });
        expect(features).toMatchObject({ memory: 'device', device: 'null:0', dims: [1, 4] });
        const outputs = await second.run({ x: features! });
        expect(outputs.x!.data).toEqual(VALUES);
        expect(first.stats()).toMatchObject({ bytesH2d: 16, bytesD2h: 0, bytesCopied: 0 });
        expect(second.stats()).toMatchObject({ bytesH2d: 0, bytesD2h: 16, bytesCopied: 0 });
        features!.dispose();
        await expectError('INVALID_ARGUMENT', () => second.run({ x: features! }));
        expect(first.runSync({ x: VALUES }, { outputs: { x: 'device' } }).x!.memory).toBe('device');
      }),
    ));

  it('keep outputs of any shape on the device', () =>
    withNull(DYNAMIC, async (session) => {
      for (const length of [3, 1, 0, 5]) {
        const x = new Tensor('float32', new Float32Array(length).fill(length));
        const { x: y } = await session.run({ x }, { outputs: { x: 'device' } });
        expect(y!.dims).toEqual([length]);
        expect(await y!.read()).toEqual(x.data);
      }
      const roomy = session.allocate('x', [8], { memory: 'device' });
      const { x: part } = await session.run({ x: new Tensor('float32', [1, 2]) }, { outputs: { x: roomy } });
      expect(part!.dims).toEqual([2]);
      expect([...(await part!.read())]).toEqual([1, 2]);
    }));

  it('leave no trace of device memory in the runs that follow', () =>
    withNull(DYNAMIC, async (session) => {
      const three = new Tensor('float32', new Float32Array([1, 2, 3]));
      const { x: there } = await session.run({ x: three }, { outputs: { x: 'device' } });
      there!.dispose();
      const { x: here } = await session.run({ x: three }, { outputs: { x: Tensor.zeros('float32', [5]) } });
      expect(here).toMatchObject({ memory: 'host', dims: [3], data: three.data });
    }));

  it("refuse another device's memory, but not pinned memory of one", () =>
    withNull({}, async (session) => {
      const there = Tensor.allocate('float32', [1, 4], { memory: 'device', device: 'null:1' });
      const error = await expectError('INVALID_ARGUMENT', () => session.run({ x: there }));
      expect(error.message).toContain('null:1');
      await expectError('INVALID_ARGUMENT', () => session.run({ x: VALUES }, { outputs: { x: there } }));
      const pinned = Tensor.allocate('float32', [1, 4], { memory: 'pinned', device: 'null:1' });
      pinned.data.set(VALUES);
      expect((await session.run({ x: pinned })).x!.data).toEqual(VALUES);
    }));
});

describe('memory in use', () => {
  /** Calls `use` while a run reads `x` and writes `y`. */
  async function whileRunning(x: Tensor, y: Tensor, use: (session: Session) => Promise<void> | void): Promise<void> {
    await withNull(
      ENDLESS,
      async (session) => {
        const aborter = new AbortController();
        const run = session.run({ x }, { outputs: { x: y }, signal: aborter.signal });
        const ended = expectError('CANCELLED', () => run);
        try {
          await use(session);
        } finally {
          aborter.abort();
          await ended;
        }
      },
      { lanes: 2 },
    );
  }

  it.each(KINDS)('is neither written nor read by another run while a run writes it: %s', async (memory) => {
    const [x, y, z] = [await tensorIn(memory), await tensorIn(memory), await tensorIn(memory)];
    await whileRunning(x, y, async (session) => {
      for (const [input, output] of [
        [x, y], // two writers
        [y, z], // reads what is being written
        [z, x], // writes what is being read
      ] as const) {
        const error = await expectError('INVALID_ARGUMENT', () =>
          session.run({ x: input }, { outputs: { x: output } }),
        );
        expect(error.message).toMatch(/lies in memory that .* pending run or copy/);
        await expectError('INVALID_ARGUMENT', () => session.runSync({ x: input }, { outputs: { x: output } }));
      }
      await expectError('INVALID_ARGUMENT', () => y.read());
      await expectError('INVALID_ARGUMENT', () => x.write(VALUES));
      await expectError('INVALID_ARGUMENT', () => z.copyTo(x));
      await expectError('INVALID_ARGUMENT', () => y.copyTo(z));
      expect(await x.read()).toEqual(VALUES); // two may read
      expect(session.pending).toBe(1);
    });
    await withNull({}, (session) => session.run({ x: y }, { outputs: { x } })); // free again
  });

  it('is told apart by its bytes, not by its buffer', async () => {
    const buffer = new ArrayBuffer(64);
    const part = (at: number): Tensor => new Tensor('float32', new Float32Array(buffer, at * 4, 4), [1, 4]);
    await whileRunning(part(0), part(4), async (session) => {
      for (const [from, to] of [
        [8, 3],
        [8, 7],
        [5, 12],
        [7, 12],
      ] as const) {
        await expectError('INVALID_ARGUMENT', () => session.run({ x: part(from) }, { outputs: { x: part(to) } }));
      }
      const run = session.run({ x: part(0) }, { outputs: { x: part(8) }, timeout: 1 });
      await expectError('TIMEOUT', () => run);
    });
  });

  it('is not the input and the output of one run, or two outputs', async () => {
    const two = ['a', 'b'].map((name) => ({ name, type: 'float32' as const, shape: [1, 4] }));
    await withNull({ inputs: two }, async (session) => {
      const [a, b] = [await tensorIn('host'), await tensorIn('host')];
      await expectError('INVALID_ARGUMENT', () => session.run({ a, b }, { outputs: { a } }));
      const same = await tensorIn('host');
      await expectError('INVALID_ARGUMENT', () => session.run({ a, b }, { outputs: { a: same, b: same } }));
      await session.run({ a, b: a }, { outputs: { a: same } }); // nothing was left locked
      await session.run({ a: same, b }, { outputs: { a, b: null } });
    });
  });

  it("of no bytes is in nobody's way, and unlocks nothing", async () => {
    const memory = await tensorIn('pinned');
    const nothing = new Tensor('float32', memory.data.subarray(0, 0), [0]);
    await whileRunning(memory, await tensorIn('host'), async () => {
      await withNull(DYNAMIC, (session) => session.run({ x: nothing }, { outputs: { x: nothing } }));
      await expectError('INVALID_ARGUMENT', () => memory.write(VALUES));
    });
    await memory.write(VALUES);
  });

  it('is not locked by a run that was never submitted', async () => {
    const memory = await tensorIn('host');
    const session = await Session.load(nullModel(), { device: 'null:0' });
    const run = session.run({
      get x() {
        void session.close();
        return memory;
      },
    });
    await expectError('CLOSED', () => run);
    expect(session.pending).toBe(0);
    await session.idle();
    await memory.write(VALUES);
  });

  it('is given back only when the run has ended', async () => {
    // Not null:0: other tests have left memory there for V8 to collect.
    const device = { memory: 'device', device: 'null:1' } as const;
    const x = Tensor.allocate('uint8', [900_000_000], device);
    await withNull(
      { ...ENDLESS, inputs: [{ name: 'x', type: 'uint8', shape: [-1] }] },
      async (session) => {
        const aborter = new AbortController();
        const ended = expectError('CANCELLED', () => session.run({ x }, { outputs: [], signal: aborter.signal }));
        x.dispose();
        x.dispose();
        expect(x.disposed).toBe(true);
        await expectError('INVALID_ARGUMENT', () => session.run({ x }));
        await expectError('OUT_OF_MEMORY', () => Tensor.allocate('uint8', [900_000_000], device));
        aborter.abort();
        await ended;
        Tensor.allocate('uint8', [900_000_000], device).dispose();
      },
      { lanes: 1, device: 'null:1' },
    );
  });
});

describe('dispose', () => {
  it.each(KINDS)('makes a tensor unusable: %s', async (memory) => {
    const tensor = await tensorIn(memory);
    const view = memory === 'device' ? undefined : tensor.data;
    expect(tensor.disposed).toBe(false);
    tensor[Symbol.dispose]();
    expect(tensor.disposed).toBe(true);
    await expectError('INVALID_ARGUMENT', () => tensor.data);
    await expectError('INVALID_ARGUMENT', () => tensor.read());
    await expectError('INVALID_ARGUMENT', () => tensor.write(VALUES));
    await withNull({}, (session) => expectError('INVALID_ARGUMENT', () => session.run({ x: tensor })));
    if (memory === 'pinned') expect(view!.length).toBe(0);
    expect(inspect(tensor)).toContain('disposed');
  });

  it.each(['pinned', 'device'] as const)('gives %s memory back at once', (memory) => {
    for (let i = 0; i < 3; i++) Tensor.allocate('uint8', [600_000_000], { memory, device: 'null:1' }).dispose();
  });

  it.each(KINDS)('of a result that lies in a larger tensor leaves that alone: %s', (memory) =>
    withNull(DYNAMIC, async (session) => {
      const roomy = session.allocate('x', [8], { memory });
      const { x: part } = await session.run({ x: new Tensor('float32', [1, 2]) }, { outputs: { x: roomy } });
      part!.dispose();
      expect([...(await roomy.read()).subarray(0, 2)]).toEqual([1, 2]);
      await session.run({ x: new Tensor('float32', [3]) }, { outputs: { x: roomy } });
    }),
  );

  it('leaves other tensors over the same pinned memory without elements', async () => {
    const tensor = await tensorIn('pinned');
    const other = new Tensor('float32', tensor.data.subarray(0, 2));
    expect(other).toMatchObject({ memory: 'pinned', device: 'null:0' });
    tensor.dispose();
    await expectError('INVALID_ARGUMENT', () => other.read());
    await withNull(DYNAMIC, (session) => expectError('INVALID_ARGUMENT', () => session.run({ x: other })));
  });
});

describe('copyTo', () => {
  it.each(KINDS.flatMap((from) => [...KINDS, 'another device'].map((to) => [from, to] as const)))(
    'copies from %s memory to %s',
    async (from, to) => {
      const source = await tensorIn(from);
      const target =
        to === 'another device'
          ? Tensor.allocate('float32', [1, 4], { memory: 'device', device: 'null:1' })
          : await tensorIn(to as MemoryKind, new Float32Array(4));
      await source.copyTo(target);
      expect(await target.read()).toEqual(VALUES);
    },
  );

  it('wants the same type and shape', async () => {
    const tensor = await tensorIn('device');
    await expectError('INVALID_ARGUMENT', () => tensor.copyTo(new Tensor('float32', [1, 2, 3, 4])));
    await expectError('INVALID_ARGUMENT', () =>
      tensor.copyTo(new Tensor('int32', [1, 2, 3, 4], [1, 4]) as unknown as Tensor<'float32'>),
    );
    await expectError('INVALID_ARGUMENT', () => tensor.copyTo(VALUES as unknown as Tensor<'float32'>));
    await expectError('INVALID_ARGUMENT', () => tensor.read(new Float32Array(3)));
    await expectError('INVALID_ARGUMENT', () => tensor.write(new Float32Array(5)));
    await expectError('INVALID_ARGUMENT', () =>
      tensor.write(new Int32Array(4) as unknown as Float32Array<ArrayBuffer>),
    );
  });

  it('keeps both sides to itself until it is done', async () => {
    const [pinned, device] = [await tensorIn('pinned'), await tensorIn('device')];
    await withNull({}, async (session) => {
      for (const copy of [
        () => device.read(pinned.data),
        () => device.write(pinned.data),
        () => pinned.copyTo(device),
      ]) {
        const done = copy();
        const others = [device.write(VALUES), session.run({ x: VALUES }, { outputs: { x: pinned } })];
        await Promise.all(others.map((other) => expectError('INVALID_ARGUMENT', () => other)));
        await done;
      }
    });
    await pinned.copyTo(pinned);
    const last = device.read(pinned.data);
    pinned.dispose(); // waits
    await last;
    expect(await device.read()).toEqual(VALUES);
  });

  it('of packed elements works too', async () => {
    const tensor = Tensor.allocate('int4', [5], { memory: 'device', device: 'null:0' });
    await tensor.write(new Uint8Array([0x21, 0x43, 0x05]));
    expect([...(await tensor.read())]).toEqual([0x21, 0x43, 0x05]);
  });

  it('ends before the worker whose memory it fills', async () => {
    // Longer than a worker waits for loads. Afterwards the memory is no longer mapped.
    const { code, signal, stdout, stderr } = await runScript(
      `
      import { Worker } from 'node:worker_threads';
      const worker = new Worker(
        "import { Tensor } from 'accelnode'; import { parentPort } from 'node:worker_threads';" +
          "const t = Tensor.allocate('uint8', [50_000_000], { memory: 'device', device: 'null:0' });" +
          "t.read(); parentPort.postMessage(1);",
        { eval: true },
      );
      worker.once('message', async () => { await worker.terminate(); console.log('ended'); });`,
      { env: { ACCELNODE_NULL_COPY_MS: '3000' } },
    );
    expect({ code, signal, stdout, stderr }).toEqual({ code: 0, signal: null, stdout: 'ended\n', stderr: '' });
  });
});

describe('the model of a session', () => {
  it('tells its busy lanes', () =>
    withNull(
      ENDLESS,
      async (session) => {
        const aborter = new AbortController();
        const runs = [1, 2, 3].map(() =>
          expectError('CANCELLED', () => session.run({ x: VALUES }, { signal: aborter.signal })),
        );
        while (session.stats().busyLanes < 2) await new Promise(setImmediate);
        aborter.abort();
        await Promise.all(runs);
        await session.close();
        expect(session.stats()).toMatchObject({ busyLanes: 0, failed: 3 });
      },
      { lanes: 2 },
    ));

  it('is loaded on the device that is named', async () => {
    const session = await Session.load(nullModel(), { device: 'null:1' });
    expect(session.device).toBe('null:1');
    await session.close();
    await expectError('DEVICE_NOT_FOUND', () => Session.load(nullModel(), { device: 'null:2' }));
  });
});
