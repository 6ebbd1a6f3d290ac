/** What TensorRT reports to us and allocates through us, on the double of the TensorRT that the project names. */
import { Session, Tensor } from 'accelnode';
import { afterAll, afterEach, describe, expect, it } from 'vitest';

import { onnxModel } from '../utils/onnx-model.js';
import { expectError, withSession } from '../utils/session.js';
import { missing, openDoubles, reaches, rowsFrom1To8 } from './cuda/setup.js';
import { makeWorkplace } from './openvino/setup.js';

describe.skipIf(missing)(`the error recorder and the allocator${missing ?? ''}`, () => {
  const place = makeWorkplace();
  const { control, models } = openDoubles(place.folder);
  afterAll(() => place.remove());
  afterEach(() => {
    for (const field of ['memoryLimit', 'noPools', 'holdBuild', 'tactics']) control.set(field, 0);
    expect(control.getText('violation')).toBe('');
  });

  const device = 'cuda:0';
  const inputs = () => ({ a: new Float32Array(4), b: new Float32Array(4) });

  const named = (name: string): Uint8Array => {
    const float = (tensor: string) => ({ name: tensor, type: 'float32' as const, shape: [1] });
    return onnxModel({
      inputs: [float('x')],
      nodes: [{ name, op: 'Identity', inputs: ['x'], outputs: ['y'] }],
      outputs: [float('y')],
    });
  };

  it('builds that fail at once get their own words each, from whatever thread', async () => {
    control.set('holdBuild', 1);
    const loads = ['apples', 'pears', 'plums'].map((words) =>
      expectError('MODEL_UNSUPPORTED', () => Session.load(named(`refuse ${words}`), { device })),
    );
    await reaches(control, 'building', 3);
    control.set('holdBuild', 0);
    const messages = (await Promise.all(loads)).map(({ message }) => message);
    expect(messages.map((message) => message.match(/apples|pears|plums/g))).toEqual([['apples'], ['pears'], ['plums']]);
  });

  it.each([{ graphs: true }, { graphs: true, sharedMemory: true }])(
    'memory is measured where each set of shapes has its own: %j',
    async (cuda) => {
      const before = control.get('deviceBytes');
      await withSession(models.rows, { device, lanes: 1, shapes: rowsFrom1To8, cuda }, async (session) => {
        for (const rows of [1, 2, 3, 4, 5, 8]) {
          await session.run({ x: Tensor.zeros('float32', [rows, 3]) });
          expect(session.memory()).toEqual({ device: control.get('deviceBytes') - before });
        }
      });
      expect(control.get('deviceBytes')).toBe(before);
    },
  );

  it.each([{ lanes: 1 }, { lanes: 3 }, { lanes: 2, cuda: { sharedMemory: true } }])(
    'memory is measured: %j',
    async (options) => {
      const before = control.get('deviceBytes');
      await withSession(models.mix, { device, ...options }, async (session) => {
        const used = (): number => control.get('deviceBytes') - before;
        expect(session.memory()).toEqual({ device: used() });
        const runs = Array.from({ length: 9 }, () => session.run(inputs()));
        await Promise.all(runs);
        expect(session.memory()).toEqual({ device: used() });
      });
    },
  );

  it.each([0, 1])(
    'shapes that depend on data take memory in the order of the stream (no pools: %i)',
    async (noPools) => {
      control.set('noPools', noPools);
      const before = control.get('deviceBytes');
      await withSession(models.places, { device, lanes: 1 }, async (session) => {
        const count = control.get('poolAllocations');
        for (let i = 0; i < 3; i++) await session.run({ x: Tensor.zeros('float32', [6]) });
        expect(session.memory()).toEqual({ device: control.get('deviceBytes') - before });
        expect(control.get('poolAllocations') > count).toBe(noPools === 0);
      });
    },
  );

  it.each([0, 1])('tensors on the device are freed (no pools: %i)', async (noPools) => {
    control.set('noPools', noPools);
    const [bytes, count] = [control.get('deviceBytes'), control.get('poolAllocations')];
    const tensor = Tensor.allocate('float32', [4], { memory: 'device', device });
    await tensor.write(Float32Array.of(1, 2, 3, 4));
    expect([...(await tensor.read())]).toEqual([1, 2, 3, 4]);
    expect(control.get('poolAllocations') > count).toBe(noPools === 0);
    tensor.dispose();
    expect(control.get('deviceBytes')).toBe(bytes);
  });

  it('freeing on the JavaScript thread does not wait for what the device is doing', () =>
    withSession(models.mix, { device, lanes: 1 }, async (session) => {
      await session.run(inputs());
      const tensor = Tensor.allocate('float32', [4], { memory: 'device', device });
      control.set('hold', 1);
      const run = session.run(inputs());
      await reaches(control, 'held', 1);
      const bytes = control.get('deviceBytes');
      tensor.dispose(); // would never return
      expect(control.get('deviceBytes')).toBeLessThan(bytes);
      control.set('hold', 0);
      await run;
    }));

  // More than are kept, too: the last says why.
  it.each([1, 100])('a build that survives %i refused allocations and then fails says why', async (tactics) => {
    control.set('tactics', tactics);
    await withSession(named('pass'), { device }, () => undefined);
    const error = await expectError('MODEL_UNSUPPORTED', () => Session.load(named('refuse apples'), { device }));
    expect(error.message).toMatch(/OutOfMemory.*refuse apples$/s);
  });

  it('pinned memory that is refused is told with its size', async () => {
    control.arm(3, { status: 2, text: '' });
    const allocate = () => Tensor.allocate('float32', [1000], { memory: 'pinned', device });
    const error = await expectError('OUT_OF_MEMORY', allocate);
    expect(control.disarm()).toBe('cudaHostAlloc');
    expect(error.message).toMatch(/^An allocation of 4000 bytes of pinned memory failed\. CUDA: out of memory/);
  });

  it('what was wanted when there was no more memory is told', async () => {
    control.set('memoryLimit', control.get('deviceBytes') + 1000);
    const error = await expectError('OUT_OF_MEMORY', () => Session.load(models.mix, { device }));
    expect(error.message).toMatch(/An allocation of 262144 bytes on the device failed.*out of memory.*TensorRT: /s);
    expect(error).toMatchObject({ call: 'cudaMalloc', status: 2 });
  });
});
