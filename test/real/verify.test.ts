/** Comparing outputs, and analyzing, on a real device. */
import { verify } from 'accelnode';
import { expect, it } from 'vitest';

import { command, jsonOf } from '../utils/command.js';
import { modelPath } from '../utils/models.js';
import { describeOpenvino } from '../utils/openvino.js';
import type { Analysis } from '../../build-ts/analyze/analysis.js';

describeOpenvino('verify and analyze', () => {
  it.each(['mlp', 'encoder', 'resnet18'])('%s computes the same under another hint', async (name) => {
    const load = { device: 'openvino:CPU', openvino: { hint: 'throughput' as const } };
    const found = await verify(modelPath(name), { load, random: 1 });
    expect(found).toMatchObject({ passed: true, reference: 'openvino:CPU', inputs: 1 });
    for (const { cosine, nan } of found.outputs) {
      expect(cosine).toBeGreaterThan(0.9999);
      expect(nan).toBe(0);
    }
  });

  it('analyze measures batches of a real model, and compares outputs', async () => {
    const analysis = await jsonOf<Analysis>(
      command(),
      0,
      ...['analyze', modelPath('mlp'), '-d', 'openvino:CPU', '-b', '1,4', '-l', '1', '-c', '1,2', '--search', 'brute'],
      ...['-t', '0', '--warmup', '0', '--min-runs', '3', '--verify'],
    );
    expect(analysis.measurements).toHaveLength(4);
    for (const each of analysis.measurements) {
      expect(each).toMatchObject({ outcome: 'measured', verification: { passed: true }, row: { api: 'native' } });
      if (each.outcome === 'measured') expect(each.row.shapes).toEqual({ input: [each.configuration.batch, 64] });
    }
    expect(analysis.environment.devices['openvino:CPU']!.runtime).toMatch(/^20\d\d/);
  });
});
