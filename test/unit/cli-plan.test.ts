/** `accelnode plan`: its tables, its output, and what it refuses. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { Session, Tensor } from 'accelnode';
import type { LoadOptions, Placement } from 'accelnode';
import { describe, expect, it } from 'vitest';

import type { HostConfiguration } from '../../build-ts/placement/host-config.js';
import { readModels } from '../../build-ts/placement/read-table.js';
import { runProgram } from '../utils/child.js';
import { command, expectPlain, failureOf, jsonOf } from '../utils/command.js';
import { temporaryFolder } from '../utils/temporary-folder.js';

const root = join(import.meta.dirname, '..', '..');
const published = join(root, 'examples', 'plan', 'models.csv');
const accelnode = command();
const device = ['--device-memory', '16384', '--reserved', '309', '--memory-includes-reserved'];

function file(name: string, content: unknown): string {
  const path = join(temporaryFolder(), name);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

/** The parts of a row of results that a placement needs. */
const result = (model: string, batch: number, megabytes: number, throughput: number): object => ({
  model,
  backend: 'cuda',
  device: 'cuda:0',
  batch,
  shapes: { x: [batch, 3] },
  lanes: 2,
  load: { kind: 'closed', concurrency: 2 },
  api: 'native',
  memory: 'host',
  requests: 100,
  duration: 1000,
  throughput: throughput / batch,
  samplesPerSecond: throughput,
  latency: { min: 1, max: 9, mean: 4, p50: 4, p90: 6, p95: 7, p99: 8, cv: 10 },
  breakdown: {},
  resources: { deviceMemory: megabytes * 2 ** 20, deviceUtilization: 40 },
});

