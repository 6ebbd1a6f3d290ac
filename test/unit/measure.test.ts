/**
 * `measure` on models that take a known time. A busy machine can make any run longer, so what is expected are
 * relations between figures of one measurement, which hold however long its runs were.
 */
import { Session, measure } from 'accelnode';
import type { LoadOptions, MeasureOptions, Measurement, NullModel } from 'accelnode';
import { describe, expect, it } from 'vitest';

import { measuredLoad } from '../../build-ts/measure/measured-load.js';
import { isStable, summarize } from '../../build-ts/measure/statistics.js';
import { warningsAbout } from '../../build-ts/measure/warnings.js';
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
  ['native, one in flight', { api: 'native', concurrency: 1 }, 1],
  ['native, two in flight', { api: 'native' }, 2],
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

it.each(['run', 'native'] as const)('counts waiting for a lane as latency, not as computing: %s', (api) =>
  withNull(
    sleeping(30),
    async (session) => {
      const measurement = await measure(session, inputs, { warmup: 0, duration: 0, minRuns: 12, concurrency: 4, api });
      expectConsistent(measurement, 4);
      // With one lane, the runs are computed one after the other.
      expect(measurement.throughput * measurement.compute!).toBeLessThanOrEqual(1000 * 1.001);
      expect(measurement.queued! + measurement.compute!).toBeLessThanOrEqual(measurement.latency.mean * 1.001);
      expect(measurement.queued!).toBeGreaterThan(measurement.compute!);
    },
    { lanes: 1 },
  ),
);

it('tells by how much a load has let the process grow', async () => {
  let held: Buffer | undefined;
  const { session, compile, compileMemory } = await measuredLoad(() => {
    held = Buffer.alloc(64 << 20, 1);
    return Session.load(nullModel(sleeping(1)), { device: 'null:0' });
  });
  await session.close();
  expect(held).toHaveLength(64 << 20);
  expect(compileMemory).toBeGreaterThan(32 << 20);
  expect(compile).toBeGreaterThan(0);
});

it('tells how the parts of requests spread, where the addon makes them', () =>
  withNull(
    sleeping(30),
    async (session) => {
      const limits = { warmup: 0, duration: 0, minRuns: 12, concurrency: 4, times: true };
      const { parts, queued, compute, latency, times } = await measure(session, inputs, { ...limits, api: 'native' });
      expect(Object.keys(parts!)).toEqual(['queued', 'compute']);
      // Each run takes as long as the model, which has one lane, and waits for those before it.
      expect(parts!.compute.min).toBeGreaterThanOrEqual(30);
      expect(parts!.compute.mean).toBeCloseTo(compute!, 4);
      expect(parts!.compute.max).toBeLessThanOrEqual(latency.max);
      expect(parts!.queued.mean).toBeCloseTo(queued!, 9);
      expect(parts!.queued.max).toBe(Math.max(...times!.due.map((due, i) => times!.started![i]! - due)));
      expect((await measure(session, inputs, { ...limits, api: 'run' })).parts).toBeUndefined();
    },
    { lanes: 1 },
  ));

