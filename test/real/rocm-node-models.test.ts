/** ONNX's own test models on MIGraphX's reference target; rocm-node-models.json has those that don't simply agree. */
import { join } from 'node:path';

import { describe, it } from 'vitest';

import { describeMigraphx, migraphxVersion } from '../utils/migraphx.js';
import { onnxTestdata } from '../utils/models.js';
import { describeNodeModels } from '../utils/node-model-suite.js';
import { readNodeModelList } from '../utils/node-models.js';

const list = readNodeModelList(join(import.meta.dirname, 'rocm-node-models.json'));
const data = onnxTestdata();

if ('reason' in data) {
  describe.skip(`ONNX node models (skipped: ${data.reason})`, () => {
    it('agree with their data', () => undefined);
  });
} else {
  const { folder, version } = data;
  describeMigraphx(`ONNX node models ${version}`, () =>
    describeNodeModels({
      runtime: `MIGraphX ${migraphxVersion}`,
      release: migraphxVersion,
      list,
      options: { device: 'rocm:ref' },
      folder,
      dataSet: version,
    }),
  );
}
