/**
 * `measure` on models that take a known time. A busy machine can make any run longer, so what is expected are
 * relations between figures of one measurement, which hold however long its runs were.
 */
import { measure } from 'accelnode';
import type { MeasureOptions, Measurement, NullModel, Session } from 'accelnode';
import { describe, expect, it } from 'vitest';

import { summarize } from '../../dist/bench.js';
import { expectError, nullModel, withNull, withSession } from '../utils/session.js';

const inputs = { x: new Float32Array(4) };

/** A model whose runs wait for so many milliseconds. */
function sleeping(durationMs: number): Partial<NullModel> {
  return { model: 'busy', wait: 'sleep', durationMs };
}

/** What holds of every closed loop, but for rounding of clocks. */
function expectConsistent({ runs, duration, throughput, latency, compute }: Measurement, concurrency: number): void {
  expect(throughput).toBeCloseTo((runs / duration) * 1000, 9);
  const { min, mean, p50, p90, p95, p99, max } = latency;
  for (const [smaller, larger] of [
    [min, mean],
    [mean, max],
    [min, p50],
    [p50, p90],
    [p90, p95],
    [p95, p99],
    [p99, max],
  ] as const) {
    expect(smaller).toBeLessThanOrEqual(larger * (1 + 1e-9));
  }
  if (compute !== undefined) expect(compute).toBeLessThanOrEqual(mean * 1.001);
  // Little's law. At most one run is missing of each in flight: while the last of all ends, the others have ended.
  const inFlight = (throughput * mean) / 1000;
  expect(inFlight).toBeLessThanOrEqual(concurrency * 1.001);
  expect(inFlight).toBeGreaterThan(concurrency * 0.9 - ((concurrency - 1) * max) / duration);
}

it.each<[string, MeasureOptions, number]>([
  ['one in flight', { concurrency: 1 }, 1],
  ['two in flight', { concurrency: 2 }, 2],
  ['as many as there are lanes', {}, 2],
  ['runSync', { sync: true }, 1],
])('throughput and latency agree: %s', async (_, options, concurrency) => {
  // Few runs, so that one that is not counted shows.
  const limits = { warmup: 0, duration: 0, minRuns: 2 * concurrency, ...options };
  const use = async (session: Session): Promise<void> => {
    const measurement = await measure(session, inputs, limits);
    expect(measurement.runs).toBe(2 * concurrency);
    expectConsistent(measurement, concurrency);
    expect('compute' in measurement).toBe(options.sync !== true);
  };
  await withNull(sleeping(100), use, { lanes: 2 });
});

it('counts waiting for a lane as latency, not as computing', () =>
  withNull(
    sleeping(30),
    async (session) => {
      const measurement = await measure(session, inputs, { warmup: 0, duration: 0, minRuns: 12, concurrency: 4 });
      expectConsistent(measurement, 4);
      // With one lane, the runs are computed one after the other.
      expect(measurement.throughput * measurement.compute!).toBeLessThanOrEqual(1000 * 1.001);
      expect(measurement.queued! + measurement.compute!).toBeLessThanOrEqual(measurement.latency.mean * 1.001);
      expect(measurement.queued!).toBeGreaterThan(measurement.compute!);
    },
    { lanes: 1 },
  ));

it.each([
  ['run', { concurrency: 3 }, 3],
  ['runSync', { sync: true }, 1],
])(
  'makes no runs but those of the warm-up, one for each in flight, and those that it counts: %s',
  (_, options, extra) =>
    withNull({}, async (session) => {
      const { runs } = await measure(session, inputs, { warmup: 0, duration: 0, minRuns: 7, ...options });
      expect(runs).toBe(7);
      expect(session.stats()).toMatchObject({ runs: 7 + extra, failed: 0 });
    }),
);

it('goes on until the time is over, and says how far it has come', () =>
  withNull(sleeping(1), async (session) => {
    const seen: number[] = [];
    const onProgress = (elapsed: number, duration: number): void => {
      expect(duration).toBe(50);
      seen.push(elapsed);
    };
    const { runs, duration } = await measure(session, inputs, { warmup: 0, duration: 50, minRuns: 1, onProgress });
    expect(duration).toBeGreaterThanOrEqual(50);
    expect(seen).toHaveLength(runs);
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
    expect(seen.at(-1)).toBe(50);
  }));

