/** The life of a session and of its runs, on the null backend. */
import { getEventListeners } from 'node:events';

import { AccelError, Session, Tensor } from 'accelnode';
import type { LoadOptions, NullModel, Outputs } from 'accelnode';
import { describe, expect, it } from 'vitest';

import { expectError, nullModel, withNull } from '../utils/session.js';

const x = new Float32Array([1, 2, 3, 4]);

/** A model whose runs take as many milliseconds as the first element of `x` says. */
const timed: Partial<NullModel> = {
  model: 'busy',
  durationMs: 'input',
  wait: 'sleep',
  inputs: [{ name: 'x', type: 'float32', shape: [1] }],
};
/** For `timed`: not in the time of a test. */
const FOREVER = { x: new Float32Array([1e9]) };
const BRIEFLY = { x: new Float32Array([1]) };

function withTimed<T>(use: (session: Session) => Promise<T>, options: LoadOptions = {}): Promise<T> {
  return withNull(timed, use, { lanes: 1, ...options });
}

/** Attaches a handler at once, so that a rejection that comes before it is awaited is not unhandled. */
function outcome(promise: Promise<Outputs>): Promise<Outputs | AccelError> {
  return promise.catch((error: unknown) => {
    expect(error).toBeInstanceOf(AccelError);
    return error as AccelError;
  });
}

describe('load', () => {
  it('describes what was loaded', () =>
    withNull({ memory: { device: 5 } }, (session) => {
      expect(session).toMatchObject({
        backend: 'null',
        device: 'null:0',
        lanes: 1,
        attempts: [],
        closed: false,
        pending: 0,
      });
      expect(session.inputs).toEqual([{ name: 'x', type: 'float32', shape: [1, 4] }]);
      expect(session.outputs).toEqual(session.inputs);
      expect(session.memory()).toEqual({ device: 5 });
    }));

  it('reports progress', async () => {
    const steps: unknown[] = [];
    await withNull({}, () => undefined, { onProgress: (...step) => steps.push(step) });
    expect(steps).toEqual([
      ['load', 0, 1],
      ['load', 1, 1],
    ]);
  });

  it('loads several at once, each on a thread of its own', async () => {
    const sessions = await Promise.all(
      Array.from({ length: 8 }, () => Session.load(nullModel({ loadMs: 20 }), { device: 'null' })),
    );
    for (const session of sessions) expect((await session.run({ x })).x!.data).toEqual(x);
    await Promise.all(sessions.map((session) => session.close()));
  });

  it('is given up before it begins when the signal is aborted already', async () => {
    const error = await expectError('CANCELLED', () =>
      withNull({}, () => undefined, { signal: AbortSignal.abort('why') }),
    );
    expect(error.cause).toBe('why');
  });

  it.each([false, true])('is given up when the signal is aborted (the vendor goes on: %s)', async (stubborn) => {
    const controller = new AbortController();
    const loading = Session.load(nullModel({ loadMs: stubborn ? 200 : 1e9, stubborn }), {
      device: 'null',
      signal: controller.signal,
      onProgress: () => controller.abort(new Error('enough')),
    });
    const error = await expectError('CANCELLED', () => loading);
    expect((error.cause as Error).message).toBe('enough');
  });
});

describe('run', () => {
  it('fails as the vendor does, and goes on', () =>
    withNull({ failAt: 2 }, async (session) => {
      await session.run({ x });
      const error = await expectError('VENDOR_FAILURE', () => session.run({ x }));
      expect(error).toMatchObject({ backend: 'null', device: 'null:0', call: 'null_run', status: -1 });
      expect((await session.run({ x })).x!.data).toEqual(x);
      expect(session.stats()).toMatchObject({ runs: 2, failed: 1 });
    }));

  it('fails synchronously as well', () =>
    withNull({ failAt: 1 }, async (session) => {
      const error = await expectError('VENDOR_FAILURE', () => session.runSync({ x }));
      expect(error).toMatchObject({ backend: 'null', device: 'null:0' });
      expect(session.runSync({ x }).x!.data).toEqual(x);
    }));

  it('uses its lanes at the same time', () =>
    withTimed(
      async (session) => {
        const controller = new AbortController();
        const blocked = [1, 2].map(() => outcome(session.run(FOREVER, { signal: controller.signal })));
        await session.run(BRIEFLY); // the third lane is free
        expect(session.pending).toBe(2);
        controller.abort();
        for (const error of await Promise.all(blocked)) expect(error).toMatchObject({ code: 'CANCELLED' });
      },
      { lanes: 3 },
    ));

  it('runs synchronously while others are pending', () =>
    withTimed(async (session) => {
      const pending = [1, 2, 3].map(() => session.run(BRIEFLY));
      expect(session.runSync(BRIEFLY).x!.data).toEqual(BRIEFLY.x);
      await Promise.all(pending);
      expect(session.stats().runs).toBe(4);
    }));

  it('counts what is pending, and says when nothing is', () =>
    withTimed(async (session) => {
      await session.idle();
      const runs = [1, 2, 3].map(() => session.run(BRIEFLY));
      expect(session.pending).toBe(3);
      await session.idle();
      expect(session.pending).toBe(0);
      await Promise.all(runs);
    }));
});