it.each([
  ['run', { concurrency: 3 }, 3],
  ['runSync', { sync: true }, 1],
  ['native', { api: 'native' as const, concurrency: 3 }, 3],
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
    const { runs } = await measure(session, inputs, { warmup: 0, duration: 50, minRuns: 1, onProgress });
    expect(seen).toHaveLength(runs);
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
    // However much later the last run ends.
    for (const elapsed of seen) expect(elapsed).toBeLessThanOrEqual(50);
    expect(seen.at(-1)).toBeGreaterThan(seen[0]!);
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
    ['an api that there is not', { api: 'async' }, /options\.api/],
    ['two apis', { api: 'native', sync: true }, /options\.sync.*another/],
    ['no requests a second', { rate: 0 }, /options\.rate/],
    ['a duration of years', { duration: 1e12 }, /options\.duration/],
    ['a warm-up that is endless', { warmup: 1e300 }, /options\.warmup/],
    ['less time at most than at least', { duration: 100, maxDuration: 50 }, /options\.maxDuration.*less than/],
    ['an endless rate', { rate: Infinity }, /options\.rate/],
    ['a rate by run', { rate: 10, api: 'run' }, /options\.rate.*native/],
    ['arrivals that there are not', { rate: 10, arrivals: 'random' }, /options\.arrivals/],
    ['arrivals without a rate', { arrivals: 'poisson' }, /options\.arrivals.*open loop/],
    ['at most fewer runs than at least', { minRuns: 3, maxRuns: 2 }, /options\.maxRuns.*less than minRuns/],
    ['no tolerance', { tolerance: 0 }, /options\.tolerance/],
    ['no options', null, /options/],
  ])('%s', (_, options, message) =>
    withNull({}, async (session) => {
      const error = await expectError('INVALID_ARGUMENT', () => measure(session, inputs, options as MeasureOptions));
      expect(error.message).toMatch(message);
      expect(session.stats().runs).toBe(0);
    }),
  );

  it('to measure without inputs', () =>
    withNull({}, async (session) => {
      await expectError('INVALID_ARGUMENT', () => measure(session, []));
    }));

  it('what is no session', async () => {
    for (const session of [undefined, null, {}, 'model.onnx']) {
      await expectError('INVALID_ARGUMENT', () => measure(session as Session, inputs));
    }
  });
});

describe('ends when', () => {
  const apis = ['native', 'run', 'runSync'] as const;

  it.each(apis)('the inputs are wrong: %s', (api) =>
    withNull({}, async (session) => {
      await expectError('INVALID_ARGUMENT', () => measure(session, {}, { api }));
      expect(session.pending).toBe(0);
    }),
  );

  it.each(['native', 'run'] as const)('a run fails, and nothing is pending then: %s', (api) =>
    withNull(
      { ...sleeping(5), failAt: 3 },
      async (session) => {
        const error = await expectError('VENDOR_FAILURE', () => measure(session, inputs, { concurrency: 4, api }));
        expect(error.device).toBe('null:0');
        expect(session.pending).toBe(0);
        const { runs, failed } = session.stats();
        expect(failed).toBeGreaterThan(0);
        // The outputs are free again, and so is the model.
        await session.run(inputs);
        expect(session.stats()).toMatchObject({ runs: runs + 1, failed });
      },
      // With another lane, the last run might be the third of that one.
      { lanes: 1 },
    ),
  );

  it.each(['native', 'run'] as const)('more are in flight than may be pending: %s', (api) =>
    withNull(
      {},
      async (session) => {
        await expectError('QUEUE_FULL', () => measure(session, inputs, { concurrency: 3, api }));
      },
      { maxQueue: 2 },
    ),
  );

  it.each<MeasureOptions>([...apis.map((api) => ({ api })), { rate: 100 }])('its signal is aborted: %j', (how) =>
    withNull({}, async (session) => {
      const controller = new AbortController();
      const reason = new Error('enough');
      const onProgress = (): void => controller.abort(reason);
      const options = { signal: controller.signal, duration: 1e9, onProgress, maxRuns: 1e9, ...how };
      const error = await expectError('CANCELLED', () => measure(session, inputs, options));
      expect(error.cause).toBe(reason);
      await expectError('CANCELLED', () => measure(session, inputs, options));
    }),
  );

  it.each(apis)('its signal is aborted by what waits for the event loop: %s', (api) =>
    withNull({}, async (session) => {
      const controller = new AbortController();
      setImmediate(() => controller.abort());
      const options = { signal: controller.signal, duration: 1e9, maxRuns: 1e9, warmup: 0, api };
      await expectError('CANCELLED', () => measure(session, inputs, options));
    }),
  );

  it.each(apis)('onProgress throws: %s', (api) =>
    withNull({}, async (session) => {
      const mistake = new Error('mine');
      const onProgress = (): void => {
        throw mistake;
      };
      const options: MeasureOptions = { onProgress, api, duration: 1e9, maxRuns: 1e9 };
      const error = await expectError('INVALID_ARGUMENT', () => measure(session, inputs, options));
      expect(error.cause).toBe(mistake);
      expect(error.message).toContain('mine');
    }),
  );

  it.each<[string, MeasureOptions]>([
    ['closed', { api: 'native', concurrency: 3 }],
    ['open, waiting for its next request', { rate: 0.01, minRuns: 2 }],
  ])('the session is closed meanwhile: %s loop', async (_, how) => {
    const session = await Session.load(nullModel(sleeping(2)), { device: 'null:0', lanes: 2 });
    const failure = expectError('CLOSED', () =>
      measure(session, inputs, { warmup: 0, duration: 1e9, maxRuns: 1e9, ...how }),
    );
    while (session.stats().runs + session.pending === 0) await new Promise(setImmediate);
    await session.close();
    await failure;
    expect(session.pending).toBe(0);
  });
});

