/** Runs that stay on the calling thread, because they take less than waking a lane. */
import { Tensor } from 'accelnode';
import type { LoadOptions, NullModel, RunOptions, Session } from 'accelnode';
import { describe, expect, it } from 'vitest';

import { expectError, withNull } from '../utils/session.js';

/** Its runs take as many milliseconds as the first element of `x` says. */
const timed: Partial<NullModel> = { model: 'busy', durationMs: 'input', computesOnCaller: true };
/** After so many runs in a row that were short, the next may be inline. */
const SHORT_RUNS = 16;

const shortly = new Float32Array(4);

function withTimed<T>(use: (session: Session) => Promise<T>, spec = timed, options: LoadOptions = {}): Promise<T> {
  return withNull(spec, use, { lanes: 1, ...options });
}

async function runMany(session: Session, count: number, options?: RunOptions): Promise<number> {
  const { inline } = session.stats();
  for (let i = 0; i < count; i++) await session.run({ x: shortly }, options);
  return session.stats().inline - inline;
}

describe('short runs, one after the other, on a CPU', () => {
  it('are inline after some that were short', () =>
    withTimed(async (session) => {
      expect(await runMany(session, SHORT_RUNS)).toBe(0);
      // Any that the system interrupted is followed by some on a lane.
      expect(await runMany(session, 2000)).toBeGreaterThan(100);
      expect(session.stats()).toMatchObject({ runs: 2000 + SHORT_RUNS, failed: 0, busyLanes: 0 });
    }));

  it('give what went in', () =>
    withTimed(async (session) => {
      for (let i = 0; i < 1000; i++) {
        const x = new Tensor('float32', new Float32Array([0, i, -i, 7]), [1, 4]);
        const outputs = await session.run({ x });
        expect(outputs.x!.data).toEqual(x.data);
        expect(outputs.x!.data).not.toBe(x.data);
      }
      expect(session.stats().inline).toBeGreaterThan(0);
    }));

  it('let the event loop turn: promises settle later', () =>
    withTimed(async (session) => {
      await runMany(session, 100);
      const { inline } = session.stats();
      let turns = 0;
      let going = true;
      const turn = (): void => {
        turns++;
        if (going) setImmediate(turn);
      };
      setImmediate(turn);
      await runMany(session, 500);
      going = false;
      expect(turns).toBeGreaterThanOrEqual(session.stats().inline - inline - 1);

      let settled = false;
      const run = session.run({ x: shortly }).then(() => (settled = true));
      await Promise.resolve();
      expect({ settled, pending: session.pending }).toEqual({ settled: false, pending: 1 });
      await run;
    }));

  it('fail as on a lane', async () => {
    // Unless the system interrupted one of the runs before, the one that fails is inline.
    let failedInline = false;
    for (let attempt = 0; attempt < 100 && !failedInline; attempt++) {
      await withTimed(
        async (session) => {
          await runMany(session, SHORT_RUNS + 3);
          const { inline } = session.stats();
          await expectError('VENDOR_FAILURE', () => session.run({ x: shortly }));
          const stats = session.stats();
          expect(stats).toMatchObject({ runs: SHORT_RUNS + 3, failed: 1 });
          failedInline = stats.inline > inline;
          if (failedInline) expect(await runMany(session, SHORT_RUNS)).toBe(0);
        },
        { ...timed, failAt: SHORT_RUNS + 4 },
      );
    }
    expect(failedInline).toBe(true);
  });

  it('go with runSync, with runs on lanes and with close', () =>
    withTimed(
      async (session) => {
        const runs: Promise<unknown>[] = [];
        for (let i = 0; i < 300; i++) {
          await session.run({ x: shortly });
          runs.push(session.run({ x: shortly }), session.run({ x: shortly }));
          session.runSync({ x: shortly });
        }
        await session.close();
        await Promise.all(runs);
        expect(session.stats()).toMatchObject({ runs: 1200, failed: 0 });
      },
      timed,
      { lanes: 3 },
    ));
});

describe('runs go to lanes', () => {
  it('after one that took long', () =>
    withTimed(async (session) => {
      await runMany(session, 100);
      await session.run({ x: new Float32Array([2, 0, 0, 0]) });
      expect(await runMany(session, SHORT_RUNS)).toBe(0);
    }));

  it.each<[string, Partial<NullModel>, LoadOptions, RunOptions]>([
    ['on a device', { ...timed, computesOnCaller: false }, {}, {}],
    ['when the load said so', timed, { inline: false }, {}],
    ['with a signal', timed, {}, { signal: new AbortController().signal }],
    ['with a time-out', timed, {}, { timeout: 60_000 }],
  ])('%s', (_, spec, loadOptions, runOptions) =>
    withTimed(async (session) => expect(await runMany(session, 100, runOptions)).toBe(0), spec, loadOptions),
  );

  it('while others are pending, though a lane is free', () =>
    withTimed(
      async (session) => {
        const long = new AbortController();
        const first = session.run({ x: new Float32Array([1e9, 0, 0, 0]) }, { signal: long.signal });
        expect(await runMany(session, 200)).toBe(0);
        long.abort();
        await expectError('CANCELLED', () => first);
        expect(await runMany(session, 200)).toBeGreaterThan(0);
      },
      timed,
      { lanes: 2 },
    ));
});