describe('queue', () => {
  it('is bounded', () =>
    withTimed(
      async (session) => {
        const runs = [outcome(session.run(FOREVER)), outcome(session.run(FOREVER))];
        const error = await expectError('QUEUE_FULL', () => session.run(FOREVER));
        expect(error.message).toContain('2 runs');
        await session.close({ cancel: true });
        await Promise.all(runs);
      },
      { maxQueue: 2 },
    ));

  it('takes 1024 of 10,000 runs at once, and more when the caller waits', () =>
    withNull({ inputs: [{ name: 'x', type: 'float32', shape: [1] }] }, async (session) => {
      const settled = await Promise.allSettled(
        Array.from({ length: 10_000 }, (_, i) => session.run({ x: new Float32Array([i]) })),
      );
      const refused = settled
        .filter((result) => result.status === 'rejected')
        .map(({ reason }) => (reason as AccelError).code);
      expect(refused).toHaveLength(10_000 - 1024);
      expect(new Set(refused)).toEqual(new Set(['QUEUE_FULL']));

      for (let i = 0; i < 10_000; i++) {
        if (session.pending === 1024) await session.idle();
        void session.run({ x: new Float32Array([i]) });
      }
      await session.idle();
      expect(session.stats()).toMatchObject({ runs: 11_024, failed: 0 });
    }));

  it('gives each of many callers its own result', () =>
    withNull(
      { inputs: [{ name: 'x', type: 'float32', shape: [1] }] },
      async (session) => {
        for (let round = 0; round < 20; round++) {
          const results = await Promise.all(
            Array.from({ length: 500 }, async (_, i) => (await session.run({ x: new Float32Array([i]) })).x!.data[0]),
          );
          expect(results).toEqual(Array.from({ length: 500 }, (_, i) => i));
        }
      },
      { lanes: 3 },
    ));
});

describe('abort and time-out', () => {
  it('rejects at once when the signal is aborted already', () =>
    withTimed(async (session) => {
      const error = await expectError('CANCELLED', () => session.run(FOREVER, { signal: AbortSignal.abort('why') }));
      expect(error.cause).toBe('why');
      expect(session.pending).toBe(0);
    }));

  it('takes a waiting run out of the queue', () =>
    withTimed(async (session) => {
      const first = new AbortController();
      const second = new AbortController();
      const running = outcome(session.run(FOREVER, { signal: first.signal }));
      const waiting = outcome(session.run(FOREVER, { signal: second.signal }));
      second.abort();
      expect(await waiting).toMatchObject({ code: 'CANCELLED' });
      expect(session.pending).toBe(1);
      first.abort();
      expect(await running).toMatchObject({ code: 'CANCELLED', device: 'null:0' });
      await session.run(BRIEFLY);
    }));

  it('stops a run that is being computed', () =>
    withTimed(async (session) => {
      const controller = new AbortController();
      const running = outcome(session.run(FOREVER, { signal: controller.signal }));
      await new Promise((resolve) => setImmediate(resolve));
      controller.abort();
      expect(await running).toMatchObject({ code: 'CANCELLED' });
      expect((await session.run(BRIEFLY)).x!.data).toEqual(BRIEFLY.x);
    }));

  it('does nothing after the end, and leaves no listener behind', () =>
    withTimed(async (session) => {
      const controller = new AbortController();
      const outputs = await session.run(BRIEFLY, { signal: controller.signal });
      expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
      controller.abort();
      expect(outputs.x!.data).toEqual(BRIEFLY.x);
    }));

  it('times out while waiting and while being computed', () =>
    withTimed(async (session) => {
      const outcomes = await Promise.all([
        outcome(session.run(FOREVER, { timeout: 5 })),
        outcome(session.run(FOREVER, { timeout: 1 })),
      ]);
      for (const error of outcomes) expect(error).toMatchObject({ code: 'TIMEOUT', device: 'null:0' });
      await session.run(BRIEFLY, { timeout: 60_000 });
    }));
});

