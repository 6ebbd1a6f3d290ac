/** What `bench` and `analyze` say of a device and of their process: on null devices, which do what they are told. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { NullModel } from 'accelnode';
import { afterAll, describe, expect, it } from 'vitest';

import type { Analysis } from '../../build-ts/analyze/analysis.js';
import type { Results } from '../../build-ts/results/results.js';
import { runScript } from '../utils/child.js';
import { command, expectPlain, failureOf, jsonOf } from '../utils/command.js';

const folder = mkdtempSync(join(tmpdir(), 'accelnode-sampling-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Bytes, watts, percent and degrees of the devices without a model. */
const accelnode = command({ ACCELNODE_NULL_IDLE: '1048576,10,2,30' });
const withoutIdle = command({ ACCELNODE_NULL_IDLE: undefined });
/** So short that there is hardly a sample between the first and the last. */
const short = ['-d', 'null:0', '-t', '0', '--warmup', '0', '--min-runs', '4'];

const use = { utilization: 30, power: 40, temperature: 61, memory: 2 ** 21 };

function modelFile(name: string, spec: Partial<NullModel>): string {
  const path = join(folder, `${name}.null.json`);
  const inputs = [{ name: 'x', type: 'float32', shape: [-1, 4] }];
  writeFileSync(path, JSON.stringify({ model: 'echo', inputs, ...spec }));
  return path;
}

const rowsOf = async (accelnode: ReturnType<typeof command>, ...args: string[]): Promise<Results['rows']> =>
  (await jsonOf<Results>(accelnode, 0, 'bench', ...args)).rows;

