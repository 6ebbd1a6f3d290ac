/** `accelnode bench` and its files, on models of the null backend. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, watch, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Session } from 'accelnode';
import type { NullModel } from 'accelnode';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';

import {
  loadConfigurations,
  parseCounts,
  parseCountsOrAuto,
  parseRates,
  parseWords,
  sessionConfigurations,
} from '../../build-ts/cli/bench/configurations.js';
import { parseCompanion } from '../../build-ts/cli/bench/companion-spec.js';
import type { Comparison } from '../../build-ts/cli/bench/comparison.js';
import { FIGURES } from '../../build-ts/measure/comparison.js';
import { describeEnvironment } from '../../build-ts/results/environment.js';
import { readResults, toCsv, writeResults } from '../../build-ts/results/results.js';
import type { Results } from '../../build-ts/results/results.js';
import type { ResultRow } from '../../build-ts/results/row.js';
import { runProgram } from '../utils/child.js';
import { command, expectPlain, failureOf, jsonOf } from '../utils/command.js';
import type { JsonError } from '../utils/command.js';
import { expectError, withNull, withSession } from '../utils/session.js';

const folder = mkdtempSync(join(tmpdir(), 'accelnode-bench-'));
afterAll(() => rmSync(folder, { recursive: true }));

const accelnode = command();
const main = join(import.meta.dirname, '..', '..', 'dist', 'cli.js');
const x = { name: 'x', type: 'float32', shape: [-1, 4] } as const;
const quick = ['-d', 'null:0', '-t', '0', '--warmup', '0', '--min-runs', '9'];

function modelFile(name: string, spec: Partial<NullModel>): string {
  const path = join(folder, `${name}.null.json`);
  writeFileSync(path, JSON.stringify({ model: 'busy', wait: 'sleep', inputs: [x], ...spec }));
  return path;
}

describe('lists', () => {
  it.each([
    ['3', [3]],
    ['1,2,4', [1, 2, 4]],
    ['1:8', [1, 2, 4, 8]],
    ['1:7', [1, 2, 4, 7]],
    ['1:4,2:6', [1, 2, 4, 6]],
    ['2:10:4', [2, 6, 10]],
    ['1,4:16,8', [1, 4, 8, 16]],
  ])('%s', (text, numbers) => {
    expect(parseCounts(text)).toEqual(numbers);
  });

  it.each(['', '0', '-1', '1.5', 'a', '8:1', '1:', ':8', '1:2:0', '1:2:3:4', '1,,2', 'Infinity'])('not %s', (text) => {
    expect(() => parseCounts(text)).toThrow('whole numbers');
  });

  it('measure what is named twice once', () => {
    expect(parseCountsOrAuto('2,auto,1:2,auto')).toEqual([2, 'auto', 1]);
    expect(parseWords(['fp32', 'fp16'])('fp32,fp16,fp32')).toEqual(['fp32', 'fp16']);
  });

  it('of rates need not be whole', () => {
    expect(parseRates('0.5:2')).toEqual([0.5, 1, 2]);
    expect(() => parseRates('0')).toThrow('above 0');
  });

  it('mean all combinations', () => {
    const lists = { batch: [1, 2], lanes: [1, 'auto' as const], concurrency: [1, 2, 4] };
    expect(sessionConfigurations(lists)).toHaveLength(4);
    expect(loadConfigurations(lists)).toHaveLength(3);
    expect(sessionConfigurations({})).toEqual([{}]);
  });
});

describe('the null backend', () => {
  it('takes time by the batch', () =>
    withSession(
      { null: { model: 'busy', wait: 'sleep', inputs: [x], durationMs: 5, perSampleMs: 10 } },
      { device: 'null' },
      async (session) => {
        const took = async (batch: number): Promise<number> => {
          const { Tensor } = await import('accelnode');
          const { compute } = session.stats();
          await session.run({ x: Tensor.zeros('float32', [batch, 4]) });
          return session.stats().compute - compute;
        };
        expect(await took(1)).toBeGreaterThanOrEqual(15);
        expect(await took(4)).toBeGreaterThanOrEqual(45);
      },
    ));

  it('computes on so many lanes at a time', () =>
    withNull(
      { model: 'busy', wait: 'sleep', durationMs: 20, saturation: 2 },
      async (session) => {
        const begin = performance.now();
        const runs = Array.from({ length: 4 }, () => session.run({ x: new Float32Array(4) }));
        await Promise.all(runs);
        expect(performance.now() - begin).toBeGreaterThanOrEqual(40);
        // One that waits for its turn can be given up.
        const stop = new AbortController();
        const more = Array.from({ length: 3 }, () => session.run({ x: new Float32Array(4) }, { signal: stop.signal }));
        stop.abort();
        for (const { status } of await Promise.allSettled(more)) expect(status).toBe('rejected');
        await session.run({ x: new Float32Array(4) });
      },
      { lanes: 4 },
    ));

  const memory = { device: 1000, devicePerSample: 100, limit: 1400 };

  it('has memory that grows with the batch, and ends', async () => {
    const model = { null: { model: 'echo', inputs: [x], memory } } as const;
    const at = (batch: number): Promise<Session> => Session.load(model, { device: 'null', shapes: { x: [batch, 4] } });
    await using four = await at(4);
    expect(four.memory().device).toBe(1400);
    await expectError('OUT_OF_MEMORY', () => at(5));
  });

  it('has memory that ends at a run, and is as before then', () =>
    withSession(
      { null: { model: 'echo', inputs: [x], memory: { ...memory, limitAt: 'run' } } },
      { device: 'null', shapes: { x: [5, 4] } },
      async (session) => {
        const { Tensor } = await import('accelnode');
        await expectError('OUT_OF_MEMORY', () => session.run({ x: Tensor.zeros('float32', [5, 4]) }));
        await session.run({ x: Tensor.zeros('float32', [4, 4]) });
      },
    ));

  it('loads a model from a file', async () => {
    await using session = await Session.load(modelFile('file', { durationMs: 1 }), { device: 'null:1' });
    expect(session.inputs).toMatchObject([{ name: 'x', shape: [-1, 4] }]);
    const wrong = join(folder, 'wrong.null.json');
    for (const [text, words] of [
      ['{', 'JSON'],
      ['{}', 'model'],
    ] as const) {
      writeFileSync(wrong, text);
      const error = await expectError('MODEL_INVALID', () => Session.load(wrong, { device: 'null' }));
      expect(error.message).toContain(words);
    }
    await expectError('MODEL_INVALID', () => Session.load(join(folder, 'none.null.json'), { device: 'null' }));
  });
});

describe('the command', () => {
  const memory = { device: 1000, devicePerSample: 100, limit: 1400 };

  it('measures all combinations, writes each, and goes on after one that fails', async () => {
    const model = modelFile('memory', { durationMs: 1, memory });
    // By itself, so that what a write leaves behind shows, whatever its name.
    const own = join(folder, 'all');
    mkdirSync(own);
    const output = join(own, 'all.json');
    const args = ['bench', model, ...quick, '-b', '1,4,8', '-c', '1:2', '-l', '1,2', '-o', output];
    const results = await jsonOf<Results>(accelnode, 1, ...args);
    expect(results.rows.map(({ batch, lanes, load }) => [batch, lanes, load])).toEqual(
      [1, 2].flatMap((lanes) =>
        [1, 4].flatMap((batch) => [1, 2].map((concurrency) => [batch, lanes, { kind: 'closed', concurrency }])),
      ),
    );
    for (const row of results.rows) {
      expect(row).toMatchObject({ model: 'memory.null.json', backend: 'null', api: 'native', requests: 9 });
      expect(row.resources.deviceMemory).toBe(1000 + 100 * row.batch);
      expect(row.resources.rss).toBeGreaterThan(0);
      expect(row.resources.cpu).toBeGreaterThan(0);
      expect(row.samplesPerSecond).toBeCloseTo(row.batch * row.throughput, 6);
      expect(row.shapes).toEqual({ x: [row.batch, 4] });
    }
    expect(results.failures).toMatchObject([
      { configuration: 'batch 8, 1 lane', code: 'OUT_OF_MEMORY' },
      { configuration: 'batch 8, 2 lanes', code: 'OUT_OF_MEMORY' },
    ]);
    expect(results.environment.devices['null:0']).toMatchObject({ runtime: '1' });
    expect(readResults(output)).toEqual(results);
    expect(readdirSync(own)).toEqual(['all.json']);
  });

  it('prints a table of many, CSV, and rates', async () => {
    const model = modelFile('plain', { durationMs: 1 });
    const many = await accelnode('bench', model, ...quick, '-b', '1,2');
    expectPlain(many, 0);
    expect(many.stdout).toMatch(/^precision +hint +batch +lanes +load +qps/m);
    const csv = await accelnode('bench', model, ...quick, '-r', '500,1000', '--csv', '--min-runs', '3');
    expectPlain(csv, 0);
    const lines = csv.stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.split(','));
    expect(lines).toHaveLength(3);
    const rate = lines[0]!.indexOf('Request rate');
    expect(lines.map((cells) => cells[rate])).toEqual(['Request rate', '500', '1000']);
    expect(csv.stderr).toBe('');
  });

  it('exports the times of each request', async () => {
    const times = join(folder, 'times.csv');
    const model = modelFile('times', { durationMs: 1 });
    expectPlain(await accelnode('bench', model, ...quick, '-c', '1,2', '--export-times', times), 0);
    const [head, ...lines] = readFileSync(times, 'utf8').trimEnd().split('\n');
    expect(head).toBe('Configuration,Due (ms),Started (ms),Ended (ms)');
    expect(lines).toHaveLength(18);
    for (const line of lines) {
      const [, due, started, ended] = line.split(',').map(Number) as [number, number, number, number];
      expect(started).toBeGreaterThanOrEqual(due);
      expect(ended).toBeGreaterThanOrEqual(started + 1);
    }
  });

  it.skipIf(process.platform !== 'linux')('says in a sentence that the disk is full', async () => {
    const model = modelFile('full', { durationMs: 1 });
    const command = `"${process.execPath}" "${main}" bench "${model}" ${quick.join(' ')} > /dev/full`;
    const { code, stderr } = await runProgram('/bin/sh', ['-c', command]);
    expect(stderr).toMatch(/^error: Can't write to the standard output: there is no space left\.$/m);
    expect(stderr).not.toContain('    at ');
    expect(code).toBe(1);
  });

  it('tells the load that has a limit of its own from one that has none', async () => {
    const model = modelFile('capped', { durationMs: 0 });
    const results = await jsonOf<Results>(accelnode, 0, 'bench', model, ...quick, '-r', '500', '-c', '1,8');
    expect(results.rows.map(({ load }) => load.concurrency)).toEqual([1, 8]);
    const csv = toCsv(results.rows)
      .split('\n')
      .map((line) => line.split(','));
    const at = csv[0]!.indexOf('Concurrency');
    expect(csv.slice(0, 3).map((cells) => cells[at])).toEqual(['Concurrency', '1', '8']);
  });

  it('says what measuring itself takes', async () => {
    // A busy machine may fail it; then it says so.
    const { code, stdout } = await accelnode('bench', '--self-check', '--json');
    const { overhead, limit, passed } = JSON.parse(stdout) as {
      overhead: Record<'native' | 'run' | 'runSync', number>;
      limit: number;
      passed: boolean;
    };
    expect(Object.keys(overhead)).toEqual(['native', 'run', 'runSync']);
    for (const time of Object.values(overhead)) expect(time).toBeGreaterThan(0);
    expect(passed).toBe(overhead.native <= limit);
    expect(code).toBe(passed ? 0 : 1);
    expect((await failureOf(accelnode, 2, 'bench')).message).toBe('No model is given to measure.');
  });

  it.each([['m.onnx'], ['-t', '9'], ['--graphs']])('measures nothing else meanwhile: %s', async (...args) => {
    const { message } = await failureOf(accelnode, 2, 'bench', '--self-check', ...args);
    const given = args[0] === '-t' ? '--duration' : args[0];
    expect(message).toBe(`--self-check measures a model of its own, and has no use for ${given}.`);
  });

  it('finds out before it measures that the vendor tells no times of layers', async () => {
    // It would take an hour.
    const model = modelFile('layers', { durationMs: 1 });
    const error = await failureOf(accelnode, 1, 'bench', model, '-d', 'null:0', '-t', '3600', '--profile');
    expect(error.code).toBe('UNSUPPORTED');
  });

  it('counts one item where an input has none', async () => {
    const model = modelFile('empty', { durationMs: 0.1 });
    const output = join(folder, 'empty.json');
    expectPlain(await accelnode('bench', model, ...quick, '-s', 'x=0,4', '-o', output), 0);
    expect(readResults(output).rows[0]).toMatchObject({ batch: 1, shapes: { x: [0, 4] } });
  });

  it('goes on when nobody reads of its progress any more', async () => {
    const output = join(folder, 'unread.json');
    const model = modelFile('unread', { durationMs: 1 });
    const child = spawn(process.execPath, [main, 'bench', model, ...quick, '-c', '1,2,4', '-o', output], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    child.stderr.destroy();
    const [code] = (await once(child, 'close')) as [number];
    expect(code).toBe(0);
    expect(readResults(output).rows).toHaveLength(3);
  });

  it('says at once what it can’t write, and fails as the only configuration does', async () => {
    const model = modelFile('refused', { durationMs: 1, memory });
    for (const option of ['-o', '--export-times']) {
      const error = await failureOf(accelnode, 2, 'bench', model, ...quick, option, join(folder, 'none', 'a.csv'));
      expect(error.message).toMatch(/(Can't write|can't be used).*there is no such file or folder/);
    }
    expect(existsSync(join(folder, 'none'))).toBe(false);
    const error = await failureOf(accelnode, 1, 'bench', model, ...quick, '-b', '9');
    expect(error.code).toBe('OUT_OF_MEMORY');
  });
});

describe('--with', () => {
  const busy = { durationMs: 1 };

  it.each([
    ['a.onnx', { model: 'a.onnx', concurrency: 1 }],
    ['a.onnx@20rps', { model: 'a.onnx', rate: 20 }],
    ['a.onnx@0.5rps', { model: 'a.onnx', rate: 0.5 }],
    ['a@2/b@c.onnx@4x', { model: 'a@2/b@c.onnx', concurrency: 4 }],
    ['a@2/b', { model: 'a@2/b', concurrency: 1 }],
    ['a@v1.onnx', { model: 'a@v1.onnx', concurrency: 1 }],
  ])('%s', (text, spec) => {
    expect(parseCompanion(text)).toEqual([spec]);
    expect(parseCompanion(text, [{ model: 'b', rate: 1 }])).toEqual([{ model: 'b', rate: 1 }, spec]);
  });

  it.each([
    ['', 'names no model'],
    ['@20rps', 'names no model'],
    ['a@', 'must be like'],
    ['a@20', 'must be like'],
    ['a@fast', 'must be like'],
    ['a@0rps', 'A rate is from 0.001'],
    ['a@-5rps', 'A rate is from 0.001'],
    ['a@NaNrps', 'A rate is from 0.001'],
    ['a@Infinityrps', 'A rate is from 0.001'],
    ['a@rps', 'A rate is from 0.001'],
    ['a@0x', 'In flight'],
    ['a@1.5x', 'In flight'],
    ['a@x', 'In flight'],
  ])('not %j', (text, words) => {
    expect(() => parseCompanion(text)).toThrow(words);
  });

  // So that the rates make a request in that time.
  const load = [...quick, '-t', '0.02'];

  it('measures a model alone and beside others in turns, which get rows, too', async () => {
    const model = modelFile('measured', { ...busy, exclusive: true });
    const [one, two] = ['one', 'two'].map((name) => modelFile(name, { ...busy, exclusive: true })) as [string, string];
    const args = ['bench', model, ...load, '--with', `${one}@500rps`, '--with', `${two}@2x`, '--with-shape', 'x=3,4'];
    const comparison = await jsonOf<Comparison>(accelnode, 0, ...args);
    const own = { model: 'measured.null.json', device: 'null:0', load: { kind: 'closed', concurrency: 1 } };
    const first = { model: 'one.null.json', device: 'null:0', load: { kind: 'open', rate: 500, arrivals: 'constant' } };
    const second = { model: 'two.null.json', device: 'null:0', load: { kind: 'closed', concurrency: 2 } };
    const rounds = <T>(row: T): T[] => Array.from({ length: FIGURES }, () => row);
    expect(comparison).toMatchObject({
      format: 'accelnode-comparison',
      inTurns: true,
      a: rounds({ ...own, batch: 1 }),
      b: rounds({ ...own, batch: 1, beside: [first, second] }),
      others: [
        rounds({ ...first, batch: 3, shapes: { x: [3, 4] }, beside: [own, second] }),
        rounds({ ...second, batch: 3, beside: [own, first] }),
      ],
    });
    for (const row of comparison.a) expect(row).not.toHaveProperty('beside');
    for (const { unsent } of comparison.others![0]!) expect(unsent).toBeGreaterThanOrEqual(0);
    for (const { resources } of comparison.others!.flat()) expect(resources).toEqual({});

    const printed = await accelnode(...args, '--with-device', 'null:1');
    expectPlain(printed, 0);
    expect(printed.stdout).toMatch(/^measured\.null\.json on null:0, batch 1, 1 lane, 1 in flight, host memory$/m);
    expect(printed.stdout).toMatch(/^beside one\.null\.json@500rps, two\.null\.json@2x$/m);
    expect(printed.stdout).toMatch(/^ +alone +beside +beside \/ alone +with 95 % confidence$/m);
    expect(printed.stdout).toMatch(/^one\.null\.json +500\/s +[\d.]+ +[\d.]+ +[\d.]+ +\d+$/m);
  });

  it('tells that a device which computes one run at a time is slower for each', async () => {
    const [short, long] = [
      modelFile('short', { durationMs: 1, exclusive: true }),
      modelFile('long', { durationMs: 20, exclusive: true }),
    ];
    const output = join(folder, 'with.csv');
    const { verdict, throughput, latency } = await jsonOf<Comparison>(
      accelnode,
      0,
      ...['bench', short, ...quick, '--min-runs', '3', '--with', long, '-o', output],
    );
    expect(verdict).toBe('A');
    expect(throughput.high).toBeLessThan(1);
    expect(latency.low).toBeGreaterThan(1);
    const [head, ...lines] = readFileSync(output, 'utf8').trimEnd().split('\n');
    const at = head!.split(',').indexOf('With');
    const beside = lines.map((line) => line.split(',')[at]);
    expect(beside).toEqual(
      ['', 'long.null.json@1x', 'short.null.json@1x'].flatMap((name) => Array<string>(FIGURES).fill(name)),
    );
  });

  it('says whose failure it is', async () => {
    const [model, failing] = [modelFile('whole', busy), modelFile('failing', { ...busy, failAt: 3 })];
    const output = join(folder, 'not-made.json');
    const args = ['bench', model, ...quick, '--with', failing, '-o', output];
    const { error } = await jsonOf<JsonError>(accelnode, 1, ...args);
    expect(error).toMatchObject({ code: 'VENDOR_FAILURE' });
    expect(error.message).toMatch(/^failing\.null\.json, beside the measured model, failed: /);
    expect(existsSync(output)).toBe(false);
  });

  it.each<[string, string[], string]>([
    ['that are not there', ['--with', 'none.null.json'], 'none.null.json'],
    ['beside a comparison', ['--with', 'MODEL', '--vs', 'fp16'], 'Either --vs or --with'],
    ['beside many configurations', ['--with', 'MODEL', '-b', '1,2'], '--with measures one configuration'],
    ['of whose requests none would be due', ['--with', 'MODEL@0.1rps', '-t', '9'], 'makes no whole request in 9 s'],
    ['with the times of requests', ['--with', 'MODEL', '--export-times', 'times.csv'], 'no use of --export-times'],
    ['with a profile', ['--with', 'MODEL', '--profile'], 'no use of --profile'],
    ['that nobody named: device', ['--with-device', 'null:1'], '--with-device and --with-shape are of'],
    ['that nobody named: shape', ['--with-shape', 'x=1,4'], '--with-device and --with-shape are of'],
    ['without such an input', ['--with', 'MODEL', '--with-shape', 'y=1,4'], 'no model of --with has an input "y"'],
    ['on no device', ['--with', 'MODEL', '--with-device', 'null:7'], 'null:7'],
  ])('refuses models %s', async (_, args, words) => {
    const model = modelFile('plain-with', busy);
    const given = args.map((arg) => arg.replace('MODEL', model));
    const exit = words === 'none.null.json' || words === 'null:7' ? 1 : 2;
    const { message } = await failureOf(accelnode, exit, 'bench', model, ...quick, ...given);
    expect(message).toContain(words);
  });
});

describe('Ctrl-C', () => {
  /** The command, to which the signal is sent when it has printed this. */
  async function interrupted(
    when: RegExp,
    args: string[],
    signal: NodeJS.Signals = 'SIGINT',
  ): Promise<{ code: number | null; stdout: string; stderr: string }> {
    const child = spawn(process.execPath, [main, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    const printed = { stdout: '', stderr: '' };
    let sent = false;
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].on('data', (chunk: Buffer) => {
        printed[name] += chunk.toString();
        if (sent || !when.test(printed.stdout + printed.stderr)) return;
        sent = true;
        child.kill(signal);
      });
    }
    const [code] = (await once(child, 'close')) as [number | null];
    return { code, ...printed };
  }

  const model = modelFile('interrupted', {});
  /** Of two configurations, the second of which would take a quarter of an hour. */
  const endless = ['bench', model, ...quick, '-r', '1000,0.01'];

  it.each<[NodeJS.Signals, number]>([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ])('gives up what is measured, and prints and writes what was: %s', async (signal, status) => {
    const [output, times] = [join(folder, 'interrupted.json'), join(folder, 'interrupted.csv')];
    const args = [...endless, '-o', output, '--export-times', times];
    const { code, stdout, stderr } = await interrupted(/^Requests: 9 /m, args, signal);
    expect(code).toBe(status);
    expect(stdout).toMatch(/\n\nprecision +hint +batch .*\n.* 1000\/s .*\n$/);
    expect(stderr).toMatch(/^Interrupted: the rest was not measured\.\n$/m);
    expect(stderr).not.toContain('signal');
    expect(readResults(output)).toMatchObject({ interrupted: true, rows: [{ requests: 9, load: { rate: 1000 } }] });
    expect(readFileSync(times, 'utf8').trimEnd().split('\n')).toHaveLength(10);
  });

  it('leaves CSV whole', async () => {
    const { code, stdout } = await interrupted(/\n.*\n/, [...endless, '--csv']);
    expect(code).toBe(130);
    expect(stdout.trimEnd().split('\n')).toHaveLength(2);
  });

  it('says in JSON, too, that there is more', async () => {
    const output = join(folder, 'half.json');
    // Nothing is printed before the end, but the file is there when the first one has been measured.
    const watcher = watch(folder, (_, name) => name === 'half.json' && existsSync(output) && stop());
    const child = spawn(process.execPath, [...[main, ...endless], ...['-o', output, '--json']]);
    onTestFinished(() => void child.kill('SIGKILL'));
    const stop = (): void => {
      watcher.close();
      child.kill('SIGINT');
    };
    let printed = '';
    child.stdout.on('data', (chunk: Buffer) => (printed += chunk.toString()));
    expect((await once(child, 'close'))[0]).toBe(130);
    expect(JSON.parse(printed)).toMatchObject({ interrupted: true, rows: [{ requests: 9 }] });
    expect(readResults(output)).toEqual(JSON.parse(printed));
  });

  it.each([
    ['a single measurement', []],
    ['of JavaScript', ['--api', 'run']],
    ['on the main thread', ['--sync']],
    ['a comparison', ['--vs', 'null:1']],
    ['a model beside others', ['--with', `${model}@2x`]],
  ])('writes nothing where nothing was measured: %s', async (_, more) => {
    const output = join(folder, 'nothing.json');
    const args = ['bench', model, '-d', 'null:0', '-t', '10000', '--warmup', '0', '-o', output, ...more];
    const { code, stdout, stderr } = await interrupted(/^measuring…$/m, args);
    expect({ code, stdout }).toEqual({ code: 130, stdout: '' });
    expect(stderr).toMatch(/^error CANCELLED: The measurement was interrupted\.$/m);
    expect(existsSync(output)).toBe(false);
  });

  it('gives up a first run', async () => {
    const slow = modelFile('slow', { durationMs: 1e9 });
    const { code, stderr } = await interrupted(/^load…$/m, ['bench', slow, '-d', 'null:0']);
    expect(code).toBe(130);
    expect(stderr).toMatch(/^error CANCELLED.*interrupted/m);
  });
});

