import { expect, it } from 'vitest';

import { modelPath } from '../utils/models.js';
import { describeOpenvino } from '../utils/openvino.js';
import { runExample } from './run-example.js';

describeOpenvino('minimal', () => {
  it('loads a model, runs it and says what comes out', async () => {
    expect(await runExample('minimal/minimal.mjs', [modelPath('mlp'), 'openvino:CPU'])).toEqual([
      'openvino:CPU, computing in f32',
      'output: float32 [1, 10]',
    ]);
  });
});