describe('bench', () => {
  it('has what the device did, beside what it did before any model was loaded', async () => {
    const rows = await rowsOf(accelnode, modelFile('busy', { use }), ...short, '-l', '1,2,4');
    for (const { resources } of rows) {
      expect(resources).toMatchObject({
        deviceMemory: 2 ** 21,
        deviceMemoryIs: 'difference',
        power: 50,
        temperature: 61,
        idle: { deviceMemory: 2 ** 20, deviceUtilization: 2, power: 10 },
      });
      const { interval, samples, took } = resources.sampling!;
      expect(interval).toBe(100);
      expect(samples).toBeGreaterThanOrEqual(2);
      expect(took).toBeGreaterThan(0);
      expect(resources.rss).toBeGreaterThan(0);
      expect(resources.cpu).toBeGreaterThanOrEqual(0);
    }
    // 30 % for each lane, and 2 % of others'; no device does more than it can.
    expect(rows.map(({ resources }) => resources.deviceUtilization)).toEqual([32, 62, 100]);
  });

  it('says what taking the samples took of the processor', async () => {
    const [row] = await rowsOf(accelnode, modelFile('overhead', { use }), ...short, '--sample-interval', '10');
    expect(row!.resources.sampling!.interval).toBe(10);
    const { overhead } = row!.resources.sampling!;
    // Windows counts by 15 ms, and so may find nothing.
    if (process.platform !== 'win32') expect(overhead).toBeGreaterThan(0);
    // The thread that takes them is one of the process's.
    expect(overhead).toBeLessThanOrEqual(row!.resources.cpu!);
  });

  it('takes the count of a vendor that has one for the model', async () => {
    const path = modelFile('counted', { use, memory: { device: 5000 } });
    const [row] = await rowsOf(accelnode, path, ...short);
    expect(row!.resources).toMatchObject({ deviceMemory: 5000, deviceMemoryIs: 'counted' });
  });

  it('prints them, and writes them to the columns that other tools have', async () => {
    const path = modelFile('columns', { use });
    const plain = await accelnode('bench', path, ...short, '-l', '1');
    expectPlain(plain, 0);
    expect(plain.stdout).toMatch(/^device memory {5}2\.0 MB more than before, whoever uses it$/m);
    expect(plain.stdout).toMatch(/^device {12}32\.0 % busy \(idle: 2 %\), 50\.0 W \(idle: 10 W\), 61 °C$/m);
    expect(plain.stdout).toMatch(/^samples {11}\d+, every 100 ms: [\d.]+ ms each, [\d.]+ % of a core$/m);
    expect(await cellsOf(accelnode, path)).toMatchObject({
      'Max device memory (MB)': '2',
      'Avg device utilisation (%)': '32',
      'Avg power (W)': '50',
      'Max temperature (C)': '61',
    });
  });

  it('leaves empty what nobody tells, and has 0 where that was told', async () => {
    const device = [
      'Max device memory (MB)',
      'Avg device utilisation (%)',
      'Avg power (W)',
      'Max temperature (C)',
    ] as const;
    const silent = await cellsOf(withoutIdle, modelFile('silent', {}));
    expect(device.map((name) => silent[name])).toEqual(['', '', '', '']);
    const idle = { utilization: 0, power: 0, temperature: 0 };
    const zero = await cellsOf(withoutIdle, modelFile('zero', { use: idle }));
    expect(device.map((name) => zero[name])).toEqual(['', '0', '0', '0']);
    const [row] = await rowsOf(withoutIdle, modelFile('silent', {}), ...short);
    const told = Object.keys(row!.resources).sort();
    expect(told).toEqual(['cpu', 'rss', 'sampling']);
  });

  it.each([1, 2])('goes on when the device can’t be looked at for the %dth time, and says so once', async (failAt) => {
    const [row] = await rowsOf(accelnode, modelFile('failing', { use: { ...use, failAt } }), ...short);
    const words = "The null device can't be looked at, as it was told.";
    expect(row!.warnings!.filter((warning) => warning === words)).toHaveLength(1);
    expect(row!.requests).toBe(4);
    expect(row!.resources).toMatchObject({ temperature: 61, deviceMemory: 2 ** 21 });
  });

  it('measures without a device that can’t be looked at at all', async () => {
    const broken = command({ ACCELNODE_NULL_IDLE: 'garbage' });
    const [row] = await rowsOf(broken, modelFile('broken', { use }), ...short);
    expect(row!.warnings!.filter((warning) => warning.includes('ACCELNODE_NULL_IDLE'))).toHaveLength(1);
    expect(row!.resources).not.toHaveProperty('power');
    expect(row!.resources).not.toHaveProperty('idle');
    expect(row!.resources.sampling!.samples).toBeGreaterThanOrEqual(2);
  });

  it.each(['9', '60001', '-1', 'often', ''])('refuses to sample every "%s" ms', async (interval) => {
    const args = ['bench', modelFile('refused', {}), ...short, '--sample-interval', interval];
    const error = await failureOf(accelnode, 2, ...args);
    expect(error.message).toMatch(/--sample-interval/);
  });

  async function cellsOf(accelnode: ReturnType<typeof command>, path: string): Promise<Record<string, string>> {
    const { stdout } = await accelnode('bench', path, ...short, '-l', '1', '--csv');
    const [head, line] = stdout.trimEnd().split('\n');
    const cells = line!.split(',');
    return Object.fromEntries(head!.split(',').map((name, i) => [name, cells[i]!]));
  }
});