it('leaves shapes that a run decides to the backend', () => {
  const model = nullModel({ inputs: [{ name: 'x', type: 'float32', shape: [-1, 4] }] });
  return withSession(model, { device: 'null:0' }, async (session) => {
    const { Tensor } = await import('accelnode');
    const measurement = await measure(
      session,
      { x: Tensor.zeros('float32', [3, 4]) },
      { warmup: 0, duration: 0, minRuns: 3 },
    );
    expect(measurement.runs).toBe(3);
  });
});

describe('refuses', () => {
  it.each<[string, unknown, RegExp]>([
    ['a duration that is no number', { duration: NaN }, /options\.duration/],
    ['a duration without an end', { duration: Infinity }, /options\.duration/],
    ['a negative duration', { duration: -1 }, /options\.duration/],
    ['a warm-up that is no number', { warmup: NaN }, /options\.warmup/],
    ['a warm-up as text', { warmup: '200' }, /options\.warmup/],
    ['nothing in flight', { concurrency: 0 }, /options\.concurrency/],
    ['half a run in flight', { concurrency: 1.5 }, /options\.concurrency/],
    ['NaN in flight', { concurrency: NaN }, /options\.concurrency/],
    ['more in flight than can be pending', { concurrency: 2 ** 32 }, /options\.concurrency/],
    ['no runs', { minRuns: 0 }, /options\.minRuns/],
    ['endless runs', { minRuns: Infinity }, /options\.minRuns/],
    ['two at once by runSync', { sync: true, concurrency: 2 }, /options\.concurrency.*one run at a time/],
    ['a signal that is none', { signal: {} }, /options\.signal/],
    ['a progress function that is none', { onProgress: 1 }, /options\.onProgress/],
    ['an unknown option', { lanes: 2 }, /lanes/],
    ['no options', null, /options/],
  ])('%s', (_, options, message) =>
    withNull({}, async (session) => {
      const error = await expectError('INVALID_ARGUMENT', () => measure(session, inputs, options as MeasureOptions));
      expect(error.message).toMatch(message);
      expect(session.stats().runs).toBe(0);
    }),
  );

  it('what is no session', async () => {
    for (const session of [undefined, null, {}, 'model.onnx']) {
      await expectError('INVALID_ARGUMENT', () => measure(session as Session, inputs));
    }
  });
});

describe('ends when', () => {
  it.each([true, false])('the inputs are wrong, sync: %s', (sync) =>
    withNull({}, async (session) => {
      await expectError('INVALID_ARGUMENT', () => measure(session, {}, { sync }));
    }),
  );

  it('a run fails, and nothing is pending then', () =>
    withNull(
      { ...sleeping(5), failAt: 3 },
      async (session) => {
        await expectError('VENDOR_FAILURE', () => measure(session, inputs, { concurrency: 4 }));
        expect(session.pending).toBe(0);
      },
      { lanes: 2 },
    ));

  it('more are in flight than may be pending', () =>
    withNull({}, (session) => expectError('QUEUE_FULL', () => measure(session, inputs, { concurrency: 3 })), {
      maxQueue: 2,
    }));

  it.each([true, false])('its signal is aborted, sync: %s', (sync) =>
    withNull({}, async (session) => {
      const controller = new AbortController();
      const reason = new Error('enough');
      const onProgress = (): void => controller.abort(reason);
      const options = { signal: controller.signal, duration: 1e9, onProgress, sync };
      const error = await expectError('CANCELLED', () => measure(session, inputs, options));
      expect(error.cause).toBe(reason);
      await expectError('CANCELLED', () => measure(session, inputs, options));
    }),
  );

  it.each([true, false])('onProgress throws, sync: %s', (sync) =>
    withNull({}, async (session) => {
      const mistake = new Error('mine');
      const onProgress = (): void => {
        throw mistake;
      };
      const error = await expectError('INVALID_ARGUMENT', () => measure(session, inputs, { onProgress, sync }));
      expect(error.cause).toBe(mistake);
      expect(error.message).toContain('mine');
    }),
  );
});

it('summarizes', () => {
  expect(summarize([4, 1, 3, 2])).toMatchObject({ min: 1, max: 4, mean: 2.5, p50: 2.5 });
  expect(summarize(Array.from({ length: 101 }, (_, i) => i))).toMatchObject({ p50: 50, p90: 90, p95: 95, p99: 99 });
  expect(summarize([5, 5]).cv).toBe(0);
  expect(summarize([1, 3]).cv).toBeCloseTo(50);
});
