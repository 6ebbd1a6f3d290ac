/** Placements as programs ask for them. */
import { placeModels } from 'accelnode';
import type { PlacementModel, PlacementProgress, PlacementRequest } from 'accelnode';
import { describe, expect, it } from 'vitest';

const model = (name: string, memoryMB: number, more: object = {}): PlacementModel => ({
  name,
  configurations: [{ memoryMB, ...more }],
});
const gpu = { name: 'gpu', memoryMB: 1000 };
const base: PlacementRequest = { models: [model('a', 600), model('b', 500), model('c', 400)], devices: [gpu] };

/** Numbers from 0 to 1 that look random, the same in each run. */
function random(seed: number): () => number {
  let state = seed;
  return () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32;
}

/** So many models, three resources, so large that the bound is not reached at once. */
function hard(count: number): PlacementRequest {
  const next = random(7);
  const share = (): number => Math.round(20 + 25 * next());
  const models = Array.from({ length: count }, (_, i) =>
    model(`m${i}`, share() * 10, { memoryPercent: share(), utilizationPercent: share() }),
  );
  return { models, devices: [gpu], goal: 'max-throughput' };
}

describe('goals', () => {
  it('the fewest devices', async () => {
    const placement = await placeModels(base);
    expect(placement).toMatchObject({ count: 2, proved: true, bound: 2, ended: 'proved' });
    expect(placement.devices.map(({ device, models, memoryMB }) => [device, models, memoryMB])).toEqual([
      ['gpu#1', ['a', 'c'], 1000],
      ['gpu#2', ['b'], 500],
    ]);
  });

  it('the lowest price: two small devices instead of a large one', async () => {
    const devices = [
      { name: 'large', memoryMB: 2000, price: 900 },
      { name: 'small', memoryMB: 1000, price: 400 },
    ];
    const placement = await placeModels({ ...base, devices, goal: 'min-cost' });
    expect(placement).toMatchObject({
      count: 2,
      proved: true,
      objective: { measure: 'price', value: 800, bound: 800 },
    });
    const dear = devices.map((kind) => ({ ...kind, price: kind.name === 'small' ? 500 : 900 }));
    const other = await placeModels({ ...base, devices: dear, goal: 'min-cost' });
    expect(other).toMatchObject({ count: 1, objective: { value: 900 } });
  });

  it.each([1, 2, 3, 4, 5])('the lowest price, where prices are fractions: %d', async (seed) => {
    const next = random(seed);
    const models = Array.from({ length: 8 }, (_, i) => model(`m${i}`, 20 + Math.floor(40 * next())));
    const devices = [
      { name: 'large', memoryMB: 100, price: 1.5 },
      { name: 'small', memoryMB: 60, price: 0.99 },
    ];
    const { proved, objective, devices: used } = await placeModels({ models, devices, goal: 'min-cost' });
    expect(proved).toBe(true);
    const price = used.reduce((sum, { kind }) => sum + (kind === 'large' ? 1.5 : 0.99), 0);
    expect(objective).toMatchObject({ value: price, bound: price, gapPercent: 0 });
  });

  const choices: PlacementModel = {
    name: 'a',
    configurations: [
      { name: 'small', memoryMB: 300, utilizationPercent: 50, throughput: 100, latency: 5 },
      { name: 'large', memoryMB: 800, utilizationPercent: 90, throughput: 180, latency: 9 },
    ],
  };
  const plain = model('b', 400, { utilizationPercent: 50, throughput: 10, latency: 1 });

  it('the highest throughput, which a configuration has', async () => {
    const placement = await placeModels({ models: [choices, plain], devices: [gpu], goal: 'max-throughput' });
    expect(placement).toMatchObject({ count: 2, proved: true, objective: { value: 190, bound: 190 } });
  });

  it('the highest throughput that the devices allow', async () => {
    const devices = [{ ...gpu, count: 1 }];
    const placement = await placeModels({ models: [choices, plain], devices, goal: 'max-throughput' });
    expect(placement).toMatchObject({ count: 1, proved: true, objective: { value: 110, bound: 110, gapPercent: 0 } });
    expect(placement.devices[0]!.placed[0]!.configuration.name).toBe('small');
  });

  it('the lowest latency', async () => {
    const placement = await placeModels({ models: [choices, plain], devices: [gpu], goal: 'min-latency' });
    expect(placement).toMatchObject({ count: 1, proved: true, objective: { measure: 'latency', value: 6 } });
  });
});