describe('an open loop', () => {
  /** The gaps between the moments at which requests were due. */
  const gaps = ({ times }: Measurement): number[] =>
    Array.from(times!.due.subarray(1), (due, i) => due - times!.due[i]!);

  it('makes requests at equal distances', () =>
    withNull({}, async (session) => {
      const measurement = await measure(session, inputs, { rate: 1000, duration: 50, warmup: 0, times: true });
      expect(measurement.runs + measurement.unsent!).toBe(50);
      expect(measurement.duration).toBeGreaterThanOrEqual(50);
      expect(measurement.throughput).toBeLessThanOrEqual(1000);
      const { due, started, ended } = measurement.times!;
      expect(due[0]).toBe(0);
      for (const gap of gaps(measurement)) expect(gap).toBeCloseTo(1, 5);
      for (let i = 0; i < due.length; i++) {
        expect(started![i]).toBeGreaterThanOrEqual(due[i]!); // never before its moment
        expect(ended[i]).toBeGreaterThanOrEqual(started![i]!);
      }
    }));

  it('has gaps as of independent users, the same for the same seed', () =>
    withNull({}, async (session) => {
      const options = {
        rate: 100_000,
        arrivals: 'poisson',
        duration: 0,
        minRuns: 2000,
        warmup: 0,
        times: true,
      } as const;
      const [first, again, other] = [
        await measure(session, inputs, options),
        await measure(session, inputs, options),
        await measure(session, inputs, { ...options, seed: 2 }),
      ];
      // To a nanosecond, as each is counted from its own beginning.
      expect(gaps(again)).toHaveLength(1999);
      gaps(again).forEach((gap, i) => expect(gap).toBeCloseTo(gaps(first)[i]!, 5));
      expect(gaps(other)[0]).not.toBeCloseTo(gaps(first)[0]!, 5);
      const { mean, cv } = summarize(gaps(first));
      expect(mean).toBeGreaterThan(0.0094); // within three standard errors of 10 µs
      expect(mean).toBeLessThan(0.0107);
      expect(cv).toBeGreaterThan(90); // of an exponential distribution: 100
      expect(cv).toBeLessThan(110);
    }));

  it('is warm when each lane has run, however slowly requests come', () =>
    withNull(
      {},
      async (session) => {
        // One for each of the 64 that may be in flight would take three seconds.
        const { runs } = await measure(session, inputs, { rate: 20, warmup: 0, duration: 0, minRuns: 2, maxRuns: 2 });
        expect(runs).toBe(2);
        expect(session.stats().runs).toBe(3 + 2);
      },
      { lanes: 3 },
    ));

  it('makes the next request whether those before have ended or not', () =>
    withNull(
      { model: 'busy', durationMs: 'input', wait: 'sleep' },
      async (session) => {
        const sets = [500, 0, 0, 0].map((duration) => ({ x: Float32Array.of(duration, 0, 0, 0) }));
        const limits = { duration: 0, minRuns: 4, maxRuns: 4, warmup: 0 };
        const options = { ...limits, rate: 1000, concurrency: 4, times: true };
        const { times } = await measure(session, sets, options);
        const [first, ...others] = times!.ended;
        for (const ended of others) expect(ended).toBeLessThan(first!);
      },
      { lanes: 2 },
    ));

  it('counts latency from when a request was due, though too many are in flight', () =>
    withNull(
      sleeping(20),
      async (session) => {
        // Ten times as many as can be made: each waits for all before it.
        const options = { rate: 500, duration: 100, minRuns: 1, warmup: 0, concurrency: 1, times: true };
        const measurement = await measure(session, inputs, options);
        const { runs, unsent, late, latency, throughput, warnings } = measurement;
        expect(runs + unsent!).toBe(50);
        expect(unsent).toBeGreaterThan(0);
        // On a busy machine the first may be, too.
        expect(late).toBeGreaterThanOrEqual(runs - 1);
        expect(throughput).toBeLessThanOrEqual(50);
        expect(latency.max).toBeGreaterThan(latency.min + (runs - 1) * (20 - 2) - 1);
        expect(warnings.join()).toMatch(/requests could not be made: 500 a second/);
      },
      { lanes: 1 },
    ));
});

