/** Real numbers as the integers of a quantized tensor, and back, as TFLite's reference kernels do it. */
import type { TensorInfo } from './binding.js';
import { describe } from './data-type.js';
import { AccelError, invalidArgument } from './errors.js';
import { Tensor } from './tensor.js';

/** The types that quantized tensors have. */
export type QuantizedType = 'int8' | 'uint8' | 'int16' | 'int32';

const RANGES: Readonly<Record<QuantizedType, readonly [lowest: number, highest: number]>> = {
  int8: [-128, 127],
  uint8: [0, 255],
  int16: [-32768, 32767],
  int32: [-(2 ** 31), 2 ** 31 - 1],
};

/** What {@link quantize} and {@link dequantize} take from a {@link TensorInfo}. */
export type QuantizedInfo = Pick<TensorInfo, 'name' | 'type' | 'shape' | 'details'>;

interface Quantization {
  type: QuantizedType;
  /** `real = scale * (value - zeroPoint)` */
  scale: number;
  zeroPoint: number;
}

/**
 * Makes the tensor that a quantized input wants: each number divided by the scale, rounded to the nearest integer,
 * halves away from zero, moved by the zero point, and held within the type's range (so do infinities). In float32, as
 * TFLite's reference kernel computes.
 * @param values real numbers, in row-major order
 * @param info of `session.inputs`, with `scale` and `zeroPoint` in its `details`
 * @param dims the shape; by default that of `info`, where all of it is fixed
 * @throws {@link AccelError} `INVALID_ARGUMENT` for a number that is NaN, which has no integer; when there are not as
 * many as the shape has elements; when `info` has no scale, or is no integer type
 */
export function quantize(values: ArrayLike<number>, info: QuantizedInfo, dims?: readonly number[]): Tensor {
  const { type, scale, zeroPoint } = quantizationOf(info);
  dims ??= info.shape;
  if (dims === undefined || dims.some((dim) => dim < 0)) {
    throw invalidArgument(`${nameOf(info)} leaves its shape open.`, 'Give the dimensions as the third argument.');
  }
  if (typeof values !== 'object' || values === null || typeof values.length !== 'number') {
    throw invalidArgument(`Numbers to quantize are an array or typed array, not ${describe(values)}.`);
  }
  const tensor = Tensor.zeros(type, dims);
  if (values.length !== tensor.size) {
    throw invalidArgument(
      `${nameOf(info)} of shape [${dims.join(', ')}] has ${tensor.size} elements, not ${values.length}.`,
    );
  }
  const [lowest, highest] = RANGES[type];
  const { data } = tensor;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (typeof value !== 'number' || Number.isNaN(value)) {
      throw invalidArgument(`Element ${i} is ${describe(value)}, which can't be quantized.`);
    }
    const steps = Math.fround(Math.fround(value) / scale);
    data[i] = Math.min(highest, Math.max(lowest, round(steps) + zeroPoint));
  }
  return tensor;
}

/**
 * The real numbers behind a quantized output: `scale * (value - zeroPoint)`, as float32.
 * @param tensor of the type of `info`, in host memory
 * @param info of `session.outputs`, with `scale` and `zeroPoint` in its `details`
 * @throws {@link AccelError} `INVALID_ARGUMENT` when `info` has no scale or another type than the tensor
 */
export function dequantize(tensor: Tensor, info: QuantizedInfo): Tensor<'float32'> {
  const { type, scale, zeroPoint } = quantizationOf(info);
  if (!(tensor instanceof Tensor))
    throw invalidArgument(`A tensor to dequantize is a Tensor, not ${describe(tensor)}.`);
  if (tensor.type !== type) throw invalidArgument(`The tensor is ${tensor.type}, but ${nameOf(info)} is ${type}.`);
  const from = tensor.data as Int8Array | Uint8Array | Int16Array | Int32Array;
  return new Tensor(
    'float32',
    Float32Array.from(from, (value) => scale * (value - zeroPoint)),
    tensor.dims,
  );
}

/** To the nearest integer, halves away from zero; Math.round takes halves up. */
function round(value: number): number {
  const whole = Math.trunc(value);
  return Math.abs(value - whole) < 0.5 ? whole : whole + Math.sign(value);
}

function quantizationOf(info: QuantizedInfo): Quantization {
  if (typeof info !== 'object' || info === null) {
    throw invalidArgument(`A tensor's info is one of session.inputs or session.outputs, not ${describe(info)}.`);
  }
  const { type, details = {} } = info;
  const { scale, zeroPoint } = details;
  const isScale = typeof scale === 'number' && scale > 0 && Number.isFinite(scale);
  if (!isScale || !Number.isInteger(zeroPoint)) {
    throw new AccelError('INVALID_ARGUMENT', `${nameOf(info)} has no scale and zero point.`, {
      hint: 'Only tensors that are quantized as a whole have them, in `details`: not float ones, nor such with a scale for each channel.',
    });
  }
  if (!Object.hasOwn(RANGES, type)) throw invalidArgument(`${nameOf(info)} is ${type}: no type of quantized tensors.`);
  return { type: type as QuantizedType, scale: Math.fround(scale), zeroPoint: zeroPoint as number };
}

function nameOf({ name }: QuantizedInfo): string {
  return `The tensor ${JSON.stringify(name)}`;
}