describe('of configurations by which as many devices do', () => {
  const a = (...configurations: PlacementModel['configurations']): PlacementModel => ({ name: 'a', configurations });
  const slow = { name: 'slow', memoryMB: 100, throughput: 10, latency: 2 };
  const fast = { name: 'fast', memoryMB: 100, throughput: 1000, latency: 5 };
  const chosen = async (request: Partial<PlacementRequest>): Promise<(string | undefined)[]> => {
    const placement = await placeModels({ ...base, ...request });
    expect(placement.proved).toBe(true);
    return placement.devices.flatMap(({ placed }) => placed.map(({ configuration }) => configuration.name));
  };

  it.each<'min-devices' | 'min-cost'>(['min-devices', 'min-cost'])('the fastest is taken: %s', async (goal) => {
    const devices = [{ ...gpu, price: 5 }];
    expect(await chosen({ models: [a(slow, fast)], devices, goal })).toEqual(['fast']);
    expect(await chosen({ models: [a(fast, slow)], devices, goal })).toEqual(['fast']);
  });

  it('one that takes more is taken, if there is room', async () => {
    const large = { ...fast, memoryMB: 500 };
    expect(await chosen({ models: [a(slow, large), model('b', 500)] })).toEqual(['fast', undefined]);
    expect(await chosen({ models: [a(slow, large), model('b', 501)] })).toEqual(['slow', undefined]);
  });

  it('none makes a device busy beyond 100 percent, or busier where it is', async () => {
    const busy = a({ ...slow, utilizationPercent: 20 }, { ...fast, utilizationPercent: 60 });
    const b = (utilizationPercent: number): PlacementModel => model('b', 1, { utilizationPercent });
    expect(await chosen({ models: [busy, b(40)] })).toEqual(['fast', undefined]);
    expect(await chosen({ models: [busy, b(41)] })).toEqual(['slow', undefined]);
    expect(await chosen({ models: [busy, b(40)], reservedUtilizationPercent: 1 })).toEqual(['slow', undefined]);
    expect(await chosen({ models: [busy, b(200)] })).toEqual(['slow', undefined]);
  });

  it('the promptest is taken where a rate is demanded, or the goal is reached by several', async () => {
    expect(await chosen({ models: [{ ...a(fast, slow), rate: 5 }] })).toEqual(['slow']);
    const prompt = { ...fast, name: 'prompt', latency: 1 };
    expect(await chosen({ models: [a(fast, prompt)], goal: 'max-throughput' })).toEqual(['prompt']);
  });
});

it('the lowest latency is proved where the linear program promises a lower one', async () => {
  const configuration = (
    memoryMB: number,
    memoryPercent: number,
    utilizationPercent: number,
    throughput: number,
    latency: number,
  ): PlacementModel['configurations'][number] => ({
    name: `${latency} ms`,
    memoryMB,
    memoryPercent,
    utilizationPercent,
    throughput,
    latency,
  });
  const models = [
    { name: 'a', configurations: [configuration(9, 29, 74, 8, 1)] },
    { name: 'b', rate: 19, configurations: [configuration(5, 44, 20, 8, 1), configuration(4, 52, 17, 19, 8)] },
    { name: 'c', rate: 4, configurations: [configuration(8, 68, 58, 11, 9), configuration(6, 52, 63, 11, 3)] },
  ];
  const placement = await placeModels({ models, devices: [{ ...gpu, memoryMB: 15, count: 2 }], goal: 'min-latency' });
  expect(placement).toMatchObject({ proved: true, objective: { value: 12, bound: 12 } });
});