describe('beside others', () => {
  const few = { warmup: 0, duration: 0, minRuns: 9, concurrency: 1 } as const;
  const endless = { duration: 1e9, maxRuns: 1e9, concurrency: 1 } as const;

  /** Two sessions, of which the second is to be under load while the first is measured. */
  const withTwo = (
    own: Partial<NullModel>,
    other: Partial<NullModel>,
    use: (session: Session, neighbour: Session) => Promise<void>,
    options: LoadOptions = {},
  ): Promise<void> => withNull(own, (session) => withNull(other, (neighbour) => use(session, neighbour), options));

  it.each(['native', 'run', 'runSync'] as const)(
    'they take turns on a device that computes one run at a time: %s',
    (api) => {
      const model = { ...sleeping(10), exclusive: true };
      return withTwo(model, model, async (session, neighbour) => {
        const { runs, beside } = await measure(session, inputs, {
          ...few,
          api,
          beside: [{ session: neighbour, inputs }],
        });
        expect(runs).toBe(9);
        expect(beside).toHaveLength(1);
        expectConsistent(beside![0]!, 1);
        // Its load was there from before the warm-up's run to after the last: no two runs overlap, so these have all come one after the other.
        expect(beside![0]!.duration).toBeGreaterThanOrEqual((1 + runs + beside![0]!.runs) * 10 - 0.001);
        expect([session.pending, neighbour.pending]).toEqual([0, 0]);
      });
    },
  );

  it('they are there until the last run has ended, each under its own load', () =>
    withTwo(sleeping(5), sleeping(2), async (session, neighbour) => {
      const pending: number[] = [];
      const { beside } = await measure(session, inputs, {
        ...few,
        times: true,
        onProgress: () => pending.push(neighbour.pending),
        beside: [
          { session: neighbour, inputs, concurrency: 3 },
          { session: neighbour, inputs: [inputs, inputs], rate: 200, arrivals: 'poisson', seed: 7 },
        ],
      });
      expect(pending).toEqual(Array<number>(9).fill(3 + 64));
      const [closed, open] = beside as [Measurement, Measurement];
      expect(closed.unsent).toBeUndefined();
      expect(closed.times!.due).toHaveLength(closed.runs);
      expect(open.unsent).toBeGreaterThanOrEqual(0);
      // As long as the load was there, even if nothing was due at the end.
      expect(open.throughput).toBeLessThanOrEqual((open.runs / open.times!.due.at(-1)!) * 1000);
      expect(neighbour.pending).toBe(0);
    }));

  it('one of them is asked for more than it can do', () =>
    withTwo(sleeping(20), sleeping(20), async (session, neighbour) => {
      const [overloaded] = (
        await measure(session, inputs, {
          ...few,
          beside: [{ session: neighbour, inputs, rate: 500, concurrency: 1 }],
        })
      ).beside!;
      const { runs, unsent, warnings } = overloaded!;
      expect(unsent).toBeGreaterThan(0);
      expect(runs + unsent!).toBeGreaterThanOrEqual(9 * 20 * 0.5); // due while nine runs were made
      expect(warnings.join()).toMatch(/requests could not be made: 500 a second/);
    }));

  it.each(['native', 'run', 'runSync'] as const)('one of them fails, and so does the measurement: %s', (api) =>
    withTwo(sleeping(5), { ...sleeping(1), failAt: 3 }, async (session, neighbour) => {
      const limits = api === 'runSync' ? few : endless; // nobody can stop what keeps the thread
      const beside = [{ session: neighbour, inputs, name: 'other.onnx' }];
      const error = await expectError('VENDOR_FAILURE', () =>
        measure(session, inputs, { ...limits, api, beside, warmup: 0 }),
      );
      expect(error.message).toMatch(/^other\.onnx, beside the measured model, failed: The null model fails/);
      expect(error.device).toBe('null:0');
      expect([session.pending, neighbour.pending]).toEqual([0, 0]);
    }),
  );

  it('one of them can’t even begin', () =>
    withTwo(
      {},
      {},
      async (session, neighbour) => {
        const measuring = (companion: object): Promise<unknown> =>
          measure(session, inputs, { ...endless, beside: [{ session: neighbour, inputs, ...companion }] });
        const wrong = await expectError('INVALID_ARGUMENT', () => measuring({ inputs: {} }));
        expect(wrong.message).toMatch(/^beside\[0\], beside the measured model, failed: /);
        await expectError('QUEUE_FULL', () => measuring({ concurrency: 3 }));
        expect(session.stats().runs).toBe(0);
      },
      { maxQueue: 2 },
    ));

  it('the measured model fails, and the load ends', () =>
    withTwo({ ...sleeping(5), failAt: 3 }, sleeping(1), async (session, neighbour) => {
      const beside = [{ session: neighbour, inputs }];
      const error = await expectError('VENDOR_FAILURE', () => measure(session, inputs, { ...endless, beside }));
      expect(error.message).toMatch(/^The null model fails/);
      expect([session.pending, neighbour.pending]).toEqual([0, 0]);
      await neighbour.run(inputs);
    }));

  it.each(['native', 'run'] as const)('its signal is aborted: %s', (api) =>
    withTwo({}, {}, async (session, neighbour) => {
      const controller = new AbortController();
      const reason = new Error('enough');
      const onProgress = (): void => controller.abort(reason);
      const beside = [{ session: neighbour, inputs }];
      const options = { ...endless, api, signal: controller.signal, onProgress, beside };
      const error = await expectError('CANCELLED', () => measure(session, inputs, options));
      expect(error.cause).toBe(reason);
      await expectError('CANCELLED', () => measure(session, inputs, options));
      expect([session.pending, neighbour.pending]).toEqual([0, 0]);
    }),
  );

  it('one of them was to make no request meanwhile', () =>
    withTwo({}, {}, async (session, neighbour) => {
      const beside = [{ session: neighbour, inputs, rate: 0.001, arrivals: 'poisson' as const }];
      const error = await expectError('INVALID_ARGUMENT', () => measure(session, inputs, { ...few, beside }));
      expect(error.message).toMatch(/^beside\[0\] was to make no request/);
    }));

  it.each<[string, unknown, RegExp]>([
    ['what is no list', {}, /options\.beside/],
    ['what is no session', [{ session: {}, inputs }], /options\.beside\.0\.session: must be a Session/],
    ['no inputs', [{ inputs: [] }], /options\.beside\.0\.inputs: are none/],
    ['inputs that are none', [{ inputs: 1 }], /options\.beside\.0\.inputs: must be/],
    ['no requests a second', [{ rate: 0 }], /options\.beside\.0\.rate/],
    ['a rate that is no number', [{ rate: NaN }], /options\.beside\.0\.rate/],
    ['nothing in flight', [{ concurrency: 0 }], /options\.beside\.0\.concurrency/],
    ['arrivals without a rate', [{ arrivals: 'poisson' }], /options\.beside\.0\.arrivals/],
    ['an end of its own', [{ duration: 1 }], /options\.beside\.0.*duration/],
  ])('refuses %s', (_, beside, message) =>
    withTwo({}, {}, async (session, neighbour) => {
      const complete = (each: object): object => ({ session: neighbour, inputs, ...each });
      const given = Array.isArray(beside) ? beside.map(complete) : beside;
      const options = { beside: given } as MeasureOptions;
      const error = await expectError('INVALID_ARGUMENT', () => measure(session, inputs, options));
      expect(error.message).toMatch(message);
    }),
  );
});

