import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { Session, Tensor } from 'accelnode';
import type { NullModel } from 'accelnode';
import { beforeEach, describe, expect, it, vi } from 'vitest';

import { Chain } from '../../examples/device-chaining/chain.mjs';
import { makeDoubles, missing } from '../fakes/cuda/setup.js';
import { onnxModel } from '../utils/onnx-model.js';
import type { OnnxNode, OnnxValue } from '../utils/onnx-model.js';
import { describeOpenvino } from '../utils/openvino.js';
import { expectError, nullModel } from '../utils/session.js';
import { temporaryFolder } from '../utils/temporary-folder.js';
import { runExample } from './run-example.js';

const tensor = (name: string): OnnxValue => ({ name, type: 'float32', shape: [1, 8] });
const twice = (x: string, y: string): OnnxNode => ({ op: 'Add', inputs: [x, x], outputs: [y] });
const model = (x: string, y: string): Uint8Array =>
  onnxModel({ inputs: [tensor(x)], outputs: [tensor(y)], nodes: [twice(x, y)] });

const ECHO: { null: NullModel } = nullModel({ inputs: [{ name: 'x', type: 'float32', shape: [1, 8] }] });

const VALUES = Float32Array.from({ length: 8 }, (_, i) => i);
const input = (): { x: Tensor } => ({ x: new Tensor('float32', VALUES, [1, 8]) });

describe('device chaining', () => {
  let files: [string, string];

  beforeEach(() => {
    const folder = temporaryFolder();
    files = [join(folder, 'first.onnx'), join(folder, 'second.onnx')];
    writeFileSync(files[0], model('x', 'features'));
    writeFileSync(files[1], model('features', 'y'));
  });

  it('leaves tensors in the memory of the device', async () => {
    const chain = await Chain.load(ECHO, ECHO, { device: 'null:0' });
    expect((await chain.run(input())).x!.data).toEqual(VALUES);
    expect(chain.first.stats()).toMatchObject({ bytesH2d: 32, bytesD2h: 0 });
    expect(chain.second.stats()).toMatchObject({ bytesH2d: 0, bytesD2h: 32 });
    await chain.close();
    await expectError('CLOSED', () => chain.run(input()));
  });

  it('closes the first session when the second can not be loaded', async () => {
    const close = vi.spyOn(Session.prototype, 'close');
    await expectError('MODEL_INVALID', () => Chain.load(ECHO, 'missing.onnx', { device: 'null:0' }));
    expect(close).toHaveBeenCalledOnce();
  });

  it.skipIf(missing !== undefined)(
    `moves nothing between two models on a double of TensorRT${missing ?? ''}`,
    async () => {
      const { env } = makeDoubles(temporaryFolder(), 11);
      expect(await runExample('device-chaining/main.mjs', [...files, 'cuda:0'], env)).toEqual([
        'y: float32 [1, 8]',
        'cuda:0; between the models, tensors lay in the memory of cuda:0',
        'first: 0 bytes copied in the host, 32 to the device, 0 back',
        // Fresh outputs are ordinary memory, which a GPU reaches only through pinned memory.
        'second: 32 bytes copied in the host, 0 to the device, 32 back',
      ]);
    },
  );

  describeOpenvino('on a CPU', () => {
    it('copies nothing', async () => {
      expect(await runExample('device-chaining/main.mjs', [...files, 'openvino:CPU'])).toEqual([
        'y: float32 [1, 8]',
        "openvino:CPU; between the models, tensors lay in the host's memory",
        'first: 0 bytes copied in the host, 0 to the device, 0 back',
        'second: 0 bytes copied in the host, 0 to the device, 0 back',
      ]);
    });

    it('computes the second model of what the first gave', async () => {
      const chain = await Chain.load(...files, { device: 'openvino:CPU' });
      expect((await chain.run(input())).y!.data).toEqual(VALUES.map((value) => 4 * value));
      await chain.close();
    });
  });
});