describe('demands', () => {
  const demanded = {
    name: 'a',
    rate: 250,
    configurations: [{ memoryMB: 300, utilizationPercent: 80, throughput: 100 }],
  };

  it('that one copy can not carry get several, on different devices, each with its part', async () => {
    const { count, devices } = await placeModels({ models: [demanded], devices: [gpu] });
    expect(count).toBe(3);
    for (const { placed, utilizationPercent } of devices) {
      expect(placed).toHaveLength(1);
      expect(placed[0]!.rate).toBeCloseTo(250 / 3);
      expect(utilizationPercent).toBeCloseTo((80 * 250) / 300, 5);
    }
  });

  it('may be carried by copies of different configurations, each with the part that it would have among its like', async () => {
    const configurations = [
      { name: 'fast', memoryMB: 800, throughput: 50 },
      { name: 'slow', memoryMB: 300, throughput: 25 },
    ];
    const devices = [
      { ...gpu, count: 1 },
      { name: 'small', memoryMB: 400, count: 2 },
    ];
    const models = [{ name: 'a', rate: 100, configurations }];
    const placement = await placeModels({ models, devices, goal: 'max-throughput' });
    expect(placement).toMatchObject({ proved: true, objective: { value: 100 } });
    const parts = placement.devices.flatMap(({ placed }) =>
      placed.map(({ configuration, rate }) => [configuration.name, rate]),
    );
    expect(parts).toEqual([
      ['fast', 50],
      ['slow', 25],
      ['slow', 25],
    ]);
  });

  it('that copies can more than carry counts once', async () => {
    const configurations = [
      { name: 'fast', memoryMB: 800, throughput: 50 },
      { name: 'slow', memoryMB: 300, throughput: 34 },
    ];
    const devices = [
      { ...gpu, count: 1 },
      { name: 'small', memoryMB: 400, count: 2 },
    ];
    const models = [{ name: 'a', rate: 100, configurations }];
    const placement = await placeModels({ models, devices, goal: 'max-throughput' });
    expect(placement).toMatchObject({ count: 3, objective: { value: 100 } });
  });

  it('count by the load, not by what a busy device would take', async () => {
    const models = [{ ...demanded, rate: 10 }, model('b', 100, { utilizationPercent: 90, throughput: 1 })];
    const { count, devices } = await placeModels({ models, devices: [gpu], maxUtilizationPercent: 98 });
    expect(count).toBe(1);
    expect(devices[0]!.utilizationPercent).toBe(98);
  });

  it('get more copies where a limit on the utilization asks for it', async () => {
    const { count } = await placeModels({
      models: [{ ...demanded, rate: 100 }],
      devices: [gpu],
      maxUtilizationPercent: 40,
    });
    expect(count).toBe(2);
  });
});

describe('rules', () => {
  it('keep a model on its device, with its name', async () => {
    const devices = [{ name: 'gpu', memoryMB: 1000, ids: ['cuda:0', 'cuda:1', 'cuda:2'] }];
    const { devices: used } = await placeModels({ ...base, devices, pins: { b: 'cuda:2', c: 'cuda:2' } });
    expect(used.map(({ device, models }) => [device, models])).toEqual([
      ['cuda:2', ['b', 'c']],
      ['cuda:0', ['a']],
    ]);
  });

  it('keep a model with another', async () => {
    const { devices } = await placeModels({ ...base, pins: { b: 'c' } });
    expect(devices.map(({ models }) => models)).toEqual([['b', 'c'], ['a']]);
  });

  it('keep models apart', async () => {
    const { count } = await placeModels({ ...base, apart: [['a', 'b', 'c']] });
    expect(count).toBe(3);
  });

  it('leave a configuration on the device that it was measured on', async () => {
    const devices = [
      { name: 'fast', memoryMB: 1000, price: 5 },
      { name: 'slow', memoryMB: 1000, price: 1 },
    ];
    const models = [model('a', 100, { device: 'fast' }), model('b', 100)];
    const { devices: used } = await placeModels({ models, devices, goal: 'min-cost' });
    expect(used.map(({ kind }) => kind)).toEqual(['fast']);
  });

  it('count the idle server once for each device', async () => {
    const models = [model('a', 550), model('b', 550)];
    const twice = await placeModels({ models, devices: [gpu], reservedMB: 50 });
    expect(twice.count).toBe(2);
    const once = await placeModels({ models, devices: [gpu], reservedMB: 100, memoryIncludesReserved: true });
    expect(once).toMatchObject({ count: 1, devices: [{ memoryMB: 1000 }] });
  });

  it('add decimal fractions without dust', async () => {
    const models = [33.3, 33.3, 33.4].map((part, i) => model(`m${i}`, 1, { utilizationPercent: part }));
    const { count, devices } = await placeModels({ models, devices: [gpu], goal: 'max-throughput' });
    expect([count, devices[0]!.utilizationPercent]).toEqual([1, 100]);
  });
});

