/** `accelnode bench --vs`: what differs, and whether that is more than chance. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, describe, expect, it } from 'vitest';

import { comparisonText } from '../../build-ts/cli/bench/compare.js';
import { compareTurns } from '../../build-ts/cli/bench/comparison.js';
import type { Comparison } from '../../build-ts/cli/bench/comparison.js';
import { interferenceText } from '../../build-ts/cli/bench/interference.js';
import type { BenchCommandOptions } from '../../build-ts/cli/bench/measure-configurations.js';
import { forOneTurn, inTurns } from '../../build-ts/cli/bench/turns.js';
import {
  FEWEST_FIGURES,
  FIGURES,
  isSignificant,
  orderOfTurns,
  pairedRatio,
  unpairedRatio,
} from '../../build-ts/measure/comparison.js';
import type { Ratio, Side } from '../../build-ts/measure/comparison.js';
import { describeEnvironment } from '../../build-ts/results/environment.js';
import type { Results } from '../../build-ts/results/results.js';
import type { ResultRow } from '../../build-ts/results/row.js';
import { runScript } from '../utils/child.js';
import { command, expectPlain, failureOf, jsonOf } from '../utils/command.js';

/** Numbers that look random, the same in each run: xorshift. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/** Figures that spread normally about the logarithm of `middle`. */
function figures(next: () => number, middle: number, spread: number, length = FIGURES): number[] {
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
  return Array.from({ length }, () => middle * Math.exp(spread * normal()));
}

describe('the interval', () => {
  it('is a point where nothing varies', () => {
    const same = Array.from({ length: FIGURES }, () => 5);
    const double = same.map((figure) => 2 * figure);
    for (const ratioOf of [pairedRatio, unpairedRatio]) {
      expect(ratioOf(same, same)).toEqual({ value: 1, low: 1, high: 1 });
      const { value, low, high } = ratioOf(same, double);
      for (const each of [value, low, high]) expect(each).toBeCloseTo(2, 12);
    }
  });

  it('is not widened by what both sides of a round meet', () => {
    const rounds = figures(random(1), 100, 1);
    const faster = rounds.map((figure, i) => figure * (i % 2 === 0 ? 1.04 : 1.06));
    expect(isSignificant(pairedRatio(rounds, faster))).toBe(true);
    expect(isSignificant(unpairedRatio(rounds, faster))).toBe(false);
  });

  it('turned round says the same', () => {
    const next = random(2);
    const [a, b] = [figures(next, 10, 0.1), figures(next, 12, 0.2)];
    for (const ratioOf of [pairedRatio, unpairedRatio]) {
      const [there, back] = [ratioOf(a, b), ratioOf(b, a)];
      expect(back.value).toBeCloseTo(1 / there.value, 12);
      expect(back.low).toBeCloseTo(1 / there.high, 12);
    }
  });

  // Of 4000, 95 % with a standard deviation of 0.34 %.
  it.each<[string, (a: number[], b: number[]) => Ratio, number, number]>([
    ['of another time', unpairedRatio, FIGURES, 0.975],
    ...Array.from({ length: FIGURES - FEWEST_FIGURES + 1 }, (_, i): [string, typeof pairedRatio, number, number] => {
      const rounds = FEWEST_FIGURES + i;
      return [`in ${rounds} turns`, pairedRatio, rounds, 0.9605];
    }),
  ])('has the true ratio in it as often as it says: %s', (_, ratioOf, count, most) => {
    const least = 0.9395;
    const next = random(3);
    const tries = 4000;
    let covered = 0;
    for (let i = 0; i < tries; i++) {
      const { low, high } = ratioOf(figures(next, 100, 0.05, count), figures(next, 110, 0.05, count));
      if (low <= 1.1 && 1.1 <= high) covered++;
    }
    expect(covered / tries).toBeGreaterThan(least);
    expect(covered / tries).toBeLessThan(most);
  });
});

