/** Turns what `--input` names into tensors. */
import { extname } from 'node:path';

import { AccelError, Tensor } from '../index.js';
import type { DataType, MemoryKind, Session, TensorInfo } from '../index.js';
import { dataTypes, isDataType } from '../data-type.js';
import { seededInputs } from '../verify/random-inputs.js';
import { carrierOf, readNpy } from './npy.js';

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
  if (what === '') {
    throw new AccelError('INVALID_ARGUMENT', `--input ${info.name}= says nothing of what the input is.`, {
      hint: `Name a .npy file or an image, or give --input ${info.name}=random or =zeros.`,
    });
  }
  if (what === 'zeros') return emptyTensor(info, shapeFor(info, shape));
  if (what === 'random') {
    const seed = Math.floor(Math.random() * 2 ** 32);
    return seededInputs([info], { [info.name]: shapeFor(info, shape) }, seed)[info.name]!;
  }
  return isImage(what) ? readImage(info, what, shape) : readArray(info, what, shape);
}

/** Is what `--input` names an image? */
export function isImage(what: string): boolean {
  return !['', 'zeros', 'random'].includes(what) && extname(what).toLowerCase() !== '.npy';
}

/** @throws `INVALID_ARGUMENT` when an option names an input that the model lacks */
export function requireKnown(
  option: string,
  names: readonly string[],
  { inputs }: { inputs: readonly { name: string }[] },
): void {
  const unknown = names.find((name) => !inputs.some((info) => info.name === name));
  if (unknown === undefined) return;
  throw new AccelError('INVALID_ARGUMENT', `${option}: the model has no input "${unknown}".`, {
    hint: `Its inputs: ${inputs.map(({ name }) => name).join(', ')}`,
  });
}

/** Random values for every input of a session, the same ones each time. */
export function randomInputs(
  { inputs }: Session,
  shapes: Readonly<Record<string, readonly number[]>>,
): Record<string, Tensor> {
  const all = Object.fromEntries(inputs.map((info) => [info.name, shapeFor(info, shapes[info.name])]));
  return seededInputs(inputs, all, 1);
}

/** The same values in memory of another kind. */
export async function moveInputs(
  session: Session,
  inputs: Record<string, Tensor>,
  memory: MemoryKind,
): Promise<Record<string, Tensor>> {
  if (memory === 'host') return inputs;
  const moved: Record<string, Tensor> = {};
  for (const [name, tensor] of Object.entries(inputs)) {
    moved[name] = session.allocate(name, tensor.dims, { memory });
    await moved[name].write(tensor.data);
  }
  return moved;
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

/** An array from a file, which has a shape of its own. */
function readArray(info: TensorInfo, path: string, shape: readonly number[] | undefined): Tensor {
  const array = readNpy(path);
  const carried = isDataType(info.type) && carrierOf(info.type) === array.type;
  const type = carried ? (info.type as DataType) : array.type;
  // How many elements packed bytes hold is not in the file.
  const dims = dataTypes[type].bits < 8 ? shapeFor(info, shape) : array.dims;
  const tensor = new Tensor(type, array.data, dims);
  if (shape !== undefined && shape.join() !== tensor.dims.join()) {
    throw new AccelError(
      'INVALID_ARGUMENT',
      `${path} has the shape [${tensor.dims.join(', ')}], but --shape ${info.name} says [${shape.join(', ')}].`,
    );
  }
  return tensor;
}

/** An image for an NCHW or NHWC input: bytes as they are, floats as value / 255. */
async function readImage(info: TensorInfo, path: string, given: readonly number[] | undefined): Promise<Tensor> {
  const { type } = info;
  const shape = given ?? info.shape ?? [];
  const channelsFirst = shape.length === 4 && (shape[1] === 3 || shape[1] === 1);
  const channelsLast = shape.length === 4 && (shape[3] === 3 || shape[3] === 1);
  const [batch = 1] = shapeFor(info, given);
  if (batch !== 1 || !(channelsFirst || channelsLast) || !(type === 'float32' || type === 'uint8')) {
    throw new AccelError(
      'INVALID_ARGUMENT',
      `An image can't be the input "${info.name}" of type ${type} and shape [${shape.join(', ')}].`,
      {
        hint: 'Images fit inputs of shape [1, 3, height, width] or [1, height, width, 3], float32 or uint8; use a .npy file for others.',
      },
    );
  }
  const [channels, height, width] = (channelsFirst ? [1, 2, 3] : [3, 1, 2]).map((axis) => shape[axis]!) as [
    number,
    number,
    number,
  ];
  const image = await decode(path, channels, height, width);
  const pixels =
    type === 'float32' ? Float32Array.from(image.data, (value) => value / 255) : Uint8Array.from(image.data);
  if (!channelsFirst) return new Tensor<DataType>(type, pixels, [1, image.height, image.width, channels]);
  const planes = pixels.slice();
  const plane = image.height * image.width;
  for (let i = 0; i < pixels.length; i++) planes[(i % channels) * plane + Math.floor(i / channels)] = pixels[i]!;
  return new Tensor<DataType>(type, planes, [1, channels, image.height, image.width]);
}

/** The pixels of an image, scaled; a height or width that is not fixed (-1) follows from the image. */
async function decode(
  path: string,
  channels: number,
  height: number,
  width: number,
): Promise<{ data: Buffer; height: number; width: number }> {
  const sharp = await loadSharp();
  const [fixedHeight, fixedWidth] = [height, width].map((size) => (size < 0 ? undefined : size));
  const both = fixedHeight !== undefined && fixedWidth !== undefined;
  try {
    const image = sharp(path)
      .rotate() // as the camera was held
      .resize(fixedWidth, fixedHeight, both ? { fit: 'fill' } : {})
      .removeAlpha();
    const coloured = channels === 1 ? image.greyscale() : image.toColourspace('srgb');
    const { data, info } = await coloured.raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true });
    return { data, height: info.height, width: info.width };
  } catch (cause) {
    throw new AccelError('INVALID_ARGUMENT', `Can't read the image ${path}: ${(cause as Error).message}.`, { cause });
  }
}

/** Only who reads images needs sharp, so accelnode does not bring it. */
export async function loadSharp(): Promise<typeof import('sharp')> {
  try {
    const { default: sharp } = await import('sharp');
    return sharp;
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND') {
      throw new AccelError('UNSUPPORTED', 'Reading images needs the package sharp, which is not installed.', {
        hint: 'Run `npm install sharp`, or give the pixels in a .npy file.',
        cause,
      });
    }
    throw new AccelError('UNSUPPORTED', `The package sharp, which reads images, can't be loaded: ${message}`, {
      hint: 'Give the pixels in a .npy file instead.',
      cause,
    });
  }
}