describe('the published case', () => {
  it.each<[number, string[]]>([
    [4, ['--goal', 'min-devices']],
    [6, ['--goal', 'max-throughput']],
    [8, ['--goal', 'max-throughput', '--max-util', '80', '--max-memory-percent', '80']],
  ])('takes %d devices with %j, which is proved', async (count, goal) => {
    const placement = await jsonOf<Placement>(accelnode, 0, 'plan', published, ...device, ...goal);
    expect(placement).toMatchObject({ count, proved: true, bound: count, ended: 'proved' });
    const names = placement.devices.flatMap(({ models }) => models).sort();
    expect(names).toEqual(Array.from({ length: 9 }, (_, i) => `model-${i + 1}`));
    const most = goal.includes('80') ? 80 : 100;
    for (const { memoryMB, memoryPercent, utilizationPercent } of placement.devices) {
      expect(memoryMB).toBeLessThanOrEqual(16384);
      if (count === 4) continue;
      expect(memoryPercent).toBeLessThanOrEqual(most);
      expect(utilizationPercent).toBeLessThanOrEqual(most);
    }
    // The idle server is there once on each device.
    const memory = placement.devices.reduce((sum, { memoryMB }) => sum + memoryMB, 0);
    expect(memory).toBe(55_797 - 9 * 309 + count * 309);
  });

  it('is printed as a table, with the reason', async () => {
    const printed = await accelnode('plan', published, ...device);
    expectPlain(printed, 0);
    expect(printed.stdout).toMatch(/device#1 +model-\d/);
    expect(printed.stdout).toContain('4 devices: proved, nothing is better.');
    expect(printed.stdout).toContain('memory alone: 3.3 devices (53016 of 16075 each)');
  });
});

describe('tables', () => {
  const rows = [
    { model: 'a', memoryMB: 600 },
    { model: 'b', memoryMB: 500, rate: 30, throughput: 20 },
  ];
  it.each([
    ['csv', 'model,memoryMB,rate,throughput\na,600,,\nb,500,30,20\n'],
    ['csv', '\uFEFF"model","memoryMB","rate","throughput"\r\na,600,,\r\n\r\nb,500,30,20'],
    // As spreadsheets write it, with a column of nothing.
    ['csv', 'model,memoryMB,rate,throughput,\na,600,,,\nb,500,30,20,\n'],
    ['json', JSON.stringify(rows)],
    ['json', JSON.stringify({ models: rows })],
    ['yaml', 'models:\n  - { model: a, memoryMB: 600 }\n  - { model: b, memoryMB: 500, rate: 30, throughput: 20 }\n'],
  ])('of the type %s are read: %j', async (type, content) => {
    expect(await readModels([file(`models.${type}`, content)])).toEqual({
      models: [
        { name: 'a', configurations: [{ memoryMB: 600 }] },
        { name: 'b', rate: 30, configurations: [{ memoryMB: 500, throughput: 20 }] },
      ],
      notes: [],
    });
  });

  it('of results have the configurations that were measured', async () => {
    // What was measured beside others would be the better choice, and is none.
    const disturbed = {
      ...result('b', 1, 100, 500),
      beside: [{ model: 'a', device: 'cuda:0', load: { kind: 'closed', concurrency: 1 } }],
    };
    const rowsOfResults = [result('a', 1, 300, 100), result('a', 8, 800, 400), result('b', 1, 300, 50), disturbed];
    const table = file('results.json', { format: 'accelnode-results', version: 1, rows: rowsOfResults });
    const config = join(temporaryFolder(), 'host.json');
    const few = ['--device-memory', '1000', '--devices', '1', '--goal', 'max-throughput', '--host-config', config];
    const placement = await jsonOf<Placement>(accelnode, 0, 'plan', table, ...few);
    expect(placement).toMatchObject({ count: 1, proved: true, objective: { value: 150 } });
    expect(JSON.parse(readFileSync(config, 'utf8'))).toEqual({
      format: 'accelnode-host',
      version: 1,
      devices: [
        {
          device: 'device#1',
          kind: 'device',
          models: ['a', 'b'].map((model) => ({
            model,
            configuration: 'batch 1, 2 lanes, 2 at once, cuda:0',
            batch: 1,
            lanes: 2,
            shapes: { x: [1, 3] },
            concurrency: 2,
            memoryMB: 300,
          })),
        },
      ],
    });
  });

  const results = (rows: readonly object[]): string =>
    file('results.json', { format: 'accelnode-results', version: 1, rows });

  it('of results leave out what breaks the limits of the analysis or failed its verification', async () => {
    const table = results([
      { ...result('a', 1, 300, 100), satisfies: false },
      { ...result('a', 2, 400, 200), satisfies: true, verified: false },
      { ...result('a', 4, 500, 300), satisfies: true, verified: true },
      { ...result('b', 1, 300, 50), satisfies: true },
    ]);
    const { stdout } = await accelnode('plan', table, '-m', '1000', '--json');
    const { devices, notes } = JSON.parse(stdout) as Placement;
    expect(devices[0]!.placed.map(({ configuration }) => configuration.batch)).toEqual([4, 1]);
    expect(notes).toEqual([
      `${table}: left out of the 3 configurations of "a": 1 for the outputs, which failed the verification, ` +
        '1 for the limits of the analysis.',
    ]);
    await expect(readModels([results([{ ...result('a', 1, 300, 100), verified: false }])])).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(/no configuration of "a" is fit for use: 1 for the outputs/) as string,
    });
  });

  it('are what analyze wrote, either of its JSON files', { timeout: 120_000 }, async () => {
    const folder = join(temporaryFolder(), 'analysis');
    const model = file('echo.null.json', {
      model: 'echo',
      inputs: [{ name: 'x', type: 'float32', shape: [-1, 4] }],
    });
    const few = ['-d', 'null:0', '-t', '0', '--warmup', '0', '--min-runs', '2', '-b', '1,2', '-l', '1', '-c', '1'];
    const settings = [...few, '--min-throughput', '1e12'];
    await accelnode('analyze', model, ...settings, '-o', folder);
    for (const name of ['results.json', 'analysis.json']) {
      await expect(readModels([join(folder, name)])).rejects.toMatchObject({
        message: expect.stringMatching(/"echo.*" is fit for use: 2 for the limits of the analysis/) as string,
      });
    }
    const analysis = JSON.parse(readFileSync(join(folder, 'analysis.json'), 'utf8')) as {
      measurements: { satisfies: boolean }[];
    };
    analysis.measurements[1]!.satisfies = true;
    const { models, notes } = await readModels([file('analysis.json', analysis)]);
    expect(models.map(({ configurations }) => configurations.map(({ batch }) => batch))).toEqual([[2]]);
    expect(notes[0]).toMatch(/analysis\.json: left out of the 2 configurations of "echo.*": 1 for the limits/);
  });

  it('of results leave out what nobody could check against the limits, and what was set a rate', async () => {
    const open = { kind: 'open', rate: 10, arrivals: 'constant' };
    const table = results([
      { ...result('a', 1, 300, 100), satisfies: true },
      result('a', 2, 100, 900),
      { ...result('a', 4, 100, 900), satisfies: true, load: open },
      { ...result('a', 8, 100, 900), satisfies: true, beside: [{ model: 'b', device: 'cuda:0', load: open }] },
    ]);
    const { models, notes } = await readModels([table]);
    expect(models.map(({ configurations }) => configurations.map(({ batch }) => batch))).toEqual([[1]]);
    expect(notes).toEqual([
      `${table}: left out of the 4 configurations of "a": 1 for limits of the analysis that nobody could check, ` +
        '1 for other models that ran beside it, ' +
        '1 for a rate of requests that was set, which does not tell what the model can do.',
    ]);
    // Without limits, there is nothing to check.
    expect((await readModels([results([result('a', 1, 300, 100)])])).notes).toEqual([]);
    await expect(readModels([results([{ ...result('a', 1, 300, 100), load: open }])])).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(/no configuration of "a" is fit for use: 1 for a rate/) as string,
      hint: 'Measure it with requests in flight: bench with --concurrency, not with --request-rate.',
    });
  });

  it('of results that were interrupted say so', async () => {
    const rows = [result('a', 1, 300, 100)];
    const table = file('results.json', { format: 'accelnode-results', version: 1, interrupted: true, rows });
    expect((await readModels([table])).notes).toEqual([
      `${table} is of a measurement that was interrupted: rows may be missing.`,
    ]);
  });

  it.each<[string, string, string | undefined]>([
    ['openvino', 'f32', 'fp32'],
    ['openvino', 'bf16', 'bf16'],
    ['cuda', 'fp16', 'fp16'],
    ['cuda', 'typed', undefined],
    // A .rknn has it already, and takes no other.
    ['rknn', 'int8', undefined],
  ])('of results of %s have the precision %s as Session.load takes it: %s', async (backend, precision, expected) => {
    const { models } = await readModels([results([{ ...result('a', 1, 300, 100), backend, precision }])]);
    expect(models[0]!.configurations[0]!.precision).toBe(expected);
  });

  it('of models have precisions as Session.load takes them', async () => {
    const { models } = await readModels([file('models.csv', 'model,memoryMB,precision\na,1,F16\na,2,int8\n')]);
    expect(models[0]!.configurations.map(({ precision }) => precision)).toEqual(['fp16', 'int8']);
    await expect(readModels([file('models.csv', 'model,memoryMB,precision\na,1,half\n')])).rejects.toMatchObject({
      message: expect.stringMatching(/line 2\.precision: must be one of fp32, fp16, bf16, int8, auto/) as string,
    });
  });

  it('count what the idle device did once for each device', async () => {
    const resources = (deviceUtilization: number, idle: number): object => ({
      resources: { deviceMemory: 2 ** 20, deviceUtilization, idle: { deviceUtilization: idle } },
    });
    const rows = ['a', 'b', 'c'].map((model) => ({ ...result(model, 1, 1, 100), ...resources(35, 10) }));
    // It may have had more to do before than with a model that does little.
    const table = results([...rows, { ...result('d', 1, 1, 100), ...resources(8, 9) }]);
    const args = ['plan', table, '-m', '1000', '--goal', 'max-throughput'];
    const { devices, notes } = await jsonOf<Placement>(accelnode, 0, ...args, '--max-util', '85');
    expect(devices.map(({ utilizationPercent }) => utilizationPercent)).toEqual([85]);
    expect(notes).toContain(
      '10 % of each device are reserved for what it did when idle: --reserved-util says otherwise.',
    );
    const other = await jsonOf<Placement>(accelnode, 0, ...args, '--reserved-util', '0', '--max-util', '75');
    expect(other.devices.map(({ utilizationPercent }) => utilizationPercent)).toEqual([75]);
    expect((await jsonOf<Placement>(accelnode, 0, ...args, '--max-util', '84')).count).toBe(2);
  });

  it('may be several, whose models are planned together', async () => {
    const a = file('a.csv', 'model,memoryMB\na,600\n');
    const b = file('b.json', [{ model: 'b', memoryMB: 500 }]);
    expect(await jsonOf<Placement>(accelnode, 0, 'plan', a, b, '-m', '1000')).toMatchObject({ count: 2 });
    const same = file('same.csv', 'model,memoryMB\na,300\n');
    const { message, hint } = await failureOf(accelnode, 2, 'plan', a, same, '-m', '1000');
    expect(message).toBe(`The model "a" is in ${a} and in ${same}.`);
    expect(hint).toMatch(/^Leave one of the tables out, or give/);
    expect((await failureOf(accelnode, 2, 'plan', a, a, '-m', '1000')).message).toBe(`The table ${a} is given twice.`);
  });

  it('of devices have prices and counts', async () => {
    const table = file('models.csv', 'model,memoryMB\na,600\nb,500\n');
    const kinds = file('devices.csv', 'name,memoryMB,price,count\nlarge,2000,900,\nsmall,1000,400,1\n');
    const args = ['plan', table, '--device-table', kinds, '--goal', 'min-cost'];
    const placement = await jsonOf<Placement>(accelnode, 0, ...args, '--apart', 'a,b');
    expect(placement).toMatchObject({ objective: { measure: 'price', value: 1300 }, proved: true });
    expect(await jsonOf<Placement>(accelnode, 0, ...args, '--pin', 'b=a')).toMatchObject({ objective: { value: 900 } });
  });
});