describe('turns', () => {
  const firsts = (order: ReturnType<typeof orderOfTurns>): Side[] => order.map(([first]) => first);

  it('have each side in each round, and first in as many; which, chance decides', () => {
    const next = random(7);
    const orders = Array.from({ length: 20 }, () => orderOfTurns(next));
    for (const order of orders) {
      for (const round of order) expect([...round].sort()).toEqual(['a', 'b']);
      expect(firsts(order).sort().join('')).toBe('aaaaabbbbb');
    }
    expect(new Set(orders.map((order) => firsts(order).join(''))).size).toBeGreaterThan(10);
    for (let round = 0; round < FIGURES; round++) {
      expect(new Set(orders.map((order) => order[round]![0])), `round ${round}`).toEqual(new Set(['a', 'b']));
    }
  });

  it('are taken in that order, and what is measured is kept by side', async () => {
    const order = orderOfTurns(random(5));
    const taken: Side[] = [];
    const { a, b, interrupted } = await inTurns((side) => {
      taken.push(side);
      return Promise.resolve(`${side}${taken.filter((each) => each === side).length}`);
    }, order);
    expect(taken).toEqual(order.flat());
    expect(interrupted).toBe(false);
    for (const [side, found] of Object.entries({ a, b })) {
      expect(found).toEqual(Array.from({ length: FIGURES }, (_, i) => `${side}${i + 1}`));
    }
  });

  it('take as long in all as was asked for', () => {
    const options = { duration: 2, warmup: 200, minRuns: 25, maxDuration: 5, tolerance: 10 } as BenchCommandOptions;
    expect(forOneTurn(options)).toEqual({ duration: 0.2, warmup: 20, minRuns: 3, maxDuration: 0.5, tolerance: 10 });
  });

  /** Turns of which this one, counted from 1, is stopped by a signal. */
  async function stoppedAt(turn: number, signal: string): ReturnType<typeof runScript> {
    return runScript(`
      import { AccelError } from './build-ts/index.js';
      import { interruptible } from './build-ts/cli/interrupt.js';
      import { inTurns } from './build-ts/cli/bench/turns.js';
      let turn = 0;
      const measure = (side) => interruptible((signal) => new Promise((resolve, reject) => {
        if (++turn < ${turn}) return resolve(turn);
        signal.addEventListener('abort', () => reject(new AccelError('CANCELLED', 'stopped')));
        process.kill(process.pid, '${signal}');
        setInterval(() => undefined, 1000);
      }));
      const order = Array.from({ length: ${FIGURES} }, () => ['a', 'b']);
      const print = (found) => console.log(JSON.stringify(found));
      inTurns(measure, order).then(print, ({ code }) => print(code)).finally(() => process.exit());
    `);
  }

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ])('keep whole rounds when %s comes', async (signal, status) => {
    const { code, stdout } = await stoppedAt(8, signal);
    expect(JSON.parse(stdout)).toEqual({ a: [1, 3, 5], b: [2, 4, 6], interrupted: true });
    expect(code).toBe(status);
  });

  it.each([3, 4])('are none when a signal comes in turn %d', async (turn) => {
    const { code, stdout } = await stoppedAt(turn, 'SIGINT');
    expect({ code, said: JSON.parse(stdout) as unknown }).toEqual({ code: 130, said: 'CANCELLED' });
  });
});

