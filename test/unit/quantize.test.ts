/** Real numbers to integers and back, against TFLite's rule written in exact arithmetic. */
import { Tensor, dequantize, quantize } from 'accelnode';
import type { QuantizedType, TensorInfo } from 'accelnode';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { expectError } from '../utils/session.js';

const RANGES = {
  int8: [-128, 127],
  uint8: [0, 255],
  int16: [-32768, 32767],
  int32: [-(2 ** 31), 2 ** 31 - 1],
} as const;

function infoOf(type: TensorInfo['type'], scale: number, zeroPoint: number, shape: number[] = [1]): TensorInfo {
  return { name: 'x', type, shape, details: { scale, zeroPoint } };
}

/** Scales that are floats, of any size that divides without overflow. */
const scales = fc.float({ min: Math.fround(2 ** -60), max: Math.fround(2 ** 60), noNaN: true });
const types = fc.constantFrom<QuantizedType>('int8', 'uint8', 'int16', 'int32');
const quantized = types.chain((type) => {
  const [min, max] = RANGES[type];
  return fc.record({ type: fc.constant(type), zeroPoint: fc.integer({ min, max }), scale: scales });
});

describe('quantize', () => {
  it.each([
    [0.25, 1], // halves go away from zero, not up or to even
    [-0.25, -1],
    [0.75, 2],
    [-0.75, -2],
    [0.2499, 0],
    [1000, 127],
    [-1000, -128],
    [Infinity, 127],
    [-Infinity, -128],
    [-0, 0],
  ])('%f by a scale of 0.5 is %i', (value, expected) => {
    expect([...quantize([value], infoOf('int8', 0.5, 0)).data]).toEqual([expected]);
  });

  it('is the nearest step within the range, whatever the scale and zero point', () => {
    fc.assert(
      fc.property(quantized, fc.float({ noNaN: true }), ({ type, scale, zeroPoint }, value) => {
        const [lowest, highest] = RANGES[type];
        const [result] = quantize([value], infoOf(type, scale, zeroPoint)).data as unknown as [number];
        expect(Number.isInteger(result)).toBe(true);
        const steps = Math.fround(value / scale); // a quotient of floats, rounded twice, is that rounded once
        if (steps + zeroPoint >= highest) expect(result).toBe(highest);
        else if (steps + zeroPoint <= lowest) expect(result).toBe(lowest);
        else {
          const distance = Math.abs(steps - (result - zeroPoint));
          expect(distance).toBeLessThanOrEqual(0.5);
          if (distance === 0.5) expect(Math.abs(result - zeroPoint)).toBeGreaterThan(Math.abs(steps));
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('gives back what dequantize made', () => {
    fc.assert(
      fc.property(quantized, fc.array(fc.integer({ min: -128, max: 255 }), { minLength: 1 }), (each, values) => {
        // Beyond 24 bits a float32 does not hold every step.
        fc.pre(each.type !== 'int32');
        const [lowest, highest] = RANGES[each.type];
        const held = values.map((value) => Math.min(highest, Math.max(lowest, value)));
        const info = infoOf(each.type, each.scale, each.zeroPoint, [held.length]);
        const real = dequantize(new Tensor(each.type, held), info);
        expect([...quantize(real.data, info).data]).toEqual(held);
      }),
      { numRuns: 1000 },
    );
  });

  it('takes the shape from the info, or as it is given', async () => {
    const open = infoOf('uint8', 1, 128, [-1, 2]);
    expect(quantize([1, 2, 3, 4], open, [2, 2])).toMatchObject({ type: 'uint8', dims: [2, 2] });
    expect(quantize(new Float32Array(2), infoOf('uint8', 1, 128, [1, 2]))).toMatchObject({ dims: [1, 2] });
    const error = await expectError('INVALID_ARGUMENT', () => quantize([1, 2], open));
    expect(error.hint).toContain('third argument');
    await expectError('INVALID_ARGUMENT', () => quantize([1, 2, 3], open, [2, 2]));
  });

  it.each<[string, unknown, TensorInfo]>([
    ['NaN', [NaN], infoOf('int8', 1, 0)],
    ['no number', ['1'], infoOf('int8', 1, 0)],
    ['no array', 7, infoOf('int8', 1, 0)],
    ['a tensor without a scale', [1], { name: 'x', type: 'int8', shape: [1] }],
    ['a scale of 0', [1], infoOf('int8', 0, 0)],
    ['a scale that is infinite', [1], infoOf('int8', Infinity, 0)],
    ['a type that is not quantized', [1], infoOf('float32', 1, 0)],
    ['no info', [1], undefined as unknown as TensorInfo],
  ])('refuses %s', async (_what, values, info) => {
    await expectError('INVALID_ARGUMENT', () => quantize(values as number[], info));
  });
});

describe('dequantize', () => {
  it('is scale * (value - zeroPoint)', () => {
    const real = dequantize(new Tensor('int8', [-128, -3, 127], [3, 1]), infoOf('int8', 0.5, -3));
    expect(real).toMatchObject({ type: 'float32', dims: [3, 1], data: Float32Array.of(-62.5, 0, 65) });
  });

  it('refuses another type, and what is no tensor', async () => {
    await expectError('INVALID_ARGUMENT', () => dequantize(new Tensor('uint8', [1]), infoOf('int8', 1, 0)));
    await expectError('INVALID_ARGUMENT', () => dequantize([1] as unknown as Tensor, infoOf('int8', 1, 0)));
  });
});