describe('analyze', () => {
  const grid = [...short, '--search', 'brute', '-b', '1', '-l', '1,2,4', '-c', '4'];
  const satisfying = ({ measurements }: Analysis): [lanes: number, satisfies: boolean | undefined][] =>
    measurements
      .filter(({ configuration }) => configuration.concurrency === 4)
      .map((each) => [each.configuration.lanes, each.outcome === 'measured' ? each.satisfies : undefined]);

  it('keeps a limit on the utilisation exactly', async () => {
    const output = join(folder, 'limited');
    const path = modelFile('limited', { use, model: 'busy', wait: 'sleep', durationMs: 5 });
    const result = await accelnode('analyze', path, ...grid, '--max-utilization', '62', '-o', output);
    expect({ code: result.code }, result.stderr).toEqual({ code: 0 });
    const analysis = JSON.parse(readFileSync(join(output, 'analysis.json'), 'utf8')) as Analysis;
    expect(satisfying(analysis)).toEqual([
      [1, true],
      [2, true],
      [4, false],
    ]);
    expect(result.stdout).toMatch(/limited with batch 1 on 2 lanes/);
    const [head, ...lines] = readFileSync(join(output, 'analysis.csv'), 'utf8').trimEnd().split('\n');
    const columns = head!.split(',');
    const figures = (name: string): string[] => lines.map((line) => line.split(',')[columns.indexOf(name)]!);
    expect(new Set(figures('Average Device Utilization (%)'))).toEqual(new Set(['32', '62', '100']));
    expect(new Set(figures('Average Device Power Usage (W)'))).toEqual(new Set(['50']));
    expect(new Set(figures('Max Device Memory Usage (MB)'))).toEqual(new Set(['2']));
    const { rows } = JSON.parse(readFileSync(join(output, 'results.json'), 'utf8')) as Results;
    for (const { resources } of rows) expect(resources.sampling!.interval).toBe(100);
  });

  it('can show no limit to be kept that nobody measured', async () => {
    const path = modelFile('unknown', {});
    const args = ['analyze', path, ...grid, '--max-utilization', '62', '--sample-interval', '20'];
    const analysis = await jsonOf<Analysis>(withoutIdle, 0, ...args);
    expect(satisfying(analysis).map(([, satisfies]) => satisfies)).toEqual([undefined, undefined, undefined]);
    for (const each of analysis.measurements) {
      expect(each).toMatchObject({ row: { resources: { sampling: { interval: 20 } } } });
    }
  });
});

describe('the thread that takes the samples ends', () => {
  const head = `
    import { Session } from './build-ts/index.js';
    import { sampled } from './build-ts/measure/sampling.js';
    const model = { null: { model: 'echo', inputs: [{ name: 'x', type: 'float32', shape: [4] }] } };
    const session = await Session.load(model, { device: 'null:0' });
  `;

  it('with the work, however that ends', async () => {
    // The process would not end before the thread has.
    const { stdout, stderr, code } = await runScript(`${head}
      const { value, resources } = await sampled(session, 60_000, async () => 7);
      const failed = await sampled(session, 60_000, () => Promise.reject(new Error('no'))).catch((error) => error.message);
      const thrown = await sampled(session, 60_000, () => { throw new Error('at once'); }).catch((error) => error.message);
      console.log(JSON.stringify([value, resources.sampling.samples, failed, thrown]));
    `);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse(stdout)).toEqual([7, 2, 'no', 'at once']);
  });

  it('with the process', async () => {
    const { stdout, stderr, code } = await runScript(`${head}
      await sampled(session, 10, () => { console.log('working'); process.exit(3); });
    `);
    expect({ code, stdout, stderr }).toEqual({ code: 3, stdout: 'working\n', stderr: '' });
  });

  it('with its worker', async () => {
    const { stdout, stderr, code } = await runScript(`
      import { readFileSync, readdirSync } from 'node:fs';
      import { Worker } from 'node:worker_threads';
      const isSampler = (task) => readFileSync('/proc/self/task/' + task + '/comm', 'utf8') === 'accel-sample\\n';
      const source = ${JSON.stringify(`
        const { parentPort } = require('node:worker_threads');
        const { Session } = require(process.cwd() + "/build-ts/index.js");
        const { sampled } = require(process.cwd() + '/build-ts/measure/sampling.js');
        const model = { null: { model: 'echo', inputs: [{ name: 'x', type: 'float32', shape: [4] }] } };
        Session.load(model, { device: 'null:0' }).then((session) => {
          const endless = () => { parentPort.postMessage('working'); return new Promise(() => undefined); };
          for (const interval of [10, 60_000]) void sampled(session, interval, endless);
        });
      `)};
      for (let i = 0; i < 10; i++) {
        const worker = new Worker(source, { eval: true, execArgv: [] });
        // While the second sampling begins, or when both are at work.
        let missing = 1 + (i % 2);
        await new Promise((resolve, reject) => {
          worker.on('message', () => --missing === 0 && resolve()).on('error', reject);
        });
        await worker.terminate();
        // One that is left to itself would go on until the process ends.
        if (process.platform !== 'linux') continue;
        const left = readdirSync('/proc/self/task').filter(isSampler);
        if (left.length > 0) throw new Error(left.length + ' threads are left.');
      }
      console.log('survived');
    `);
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: 'survived\n', stderr: '' });
  });
});