describe('what is said of turns', () => {
  const LATENCY = { min: 1, max: 1, p50: 1, p90: 1, p95: 1, cv: 0 };
  const closed = { kind: 'closed', concurrency: 1 } as const;
  const open = { kind: 'open', rate: 5, arrivals: 'constant' } as const;

  /** Rows of a side, which vary by a percent. */
  function rowsOf(device: string, rate: number, seed: number, load: ResultRow['load'], batch = 1): ResultRow[] {
    return figures(random(seed), rate, 0.01).map((throughput) => ({
      model: 'm',
      backend: 'null',
      device,
      batch,
      shapes: {},
      lanes: 1,
      load,
      api: 'native',
      memory: 'host',
      requests: 10,
      duration: 1,
      throughput,
      samplesPerSecond: throughput * batch,
      latency: { ...LATENCY, mean: 1000 / throughput, p99: 2000 / throughput },
      breakdown: {},
      resources: {},
    }));
  }

  function compared(a: number, b: number, load: ResultRow['load'] = closed, interrupted = false): Comparison {
    const turns = { a: rowsOf('null:0', a, 1, load), b: rowsOf('null:1', b, 2, load), interrupted };
    return compareTurns(describeEnvironment({}), turns);
  }

  it.each([
    [100, 150, 'B'],
    [150, 100, 'A'],
    [100, 103, 'B'],
    [103, 100, 'A'],
    [100, 100, 'none'],
  ] as const)('of %d and %d requests a second: %s', (a, b, verdict) => {
    for (const load of [closed, open]) {
      const comparison = compared(a, b, load);
      expect(comparison.verdict).toBe(verdict);
      expect(comparison.throughput.value).toBeCloseTo(b / a, 1);
      expect(comparison.latency.value).toBeCloseTo(a / b, 1);
      const by = load === open ? 'latency' : 'throughput';
      const said = verdict === 'none' ? 'no difference can be told' : `${verdict} is better`;
      expect(comparisonText(comparison)).toContain(`\nBy ${by}, ${said}.\nMeasured in 10 rounds, in turns.`);
    }
  });

  it('by latency under an open load, where the throughput is what was asked for', () => {
    const [a, b] = [rowsOf('null:0', 100, 1, open), rowsOf('null:1', 100, 2, open)];
    const faster = b.map((row) => ({ ...row, latency: { ...row.latency, mean: row.latency.mean / 2 } }));
    expect(compareTurns(describeEnvironment({}), { a, b: faster, interrupted: false }).verdict).toBe('B');
  });

  it('by samples, where the batches differ', () => {
    const [a, b] = [rowsOf('null:0', 100, 1, closed, 1), rowsOf('null:0', 50, 2, closed, 4)];
    const { verdict, throughput } = compareTurns(describeEnvironment({}), { a, b, interrupted: false });
    expect(verdict).toBe('B');
    expect(throughput.value).toBeCloseTo(2, 1);
  });

  it('names A and B, and by how much B is off', () => {
    const lines = comparisonText(compared(100, 200)).split('\n');
    expect(lines.slice(0, 2)).toEqual([
      'A  m on null:0, batch 1, 1 lane, 1 in flight, host memory',
      'B  m on null:1, batch 1, 1 lane, 1 in flight, host memory',
    ]);
    expect(lines.join('\n')).toMatch(/^samples\/s +(9\d|10\d)\.\d+ +(19\d|20\d)\.\d+ +\+(9\d|10\d)\.\d %/m);
    expect(lines.join('\n')).toMatch(/^mean latency \(ms\) +(9|10)\.\d+ +[45]\.\d+ +-(49|50)\.\d %/m);
  });

  it('says that it was interrupted', () => {
    expect(comparisonText(compared(100, 200, closed, true))).toMatch(
      /\nInterrupted: measured in 10 of 10 rounds, in turns\.$/,
    );
    expect(comparisonText(compared(100, 200))).not.toContain('nterrupted');
  });

  it.each([
    [100, 50, 'By throughput, slower beside o@4x, p@5rps.'],
    [50, 100, 'By throughput, faster beside o@4x, p@5rps.'],
    [100, 100, 'By throughput, no difference can be told.'],
  ])('beside other models: %d requests a second alone, %d beside them', (alone, beside, said) => {
    const comparison = compared(alone, beside);
    const neighbours = [
      { model: 'o', device: 'null:0', load: { kind: 'closed', concurrency: 4 } as const },
      { model: 'p', device: 'null:0', load: open },
    ];
    for (const row of comparison.b) row.beside = neighbours;
    const others = neighbours.map(({ model, load }, i) =>
      rowsOf('null:0', 30, 3 + i, load).map((row) => ({ ...row, model, ...(i === 1 ? { unsent: 2 } : {}) })),
    );
    const text = interferenceText({ ...comparison, others });
    expect(text).toContain(`\n${said}\n`);
    const [, ...cells] = /^requests\/s +([\d.]+) +([\d.]+) +([\d.]+) +([\d.]+) to ([\d.]+)$/m.exec(text)!;
    const [first, second, ratio, low, high] = cells.map(Number) as [number, number, number, number, number];
    expect(first / alone).toBeCloseTo(1, 1);
    expect(second / beside).toBeCloseTo(1, 1);
    expect(ratio / (beside / alone)).toBeCloseTo(1, 1);
    expect(low).toBeLessThanOrEqual(ratio);
    expect(high).toBeGreaterThanOrEqual(ratio);
    expect(text).toMatch(/^o +4 in flight +[\d.]+ +[\d.]+ +[\d.]+$/m);
    expect(text).toMatch(/^p +5\/s +[\d.]+ +[\d.]+ +[\d.]+ +20$/m);
  });
});