describe('close', () => {
  it('lets what is pending finish', async () => {
    const session = await Session.load(nullModel(timed), { device: 'null', lanes: 1 });
    const runs = [1, 2, 3].map(() => session.run(BRIEFLY));
    await session.close();
    for (const { x: result } of await Promise.all(runs)) expect(result!.data).toEqual(BRIEFLY.x);
  });

  it('cancels what is pending when told to', async () => {
    const session = await Session.load(nullModel(timed), { device: 'null', lanes: 1 });
    const runs = [1, 2, 3].map(() => outcome(session.run(FOREVER)));
    await session.close({ cancel: true });
    for (const error of await Promise.all(runs)) expect((error as AccelError).code).toMatch(/CANCELLED|CLOSED/);
    const { failed, queued } = session.stats();
    expect(failed).toBe(3);
    // Those that no lane has begun have waited too, but not since the epoch of some clock.
    expect(queued).toBeGreaterThanOrEqual(0);
    expect(queued).toBeLessThan(3 * 60_000);
  });

  it('can be called again, also while it is under way', async () => {
    const session = await Session.load(nullModel(), { device: 'null' });
    const first = session.close();
    expect(session.close()).toBe(first);
    await first;
    await session.close();
    expect(session.closed).toBe(true);
  });

  it('refuses everything afterwards, and other sessions go on', () =>
    withNull({}, async (other) => {
      const session = await Session.load(nullModel(), { device: 'null' });
      await session.close();
      await expectError('CLOSED', () => session.run({ x }));
      await expectError('CLOSED', () => session.runSync({ x }));
      await expectError('CLOSED', () => session.profile());
      await expectError('CLOSED', () => session.memory());
      await expectError('CLOSED', () => session.export('never'));
      await session.idle();
      expect((await other.run({ x })).x!.data).toEqual(x);
    }));

  it('closes at the end of a scope', async () => {
    let kept: Session;
    {
      await using session = await Session.load(nullModel(), { device: 'null' });
      kept = session;
      await session.run({ x });
    }
    expect(kept.closed).toBe(true);
  });
});

describe('what the null backend lacks', () => {
  it('says so', () =>
    withNull({}, async (session) => {
      await expectError('UNSUPPORTED', () => session.profile());
      const error = await expectError('UNSUPPORTED', () => session.export('never.bin'));
      expect(error).toMatchObject({ backend: 'null', device: 'null:0' });
    }));
});

describe('refuses', () => {
  it.each<[string, (session: Session) => unknown]>([
    ['options of a run that are none', (session) => session.run({ x }, null as never)],
    ['a mistyped option of a run', (session) => session.run({ x }, { output: ['x'] } as never)],
    ['an option that runSync lacks', (session) => session.runSync({ x }, { timeout: 5 } as never)],
    ['an output without a target', (session) => session.run({ x }, { outputs: { x: undefined } as never })],
    ['options of close that are none', (session) => session.close(null as never)],
    ['a number for cancel', (session) => session.close({ cancel: 1 } as never)],
    ['null for cancel', (session) => session.close({ cancel: null } as never)],
    ['options of allocate that are none', (session) => session.allocate('x', [1, 4], null as never)],
  ])('%s, and goes on', (_what, action) =>
    withNull({}, async (session) => {
      await expectError('INVALID_ARGUMENT', () => action(session));
      expect(session.closed).toBe(false);
      expect((await session.run({ x })).x!.data).toEqual(x);
    }),
  );

  it('assignment to a tensor, whose size the addon relies on', () =>
    withNull({}, async (session) => {
      const tensor = new Tensor('float32', Float32Array.from(x), [1, 4]) as {
        -readonly [key in keyof Tensor]: unknown;
      };
      for (const key of ['dims', 'data', 'type', 'size', 'byteLength'] as const) {
        expect(() => (tensor[key] = [1e9, 2])).toThrow(TypeError);
      }
      expect((await session.run({ x: tensor as Tensor })).x!.data).toEqual(x);
    }));
});

it('an abort that comes after a load was done leaves the session alone', async () => {
  for (let i = 0; i < 30; i++) {
    const controller = new AbortController();
    // As close behind as it can be: in the microtasks around the one that hands over the session.
    const loading = Session.load(nullModel(), { device: 'null', signal: controller.signal });
    void loading.then(
      () => controller.abort(),
      () => undefined,
    );
    let turns = i % 6;
    const step = (): void => (turns-- > 0 ? queueMicrotask(step) : controller.abort());
    const session = await loading;
    step();
    expect((await session.run({ x })).x!.data).toEqual(x);
    await session.close();
  }
});

it('a getter of the inputs that runs the session does not disturb the run that it belongs to', () =>
  withNull(
    {
      inputs: [
        { name: 'x', type: 'float32', shape: [-1] },
        { name: 'y', type: 'float32', shape: [-1] },
      ],
    },
    (session) => {
      const tensor = (...values: number[]): Tensor => new Tensor('float32', values);
      let inner;
      const outputs = session.runSync({
        x: tensor(1, 2, 3),
        get y() {
          inner = session.runSync({ x: tensor(7), y: tensor(8) });
          return tensor(4, 5);
        },
      });
      expect(outputs).toMatchObject({
        x: { data: new Float32Array([1, 2, 3]) },
        y: { data: new Float32Array([4, 5]) },
      });
      expect(inner).toMatchObject({ x: { data: new Float32Array([7]) }, y: { data: new Float32Array([8]) } });
    },
  ));
