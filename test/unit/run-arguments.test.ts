/** Everything that `run` and `runSync` check before the addon sees it. */
import { Tensor } from 'accelnode';
import type { Inputs, NullTensor, RunOptions, Session } from 'accelnode';
import { describe, expect, it } from 'vitest';

import { expectError, withNull } from '../utils/session.js';

const fixed: NullTensor = { name: 'x', type: 'float32', shape: [2, 3] };
const dynamic: NullTensor = { name: 'x', type: 'float32', shape: [-1, 3] };
const values = Float32Array.from([1, 2, 3, 4, 5, 6]);
const x = new Tensor('float32', values, [2, 3]);

/** Both ways to run must refuse alike, and a good run must still work afterwards. */
async function refuses(session: Session, inputs: unknown, options?: RunOptions): Promise<string> {
  const error = await expectError('INVALID_ARGUMENT', () => session.run(inputs as Inputs, options));
  await expectError('INVALID_ARGUMENT', () => session.runSync(inputs as Inputs, options));
  const { x: result } = await session.run({ x });
  expect(result!.data).toEqual(values);
  return error.message;
}

describe('inputs', () => {
  it.each<[string, unknown, RegExp]>([
    ['nothing', undefined, /object of tensors/],
    ['null', null, /object of tensors/],
    ['a tensor without a name', x, /"x" is missing/],
    ['no input', {}, /"x" is missing/],
    ['an unknown name', { x, y: x }, /no input "y"/],
    ['a misspelt name', { X: x }, /"x" is missing/],
    ['another type', { x: new Tensor('int32', new Int32Array(6), [2, 3]) }, /is float32, not int32/],
    ['another rank', { x: new Tensor('float32', values) }, /of shape \[2, 3\], not of shape \[6\]/],
    ['another dimension', { x: new Tensor('float32', values, [3, 2]) }, /of shape \[2, 3\]/],
    ['another byte length', { x: new Float32Array(5) }, /6 elements, but its data has 5/],
    ['another typed array', { x: new Float64Array(6) }, /must be a Float32Array/],
    ['an array of numbers', { x: [1, 2, 3] }, /must be a Tensor, not an array/],
    ['a number', { x: 1 }, /must be a Tensor, not 1/],
    [
      'something that looks like a tensor, but is wrong',
      { x: { type: 'float32', data: 'abc', dims: [2, 3] } },
      /Float32Array/,
    ],
    ['a shape of NaN', { x: { type: 'float32', data: values, dims: [NaN, 3] } }, /whole numbers/],
    ['a negative shape', { x: { type: 'float32', data: values, dims: [-2, -3] } }, /whole numbers/],
    ['2^31 elements', { x: { type: 'float32', data: values, dims: [2 ** 31] } }, /2147483648 elements/],
  ])('refuses %s', (_what, inputs, message) =>
    withNull({ inputs: [fixed] }, async (session) => expect(await refuses(session, inputs)).toMatch(message)),
  );

  it('refuses a buffer that was transferred after the tensor was made', () =>
    withNull({ inputs: [fixed] }, async (session) => {
      const gone = new Tensor('float32', Float32Array.from(values), [2, 3]);
      transfer(gone);
      expect(await refuses(session, { x: gone })).toMatch(/detached/);
    }));

  it('refuses a buffer that was transferred after a run used it', () =>
    withNull({ inputs: [fixed] }, async (session) => {
      const gone = new Tensor('float32', Float32Array.from(values), [2, 3]);
      await session.run({ x: gone });
      transfer(gone);
      expect(await refuses(session, { x: gone })).toMatch(/detached/);
    }));

  it('ignores what inputs inherit', () =>
    withNull({ inputs: [fixed] }, async (session) => {
      const inputs = Object.assign(Object.create({ inherited: x }) as object, { x }) as Inputs;
      expect((await session.run(inputs)).x!.data).toEqual(values);
    }));

  it('takes a typed array where the shape is fixed', () =>
    withNull({ inputs: [fixed] }, async (session) => {
      expect((await session.run({ x: values })).x).toMatchObject({ dims: [2, 3], data: values });
    }));

  it('wants a shape where it is not', () =>
    withNull({ inputs: [dynamic] }, async (session) => {
      await expectError('INVALID_ARGUMENT', () => session.run({ x: values }));
      expect((await session.run({ x })).x).toMatchObject({ dims: [2, 3], data: values });
    }));

  it("takes onnxruntime's tensors", async () => {
    // The class of onnxruntime-node, whose own library, loaded with it, does not run under QEMU.
    const { Tensor: OrtTensor } = await import('onnxruntime-common');
    await withNull({ inputs: [fixed] }, async (session) => {
      expect((await session.run({ x: new OrtTensor('float32', values, [2, 3]) })).x!.data).toEqual(values);
    });
  });

  it('takes views into larger buffers, at any aligned place, and shared memory', () =>
    withNull({ inputs: [fixed] }, async (session) => {
      for (const buffer of [new ArrayBuffer(64), new SharedArrayBuffer(64)]) {
        const view = new Float32Array(buffer, 20, 6);
        view.set(values);
        expect((await session.run({ x: new Tensor('float32', view, [2, 3]) })).x!.data).toEqual(values);
      }
    }));

  it('takes tensors without elements', () =>
    withNull({ inputs: [dynamic] }, async (session) => {
      const empty = Tensor.zeros('float32', [0, 3]);
      expect((await session.run({ x: empty })).x).toMatchObject({ dims: [0, 3], size: 0 });
      expect(session.runSync({ x: empty }).x).toMatchObject({ dims: [0, 3], size: 0 });
    }));

  it('sees what was written between two runs', () =>
    withNull({ inputs: [fixed] }, async (session) => {
      const tensor = Tensor.zeros('float32', [2, 3]);
      await session.run({ x: tensor });
      tensor.data[5] = 42;
      expect((await session.run({ x: tensor })).x!.data[5]).toBe(42);
    }));
});

