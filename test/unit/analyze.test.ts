/** An analysis: what is asked, kept, gone on with and made of it in the end. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, describe, it } from 'vitest';
import { toJSONSchema } from 'zod';

import { readAnalysis, readToResume } from '../../build-ts/analyze/analysis-file.js';
import { analysis as analysisShape } from '../../build-ts/analyze/analysis.js';
import type { Analysis, Measured, Measurement, Question } from '../../build-ts/analyze/analysis.js';
import { analyze } from '../../build-ts/analyze/analyze.js';
import { requireSameMachine } from '../../build-ts/analyze/environment.js';
import { measureConfiguration } from '../../build-ts/analyze/measure-configuration.js';
import type { MeasureSettings } from '../../build-ts/analyze/measure-configuration.js';
import { keyOf } from '../../build-ts/analyze/configuration.js';
import type { Configuration } from '../../build-ts/analyze/configuration.js';
import { ratioOf, scoreOf, violationOf } from '../../build-ts/analyze/objective.js';
import type { Limits } from '../../build-ts/analyze/objective.js';
import type { Axis } from '../../build-ts/analyze/search/grid.js';
import { describeOpen } from '../../build-ts/analyze/shapes.js';
import { rank, summarize } from '../../build-ts/analyze/summary.js';
import { toCsv } from '../../build-ts/report/columns.js';
import { toHtml } from '../../build-ts/report/html.js';
import type { Environment } from '../../build-ts/results/environment.js';
import { ask, environment, onSurface, range, rowOf, sampleAnalysis } from '../utils/analysis.js';
import { expectError } from '../utils/session.js';
import { temporaryFolder } from '../utils/temporary-folder.js';

describe('an analysis', () => {
  it('measures no configuration twice, tells of each, and is complete', async () => {
    const seen: number[] = [];
    const question = ask({ devices: ['null:0', 'null:1'] });
    const result = await analyze(question, {
      environment,
      measure: onSurface(1),
      onMeasured: ({ measurements }) => void seen.push(measurements.length),
    });
    expect(result.complete).toBe(true);
    expect(new Set(result.measurements.map(({ configuration }) => keyOf(configuration))).size).toBe(
      result.measurements.length,
    );
    expect(seen.slice(0, -1)).toEqual(result.measurements.map((_, i) => i + 1));
    expect(analysisShape.parse(result)).toEqual(result);
  });

  it.each(['quick', 'brute'] as const)('goes on where it was ended, to the same end: %s', async (search) => {
    const question = ask({ search });
    const whole = await analyze(question, { environment, measure: onSurface(2) });
    const controller = new AbortController();
    const part = await analyze(question, {
      environment,
      measure: onSurface(2),
      signal: controller.signal,
      onMeasured: ({ measurements }) => {
        if (measurements.length === 5) controller.abort();
      },
    });
    expect(part.complete).toBe(false);
    expect(part.measurements).toEqual(whole.measurements.slice(0, 5));
    let again = 0;
    const measure = onSurface(2);
    const resumed = await analyze(question, {
      environment,
      earlier: part.measurements,
      measure: (configuration, asked) => {
        again++;
        return measure(configuration, asked);
      },
    });
    expect(resumed).toEqual(whole);
    expect(again).toBe(whole.measurements.length - 5);
  });

  it('gives up on a device that can not load the model, and goes on with the next', async () => {
    const good = onSurface(1);
    const result = await analyze(ask({ devices: ['null:0', 'null:1'] }), {
      environment,
      measure: (configuration, question) =>
        configuration.device === 'null:1'
          ? good(configuration, question)
          : Promise.resolve({ outcome: 'failed', configuration, reason: 'No.', code: 'MODEL_UNSUPPORTED' }),
    });
    expect(result.measurements.filter(({ configuration }) => configuration.device === 'null:0')).toHaveLength(1);
    expect(result.measurements.length).toBeGreaterThan(5);
    expect(summarize(result)[0]!.best!.configuration.device).toBe('null:1');
  });

  it.each(['quick', 'brute'] as const)('tries a batch that the model refuses once: %s', async (search) => {
    const good = onSurface(1);
    const result = await analyze(ask({ search, batch: range(4) }), {
      environment,
      measure: (configuration, question) =>
        configuration.batch === 1
          ? good(configuration, question)
          : Promise.resolve({
              outcome: 'failed',
              configuration,
              reason: 'Its shape is fixed.',
              code: 'INVALID_ARGUMENT',
            }),
    });
    const batches = result.measurements.map(({ configuration }) => configuration.batch).filter((batch) => batch > 1);
    expect(batches).toEqual([2, 4]);
    expect(result.measurements.length).toBeGreaterThan(8);
  });

  it('does not choose what has wrong outputs', async () => {
    const good = onSurface(1);
    const result = await analyze(ask({ reference: 'null:1' }), {
      environment,
      measure: async (configuration, question) => {
        const verification = {
          device: 'null:0',
          reference: 'null:1',
          passed: configuration.batch === 1,
          tolerance: { cosine: 1, relative: 0 },
          inputs: 1,
          outputs: [],
        };
        return { ...(await good(configuration, question)), verification } as Measurement;
      },
    });
    expect(summarize(result)[0]!.best!.configuration.batch).toBe(1);
  });

  it.each<[string, (batch: number) => boolean, number | undefined]>([
    ['some', (batch) => batch > 1, 1],
    ['all', () => true, undefined],
  ])('does not choose what could not be compared, and says why: %s', async (_, fails, chosen) => {
    const good = onSurface(1);
    const result = await analyze(ask({ reference: 'null:1' }), {
      environment,
      measure: async (configuration, question) => ({
        ...((await good(configuration, question)) as Measured),
        ...(fails(configuration.batch) ? { verificationFailure: 'The reference <is> full.' } : {}),
      }),
    });
    expect(analysisShape.parse(result)).toEqual(result);
    const [summary] = summarize(result);
    expect(summary!.best?.configuration.batch).toBe(chosen);
    if (chosen === undefined) {
      expect(summary!.sentence).toMatch(
        /none is known to have the outputs of the reference\. The reference <is> full\.$/,
      );
    }
    expect(toCsv(result.measurements)).toMatch(/,Unknown,measured,/);
    expect(await toHtml(result)).toContain('Outputs that could not be compared: The reference &lt;is&gt; full.');
  });

  it('measures all combinations where each setting is a list, whatever the search', async () => {
    const list = (...values: number[]): Axis => ({ values, searched: false });
    const lists = { batch: list(1, 2, 4, 8, 16), lanes: list(1, 2, 4), concurrency: list(1, 2, 4, 8) };
    const flat = (configuration: Configuration): Promise<Measurement> =>
      Promise.resolve({ outcome: 'measured', configuration, row: rowOf(configuration, { samplesPerSecond: 1 }) });
    const all = await analyze(ask(lists), { environment, measure: flat });
    expect(all.measurements).toHaveLength(60);
    expect(await toHtml(all)).toContain('<dt>Search</dt><dd>all combinations</dd>');
    const some = await analyze(ask({ ...lists, concurrency: range(8) }), { environment, measure: flat });
    expect(some.measurements.length).toBeLessThan(30);
  });
});

describe('another machine', () => {
  const device = environment.devices['null:0']!;
  it.each<[string, Partial<Environment>, RegExp]>([
    ['CPU', { cpu: { model: 'Other', cores: 4 } }, /the CPU was A processor .* with 4 .* and is Other with 4 /],
    ['Node', { node: '22.1.0' }, /conditions: the version of Node was 20\.0\.0 and is 22\.1\.0\.$/],
    ['accelnode', { accelnode: '0.2.0' }, /the version of accelnode was 0\.1\.0 and is 0\.2\.0/],
    ['device', { devices: { 'null:0': { name: 'B' } } }, /null:0's name was No device and is B/],
    ['driver', { devices: { 'null:0': { ...device, driver: '5' } } }, /null:0's driver was unknown and is 5/],
    ['runtime', { devices: { 'null:0': { ...device, runtime: '11' } } }, /null:0's runtime was unknown and is 11/],
  ])('is told by its %s', async (_, changes, words) => {
    const { message, hint } = await expectError('INVALID_ARGUMENT', () =>
      requireSameMachine('a.json', environment, { ...environment, ...changes }),
    );
    expect(message).toMatch(words);
    expect(hint).toMatch(/another --output/);
  });

  it('is not told by what changes from hour to hour', () => {
    const cpu = { ...environment.cpu, governor: 'powersave' };
    requireSameMachine('a.json', environment, { ...environment, date: 'later', memory: 1, os: 'linux 7 x64', cpu });
  });
});

describe('one configuration', () => {
  const path = (): string => {
    const file = join(temporaryFolder(), 'open.null.json');
    const inputs = [
      { name: 'tokens', type: 'float32', shape: [-1, -1, 4, -1] },
      { name: 'mask', type: 'float32', shape: [-1, 4] },
    ];
    writeFileSync(file, JSON.stringify({ model: 'echo', inputs }));
    return file;
  };
  const measureIt = (settings: Partial<MeasureSettings>): ReturnType<typeof measureConfiguration> =>
    measureConfiguration(
      { model: path(), device: 'null:0', precision: 'fp32', batch: 2, lanes: 1, concurrency: 1 },
      { duration: 0, warmup: 0, minRuns: 2, shapes: {}, alone: true, ...settings },
    );

  it('keeps its row where the reference fails, and says that it is the reference', async () => {
    const { row, verification, verificationFailure } = await measureIt({ reference: 'null:9' });
    expect(row.batch).toBe(2);
    expect(verification).toBeUndefined();
    expect(verificationFailure).toMatch(/^The reference null:9 can't be loaded: /);
  });

  it('says which open dimensions were 1, but for the batch', async () => {
    expect(await measureIt({})).toMatchObject({
      row: { shapes: { tokens: [2, 1, 4, 1], mask: [2, 4] } },
      openAsOne: { tokens: [1, 3] },
    });
    const given = await measureIt({ shapes: { tokens: [1, 3, 4, 5] } });
    expect(given.row.shapes.tokens).toEqual([2, 3, 4, 5]);
    expect(given.openAsOne).toBeUndefined();
    expect(describeOpen({ tokens: [1, 3], mask: [1] })).toBe(
      'Left open and not given, so set to 1: dimensions 2 and 4 of tokens, dimension 2 of mask. --shape tokens=… gives another size.',
    );
  });

  it('refuses a shape of an input that it does not have, unless another model may have it', async () => {
    const { message, hint } = await expectError('INVALID_ARGUMENT', () => measureIt({ shapes: { tokenz: [1] } }));
    expect(message).toBe('--shape: the model has no input "tokenz".');
    expect(hint).toBe('The inputs: tokens, mask.');
    expect((await measureIt({ shapes: { tokenz: [1] }, alone: false })).row.batch).toBe(2);
  });
});

describe('objectives and limits', () => {
  const configuration: Configuration = {
    model: 'm.onnx',
    device: 'null:0',
    precision: 'fp32',
    batch: 1,
    lanes: 1,
    concurrency: 1,
  };
  const slow = rowOf(configuration);
  const fast = rowOf(configuration, { samplesPerSecond: 200, latency: { ...slow.latency, p99: 24 } });

  it('weigh figures by how many times better they are', () => {
    expect(ratioOf(fast, slow, { throughput: 1 })).toBeCloseTo(2);
    expect(ratioOf(fast, slow, { latency: 1 })).toBeCloseTo(0.5);
    expect(ratioOf(fast, slow, { throughput: 1, latency: 1 })).toBeCloseTo(1);
    expect(ratioOf(fast, slow, { throughput: 3, latency: 1 })).toBeCloseTo(2 ** 0.5);
    expect(scoreOf(fast, { power: 1 })).toBeUndefined();
  });

  it.each<[Limits, number | undefined]>([
    [{}, 0],
    [{ latencyBudget: 12 }, 0],
    [{ latencyBudget: 6 }, Math.log(2)],
    [{ maxMemory: 2 ** 27 }, 0],
    [{ maxMemory: 2 ** 26 }, Math.log(2)],
    [{ minThroughput: 200 }, Math.log(2)],
    [{ latencyBudget: 6, minThroughput: 200 }, Math.log(4)],
    [{ maxUtilization: 80 }, undefined],
    [{ maxUtilization: 80, latencyBudget: 6 }, Math.log(2)],
  ])('%j', (limits, expected) => {
    const violation = violationOf(slow, limits);
    if (expected === undefined) expect(violation).toBeUndefined();
    else expect(violation).toBeCloseTo(expected);
  });

  it('prefer the memory of the device', () => {
    const row = rowOf(configuration, { resources: { rss: 2 ** 30, deviceMemory: 2 ** 20 } });
    expect(violationOf(row, { maxMemory: 2 ** 20 })).toBe(0);
  });
});

describe('the sentence', () => {
  const sentenceOf = async (changes: Partial<Question>, measure = onSurface(1)): Promise<string> => {
    const result = await analyze(ask(changes), { environment, measure });
    return summarize(result)[0]!.sentence;
  };

  it('says how much better the best is', async () => {
    expect(await sentenceOf({ limits: { latencyBudget: 1000 } })).toMatch(
      /^In \d+ measurements across \d+ configurations, first with batch \d+ on \d lanes? with \d+ in flight on null:0 in fp32 is [\d.]+ % better than the default configuration \(batch 1, 1 lane, 1 in flight\) at maximizing throughput, within p99 latency ≤ 1000 ms\.$/,
    );
  });

  it('takes the lowest p99 latency of those that are as good but for noise', async () => {
    const figures = [
      [1, 300, 5],
      [2, 377, 7],
      [4, 383, 86],
      [8, 360, 6],
    ] as const;
    const measure = (configuration: Configuration): Promise<Measurement> => {
      const [, samplesPerSecond, p99] = figures.find(([concurrency]) => concurrency === configuration.concurrency)!;
      const { latency } = rowOf(configuration);
      const row = rowOf(configuration, { samplesPerSecond, latency: { ...latency, p99 } });
      return Promise.resolve({ outcome: 'measured', configuration, row, satisfies: true });
    };
    const one = { values: [1], searched: false };
    const concurrency = { values: [1, 2, 4, 8], searched: false };
    const question = ask({ search: 'brute', batch: one, lanes: one, concurrency });
    const result = await analyze(question, { environment, measure });
    expect(summarize(result)[0]!.best!.configuration.concurrency).toBe(2);
    expect(rank(result.measurements, question).map((each) => each.configuration.concurrency)).toEqual([2, 4, 8, 1]);
    const byLatency = { ...question, objectives: { latency: 1 } };
    expect(rank(result.measurements, byLatency)[0]!.configuration.concurrency).toBe(1);
  });

  it('says that nothing is better', async () => {
    const flat = (configuration: Configuration): Promise<Measurement> =>
      Promise.resolve({
        outcome: 'measured',
        configuration,
        row: rowOf(configuration, { samplesPerSecond: 100 }),
        satisfies: true,
      });
    expect(await sentenceOf({}, flat)).toMatch(/nothing is better than the default configuration, first with batch 1/);
  });

  it('says which limits nothing keeps, and what the device does not tell', async () => {
    expect(await sentenceOf({ limits: { latencyBudget: 1e-6 } })).toMatch(/, none keeps p99 latency ≤ 0.000001 ms\.$/);
    expect(await sentenceOf({ limits: { maxUtilization: 80 } })).toMatch(
      /none can be shown to keep utilisation ≤ 80 %/,
    );
    expect(await sentenceOf({ objectives: { power: 1 } })).toMatch(/none can be judged by minimizing power/);
  });

  it('says why nothing could be measured', async () => {
    const crash = (configuration: Configuration): Promise<Measurement> =>
      Promise.resolve({ outcome: 'crashed', configuration, reason: 'It was ended by SIGSEGV.' });
    expect(await sentenceOf({}, crash)).toMatch(/none could be measured; the first: It was ended by SIGSEGV\.$/);
  });
});

describe('the file', () => {
  const write = (value: unknown): string => {
    const path = join(temporaryFolder(), 'analysis.json');
    writeFileSync(path, typeof value === 'string' ? value : JSON.stringify(value));
    return path;
  };
  const made = (): Promise<Analysis> => analyze(ask(), { environment, measure: onSurface(1) });

  it('is read as it was written', async () => {
    const result = await made();
    const path = join(temporaryFolder(), 'analysis.json');
    writeFileSync(path, JSON.stringify(result));
    expect(readAnalysis(path)).toEqual(result);
    expect(readToResume(path, ask())).toEqual(result);
  });

  it.each<[string, (analysis: Analysis) => unknown, RegExp]>([
    ['of another version', (analysis) => ({ ...analysis, version: 2 }), /is of version 2 .* reads version 1/],
    ['of something else', () => ({ rows: [] }), /is no analysis/],
    ['that is a list', () => [], /is no analysis/],
    ['that is cut off', (analysis) => JSON.stringify(analysis).slice(0, 100), /is damaged: it is no JSON/],
    [
      'with a negative figure',
      (analysis) =>
        JSON.parse(JSON.stringify(analysis).replace(/"samplesPerSecond":/, '"samplesPerSecond":-')) as unknown,
      /is damaged: measurements\.0\.row\.samplesPerSecond/,
    ],
    [
      'with NaN, which JSON has as null',
      (analysis) => JSON.parse(JSON.stringify(analysis).replace(/"p99":[\d.e-]+/, '"p99":null')) as unknown,
      /is damaged: measurements\.0\.row\.latency\.p99/,
    ],
  ])('%s is refused', async (_, change, message) => {
    const path = write(change(await made()));
    expect((await expectError('INVALID_ARGUMENT', () => readAnalysis(path))).message).toMatch(message);
  });

  it('may be gone on with when configurations may take longer', async () => {
    const result = await made();
    expect(readToResume(write(result), ask({ timeout: 1 }))).toEqual(result);
  });

  it('of a model that has changed since is refused', async () => {
    const path = write(await made());
    const changed = ask({ contents: { '/models/first.onnx': 'of another' } });
    const { message, hint } = await expectError('INVALID_ARGUMENT', () => readToResume(path, changed));
    expect(message).toBe(`/models/first.onnx has changed since ${path} was written.`);
    expect(hint).toMatch(/analyze anew/);
  });

  it('of another question is refused, with what differs', async () => {
    const path = write(await made());
    const other = ask({ search: 'brute', batch: range(64) });
    const { message, hint } = await expectError('INVALID_ARGUMENT', () => readToResume(path, other));
    expect(message).toMatch(/is of another question: it differs in --batch, --search\./);
    expect(hint).toMatch(/another --output/);
    const flags = ask({ minRuns: 11, reference: 'null:1', limits: { maxMemory: 5 }, sampleInterval: 50 });
    expect((await expectError('INVALID_ARGUMENT', () => readToResume(path, flags))).message).toMatch(
      /differs in --max-memory, --min-runs, --verify, --sample-interval\.$/,
    );
    const load = ask({ load: { hint: 'latency', cache: true } });
    expect((await expectError('INVALID_ARGUMENT', () => readToResume(path, load))).message).toMatch(
      /differs in --hint, --cache\.$/,
    );
    const models = ask({ models: ['/models/other.onnx'], contents: { '/models/other.onnx': 'of another' } });
    expect((await expectError('INVALID_ARGUMENT', () => readToResume(path, models))).message).toMatch(
      /differs in the models\.$/,
    );
  });

  it('is described by the schema in docs', () => {
    const schema: unknown = JSON.parse(
      readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'analysis.schema.json'), 'utf8'),
    );
    // `npm run schema` writes it.
    expect(schema).toEqual(toJSONSchema(analysisShape));
  });
});

describe('reports', () => {
  it('CSV has a line for each measurement, failed ones too, and nothing for what is not known', async () => {
    const result = await sampleAnalysis({ batch: { values: [1, 2 ** 16], searched: false }, search: 'brute' });
    const failed = result.measurements.filter(({ outcome }) => outcome === 'out of memory');
    expect(failed.length).toBeGreaterThan(0);
    const lines = toCsv(result.measurements).split('\n');
    expect(lines).toHaveLength(result.measurements.length + 2);
    expect(lines[0]).toMatch(
      /^Model,Device,Precision,Batch,Lanes,Concurrency,Satisfies Constraints,Throughput \(infer\/sec\),/,
    );
    expect(lines[0]).toContain(',p99 Latency (ms),');
    expect(lines[1]).toMatch(/^first,null:0,fp32,1,1,1,Yes,/);
    expect(
      lines.filter((line) => line.endsWith(',"out of memory: There is no memory left, ""really"".",')),
    ).toHaveLength(failed.length);
    expect(toCsv(result.measurements)).not.toMatch(/undefined|NaN/);
  });

  it('CSV has each figure under its name', async () => {
    const result = await sampleAnalysis();
    const [first] = result.measurements;
    if (first?.outcome !== 'measured') throw new Error('The first was not measured.');
    const latency = { min: 1, mean: 2, p50: 3, p90: 4, p95: 5, p99: 6, max: 7, cv: 8 };
    const breakdown = { queue: 9, h2d: 10, compute: 11, d2h: 12 };
    const row = {
      ...first.row,
      throughput: 13,
      samplesPerSecond: 14,
      latency,
      breakdown,
      compile: 15,
      firstInference: 16,
    };
    const [head, cells] = toCsv([{ ...first, row }])
      .split('\n')
      .map((line) => line.split(','));
    expect(Object.fromEntries(head!.map((name, i) => [name, cells![i]]))).toMatchObject({
      'Average Latency (ms)': '2',
      'p50 Latency (ms)': '3',
      'p90 Latency (ms)': '4',
      'p95 Latency (ms)': '5',
      'p99 Latency (ms)': '6',
      'CV (%)': '8',
      'Queue (ms)': '9',
      'H2D (ms)': '10',
      'Compute (ms)': '11',
      'D2H (ms)': '12',
      'Requests/sec': '13',
      'Throughput (infer/sec)': '14',
      'Compile (ms)': '15',
      'First Inference (ms)': '16',
    });
  });

  it('HTML needs nothing else, and has all four plots of each model', async () => {
    const html = await toHtml(await sampleAnalysis());
    expect(html).not.toMatch(/<script|javascript:|\son\w+=|@import|@font-face/i);
    const addresses = [...html.matchAll(/(?:href|src)="([^"]*)"|url\(([^)]*)\)/g)].map(([, a, b]) => a ?? b!);
    expect(addresses.filter((address) => !address.startsWith('data:') && !address.startsWith('#'))).toEqual([]);
    expect(html.match(/<svg role="img" aria-label="[^"]+"/g)).toHaveLength(4);
    expect(html).not.toMatch(/NaN|undefined/);
    expect(html).toContain('A processor &lt;fast&gt; &amp; &quot;cool&quot;');
    const ids = [...html.matchAll(/ id="([^"]*)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it.each([
    [
      'among the figures',
      (latencies: number[]) => latencies.at(latencies.length / 2)!,
      /dashed line is the latency/,
      2,
    ],
    ['above them', (latencies: number[]) => latencies.at(-1)! + 1, /All are within the latency budget/, 0],
    ['below them', (latencies: number[]) => latencies[0]! / 2, /All are beyond the latency budget/, 0],
  ])('HTML shows a latency budget %s as a line, or in words', async (_, budgetOf, words, lines) => {
    const result = await sampleAnalysis({ limits: {} });
    const latencies = result.measurements.flatMap((each) =>
      each.outcome === 'measured' ? [each.row.latency.p99] : [],
    );
    const latencyBudget = budgetOf(latencies.sort((a, b) => a - b));
    const html = await toHtml({ ...result, question: { ...result.question, limits: { latencyBudget } } });
    expect(html).toMatch(words);
    expect(html.match(/stroke-dasharray/g) ?? []).toHaveLength(lines);
  });

  it('HTML is the same for the same analysis', async () => {
    const result = await sampleAnalysis();
    expect(await toHtml(result)).toBe(await toHtml(result));
  });

  it('HTML says what could not be measured, where nothing could', async () => {
    const result = await analyze(ask(), {
      environment,
      measure: (configuration) => Promise.resolve({ outcome: 'timed out', configuration, reason: 'It took <ages>.' }),
    });
    const html = await toHtml(result);
    expect(html).toContain('<strong>timed out</strong>. It took &lt;ages&gt;.');
    expect(html).not.toContain('<svg');
  });
});
