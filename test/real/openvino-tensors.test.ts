/** What goes in and out: every element type, shapes fixed and bounded at load, odd outputs. */
import { Session, Tensor } from 'accelnode';
import type { DataType, LoadOptions, TensorValues } from 'accelnode';
import { afterAll, describe, expect, it } from 'vitest';

import { expectAllClose, expectClose, valuesOf } from '../utils/compare.js';
import { toBfloat16, toFloat16 } from '../utils/float16.js';
import { modelPath } from '../utils/models.js';
import { releaseOnnxruntime, runOnnxruntime } from '../utils/onnxruntime.js';
import { describeOpenvino } from '../utils/openvino.js';
import { randomTensor } from '../utils/random.js';
import { withSession } from '../utils/session.js';

const CPU: LoadOptions = { device: 'openvino:CPU', lanes: 1 };

afterAll(releaseOnnxruntime);

describeOpenvino('element types', () => {
  /** Values of each type, and what each is when added to itself. */
  const samples: Partial<Record<DataType, [values: number[], doubled: number[]]>> = {
    float32: [
      [1.5, -2, 1e30],
      [3, -4, 2e30],
    ],
    float16: [
      [1.5, -2, 0.25],
      [3, -4, 0.5],
    ],
    bfloat16: [
      [1.5, -2, 0.25],
      [3, -4, 0.5],
    ],
    float64: [
      [1.5, -2, 0.25],
      [3, -4, 0.5],
    ],
    int8: [
      [1, -64, 63],
      [2, -128, 126],
    ],
    uint8: [
      [1, 0, 127],
      [2, 0, 254],
    ],
    int16: [
      [1, -300, 300],
      [2, -600, 600],
    ],
    uint16: [
      [1, 0, 30000],
      [2, 0, 60000],
    ],
    int32: [
      [1, -70000, 1e9],
      [2, -140000, 2e9],
    ],
    uint32: [
      [1, 0, 1e9],
      [2, 0, 2e9],
    ],
    int64: [
      [1, -70000, 1e9],
      [2, -140000, 2e9],
    ],
    uint64: [
      [1, 0, 1e9],
      [2, 0, 2e9],
    ],
    bool: [
      [1, 0, 1],
      [0, 1, 0],
    ],
  };

  function tensorOf(type: DataType, values: readonly number[]): Tensor {
    if (type === 'float16') return new Tensor(type, Uint16Array.from(values, toFloat16), [1, 3]);
    if (type === 'bfloat16') return new Tensor(type, Uint16Array.from(values, toBfloat16), [1, 3]);
    return new Tensor(type, [...values] as TensorValues, [1, 3]);
  }

  it.each(Object.entries(samples))('%s', async (name, [values, doubled]) => {
    const type = name as DataType;
    await withSession(modelPath(`type-${type}`), CPU, async (session) => {
      expect(session.inputs[0]).toEqual({ name: 'x', type, shape: [-1, 3] });
      expect(session.outputs.map((output) => output.type)).toEqual([type, type]);
      const { twice, computed } = await session.run({ x: tensorOf(type, values) });
      expect([twice!.type, twice!.dims]).toEqual([type, [2, 3]]);
      expect([...valuesOf(twice!)]).toEqual([...valuesOf(tensorOf(type, values)), ...valuesOf(tensorOf(type, values))]);
      expect([computed!.type, computed!.dims]).toEqual([type, [1, 3]]);
      expectClose(computed!, tensorOf(type, doubled));
    });
  });

  it('wide ones are no wider than OpenVINO has them: float32 and int32 on a CPU', async () => {
    const twice = async (x: Tensor): Promise<number[]> =>
      withSession(modelPath(`type-${x.type}`), CPU, async (session) => {
        const outputs = await session.run({ x }, { outputs: ['twice'] });
        return [...valuesOf(outputs.twice!)].slice(0, 3);
      });
    expect(await twice(tensorOf('float64', [0.1, 1 / 3, 1e9 + 1]))).toEqual([0.1, 1 / 3, 1e9 + 1].map(Math.fround));
    const [most, beyond, least] = await twice(tensorOf('int64', [2 ** 31 - 1, 2 ** 40 + 5, -(2 ** 31)]));
    expect([most, least]).toEqual([2 ** 31 - 1, -(2 ** 31)]);
    expect(Math.abs(beyond!)).toBeLessThan(2 ** 31); // the nearest that there is, or the lowest bits
  });

  it('float16 all through', async () => {
    const x = randomTensor('float16', [4, 32]);
    await withSession(modelPath('float16'), CPU, async (session) => {
      // Both round to float16 several times on the way, at other places.
      expectAllClose(await session.run({ x }), await runOnnxruntime(modelPath('float16'), { x }), 2e-3);
    });
  });

  it('int8, quantised', async () => {
    const x = randomTensor('float32', [1, 3, 16, 16]);
    await withSession(modelPath('int8'), CPU, async (session) => {
      const { y } = await session.run({ x });
      const expected = await runOnnxruntime(modelPath('int8'), { x });
      // Outputs are multiples of 0.01; a sum that lies between two may be rounded to either.
      const [given, wanted] = [valuesOf(y!), valuesOf(expected.y!)];
      const steps = given.map((value, i) => Math.abs(Math.round((value - wanted[i]!) / 0.01)));
      expect(Math.max(...steps)).toBeLessThanOrEqual(1);
      expect(steps.filter((step) => step > 0).length / steps.length).toBeLessThan(0.01);
    });
  });

  it('strings can not be passed, and are called what they are', async () => {
    await withSession(modelPath('text'), CPU, async (session) => {
      expect(session.inputs).toEqual([{ name: 'x', type: 'string', shape: [-1] }]);
      await expect(session.run({ x: new Tensor('uint8', [1, 2]) })).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
        message: expect.stringContaining('string') as string,
      });
    });
  });
});

