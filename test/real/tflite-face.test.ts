/** MediaPipe's face detection on TFLite: as it was recorded, and as OpenVINO computes it. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { Session, Tensor } from 'accelnode';
import { describe, expect, it } from 'vitest';

import { setupFolder } from '../../scripts/setup/process.mjs';
import { openvinoReleases } from '../../scripts/setup/releases.mjs';
import { faceModel } from '../../scripts/setup/tflite.mjs';
import { withSession } from '../utils/session.js';

const library = process.env.ACCELNODE_ARMNN_LIBRARY ?? '';
const missing = [library, faceModel].every((path) => existsSync(path))
  ? ''
  : ' (skipped: TFLite or the model is not there)';
const openvino = join(setupFolder, 'runtimes', 'openvino', openvinoReleases.current);
// What the set-up installs is for the machine that the tests run on, not for one that QEMU plays.
const noOpenvino = existsSync(openvino) && process.arch === 'x64' ? '' : ' (skipped: OpenVINO is not there)';

/** No face, but numbers of the size that an image's have, and the same each time. */
const input = new Tensor(
  'float32',
  Float32Array.from({ length: 128 * 128 * 3 }, (_, i) => Math.sin(i * 0.37) * Math.cos(i * 0.011)),
  [1, 128, 128, 3],
);

/** Of TFLite 2.18, on x64: of each output the first numbers, and the sum of all, without their signs. */
const RECORDED = {
  regressors: { first: [-0.649216, -0.208649, 26.75364, 26.75333], sum: 224011.17 },
  classificators: { first: [-4.737205, -4.288709, -4.864324, -4.234104], sum: 27994.82 },
};

async function infer(session: Session): Promise<Record<string, Float32Array>> {
  const outputs = await session.run({ input });
  return Object.fromEntries(Object.entries(outputs).map(([name, { data }]) => [name, data as Float32Array]));
}

describe.skipIf(missing)(`MediaPipe's face detection${missing}`, () => {
  it('tells its inputs and outputs', () =>
    withSession(faceModel, { device: 'armnn:tflite' }, ({ inputs, outputs }) => {
      expect(inputs).toEqual([{ name: 'input', type: 'float32', shape: [1, 128, 128, 3] }]);
      expect(outputs).toEqual([
        { name: 'regressors', type: 'float32', shape: [1, 896, 16] },
        { name: 'classificators', type: 'float32', shape: [1, 896, 1] },
      ]);
    }));

  it('computes what was recorded, on any lane', () =>
    withSession(faceModel, { device: 'armnn:tflite', lanes: 2 }, async (session) => {
      for (const outputs of await Promise.all([infer(session), infer(session), infer(session)])) {
        for (const [name, { first, sum }] of Object.entries(RECORDED)) {
          const values = outputs[name]!;
          first.forEach((value, i) => expect(values[i]).toBeCloseTo(value, 3));
          const total = values.reduce((all, value) => all + Math.abs(value), 0);
          expect(Math.abs(total / sum - 1)).toBeLessThan(1e-5);
        }
      }
    }));

  it.skipIf(noOpenvino)(`computes what OpenVINO computes${noOpenvino}`, async () => {
    const tflite = await withSession(faceModel, { device: 'armnn:tflite' }, infer);
    const reference = await withSession(
      faceModel,
      { device: 'openvino:CPU', precision: 'fp32', openvino: { library: openvino } },
      infer,
    );
    for (const [name, values] of Object.entries(reference)) {
      const largest = Math.max(...values.map(Math.abs));
      const worst = Math.max(...values.map((value, i) => Math.abs(value - tflite[name]![i]!)));
      expect(worst / largest, name).toBeLessThan(1e-4);
    }
  });
});