describe('there is no placement', () => {
  const failing = (request: Partial<PlacementRequest>) => placeModels({ ...base, ...request });

  it.each<[string, Partial<PlacementRequest>, RegExp]>([
    [
      'for want of memory',
      { devices: [{ ...gpu, count: 1 }] },
      /"a" and "b" can't be placed on 1 of gpu \(memory: 1100 MB/,
    ],
    [
      'because models are apart',
      { devices: [{ ...gpu, memoryMB: 9000, count: 1 }], apart: [['a', 'c']] },
      /"a" and "c" .*apart/,
    ],
    [
      'because of pins',
      { pins: { a: 'gpu#1', b: 'gpu#1' } },
      /"a" and "b" can't be placed on any number of gpu \(memory.*; pins\)/,
    ],
    [
      'for too many copies',
      {
        models: [{ name: 'a', rate: 9, configurations: [{ memoryMB: 1, throughput: 1 }] }],
        devices: [{ ...gpu, count: 4 }],
      },
      /"a" with all of its copies can't be placed on 4 of gpu/,
    ],
  ])('%s, and it is said why', async (_, request, expected) => {
    await expect(failing(request)).rejects.toMatchObject({
      code: 'UNSUPPORTED',
      message: expect.stringMatching(expected) as string,
    });
  });

  it.each<[string, Partial<PlacementRequest>, RegExp]>([
    // "c" and "d" stay with "b".
    ['for a rule', { apart: [['a', 'b']] }, /"a" and "b" can't be placed on 1 of gpu \(the rule that .*apart\)\. Any/],
    ['for a rule of one that stays with another', { apart: [['a', 'c']] }, /"a" and "c" can't .*apart\)\. Any/],
    [
      'for memory',
      { models: [model('a', 600), model('b', 50), model('c', 450), model('d', 100)] },
      /"a" and "c" can't be placed on 1 of gpu \(memory: 1050 MB together, a device has 1000 MB\)\. Any/,
    ],
  ])('%s, and of models that stay together those are named that matter', async (_, request, expected) => {
    const models = ['a', 'b', 'c', 'd'].map((name) => model(name, 100));
    const one = { models, devices: [{ ...gpu, count: 1 }], pins: { c: 'b', d: 'b' } };
    await expect(placeModels({ ...one, ...request })).rejects.toMatchObject({
      message: expect.stringMatching(expected) as string,
    });
  });

  it.each<[string, Partial<PlacementRequest>, RegExp]>([
    [
      'a model that is too large',
      { models: [model('big', 2000)] },
      /"big" fits on no device: memory, 2000 MB of 1000 MB/,
    ],
    [
      'what stays together and is too large',
      { models: [model('a', 600), model('b', 100), model('c', 500)], pins: { b: 'a', c: 'b' } },
      /"a" and "c", which stay together, fit on no device: memory, 1100 MB of 1000 MB/,
    ],
    [
      'what fits only where it is not pinned',
      { devices: [gpu, { name: 'small', memoryMB: 500 }], pins: { a: 'small' } },
      /"a" fits nowhere that pins and measurements leave: memory, 600 MB of 500 MB that small has/,
    ],
    [
      'what stays together and runs on different devices',
      {
        models: [model('a', 1, { device: 'gpu' }), model('b', 1, { device: 'other' }), model('c', 1)],
        devices: [gpu, { ...gpu, name: 'other' }],
        pins: { b: 'a', c: 'a' },
      },
      /"a" and "b", which stay together, can run on no device: where they may be, no device runs all of them/,
    ],
    [
      'a rate that one copy beside another model can not carry',
      {
        models: [{ name: 'a', rate: 9, configurations: [{ memoryMB: 1, throughput: 1 }] }, model('b', 1)],
        pins: { b: 'a' },
      },
      /"a" and "b" stay together, so that one copy of each must do, but one of "a" can't carry its rate/,
    ],
    ['no model', { models: [] }, /no model/],
    ['no device', { devices: [] }, /no device/],
    ['two models of a name', { models: [model('a', 1), model('a', 2)] }, /"a" is there twice/],
    ['NaN', { models: [model('a', NaN)] }, /memoryMB: .*NaN/],
    ['a negative figure', { models: [model('a', -1)] }, /memoryMB/],
    ['pins in a circle', { pins: { a: 'b', b: 'c', c: 'a' } }, /circle: a → b → c → a/],
    ['a pin to nothing', { pins: { a: 'tpu' } }, /"tpu", which is no device and no model/],
    ['a pin of nobody', { pins: { x: 'gpu' } }, /no model "x"/],
    ['a pin to no number of a device', { pins: { a: 'gpu#01' } }, /"gpu#01", which is no device and no model/],
    ['a pin to a number in other words', { pins: { a: 'gpu#1e0' } }, /"gpu#1e0", which is no device/],
    [
      'what is idle takes all',
      { maxUtilizationPercent: 80, reservedUtilizationPercent: 80, models: [model('a', 1, { utilizationPercent: 1 })] },
      /limited to 80 %, of which the idle device takes 80 %/,
    ],
    ['a device beyond the last', { devices: [{ ...gpu, count: 2 }], pins: { a: 'gpu#3' } }, /of gpu there are 2/],
    ['apart and together', { pins: { a: 'b' }, apart: [['a', 'b']] }, /pinned together, and are to be apart/],
    ['apart on one device', { pins: { a: 'gpu#1', c: 'gpu#1' }, apart: [['a', 'c']] }, /both pinned to gpu#1/],
    ['an unknown device', { models: [model('a', 1, { device: 'tpu' })] }, /measured on tpu, which is not among/],
    ['no price', { goal: 'min-cost' }, /needs the price of gpu/],
    ['a limit on what is not known', { maxUtilizationPercent: 80 }, /"a" has no utilizationPercent/],
    ['all of it reserved', { reservedMB: 1000 }, /leaves nothing/],
    ['less than it includes', { reservedMB: 450, memoryIncludesReserved: true }, /"c" takes less memory/],
  ])('%s is refused', async (_, request, expected) => {
    await expect(failing(request)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(expected) as string,
    });
  });
});

describe('the search', () => {
  it('ends when the time is up, with a placement and a bound', async () => {
    const placement = await placeModels({ ...hard(60), timeLimit: 1 });
    expect(placement).toMatchObject({ proved: false, ended: 'time limit' });
    expect(placement.count).toBeGreaterThan(placement.bound);
    expect(placement.objective).toBeUndefined();
  });

  it('ends when it is aborted, with a placement and a bound', async () => {
    const stop = new AbortController();
    const placement = await placeModels({ ...hard(60), signal: stop.signal, onProgress: () => stop.abort() });
    expect(placement).toMatchObject({ proved: false, ended: 'aborted' });
  });

  it('tells how far it has come', async () => {
    const seen: PlacementProgress[] = [];
    const { count } = await placeModels({ ...hard(14), onProgress: (progress) => seen.push(progress) });
    expect(seen.at(-1)).toEqual({ count, bound: count });
    for (const [i, { bound }] of seen.entries()) expect(bound).toBeGreaterThanOrEqual(seen[i - 1]?.bound ?? 0);
  });

  // In the time that a user waits, with much to spare here.
  it('places 50 models with five configurations each on no more than one device above the bound', async () => {
    const { models, devices: kinds } = hard(250);
    const together = Array.from({ length: 50 }, (_, i): PlacementModel => {
      const configurations = models.slice(5 * i, 5 * i + 5).flatMap((each) => each.configurations);
      return { name: `m${i}`, configurations: configurations.map((each, at) => ({ ...each, name: `c${at}` })) };
    });
    const { count, bound, devices } = await placeModels({
      models: together,
      devices: kinds,
      maxMemoryPercent: 100,
      maxUtilizationPercent: 100,
      timeLimit: 60_000,
    });
    expect(count).toBeLessThanOrEqual(bound + 1);
    expect(devices.flatMap((device) => device.models)).toHaveLength(50);
  }, 120_000);

  it('proves 30 models', async () => {
    const placement = await placeModels(hard(30));
    expect(placement).toMatchObject({ proved: true, bound: placement.count });
  });
});