describeOpenvino('shapes', () => {
  it('fixed at load', async () => {
    await withSession(modelPath('encoder'), { ...CPU, shapes: { tokens: [2, 9], mask: [2, 9] } }, async (session) => {
      expect(session.inputs.map(({ shape }) => shape)).toEqual([
        [2, 9],
        [2, 9],
      ]);
      expect(session.outputs.map(({ shape }) => shape)).toEqual([
        [2, 9, 128],
        [2, 128],
      ]);
      const inputs = {
        tokens: randomTensor('int64', [2, 9], { max: 999 }),
        mask: randomTensor('int64', [2, 9], { min: 1, max: 1 }),
      };
      expectAllClose(await session.run(inputs), await runOnnxruntime(modelPath('encoder'), inputs));
      await expect(session.run({ ...inputs, tokens: randomTensor('int64', [2, 8]) })).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
        message: 'The input "tokens" is int64 of shape [2, 9], not of shape [2, 8].',
      });
    });
  });

  it('fixed otherwise than the file has them', async () => {
    const images = randomTensor('float32', [3, 3, 224, 224]);
    await withSession(modelPath('resnet18'), { ...CPU, shapes: { image: [3, 3, 224, 224] } }, async (session) => {
      const { logits } = await session.run({ image: images });
      expect(logits!.dims).toEqual([3, 1000]);
      for (let i = 0; i < 3; i++) {
        const one = new Tensor('float32', images.data.subarray(i * 150528, (i + 1) * 150528), [1, 3, 224, 224]);
        const expected = await runOnnxruntime(modelPath('resnet18'), { image: one });
        const row = new Tensor('float32', (logits!.data as Float32Array).subarray(i * 1000, (i + 1) * 1000), [1, 1000]);
        expectClose(row, expected.logits!);
      }
    });
  });

  describe.each([
    ['as ranges', [[1, 4], 4]],
    ['as min and max', { min: [1, 4], opt: [2, 4], max: [4, 4] }],
  ] as const)('bounded, %s', (_, x) => {
    it('take what is within and refuse what is not', async () => {
      await withSession(modelPath('double'), { ...CPU, shapes: { x } }, async (session) => {
        expect(session.inputs[0]).toEqual({ name: 'x', type: 'float32', shape: [-1, 4], min: [1, 4], max: [4, 4] });
        const factor = new Tensor('float32', [3], []);
        for (const rows of [1, 4]) {
          const input = randomTensor('float32', [rows, 4]);
          const { y } = await session.run({ x: input, factor });
          expectClose(
            y!,
            new Tensor(
              'float32',
              input.data.map((value) => 3 * value),
              [rows, 4],
            ),
          );
        }
        for (const rows of [0, 5]) {
          await expect(session.run({ x: randomTensor('float32', [rows, 4]), factor })).rejects.toMatchObject({
            code: 'INVALID_ARGUMENT',
            message: `The input "x" is float32 of shape [1…4, 4], not of shape [${rows}, 4].`,
          });
        }
      });
    });
  });

  it.each([
    ['of an input that is not there', { nothing: [1] }, 'Its inputs: input.'],
    ['that the model can not take', { input: [1, 63] }, undefined],
    ['of another rank', { input: [1, 1, 1, 65] }, undefined],
  ])('%s', async (_, shapes, hint) => {
    await expect(Session.load(modelPath('mlp'), { ...CPU, shapes })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      ...(hint && { hint }),
    });
  });

  it('without elements', async () => {
    await withSession(modelPath('double'), CPU, async (session) => {
      const factor = new Tensor('float32', [2], []);
      const { y, twice_factor: four } = await session.run({ x: new Tensor('float32', [], [0, 4]), factor });
      expect([y!.dims, y!.data.length]).toEqual([[0, 4], 0]);
      expectClose(four!, new Tensor('float32', [4], []));
      const mine = new Tensor('float32', [], [0, 4]);
      const given = await session.run({ x: new Tensor('float32', [], [0, 4]), factor }, { outputs: { y: mine } });
      expect(given).toEqual({ y: mine });
      // And elements again afterwards.
      const { y: more } = session.runSync({ x: new Tensor('float32', [1, 2, 3, 4], [1, 4]), factor });
      expectClose(more!, new Tensor('float32', [2, 4, 6, 8], [1, 4]));
    });
  });
});

