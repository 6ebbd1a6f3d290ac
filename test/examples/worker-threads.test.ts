import { Session, Tensor } from 'accelnode';
import { expect, it } from 'vitest';

import { modelPath } from '../utils/models.js';
import { describeOpenvino } from '../utils/openvino.js';
import { withSession } from '../utils/session.js';
import { runExample } from './run-example.js';

const IMAGES = 5;

/** What one session on this thread makes of the same noise. */
async function scores(session: Session): Promise<{ best: number; score: number }[]> {
  const { name, shape } = session.inputs[0]!;
  const size = shape!.reduce((a, b) => a * b);
  const answers = [];
  for (let image = 0; image < IMAGES; image++) {
    const noise = Float32Array.from({ length: size }, (_, i) => Math.imul(image * size + i, 2654435761) >>> 24);
    const outputs = await session.run({
      [name]: new Tensor(
        'float32',
        noise.map((value) => value / 255),
        shape,
      ),
    });
    const { data } = outputs[session.outputs[0]!.name] as Tensor<'float32'>;
    const score = Math.max(...data);
    answers.push({ best: data.indexOf(score), score });
  }
  return answers;
}

describeOpenvino('worker threads', () => {
  it('do each image once, and all come to what one session does', async () => {
    const lines = await runExample('worker-threads/main.mjs', [modelPath('resnet18'), '2', String(IMAGES)]);
    const done = lines.flatMap((line) => /^worker \d: (\d+) images$/.exec(line)?.[1] ?? []).map(Number);
    expect(done).toHaveLength(2);
    expect(done.reduce((a, b) => a + b)).toBe(IMAGES);

    const expected = await withSession(modelPath('resnet18'), { device: 'openvino:CPU' }, scores);
    const answers = lines.flatMap((line) => {
      const [, best, score] = /^image \d: class (\d+), score ([\d.-]+)$/.exec(line) ?? [];
      return best === undefined ? [] : [{ best: Number(best), score: Number(score) }];
    });
    expect(answers).toEqual(expected.map(({ best, score }) => ({ best, score: expect.closeTo(score, 2) as number })));
  });
});
