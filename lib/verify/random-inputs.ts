/** Inputs that look random and are the same for the same seed, on every machine. */
import type { TensorInfo } from '../binding.js';
import { isDataType } from '../data-type.js';
import { AccelError } from '../errors.js';
import { Tensor } from '../tensor.js';

/**
 * Values for every input, which are valid for most models: floats in [0, 1); all values of the 8-bit integers, which are
 * pixels or quantized numbers; 0 or 1 for other integers, which may be indices into a table of any size.
 * @param shapes of inputs; for others, an open dimension is 1
 * @param set of several for the same seed, none of them another seed's
 * @throws `INVALID_ARGUMENT` for an input without a fixed number of dimensions, `UNSUPPORTED` for one of strings
 */
export function seededInputs(
  inputs: readonly TensorInfo[],
  shapes: Readonly<Record<string, readonly number[]>>,
  seed: number,
  set = 0,
): Record<string, Tensor> {
  const next = splitmix32(seed + set * BETWEEN_SETS);
  return Object.fromEntries(inputs.map((info) => [info.name, seededTensor(info, shapeOf(info, shapes), next)]));
}

function shapeOf(info: TensorInfo, shapes: Readonly<Record<string, readonly number[]>>): readonly number[] {
  if (Object.hasOwn(shapes, info.name)) return shapes[info.name]!;
  if (info.shape === undefined) {
    throw new AccelError('INVALID_ARGUMENT', `The input "${info.name}" has no fixed number of dimensions.`, {
      hint: 'Give its shape.',
    });
  }
  return info.shape.map((dim, i) => (dim >= 0 ? dim : Math.max(1, info.min?.[i] ?? 1)));
}

function seededTensor({ name, type }: TensorInfo, dims: readonly number[], next: () => number): Tensor {
  if (!isDataType(type)) {
    throw new AccelError('UNSUPPORTED', `The input "${name}" has the element type ${type}, which can't be passed.`);
  }
  const tensor: Tensor = Tensor.zeros(type, dims);
  const { data } = tensor;
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) {
    for (let i = 0; i < data.length; i++) data[i] = BigInt(Math.floor(next() * 2));
    return tensor;
  }
  for (let i = 0; i < data.length; i++) {
    if (type === 'float32' || type === 'float64') data[i] = next();
    // The bits of floats in [0.5, 1): those of 0.5 with other fractions.
    else if (type === 'float16') data[i] = 0x3800 + Math.floor(next() * 0x400);
    else if (type === 'bfloat16') data[i] = 0x3f00 + Math.floor(next() * 0x80);
    // An int8's value is what is left of it in 8 bits.
    else data[i] = Math.floor(next() * (type === 'uint8' || type === 'int8' ? 256 : 2));
  }
  return tensor;
}

/** So far apart that no seed that people would choose begins where a set of another one does. */
const BETWEEN_SETS = 0x85ebca6b;

/** Numbers in [0, 1). */
function splitmix32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = state ^ (state >>> 16);
    mixed = Math.imul(mixed, 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
  };
}