describe('models that were analyzed', { timeout: 120_000 }, () => {
  const input = { name: 'x', type: 'float32', shape: [-1, 4] };
  const few = ['-d', 'null:0', '-t', '0', '--warmup', '0', '--min-runs', '2', '-l', '2', '-c', '3'];

  /** A repository of models, each in a folder of its own. */
  async function analyzed(folder: string, name: string): Promise<string> {
    const path = join(folder, name, '1');
    mkdirSync(path, { recursive: true });
    const model = join(path, 'model.null.json');
    writeFileSync(model, JSON.stringify({ model: 'echo', inputs: [input] }));
    const output = join(folder, `of-${name}`);
    expectPlain(await accelnode('analyze', model, ...few, '-b', '2', '-o', output), 0);
    const table = join(output, 'analysis.json');
    const all = JSON.parse(readFileSync(table, 'utf8')) as { measurements: { configuration: { batch: number } }[] };
    // Which of two is faster is not for this test to say: without the default configuration, there is one.
    all.measurements = all.measurements.filter(({ configuration }) => configuration.batch === 2);
    expect(all.measurements).toHaveLength(1);
    writeFileSync(table, JSON.stringify(all));
    return table;
  }

  it('are loaded as the file for the host says, those of the same file name too', async () => {
    const folder = temporaryFolder();
    const tables = [await analyzed(folder, 'a'), await analyzed(folder, 'b')];
    const config = join(folder, 'host.json');
    await jsonOf(accelnode, 0, 'plan', ...tables, '-m', '1e6', '--host-config', config);
    const host = JSON.parse(readFileSync(config, 'utf8')) as HostConfiguration;
    const models = host.devices.flatMap((each) => each.models);
    expect(models.map(({ model }) => model)).toEqual(['a/1/model.null.json', 'b/1/model.null.json']);
    for (const { path, lanes, precision, shapes, concurrency, batch } of models) {
      expect([lanes, precision, shapes, concurrency, batch]).toEqual([2, 'fp32', { x: [2, 4] }, 3, 2]);
      const options = { device: 'null:0', lanes, precision, shapes } as LoadOptions;
      await using session = await Session.load(path!, options);
      expect(session.lanes).toBe(2);
      const outputs = await session.run({ x: new Tensor('float32', new Float32Array(8), shapes!.x) });
      expect(Object.values(outputs).map(({ dims }) => dims)).toEqual([[2, 4]]);
    }
  });

  it('are left out where the reference failed', async () => {
    const analysis = JSON.parse(readFileSync(await analyzed(temporaryFolder(), 'a'), 'utf8')) as {
      measurements: { verificationFailure?: string }[];
    };
    for (const each of analysis.measurements) each.verificationFailure = 'There is none.';
    await expect(readModels([file('analysis.json', analysis)])).rejects.toMatchObject({
      message: expect.stringMatching(/is fit for use: \d for outputs that could not be compared/) as string,
      hint: 'Analyze it again with a reference that can run the model, or without --verify.',
    });
  });

  it('are left out where nobody could check the limits', async () => {
    const folder = temporaryFolder();
    const analysis = JSON.parse(readFileSync(await analyzed(folder, 'a'), 'utf8')) as {
      question: { limits: object };
      measurements: { satisfies?: boolean }[];
      complete: boolean;
    };
    analysis.question.limits = { maxUtilization: 50 };
    for (const each of analysis.measurements) delete each.satisfies;
    analysis.complete = false;
    await expect(readModels([file('analysis.json', analysis)])).rejects.toMatchObject({
      message: expect.stringMatching(/is fit for use: \d for limits of the analysis that nobody could/) as string,
      hint: 'Analyze it again without the limits on what the device does not tell.',
    });
    analysis.question.limits = {};
    const table = file('analysis.json', analysis);
    expect((await readModels([table])).notes[0]).toMatch(/analysis\.json is of an analysis that was interrupted: rows/);
  });
});