it('takes several sets of inputs in turn', () =>
  withNull({ model: 'busy', durationMs: 'input', wait: 'sleep' }, async (session) => {
    const sets = [1, 40].map((duration) => ({ x: Float32Array.of(duration, 0, 0, 0) }));
    for (const api of ['native', 'run', 'runSync'] as const) {
      const options: MeasureOptions = { api, concurrency: 1, warmup: 0, duration: 0, minRuns: 4, times: true };
      const { times } = await measure(session, sets, options);
      const [first, second, third, fourth] = times!.ended.map((ended, i) => ended - times!.due[i]!);
      expect(Math.min(second!, fourth!)).toBeGreaterThanOrEqual(40);
      expect(Math.min(first!, third!)).toBeLessThan(40);
    }
  }));

it('has no more in flight than it was told, however many sets of inputs there are', () =>
  withNull(
    sleeping(10),
    async (session) => {
      const options = { api: 'native', concurrency: 1, warmup: 0, duration: 0, minRuns: 6, times: true } as const;
      const { times } = await measure(session, [inputs, inputs, inputs], options);
      for (let i = 1; i < 6; i++) expect(times!.started![i]).toBeGreaterThanOrEqual(times!.ended[i - 1]!);
    },
    { lanes: 2 },
  ));

it('ends at the most runs that it may count', () =>
  withNull({}, async (session) => {
    for (const api of ['native', 'run', 'runSync'] as const) {
      const { runs } = await measure(session, inputs, { api, warmup: 0, duration: 1e9, minRuns: 5, maxRuns: 5 });
      expect(runs).toBe(5);
    }
  }));

