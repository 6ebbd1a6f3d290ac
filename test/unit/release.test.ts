/** A session that frees its model and loads it again, on the null backend. */
import { AccelError, Session, Tensor } from 'accelnode';
import type { LoadOptions, NullModel, Outputs, RunOptions } from 'accelnode';
import { afterEach, describe, expect, it, vi } from 'vitest';

import { expectError, nullModel, withNull } from '../utils/session.js';

const x = new Float32Array([1, 2, 3, 4]);

/** Runs take as many milliseconds as their input says. */
const timed: Partial<NullModel> = {
  model: 'busy',
  durationMs: 'input',
  wait: 'sleep',
  inputs: [{ name: 'x', type: 'float32', shape: [1] }],
};
const FOREVER = { x: new Float32Array([1e9]) };
const AT_ONCE = { x: new Float32Array([0]) };

const withTimed = (use: (session: Session) => Promise<void>, options: LoadOptions = {}): Promise<void> =>
  withNull(timed, use, { lanes: 1, ...options });

/** A lane has taken a run. One that still waits is refused by a close, not cancelled. */
async function begun(session: Session): Promise<void> {
  while (session.stats().busyLanes === 0) await new Promise((resolve) => setImmediate(resolve));
}

afterEach(() => vi.useRealTimers());

/** Attaches a handler at once, so that a rejection that comes before it is awaited is not unhandled. */
function failure(promise: Promise<Outputs>): Promise<unknown> {
  return promise.then(
    () => expect.unreachable('the run has succeeded'),
    (error: unknown) => error,
  );
}

describe('release', () => {
  it('frees the model, and the next run loads it again', () =>
    withNull({ memory: { device: 5 } }, async (session) => {
      const { inputs, outputs, lanes } = session;
      expect(session).toMatchObject({ released: false });
      await session.release();
      expect(session).toMatchObject({ released: true, closed: false, inputs, outputs, lanes });
      expect(session.memory()).toEqual({});
      expect(session.stats()).toMatchObject({ reloads: 0, busyLanes: 0 });

      expect((await session.run({ x })).x!.data).toEqual(x);
      expect(session.released).toBe(false);
      expect(session.memory()).toEqual({ device: 5 });
      expect(session.stats()).toMatchObject({ runs: 1, reloads: 1 });
      expect(session.runSync({ x }).x!.data).toEqual(x);
    }));

  it('lets what is pending finish, and what comes later wait for the next load', () =>
    withTimed(async (session) => {
      const first = session.run({ x: new Float32Array([20]) });
      const releasing = session.release();
      const second = session.run(AT_ONCE);
      expect(session.pending).toBe(2);
      expect((await first).x!.data[0]).toBe(20);
      await releasing;
      await second;
      await session.idle();
      expect(session).toMatchObject({ pending: 0, released: false });
      expect(session.stats()).toMatchObject({ runs: 2, reloads: 1 });
    }));

  it('loads once for all that wait', () =>
    withNull({}, async (session) => {
      for (let i = 1; i <= 3; i++) {
        await session.release();
        const all = await Promise.all(Array.from({ length: 50 }, () => session.run({ x })));
        expect(all.every((outputs) => outputs.x!.data[3] === 4)).toBe(true);
        expect(session.stats()).toMatchObject({ runs: 50 * i, reloads: i });
      }
    }));

  it('is nothing when it is released already, and follows a load that others wait for', () =>
    withNull({}, async (session) => {
      await Promise.all([session.release(), session.release()]);
      const run = session.run({ x });
      await session.release();
      expect((await run).x!.data).toEqual(x);
      expect(session.released).toBe(true);
    }));

  it('keeps tensors, and gives new ones', () =>
    withNull({}, async (session) => {
      const mine = session.allocate('x', [1, 4], { memory: 'pinned' });
      (mine.data as Float32Array).set(x);
      const { x: there } = await session.run({ x: mine }, { outputs: { x: 'device' } });
      await session.release();
      expect(await there!.read()).toEqual(x);
      expect(session.allocate('x').dims).toEqual([1, 4]);
      expect((await session.run({ x: mine })).x!.data).toEqual(x);
      expect((await session.run({ x: there! })).x!.data).toEqual(x);
    }));

  it('is what runSync can not come back from', () =>
    withNull({}, async (session) => {
      await session.release();
      const error = await expectError('UNSUPPORTED', () => session.runSync({ x }));
      expect(error).toMatchObject({ device: 'null:0', hint: expect.stringContaining('reload') as string });
      await session.reload();
      expect(session.runSync({ x }).x!.data).toEqual(x);
    }));

  it('refuses a session that is closed', () =>
    withNull({}, async (session) => {
      await session.close();
      await expectError('CLOSED', () => session.release());
      await expectError('CLOSED', () => session.reload());
      expect(session.released).toBe(false);
    }));
});