describe('models', () => {
  const rows = (names: readonly string[]): string =>
    ['model,memoryMB,throughput', ...names.map((n) => `${n},1,10`)].join('\n');
  const plan = (names: readonly string[], ...args: string[]): Promise<Placement> =>
    jsonOf<Placement>(accelnode, 0, 'plan', file('models.csv', rows(names)), '-m', '1000', ...args);

  it('may be called without the ending of their files, as analyze does', async () => {
    const { devices } = await plan(['a.onnx', 'b/b.onnx', 'c'], '--rate', 'a=15', '--pin', 'b/b=c', '--apart', 'a,c');
    expect(devices.map(({ models }) => models.toSorted())).toEqual([['b/b.onnx', 'c'], ['a.onnx'], ['a.onnx']]);
  });

  it('must be named in full where that would be two', async () => {
    const table = file('models.csv', rows(['a.onnx', 'a.xml']));
    const { message } = await failureOf(accelnode, 2, 'plan', table, '-m', '1000', '--rate', 'a=5');
    expect(message).toBe('--rate: there is no model "a".');
  });

  it('have one rate and one pin, however they are called', async () => {
    const table = file('models.csv', rows(['a.onnx', 'b']));
    const args = ['plan', table, '-m', '1000'];
    const rates = await failureOf(accelnode, 2, ...args, '--rate', 'a=5', '--rate', 'a.onnx=6');
    expect(rates.message).toBe('--rate: "a.onnx" has two rates.');
    const pins = await failureOf(accelnode, 2, ...args, '--pin', 'a=device', '--pin', 'a.onnx=b');
    expect(pins.message).toBe('--pin: "a.onnx" has two pins.');
  });
});

