/** ONNX's own test models on OpenVINO; node-models.json has those that don't simply agree. */
import { join } from 'node:path';

import { describe, it } from 'vitest';

import { onnxTestdata } from '../utils/models.js';
import { describeNodeModels } from '../utils/node-model-suite.js';
import { readNodeModelList } from '../utils/node-models.js';
import { describeOpenvino, openvinoVersion } from '../utils/openvino.js';

const list = readNodeModelList(join(import.meta.dirname, 'node-models.json'));
const data = onnxTestdata();

if ('reason' in data) {
  describe.skip(`ONNX node models (skipped: ${data.reason})`, () => {
    it('agree with their data', () => undefined);
  });
} else {
  const { folder, version } = data;
  describeOpenvino(`ONNX node models ${version}`, () =>
    describeNodeModels({
      runtime: `OpenVINO ${openvinoVersion}`,
      release: openvinoVersion,
      list,
      options: { device: 'openvino:CPU' },
      folder,
      dataSet: version,
    }),
  );
}