describe('the command', () => {
  const folder = mkdtempSync(join(tmpdir(), 'accelnode-compare-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const accelnode = command();
  const model = join(folder, 'model.null.json');
  writeFileSync(
    model,
    JSON.stringify({
      model: 'busy',
      wait: 'sleep',
      durationMs: 1,
      inputs: [{ name: 'x', type: 'float32', shape: [-1, 4] }],
    }),
  );
  const saved = join(folder, 'saved.json');
  const bench = ['bench', model, '-d', 'null:0', '-t', '0', '--warmup', '0', '--min-runs', '30'];

  /** A file of results like those of this machine, but so many times as fast. */
  async function save(factor: number, change: (results: Results) => void = () => undefined): Promise<void> {
    const results = await jsonOf<Results>(accelnode, 0, ...bench);
    for (const { windows } of results.rows) {
      windows!.throughput = windows!.throughput.map((figure) => figure * factor);
      windows!.latency = windows!.latency.map((figure) => figure / factor);
    }
    change(results);
    writeFileSync(saved, JSON.stringify(results));
  }

  it('measures two devices in turns', async () => {
    const { inTurns, a, b, throughput } = await jsonOf<Comparison>(accelnode, 0, ...bench, '--vs', 'null:1');
    expect(inTurns).toBe(true);
    expect(a.map(({ device }) => device)).toEqual(Array.from({ length: FIGURES }, () => 'null:0'));
    expect(b.map(({ device }) => device)).toEqual(Array.from({ length: FIGURES }, () => 'null:1'));
    const ratios = a.map((row, i) => b[i]!.throughput / row.throughput);
    expect(throughput.value).toBeGreaterThanOrEqual(Math.min(...ratios));
    expect(throughput.value).toBeLessThanOrEqual(Math.max(...ratios));
  });

  it('writes what it prints: JSON, or a row for each turn as CSV', async () => {
    const [asJson, asCsv] = [join(folder, 'vs.json'), join(folder, 'vs.csv')];
    const comparison = await jsonOf<Comparison>(accelnode, 0, ...bench, '--vs', 'null:1', '-o', asJson);
    expect(JSON.parse(readFileSync(asJson, 'utf8'))).toEqual(comparison);
    const { stdout } = await accelnode(...bench, '--vs', 'null:1', '--csv', '-o', asCsv);
    expect(readFileSync(asCsv, 'utf8')).toBe(stdout);
    const [head, ...lines] = stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.split(','));
    const devices = lines.map((cells) => cells[head!.indexOf('Device')]);
    expect(devices).toEqual([...Array<string>(FIGURES).fill('null:0'), ...Array<string>(FIGURES).fill('null:1')]);
  });

  it.each([
    [1000, 1],
    [1 / 1000, -1],
  ])('tells how far a file is off, and gives no verdict: %d times as fast', async (factor, direction) => {
    await save(factor);
    const comparison = await jsonOf<Comparison>(accelnode, 0, ...bench, '--vs', saved);
    expect(comparison).toMatchObject({ inTurns: false, verdict: 'none' });
    expect(Math.sign(Math.log(comparison.throughput.value))).toBe(direction);
    const plain = await accelnode(...bench, '--vs', saved);
    expectPlain(plain, 0);
    expect(plain.stdout).toMatch(/B was measured at another time[^]*there is no verdict/);
    expect(plain.stdout).not.toContain('is better');
  });

  it('looks at samples, whatever the batch', async () => {
    await save(1, ({ rows }) => {
      rows[0]!.batch = 1000;
    });
    const { throughput } = await jsonOf<Comparison>(accelnode, 0, ...bench, '--vs', saved);
    expect(throughput.value).toBeGreaterThan(10);
  });

  it('takes what was measured alone, not beside other models', async () => {
    await save(1000, ({ rows }) => {
      const [alone] = rows as [Results['rows'][number]];
      const slow = { throughput: Array<number>(FIGURES).fill(1e-3), latency: Array<number>(FIGURES).fill(1e3) };
      const { model, device, load } = alone;
      rows.push({ ...alone, windows: slow, beside: [{ model, device, load }] });
    });
    const { throughput } = await jsonOf<Comparison>(accelnode, 0, ...bench, '--vs', saved);
    expect(throughput.value).toBeGreaterThan(10);
  });

  it('says what else differs from what is in a file', async () => {
    await save(1, ({ rows }) => {
      Object.assign(rows[0]!, { load: { kind: 'closed', concurrency: 4 }, hint: 'latency', shapes: { x: [1, 8] } });
    });
    const { stdout } = await accelnode(...bench, '--vs', saved);
    expect(stdout).toMatch(/^A {2}model\.null\.json on null:0, batch 1, 1 lane, 1 in flight, host memory$/m);
    expect(stdout.split('\n').filter((line) => line.startsWith('B was measured with'))).toEqual([
      'B was measured with x 1×8, A with x 1×4.',
      'B was measured with 4 in flight, A with 1 in flight.',
      'B was measured with the hint latency, A with no hint.',
    ]);
    await save(1);
    expect((await accelnode(...bench, '--vs', saved)).stdout).not.toContain('B was measured with');
  });

  it('takes of several results the one that was measured in the same way', async () => {
    await save(1000, ({ rows }) => {
      const [first] = rows as [Results['rows'][number]];
      const slow = { throughput: Array<number>(FIGURES).fill(1e-3), latency: Array<number>(FIGURES).fill(1e3) };
      rows.push({ ...first, windows: slow, hint: 'throughput' }, { ...first, windows: slow, shapes: { x: [1, 8] } });
    });
    const { throughput } = await jsonOf<Comparison>(accelnode, 0, ...bench, '--vs', saved);
    expect(throughput.value).toBeGreaterThan(10);
  });

  it('looks at latency under an open load', async () => {
    const { stdout } = await accelnode(...bench, '-r', '500', '--vs', 'null:1');
    expect(stdout).toMatch(/By latency, (no difference can be told|[AB] is better)\./);
  });

  it('refuses what can’t be compared', async () => {
    await save(1, ({ rows }) => {
      delete rows[0]!.windows;
    });
    const few = await failureOf(accelnode, 2, ...bench, '--vs', saved);
    expect(few.message).toContain('has too few requests');
    await save(1, ({ rows }) => rows[0]!.windows!.latency.fill(0));
    expect((await failureOf(accelnode, 2, ...bench, '--vs', saved)).message).toContain('has too few requests');
    await save(1, ({ rows }) => void rows.push(rows[0]!));
    expect((await failureOf(accelnode, 2, ...bench, '--vs', saved)).message).toContain('2 of the 2 results');
    writeFileSync(saved, readFileSync(saved, 'utf8').replace('"version":1', '"version":9'));
    expect((await failureOf(accelnode, 2, ...bench, '--vs', saved)).message).toContain('version 9');
    for (const [args, words] of [
      [['-b', '1,2'], 'the lists name several'],
      [['--profile'], 'no use of --profile'],
      [['--export-times', join(folder, 'times.csv')], 'no use of --export-times'],
    ] as const) {
      expect((await failureOf(accelnode, 2, ...bench, ...args, '--vs', 'null:1')).message).toContain(words);
    }
    const table = await failureOf(accelnode, 2, ...bench, '--vs', 'before.csv');
    expect(table.message).toContain("--vs can't read before.csv");
    const unknown = await failureOf(accelnode, 2, ...bench, '--vs', 'tpu:0');
    expect(unknown.message).toContain('There is no backend "tpu"');
  });
});