it('a limit on the utilization may be spelt as analyze spells it', async () => {
  const table = file('models.csv', 'model,memoryMB,utilizationPercent\na,1,50\nb,1,50\n');
  const args = ['plan', table, '-m', '1000'];
  for (const option of ['--max-util', '--max-utilization']) {
    expect((await jsonOf<Placement>(accelnode, 0, ...args, option, '80')).count).toBe(2);
  }
  const { message } = await failureOf(accelnode, 2, ...args, '--max-util', '80', '--max-utilization', '80');
  expect(message).toMatch(/--max-utilization.*cannot be used with.*--max-util/);
});

it('what is known is kept when the solver dies', async () => {
  const lines = Array.from({ length: 60 }, (_, i) => {
    return `m${i},${200 + ((i * 37) % 250)},${20 + ((i * 53) % 25)},${20 + ((i * 71) % 25)}`;
  });
  const table = file('models.csv', ['model,memoryMB,memoryPercent,utilizationPercent', ...lines].join('\n'));
  // Threads run it too.
  const dies = file('dies.cjs', "if (!require('node:worker_threads').isMainThread) throw new Error('no memory left');");
  const args = ['-r', dies, join(root, 'dist', 'cli.js'), 'plan', table, '-m', '1000', '--goal', 'max-throughput'];
  const { code, stdout } = await runProgram(process.execPath, args);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^\d+ devices: not proved, the solver failed; no fewer than \d+ can do/m);
  expect(stdout).toMatch(/^The solver failed: Error: no memory left\.$/m);
});

