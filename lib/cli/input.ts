/** Turns what `--input` names into tensors. */
import { extname } from 'node:path';

import { AccelError, Tensor } from '../index.js';
import type { DataType, Session, TensorInfo } from '../index.js';
import { readNpy } from './npy.js';

/** The shape to use for an input: the one given, else the model's, with 1 for each dynamic dimension. */
export function shapeFor(info: TensorInfo, given: readonly number[] | undefined): number[] {
  if (given !== undefined) return [...given];
  if (info.shape === undefined) {
    throw new AccelError('INVALID_ARGUMENT', `The input "${info.name}" has no fixed number of dimensions.`, {
      hint: `Give its shape: --shape ${info.name}=1,3,224,224`,
    });
  }
  return info.shape.map((dim, i) => (dim >= 0 ? dim : Math.max(1, info.min?.[i] ?? 1)));
}

/**
 * A tensor of an input's type.
 * @param what `zeros`, `random`, or the path of a .npy file or of an image
 */
export async function makeInput(info: TensorInfo, what: string, shape: readonly number[] | undefined): Promise<Tensor> {
  if (what === 'zeros') return emptyTensor(info, shapeFor(info, shape));
  if (what === 'random') return randomTensor(info, shapeFor(info, shape));
  if (extname(what).toLowerCase() === '.npy') return readNpy(what);
  return readImage(info, what, shapeFor(info, shape));
}

/** Random values for every input of a session. */
export function randomInputs(
  { inputs }: Session,
  shapes: Readonly<Record<string, readonly number[]>>,
): Record<string, Tensor> {
  return Object.fromEntries(inputs.map((info) => [info.name, randomTensor(info, shapeFor(info, shapes[info.name]))]));
}

function emptyTensor(info: TensorInfo, dims: readonly number[]): Tensor {
  if (info.type === 'string' || info.type === 'unknown') {
    throw new AccelError(
      'UNSUPPORTED',
      `The input "${info.name}" has the element type ${info.type}, which can't be passed.`,
    );
  }
  return Tensor.zeros(info.type, dims);
}

/** Floats in [0, 1), small whole numbers for integers: valid for most models, if not meaningful. */
function randomTensor(info: TensorInfo, dims: readonly number[]): Tensor {
  const tensor = emptyTensor(info, dims);
  const { type, data } = tensor;
  for (let i = 0; i < data.length; i++) {
    if (data instanceof BigInt64Array || data instanceof BigUint64Array)
      data[i] = BigInt(Math.floor(Math.random() * 2));
    else if (type === 'float32' || type === 'float64') data[i] = Math.random();
    // Bit patterns of 16-bit floats in [0.5, 1): the top bits of 0.5 with random mantissas.
    else if (type === 'float16') data[i] = 0x3800 + Math.floor(Math.random() * 0x400);
    else if (type === 'bfloat16') data[i] = 0x3f00 + Math.floor(Math.random() * 0x80);
    else if (type === 'uint8') data[i] = Math.floor(Math.random() * 256);
    else data[i] = Math.floor(Math.random() * 2);
  }
  return tensor;
}

/** Decodes an image for an NCHW or NHWC input: bytes as they are, floats as value / 255. */
async function readImage(info: TensorInfo, path: string, dims: readonly number[]): Promise<Tensor> {
  const channelsFirst = dims.length === 4 && (dims[1] === 3 || dims[1] === 1);
  const channelsLast = dims.length === 4 && (dims[3] === 3 || dims[3] === 1);
  const usable = dims[0] === 1 && (channelsFirst || channelsLast) && (info.type === 'float32' || info.type === 'uint8');
  if (!usable) {
    throw new AccelError(
      'INVALID_ARGUMENT',
      `An image can't be the input "${info.name}" of type ${info.type} and shape [${dims.join(', ')}].`,
      {
        hint: 'Images fit inputs of shape [1, 3, height, width] or [1, height, width, 3], float32 or uint8; use a .npy file for others.',
      },
    );
  }
  const [height, width, channels] = (channelsFirst ? [dims[2], dims[3], dims[1]] : [dims[1], dims[2], dims[3]]) as [
    number,
    number,
    number,
  ];
  const pixels = await decode(path, height, width, channels);
  const data = info.type === 'float32' ? Float32Array.from(pixels, (value) => value / 255) : new Uint8Array(pixels);
  if (!channelsFirst) return new Tensor(info.type as DataType, data, dims);
  const planes = info.type === 'float32' ? new Float32Array(data.length) : new Uint8Array(data.length);
  const plane = height * width;
  for (let i = 0; i < data.length; i++) planes[(i % channels) * plane + Math.floor(i / channels)] = data[i]!;
  return new Tensor(info.type as DataType, planes, dims);
}

async function decode(path: string, height: number, width: number, channels: number): Promise<Buffer> {
  const { default: sharp } = await import('sharp').catch(() => {
    throw new AccelError('UNSUPPORTED', 'Reading images needs the package sharp, which is not installed.', {
      hint: 'npm install sharp',
    });
  });
  try {
    const image = sharp(path).resize(width, height, { fit: 'fill' }).removeAlpha();
    return await (channels === 1 ? image.greyscale() : image.toColourspace('srgb')).raw().toBuffer();
  } catch (cause) {
    throw new AccelError('INVALID_ARGUMENT', `Can't read the image ${path}: ${(cause as Error).message}.`, { cause });
  }
}
