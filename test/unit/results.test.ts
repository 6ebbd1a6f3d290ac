/** Files of results. */
import { expect, it } from 'vitest';

import { toCsv } from '../../build-ts/results/results.js';
import type { ResultRow } from '../../build-ts/results/row.js';

it('CSV says whether a row keeps the limits of the analysis, and nothing where that is not known', () => {
  const row: ResultRow = {
    model: 'a',
    backend: 'null',
    device: 'null:0',
    batch: 1,
    shapes: { x: [1] },
    lanes: 1,
    load: { kind: 'closed', concurrency: 1 },
    api: 'native',
    memory: 'host',
    requests: 1,
    duration: 1,
    throughput: 1,
    samplesPerSecond: 1,
    latency: { min: 1, max: 1, mean: 1, p50: 1, p90: 1, p95: 1, p99: 1, cv: 0 },
    breakdown: {},
    resources: {},
  };
  const lines = toCsv([{ ...row, satisfies: true }, { ...row, satisfies: false }, row])
    .trimEnd()
    .split(/\r?\n/)
    .map((line) => line.split(','));
  const at = lines[0]!.indexOf('Satisfies constraints');
  expect(lines.map((cells) => cells[at])).toEqual(['Satisfies constraints', 'Yes', 'No', '']);
});