describe('files of results', () => {
  const row: ResultRow = {
    model: 'a "model", or two',
    backend: 'null',
    device: 'null:0',
    batch: 2,
    shapes: { x: [2, 4] },
    lanes: 1,
    load: { kind: 'closed', concurrency: 3 },
    api: 'native',
    memory: 'host',
    requests: 10,
    duration: 1000,
    throughput: 10,
    samplesPerSecond: 20,
    latency: { min: 1, max: 1, mean: 1, p50: 1, p90: 1, p95: 1, p99: 1, cv: 0 },
    breakdown: { compute: 0.5 },
    resources: { rss: 3 * 2 ** 20 },
  };
  const results: Results = {
    format: 'accelnode-results',
    version: 1,
    environment: describeEnvironment({}),
    rows: [row],
  };

  it('as CSV: what nobody measured is empty, names are quoted', () => {
    const [head, line] = toCsv([row]).trimEnd().split('\n');
    expect(head!.split(',')).toHaveLength(39);
    expect(line).toBe(
      '"a ""model"", or two",null,null:0,,2,1,3,,10,20,1,1,1,1,1,,,0.5,,0,,,,,3,,,,,,native,host,,,,,,,',
    );
  });

  it('as JSON: come back as they were', () => {
    const path = join(folder, 'round.json');
    writeResults(path, results);
    expect(readResults(path)).toEqual(results);
  });

  it.each<[string, unknown, RegExp]>([
    ['of another version', { ...results, version: 2 }, /version 2 of the format/],
    ['something else', [1], /holds something else/],
    ['with a negative figure', { ...results, rows: [{ ...row, throughput: -1 }] }, /rows\.0\.throughput/],
    ['with a figure that is none', { ...results, rows: [{ ...row, duration: null }] }, /rows\.0\.duration/],
    ['with a figure of another kind', { ...results, rows: [{ ...row, speed: 1 }] }, /speed/],
  ])('are refused: %s', async (_, value, message) => {
    const path = join(folder, 'refused.json');
    writeFileSync(path, JSON.stringify(value));
    const error = await expectError('INVALID_ARGUMENT', () => readResults(path));
    expect(error.message).toMatch(message);
  });

  it('that are no JSON, or not there, are refused', async () => {
    const path = join(folder, 'text.json');
    writeFileSync(path, '{');
    await expectError('INVALID_ARGUMENT', () => readResults(path));
    await expectError('INVALID_ARGUMENT', () => readResults(join(folder, 'none.json')));
  });
});