describe('says whether a measurement is stable', () => {
  /** Runs one after the other that take so long. */
  const runs = (...latencies: number[]): { due: Float64Array; ended: Float64Array } => {
    const ended = latencies.map((_, i) => latencies.slice(0, i + 1).reduce((sum, latency) => sum + latency));
    return { due: Float64Array.from(ended, (end, i) => end - latencies[i]!), ended: Float64Array.from(ended) };
  };
  const thirds = (a: number, b: number, c: number): ReturnType<typeof runs> => runs(a, a, a, b, b, b, c, c, c);

  it.each([
    ['the same all the time', thirds(5, 5, 5), true],
    ['within the tolerance', thirds(10, 10.5, 11), true],
    ['slower at the end', thirds(10, 10, 14), false],
    ['slower at first', thirds(14, 10, 10), false],
    ['too few to tell', runs(1, 2, 3, 4, 5, 6, 7, 8), undefined],
  ])('%s', (_, times, stable) => {
    expect(isStable(times, 10)).toBe(stable);
  });

  it('looks at latency, too: requests that come as before, but wait ever longer', () => {
    const due = Float64Array.from({ length: 30 }, (_, i) => 10 * i);
    expect(isStable({ due, ended: due.map((time) => time + 5) }, 10)).toBe(true);
    expect(isStable({ due, ended: due.map((time, i) => time + 5 + i / 10) }, 10)).toBe(false);
  });

  it('measures again when it is not, as long as it may', () =>
    withNull({ model: 'busy', durationMs: 'input', wait: 'sleep' }, async (session) => {
      const sets = [1, 1, 1, 1, 1, 1, 30, 30, 30].map((duration) => ({ x: Float32Array.of(duration, 0, 0, 0) }));
      const options = { concurrency: 1, warmup: 0, duration: 0, minRuns: 9, maxRuns: 9 };
      const once = await measure(session, sets, options);
      expect(once.stable).toBe(false);
      expect(once.warnings.join()).toContain('differ by more than 10 %');
      expect(session.stats().runs).toBe(1 + 9); // with the one of the warm-up
      // 96 ms each time, or more on a busy machine.
      await measure(session, sets, { ...options, maxDuration: 1000 });
      const attempts = (session.stats().runs - (1 + 9) - 1) / 9;
      expect(attempts).toBeGreaterThan(1);
      expect(attempts).toBe(Math.floor(attempts));
      expect(attempts).toBeLessThanOrEqual(Math.ceil(1000 / 96));
    }));
});