describeOpenvino('outputs', () => {
  it('that are inputs, and several that are one tensor', async () => {
    const inputs = { a: randomTensor('float32', [2, 3]), b: randomTensor('int64', [4], { min: -5 }) };
    const expected = await runOnnxruntime(modelPath('passthrough'), inputs);
    await withSession(modelPath('passthrough'), CPU, async (session) => {
      expect(session.inputs.map(({ name }) => name)).toEqual(['a', 'b']);
      expectAllClose(await session.run(inputs), expected, 0);
      expectAllClose(session.runSync(inputs), expected, 0);
      for (const name of Object.keys(expected)) {
        expectAllClose(await session.run(inputs, { outputs: [name] }), { [name]: expected[name]! }, 0);
      }
      const mine = {
        a_again: new Tensor('float32', new Float32Array(6), [2, 3]),
        sum_again: new Tensor('float32', new Float32Array(6), [2, 3]),
      };
      await session.run(inputs, { outputs: mine });
      for (const [name, tensor] of Object.entries(mine)) expectClose(tensor, expected[name]!, 0);
    });
  });

  it('behind operations that change nothing', async () => {
    const inputs = { x: randomTensor('float32', [2, 3]) };
    const expected = await runOnnxruntime(modelPath('no-operations'), inputs);
    await withSession(modelPath('no-operations'), CPU, async (session) => {
      expectAllClose(await session.run(inputs), expected, 0);
      expectAllClose(session.runSync(inputs), expected, 0);
    });
  });

  it.each([
    [
      'of a fixed shape',
      'mixed',
      (seed: number) => ({
        a: randomTensor('float32', [2, 3], { seed }),
        b: randomTensor('int64', [2, 3], { seed }),
      }),
    ],
    [
      'passed through',
      'passthrough',
      (seed: number) => ({
        a: randomTensor('float32', [2, 3], { seed }),
        b: randomTensor('int64', [4], { seed }),
      }),
    ],
    ['of a shape that OpenVINO finds', 'nonzero', (seed: number) => ({ x: randomTensor('float32', [20], { seed }) })],
  ] as const)('%s belong to their run: a later one does not change them', async (_, model, inputs) => {
    await withSession(modelPath(model), CPU, async (session) => {
      const first = await session.run(inputs(1));
      const before = Object.values(first).map((tensor) => tensor.data.slice());
      for (let seed = 2; seed < 6; seed++) await session.run(inputs(seed));
      expect(Object.values(first).map((tensor) => tensor.data)).toEqual(before);
    });
  });

  it('of other types than the inputs', async () => {
    const inputs = { a: randomTensor('float32', [2, 3]), b: new Tensor('int64', [0, 1, -1, 2, -2, 3], [2, 3]) };
    await withSession(modelPath('mixed'), CPU, async (session) => {
      expect(session.outputs.map(({ type }) => type)).toEqual(['float64', 'bool']);
      expectAllClose(await session.run(inputs), await runOnnxruntime(modelPath('mixed'), inputs));
    });
  });

  it('whose shape the values decide', async () => {
    await withSession(modelPath('nonzero'), CPU, async (session) => {
      for (const values of [[0, 5, 0, -1], [1, 2, 3, 4, 5, 6], [0, 0], [7]]) {
        const x = new Tensor('float32', values, [values.length]);
        expectAllClose(await session.run({ x }), await runOnnxruntime(modelPath('nonzero'), { x }), 0);
      }
      const x = new Tensor('float32', [0, 5, 0, -1], [4]);
      const exact = new Tensor('float32', [9, 9], [2]);
      await session.run({ x }, { outputs: { values: exact } });
      expect([...exact.data]).toEqual([5, -1]);
    });
  });

  it('larger than the tensor given for them', async () => {
    await withSession(modelPath('nonzero'), CPU, async (session) => {
      const x = new Tensor('float32', [1, 2, 3, 4], [4]);
      const small = new Tensor('float32', [9, 9], [2]);
      await expect(session.run({ x }, { outputs: { values: small } })).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
        message: expect.stringContaining('too small') as string,
        hint: expect.stringContaining('"values"') as string,
      });
      expect([...small.data]).toEqual([9, 9]);
      expectAllClose(await session.run({ x }), await runOnnxruntime(modelPath('nonzero'), { x }), 0);
    });
  });

  it('of loops and branches', async () => {
    await withSession(modelPath('control-flow'), CPU, async (session) => {
      for (const [times, negate] of [
        [3, 1],
        [1, 0],
        [5, 0],
      ] as const) {
        const inputs = {
          x: new Tensor('float32', [1, -2, 0.5], [3]),
          times: new Tensor('int64', [times], []),
          negate: new Tensor('bool', [negate], []),
        };
        const outputs = await session.run(inputs);
        const signed = [1, -2, 0.5].map((value) => value * 2 ** times * (negate ? -1 : 1));
        expectClose(outputs.signed!, new Tensor('float32', signed, [3]), 0);
        const { steps } = await runOnnxruntime(modelPath('control-flow'), inputs);
        expectClose(outputs.steps!, steps!, 0);
      }
    });
  });
});