describe('a run that waits for the model', () => {
  it('is checked when it is there', () =>
    withNull({}, async (session) => {
      await session.release();
      await expectError('INVALID_ARGUMENT', () => session.run({ y: x }));
      expect(session).toMatchObject({ pending: 0 });
      expect(session.stats()).toMatchObject({ failed: 1 });
      await session.idle();
    }));

  it.each<[string, AccelError['code'], RunOptions, (controller: AbortController) => void]>([
    ['aborted', 'CANCELLED', {}, (controller) => controller.abort()],
    ['timed out', 'TIMEOUT', { timeout: 1000 }, () => vi.advanceTimersByTime(1000)],
  ])('can be %s, and others still get it', async (_what, code, options, giveUp) => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    await withNull({ loadMs: 5 }, async (session) => {
      await session.release();
      const controller = new AbortController();
      const other = session.run({ x });
      const run = failure(session.run({ x }, { ...options, signal: controller.signal }));
      giveUp(controller);
      expect(session).toMatchObject({ released: true, pending: 1 });
      expect(await run).toMatchObject({ code });
      expect((await other).x!.data).toEqual(x);
      expect(session.stats()).toMatchObject({ runs: 1, failed: 1, reloads: 1 });
      expect(vi.getTimerCount()).toBe(0);
    });
  });

  it('gives the load up when nobody else waits for it', async () => {
    const progress: number[] = [];
    await withNull(
      { loadMs: 5 },
      async (session) => {
        await session.release();
        const [controller, other] = [new AbortController(), new AbortController()];
        const run = failure(session.run({ x }, { signal: controller.signal }));
        const reload = session.reload({ signal: other.signal }).catch((error: unknown) => error);
        controller.abort();
        expect(await run).toMatchObject({ code: 'CANCELLED' });
        other.abort('enough');
        expect(await reload).toMatchObject({ code: 'CANCELLED', cause: 'enough' });
        expect(session.released).toBe(true);
        // One that comes a moment later is not given up with it.
        expect((await session.run({ x })).x!.data).toEqual(x);
        expect(session.stats().reloads).toBe(1);
      },
      { onProgress: (_phase, done) => progress.push(done) },
    );
    expect(progress.filter((done) => done === 1)).toHaveLength(2);
  });

  it("rejects with what the caller's own getter throws", () =>
    withNull({}, async (session) => {
      await session.release();
      const mine = new Error('mine');
      const inputs = {
        get x(): Float32Array {
          throw mine;
        },
      };
      expect(await failure(session.run(inputs))).toBe(mine);
      expect(await failure(session.run(inputs))).toBe(mine);
      expect(session).toMatchObject({ pending: 0, released: false });
    }));

  it('counts for maxQueue', () =>
    withNull(
      { loadMs: 20 },
      async (session) => {
        await session.release();
        const runs = [session.run({ x }), session.run({ x })];
        await expectError('QUEUE_FULL', () => session.run({ x }));
        await Promise.all(runs);
      },
      { maxQueue: 2 },
    ));

  it('is done before a close', async () => {
    const session = await Session.load(nullModel(), { device: 'null' });
    await session.release();
    const run = session.run({ x });
    await session.close();
    expect((await run).x!.data).toEqual(x);
    await expectError('CLOSED', () => session.run({ x }));
  });

  it('and the load, are given up by a close that cancels', () =>
    withNull({ loadMs: 5, stubborn: true }, async (session) => {
      await session.release();
      const run = failure(session.run({ x }));
      const reload = session.reload().catch((error: unknown) => error);
      await session.close({ cancel: true });
      expect(await run).toMatchObject({ code: 'CLOSED' });
      expect(await reload).toMatchObject({ code: 'CLOSED' });
    }));

  it('fails with the load, and the next one tries again', async () => {
    let loads = 0;
    await withNull(
      {},
      async (session) => {
        await session.release();
        const [first, second] = await Promise.all([failure(session.run({ x })), failure(session.run({ x }))]);
        expect(first).toMatchObject({
          code: 'INVALID_ARGUMENT',
          message: expect.stringContaining('not now') as string,
        });
        expect(second).toBe(first);
        expect(session).toMatchObject({ released: true, pending: 0 });
        expect((await session.run({ x })).x!.data).toEqual(x);
      },
      {
        onProgress: () => {
          if (++loads === 3) throw new Error('not now');
        },
      },
    );
  });
});