describe('warns', () => {
  const measurement = {
    runs: 1000,
    duration: 1000,
    throughput: 1000,
    latency: { min: 1, max: 1, mean: 1, p50: 1, p90: 1, p95: 1, p99: 1, cv: 1 },
    queued: 0,
    compute: 1,
    stable: true,
  };
  const load = { api: 'native', lanes: 1, concurrency: 1, tolerance: 10, duration: 1000, maxRuns: 1000 };

  it.each<[RegExp | undefined, object, object]>([
    [undefined, {}, {}],
    [/variance is 3\.0 %/, { latency: { ...measurement.latency, cv: 3 } }, {}],
    [/99 runs are too few/, { runs: 99, duration: 99 }, {}],
    [/more than 10 %/, { stable: false }, {}],
    [/Ended at 1000 runs, before 1001 ms/, {}, { duration: 1001 }],
    [/Bound by transfers/, { compute: 0.4, h2d: 0.3, d2h: 0.3 }, {}],
    [
      /Bound by the queue.* 2 are in flight on 1/,
      { queued: 1, latency: { ...measurement.latency, mean: 1.9 } },
      { concurrency: 2 },
    ],
    [/Bound by requests.*idle for 40 %/, { compute: 0.6 }, {}],
    [undefined, { compute: 0.6 }, { lanes: 2, concurrency: 1 }],
    [/10 of 1010 requests could not be made: 7 a second/, { unsent: 10 }, { rate: 7 }],
    [/2\.0 % of the requests were made/, { late: 20 }, { rate: 7 }],
    [undefined, { late: 5, compute: 0.1 }, { rate: 7 }],
  ])('%s', (words, found, how) => {
    const warnings = warningsAbout({ ...measurement, ...found }, { ...load, ...how });
    if (words === undefined) expect(warnings).toEqual([]);
    else expect(warnings).toEqual([expect.stringMatching(words)]);
  });
});

it('summarizes', () => {
  expect(summarize([4, 1, 3, 2])).toMatchObject({ min: 1, max: 4, mean: 2.5, p50: 2.5 });
  expect(summarize(Array.from({ length: 101 }, (_, i) => i))).toMatchObject({ p50: 50, p90: 90, p95: 95, p99: 99 });
  expect(summarize([5, 5]).cv).toBe(0);
  expect(summarize([1, 3]).cv).toBeCloseTo(50);
});