describe('the picture', () => {
  it('has the utilization, what is reserved of it too', async () => {
    const table = file('models.csv', 'model,memoryMB,utilizationPercent\na,600,90\nb,300,40\n');
    const svg = join(temporaryFolder(), 'devices.svg');
    await jsonOf(accelnode, 0, 'plan', table, '-m', '1000', '--reserved-util', '10', '--svg', svg);
    const text = readFileSync(svg, 'utf8');
    expect(text).toContain(
      'Memory of each device, in MB; below it the utilization; the line is 100 %; hatched: reserved',
    );
    for (const part of ['a: 90 %', 'b: 40 %', 'reserved: 10 %']) expect(text).toContain(`<title>${part}</title>`);
    expect(text).toContain('900 of 1000 MB, 140 % busy, a, b.');
    // The busiest device's bar is as wide as the widest of the memory.
    const [busiest] = /(?<=<path d="M)[\d.]+/.exec(text)!;
    expect(Number(busiest)).toBeCloseTo(156 + 780 * (100 / 140), 1);
  });

  it('has each model and is well-formed, whatever names are', async () => {
    const table = file('models.csv', 'model,memoryMB\n"<b>&""x""",600\nplain,300\n');
    const svg = join(temporaryFolder(), 'devices.svg');
    await jsonOf(accelnode, 0, 'plan', table, '--device-memory', '1000', '--reserved', '100', '--svg', svg);
    const text = readFileSync(svg, 'utf8');
    expect(text).toContain('role="img" aria-labelledby="title description"');
    expect(text).toContain('<title>&lt;b&gt;&amp;&quot;x&quot;: 600 MB</title>');
    expect(text).toContain('plain: 300 MB');
    expect(text).toContain('reserved: 100 MB');
    expect(text).not.toMatch(/https?:(?!\/\/www\.w3\.org\/2000\/svg")/);
    const { default: sharp } = await import('sharp');
    const { width, height } = await sharp(Buffer.from(text))
      .png()
      .toBuffer({ resolveWithObject: true })
      .then(({ info }) => info);
    expect([width, height]).toEqual([960, 188]);
  });
});

describe('what is wrong is said', () => {
  const good = 'model,memoryMB\na,600\n';
  it.each<[string, string, RegExp]>([
    ['models.csv', 'model,memoryMB\na,x\n', /models\.csv, line 2\.memoryMB: must be a number/],
    ['models.csv', 'model,memoryMB\na,NaN\n', /line 2\.memoryMB: must be a number/],
    ['models.csv', 'model,memoryMB\n\na,600\nb,-5\n', /line 4\.memoryMB: must be a number of at least 0/],
    ['models.csv', 'model,memoryMB\na,600\na,700\n', /line 3: the model "a" is there already, in .*line 2/],
    ['models.csv', 'model,memoryMB\na,600,7\n', /csv, line 2: it has 3 fields, but line 1 names 2 columns\.$/],
    ['models.csv', 'model,memory\na,600\n', /csv, line 1: unknown column "memory" \(did you mean "memoryMB"\?\)\.$/],
    ['models.csv', 'model\na\n', /csv, line 1: missing column "memoryMB"\.$/],
    ['models.csv', 'model,memoryMB,colour\na,6,red\n', /csv, line 1: unknown column "colour"\.$/],
    [
      'models.csv',
      '\nname,Memory (MB),util\na,6,7',
      /"name", "Memory \(MB\)" \(did .*\), "util"; missing column "model"\.$/,
    ],
    ['models.csv', 'a,600\nb,700\n', /line 1: unknown columns "a", "600"; missing columns "model", "memoryMB"\.$/],
    ['models.csv', 'model,memoryMB,\na,600,7\n', /line 1: column 3 has no name/],
    ['models.csv', 'model,memoryMB,model\na,600,7\n', /line 1: two columns are called "model"/],
    ['models.csv', 'model;memoryMB\na;600,5\n', /line 1: the columns are separated by ";", not by commas/],
    ['models.csv', 'model\tmemoryMB\na\t600\n', /line 1: the columns are separated by tabs/],
    ['models.json', '[{"model":"a","memory":6}]', /json, row 1: unknown column "memory" \(did you mean "memoryMB"/],
    ['models.csv', 'model,memoryMB\n', /is empty/],
    ['models.csv', '', /is empty/],
    ['models.json', '[', /is damaged/],
    ['models.json', '{}', /is no list of models/],
    ['models.yaml', 'a: [', /is damaged/],
    ['models.txt', good, /is no table/],
    ['results.json', '{"format":"accelnode-results","version":7,"rows":[]}', /another version of accelnode.*version 7/],
    ['results.json', '{"format":"accelnode-results","rows":[]}', /it has no version/],
    ['results.json', '{"format":"accelnode-results","version":1,"rows":[]}', /is empty/],
  ])('in the table %s %j', async (name, content, expected) => {
    await expect(readModels([file(name, content)])).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(expected) as string,
    });
  });

  it('in a head, with the columns that there are', async () => {
    const table = file('models.csv', good);
    const kinds = file('devices.csv', 'name,memory,cost\nlarge,2000,900\n');
    const { message, hint } = await failureOf(accelnode, 2, 'plan', table, '--device-table', kinds);
    expect(message).toMatch(/devices\.csv, line 1: unknown columns "memory" \(did you mean "memoryMB"\?\), "cost"\.$/);
    expect(hint).toBe('The columns are name and memoryMB, and as far as they are known price, count.');
  });

  it('in a table that is not there', async () => {
    const { message } = await failureOf(accelnode, 2, 'plan', 'nowhere.csv', '-m', '1000');
    expect(message).toMatch(/Can't read nowhere\.csv: there is no such file/);
  });

  it.each<[string[], RegExp]>([
    [['--pin', 'a=x', '--pin', 'a=y'], /pinned to "x" and to "y"/],
    [['--rate', 'b=5'], /no model "b"/],
    [['--this-machine'], /One of --device-memory/],
    [['--svg', '/nowhere/a.svg'], /--svg, \/nowhere\/a\.svg, can't be used: there is no such/],
  ])('in the options %j', async (args, expected) => {
    const { code, message } = await failureOf(accelnode, 2, 'plan', file('models.csv', good), '-m', '1000', ...args);
    expect(code).toBe('INVALID_ARGUMENT');
    expect(message).toMatch(expected);
  });

  it('a file to write that is the table, or the other file', async () => {
    const table = file('models.csv', good);
    const over = await failureOf(accelnode, 2, 'plan', table, '-m', '1000', '--svg', table);
    expect(over.message).toMatch(/--svg is the same file as the table/);
    expect(readFileSync(table, 'utf8')).toBe(good);
    const both = join(temporaryFolder(), 'both');
    const twice = await failureOf(accelnode, 2, 'plan', table, '-m', '1000', '--svg', both, '--host-config', both);
    expect(twice.message).toMatch(/--host-config is the same file as --svg/);
  });

  it('too few devices, with the models that conflict', async () => {
    const table = file('models.csv', 'model,memoryMB\na,600\nb,500\nc,100\n');
    const { code, message } = await failureOf(accelnode, 1, 'plan', table, '-m', '1000', '-n', '1');
    expect(code).toBe('UNSUPPORTED');
    expect(message).toMatch(
      /"a" and "b" can't be placed on 1 of device \(memory: 1100 MB together, a device has 1000 MB\)/,
    );
  });

  it.runIf(process.platform !== 'win32')(
    'a file in a folder that can not be written to, before the search',
    async () => {
      const folder = temporaryFolder();
      const config = join(folder, 'host.json');
      writeFileSync(config, 'old');
      chmodSync(config, 0o666);
      chmodSync(folder, 0o555);
      // Root may write anywhere, so somebody else has to try.
      const other = process.getuid!() === 0 ? { uid: 65534, gid: 65534 } : {};
      const main = join(root, 'dist', 'cli.js');
      try {
        const args = [main, 'plan', 'no-such-table.csv', '-m', '1000', '--host-config', config];
        const child = spawn(process.execPath, args, { ...other, stdio: ['ignore', 'ignore', 'pipe'] });
        let said = '';
        child.stderr.on('data', (data: Buffer) => (said += data.toString()));
        const [code] = (await once(child, 'close')) as [number];
        expect(code, said).toBe(2);
        expect(said).toMatch(/--host-config, .*host\.json, can't be used: there is no permission/);
      } finally {
        chmodSync(folder, 0o755);
      }
    },
  );

  it('a file that cannot be written keeps what it had, and nothing is left beside it', async () => {
    const folder = temporaryFolder();
    const config = join(folder, 'host.json');
    writeFileSync(config, 'old');
    // A limit of 0 bytes for each file that the process writes is to it what a full disk is.
    const script = 'ulimit -f 0; exec "$@"';
    const survive = file('survive.cjs', "process.on('SIGXFSZ', () => undefined);");
    const main = join(root, 'dist', 'cli.js');
    const args = ['plan', published, ...device, '--host-config', config];
    const { code, stdout, stderr } = await runProgram('sh', [
      '-c',
      script,
      'sh',
      process.execPath,
      '-r',
      survive,
      main,
      ...args,
    ]);
    expect(code, stderr).toBe(2);
    expect(stderr).toMatch(/Can't write .*host\.json: /);
    expect(stdout).toContain('4 devices: proved, nothing is better.');
    const both = await runProgram('sh', ['-c', script, 'sh', process.execPath, '-r', survive, main, ...args, '--json']);
    expect(both.code).toBe(2);
    expect(JSON.parse(both.stdout)).toMatchObject({
      count: 4,
      proved: true,
      error: { code: 'INVALID_ARGUMENT', message: expect.stringMatching(/Can't write .*host\.json: /) as string },
    });
    expect(readFileSync(config, 'utf8')).toBe('old');
    expect(readdirSync(folder)).toEqual(['host.json']);
  });
});

it('Ctrl-C ends the search, and prints what has been found', { timeout: 30_000 }, async () => {
  const lines = Array.from({ length: 120 }, (_, i) => {
    return `m${i},${200 + ((i * 37) % 250)},${20 + ((i * 53) % 25)},${20 + ((i * 71) % 25)}`;
  });
  const table = file('models.csv', ['model,memoryMB,memoryPercent,utilizationPercent', ...lines].join('\n'));
  const main = join(root, 'dist', 'cli.js');
  const args = ['plan', table, '-m', '1000', '--goal', 'max-throughput', '--time-limit', '600'];
  const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let printed = '';
  child.stdout.on('data', (data: Buffer) => (printed += data.toString()));
  await once(child.stderr, 'data'); // searching…
  child.kill('SIGINT');
  const [code] = (await once(child, 'close')) as [number];
  expect(code).toBe(130);
  expect(printed).toMatch(/\d+ devices: not proved, interrupted; no fewer than \d+ can do \(gap [\d.]+ %\)/);
});
