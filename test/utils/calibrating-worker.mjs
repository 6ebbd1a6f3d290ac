// A worker whose load calibrates, with a batch that is never taken back. workerData: { model }.
import { workerData } from 'node:worker_threads';

import { Session, Tensor } from 'accelnode';

const tensor = () => new Tensor('float32', [1, 2, 3, 4], [2, 2]);
await Session.load(workerData.model, {
  device: 'cuda:0',
  precision: 'int8',
  cuda: { calibration: { batches: [{ a: tensor(), b: tensor() }] } },
});