describe('close', () => {
  it('can be told to cancel what an earlier close waits for', async () => {
    const session = await Session.load(nullModel(timed), { device: 'null' });
    const run = failure(session.run(FOREVER));
    await begun(session);
    const closing = session.close();
    expect(session.close({ cancel: true })).toBe(closing);
    await closing;
    expect(await run).toMatchObject({ code: 'CANCELLED' });
  });

  it.each<[string, (session: Session) => Promise<void>]>([
    ['close', (session) => session.close()],
    ['release', (session) => session.release()],
  ])('a run behind which a %s waits can still be aborted', (_what, end) =>
    withTimed(async (session) => {
      const controller = new AbortController();
      const run = failure(session.run(FOREVER, { signal: controller.signal }));
      const ending = end(session);
      controller.abort();
      expect(await run).toMatchObject({ code: 'CANCELLED' });
      await ending;
    }),
  );

  it('cancels what a release waits for', () =>
    withTimed(async (session) => {
      const run = failure(session.run(FOREVER));
      await begun(session);
      const releasing = session.release();
      await session.close({ cancel: true });
      await releasing;
      expect(await run).toMatchObject({ code: 'CANCELLED' });
    }));
});

describe('idleTtl', () => {
  /** With the timers of JavaScript under control; loading and running go on as ever. */
  async function withTimers(ttl: number, use: (session: Session) => Promise<void>): Promise<void> {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    await withTimed(use, { idleTtl: ttl });
    expect(vi.getTimerCount()).toBe(0);
  }

  it('releases a session that nobody has used for so long, again and again', () =>
    withTimers(1000, async (session) => {
      for (let i = 0; i < 3; i++) {
        await session.run(AT_ONCE);
        vi.advanceTimersByTime(999);
        expect(session.released).toBe(false);
        vi.advanceTimersByTime(251);
        expect(session.released).toBe(true);
        expect(vi.getTimerCount()).toBe(0);
        expect(session.stats().reloads).toBe(i);
      }
    }));

  it('leaves one alone that is used, or that has a run pending', () =>
    withTimers(1000, async (session) => {
      for (let i = 0; i < 6; i++) {
        vi.advanceTimersByTime(700);
        session.runSync(AT_ONCE);
      }
      const controller = new AbortController();
      const run = failure(session.run(FOREVER, { signal: controller.signal }));
      vi.advanceTimersByTime(100_000);
      expect(session.released).toBe(false);
      controller.abort();
      vi.advanceTimersByTime(5);
      await run;
      vi.advanceTimersByTime(1250);
      expect(session.released).toBe(true);
    }));

  it('watches once, however releases and reloads follow one another', () =>
    withTimers(1000, async (session) => {
      await session.release();
      const run = session.run(AT_ONCE);
      await session.release(); // behind the load that the run waits for
      await run;
      expect(vi.getTimerCount()).toBe(0);
      await session.run(AT_ONCE);
      expect(vi.getTimerCount()).toBe(1);
      await session.close();
      expect(vi.getTimerCount()).toBe(0);
    }));

  it.each([0, -1, NaN, '5m', 2 ** 31])('refuses %s', async (idleTtl) => {
    await expectError('INVALID_ARGUMENT', () => withNull({}, () => undefined, { idleTtl: idleTtl as number }));
  });

  it('can be Infinity', () =>
    withNull(
      {},
      async (session) => {
        await session.release();
        expect((await session.run({ x })).x!.data).toEqual(x);
      },
      { idleTtl: Infinity },
    ));
});

it('does not load a model into an idle session for a tensor that was only made', () =>
  withNull({}, async (session) => {
    await session.release();
    expect(new Tensor('float32', x, [1, 4]).dims).toEqual([1, 4]);
    expect(session.allocate('x').size).toBe(4);
    expect(session.released).toBe(true);
  }));