function transfer({ data: { buffer } }: Tensor): void {
  if (buffer instanceof ArrayBuffer) structuredClone(buffer, { transfer: [buffer] });
}

describe('outputs', () => {
  const two = { inputs: [fixed, { ...fixed, name: 'z' }] };
  const inputs = { x, z: x };

  it('gives all when nothing is said', () =>
    withNull(two, async (session) => expect(Object.keys(await session.run(inputs))).toEqual(['x', 'z'])));

  it('gives those that are named', () =>
    withNull(two, async (session) => {
      expect(Object.keys(await session.run(inputs, { outputs: ['z'] }))).toEqual(['z']);
      expect(Object.keys(session.runSync(inputs, { outputs: { z: null } }))).toEqual(['z']);
      expect(await session.run(inputs, { outputs: [] })).toEqual({});
    }));

  it('writes to the tensor that is given', () =>
    withNull(two, async (session) => {
      const mine = Tensor.zeros('float32', [2, 3]);
      const outputs = await session.run(inputs, { outputs: { z: mine } });
      expect(outputs.z).toBe(mine);
      expect(mine.data).toEqual(values);
    }));

  it('gives fresh tensors to each run', () =>
    withNull(two, async (session) => {
      const [a, b] = await Promise.all([session.run(inputs), session.run(inputs)]);
      expect(a.x!.data.buffer).not.toBe(b.x!.data.buffer);
    }));

  it('writes a dynamic output to the tensor that is given', () =>
    withNull({ inputs: [dynamic] }, async (session) => {
      const mine = Tensor.zeros('float32', [2, 3]);
      expect((await session.run({ x }, { outputs: { x: mine } })).x).toBe(mine);
      expect(mine.data).toEqual(values);
    }));

  it('gives the first part of a tensor that is larger than needed', () =>
    withNull({ inputs: [dynamic] }, async (session) => {
      const mine = Tensor.zeros('float32', [4, 3]);
      for (const outputs of [
        await session.run({ x }, { outputs: { x: mine } }),
        session.runSync({ x }, { outputs: { x: mine } }),
      ]) {
        expect(outputs.x).toMatchObject({ dims: [2, 3], data: values });
        expect(outputs.x!.data.buffer).toBe(mine.data.buffer);
      }
    }));

  it('refuses a tensor that is smaller than needed', () =>
    withNull({ inputs: [dynamic] }, async (session) => {
      const mine = Tensor.zeros('float32', [1, 3]);
      expect(await refuses(session, { x }, { outputs: { x: mine } })).toMatch(/too small: it needs 24 bytes/);
      expect(mine.data).toEqual(new Float32Array(3));
    }));

  it('has the shape that the run gave it, not the one that was expected', () =>
    withNull({ inputs: [{ ...dynamic, shape: [-1, -1] }] }, async (session) => {
      const mine = Tensor.zeros('float32', [6, 1]);
      expect((await session.run({ x }, { outputs: { x: mine } })).x).toMatchObject({ dims: [2, 3], data: values });
    }));

  it.each<[string, unknown, RegExp]>([
    ['an unknown name', ['y'], /no output "y"/],
    ['an unknown name with a tensor', { y: x }, /no output "y"/],
    ['no object', 'x', /names, or an object/],
    ['a typed array', { x: new Float32Array(6) }, /must be a Tensor/],
    ['another type', { x: new Tensor('int32', new Int32Array(6), [2, 3]) }, /is float32, not int32/],
    ['another shape', { x: new Tensor('float32', values, [6]) }, /of shape \[2, 3\]/],
  ])('refuses %s', (_what, outputs, message) =>
    withNull({ inputs: [fixed] }, async (session) =>
      expect(await refuses(session, { x }, { outputs: outputs as never })).toMatch(message),
    ),
  );
});

describe('limits', () => {
  it.each<[string, RunOptions]>([
    ['a time-out of 0', { timeout: 0 }],
    ['a negative time-out', { timeout: -1 }],
    ['a time-out of NaN', { timeout: NaN }],
    ['a time-out beyond what timers take', { timeout: 2 ** 31 }],
    ['text as a time-out', { timeout: '5' as never }],
    ['a signal that is none', { signal: {} as never }],
  ])('refuses %s', (_what, options) =>
    withNull({}, async (session) => {
      await expectError('INVALID_ARGUMENT', () => session.run({ x: new Float32Array(4) }, options));
      expect(session.pending).toBe(0);
    }),
  );
});
