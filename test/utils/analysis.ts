/** Analyses on devices that are formulas. */
import type { Analysis, Measurement, Question } from '../../build-ts/analyze/analysis.js';
import { analyze } from '../../build-ts/analyze/analyze.js';
import type { Configuration } from '../../build-ts/analyze/configuration.js';
import { violationOf } from '../../build-ts/analyze/objective.js';
import { powersOfTwo } from '../../build-ts/analyze/search/grid.js';
import type { Environment } from '../../build-ts/results/environment.js';
import type { ResultRow } from '../../build-ts/results/row.js';
import { surfaceOf } from './surfaces.js';

export const environment: Environment = {
  date: '2026-11-29T00:00:00.000Z',
  accelnode: '0.1.0',
  node: '20.0.0',
  os: 'linux 6 x64',
  cpu: { model: 'A processor <fast> & "cool"', cores: 4 },
  memory: 2 ** 33,
  devices: { 'null:0': { name: 'No device' } },
  options: {},
};

export const range = (to: number): Question['batch'] => ({ values: powersOfTwo(1, to), searched: true });

/** A question, with some of it changed. */
export function ask(changes: Partial<Question> = {}): Question {
  return {
    models: ['/models/first.onnx'],
    contents: { '/models/first.onnx': 'of the first' },
    devices: ['null:0'],
    precisions: ['fp32'],
    batch: range(32),
    lanes: range(4),
    concurrency: range(16),
    shapes: {},
    search: 'quick',
    objectives: { throughput: 1 },
    limits: {},
    duration: 1000,
    warmup: 100,
    minRuns: 10,
    timeout: 60_000,
    ...changes,
  };
}

export function rowOf(
  { batch, lanes, concurrency, device }: Configuration,
  figures: Partial<ResultRow> = {},
): ResultRow {
  return {
    model: 'first',
    backend: 'null',
    device,
    batch,
    shapes: {},
    lanes,
    load: { kind: 'closed', concurrency },
    api: 'native',
    memory: 'host',
    requests: 100,
    duration: 1000,
    throughput: 100,
    samplesPerSecond: 100 * batch,
    latency: { min: 8, max: 12, mean: 10, p50: 10, p90: 11, p95: 11, p99: 12, cv: 5 },
    breakdown: { queue: 1, compute: 8 },
    resources: { rss: 2 ** 27 },
    ...figures,
  };
}

/** Measures on a surface, without time passing. */
export function onSurface(seed: number): (configuration: Configuration, question: Question) => Promise<Measurement> {
  const surface = surfaceOf(seed);
  return (configuration, { limits }) => {
    const figures = surface(configuration);
    if (figures === 'out of memory') {
      return Promise.resolve({ outcome: figures, configuration, reason: 'There is no memory left, "really".' });
    }
    const { throughput, latency, memory } = figures;
    const row = rowOf(configuration, {
      throughput: throughput / configuration.batch,
      samplesPerSecond: throughput,
      latency: {
        min: latency,
        max: latency,
        mean: latency,
        p50: latency,
        p90: latency,
        p95: latency,
        p99: latency,
        cv: 0,
      },
      resources: { deviceMemory: memory * 2 ** 20 },
    });
    const violation = violationOf(row, limits);
    const satisfies = violation === undefined ? {} : { satisfies: violation === 0 };
    return Promise.resolve({ outcome: 'measured', configuration, row, ...satisfies });
  };
}

/** Of two devices, with something in every plot. */
export function sampleAnalysis(changes: Partial<Question> = {}): Promise<Analysis> {
  const question = ask({ devices: ['null:0', 'null:1'], limits: { latencyBudget: 100 }, ...changes });
  return analyze(question, { environment, measure: onSurface(7) });
}
