/** `measure` and `accelnode bench` with real models beside each other. */
import { Session, Tensor, measure } from 'accelnode';
import { expect, it } from 'vitest';

import type { Comparison } from '../../build-ts/cli/bench/comparison.js';
import { FIGURES } from '../../build-ts/measure/comparison.js';
import { command, jsonOf } from '../utils/command.js';
import { modelPath } from '../utils/models.js';
import { describeOpenvino } from '../utils/openvino.js';

describeOpenvino('models beside each other', () => {
  it('both make progress, and are as before then', async () => {
    const device = 'openvino:CPU';
    await using mlp = await Session.load(modelPath('mlp'), { device });
    await using image = await Session.load(modelPath('resnet18'), { device });
    const input = Tensor.zeros('float32', [1, 64]);
    input.data.forEach((_, i) => (input.data[i] = Math.sin(i)));
    const images = { [image.inputs[0]!.name]: Tensor.zeros('float32', [1, 3, 224, 224]) };
    const before = await mlp.run({ input });
    const measurement = await measure(
      mlp,
      { input },
      { duration: 0, warmup: 0, minRuns: 200, api: 'native', beside: [{ session: image, inputs: images }] },
    );
    expect(measurement.runs).toBe(200);
    expect(measurement.beside).toHaveLength(1);
    expect(measurement.beside![0]!.runs).toBeGreaterThan(0);
    expect(await mlp.run({ input })).toEqual(before);
    expect([mlp.pending, image.pending]).toEqual([0, 0]);
  });

  it('the command measures one alone, and beside the others', async () => {
    const { a, b, others, environment } = await jsonOf<Comparison>(
      command(),
      0,
      ...['bench', modelPath('resnet18'), '-d', 'openvino:CPU', '-t', '0.01', '--warmup', '0', '--min-runs', '1'],
      ...['--with', `${modelPath('mlp')}@200rps`, '--with', modelPath('encoder'), '--with-shape', 'tokens=1,32'],
      ...['--with-shape', 'mask=1,32'],
    );
    for (const rows of [a, b, ...others!]) expect(rows).toHaveLength(FIGURES);
    expect([a, b, ...others!].map(([row]) => [row!.model, (row!.beside ?? []).map((each) => each.model)])).toEqual([
      ['resnet18.onnx', []],
      ['resnet18.onnx', ['mlp.onnx', 'encoder.onnx']],
      ['mlp.onnx', ['resnet18.onnx', 'encoder.onnx']],
      ['encoder.onnx', ['resnet18.onnx', 'mlp.onnx']],
    ]);
    expect(others![1]![0]!.shapes).toEqual({ tokens: [1, 32], mask: [1, 32] });
    expect(Object.keys(environment.devices)).toEqual(['openvino:CPU']);
  });
});
