/** `accelnode bench --vs`: what differs, and whether that is more than chance. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, describe, expect, it } from 'vitest';

import { FIGURES, isSignificant, pairedRatio, unpairedRatio } from '../../build-ts/measure/comparison.js';
import type { Ratio } from '../../build-ts/measure/comparison.js';
import type { Results } from '../../build-ts/results/results.js';
import type { ResultRow } from '../../build-ts/results/row.js';
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
function figures(next: () => number, middle: number, spread: number): number[] {
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
  return Array.from({ length: FIGURES }, () => middle * Math.exp(spread * normal()));
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
    ['in turns', pairedRatio, 0.9395, 0.9605],
    ['of another time', unpairedRatio, 0.9395, 0.975],
  ])('has the true ratio in it as often as it says: %s', (_, ratioOf, least, most) => {
    const next = random(3);
    const tries = 4000;
    let covered = 0;
    for (let i = 0; i < tries; i++) {
      const { low, high } = ratioOf(figures(next, 100, 0.05), figures(next, 110, 0.05));
      if (low <= 1.1 && 1.1 <= high) covered++;
    }
    expect(covered / tries).toBeGreaterThan(least);
    expect(covered / tries).toBeLessThan(most);
  });
});

describe('the command', () => {
  interface Comparison {
    inTurns: boolean;
    a: ResultRow[];
    b: ResultRow[];
    throughput: Ratio;
    latency: Ratio;
    verdict: string;
  }

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
      [['-o', join(folder, 'out.json')], 'no use of --output'],
    ] as const) {
      expect((await failureOf(accelnode, 2, ...bench, ...args, '--vs', 'null:1')).message).toContain(words);
    }
    const unknown = await failureOf(accelnode, 2, ...bench, '--vs', 'tpu:0');
    expect(unknown.message).toContain('There is no backend "tpu"');
  });
});
