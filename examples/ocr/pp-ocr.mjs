/** What the recognition model of PP-OCR wants to be given, and what its output means. */
import { Tensor, inspectOnnx } from 'accelnode';
import sharp from 'sharp';

/** The height of the images that the model was trained on, in pixels. */
const HEIGHT = 48;
const CHANNELS = 3;

/**
 * Widths are rounded up to a multiple of this. The first run with a new width takes a few times as long
 * as the others, so there shall be few; but the wider the image, the longer each run takes.
 */
const WIDTH_STEP = 160;

/**
 * @typedef {string | Uint8Array} Image an image file: its path or its bytes
 * @typedef {{ text: string, confidence: number }} Reading the confidence is the mean of the characters', 0 to 1
 */

/** The characters by class number, from the model's metadata. @param {string} model path of the ONNX file */
export function readAlphabet(model) {
  const { character } = inspectOnnx(model).metadata;
  if (character === undefined) throw new Error(`${model} has no list of characters in its metadata.`);
  // Class 0 is CTC's blank, and the last one is the space, which the list does not hold.
  return ['', ...character.split('\n'), ' '];
}

/** Pixels as red, green and blue, row by row, at the model's height. @param {Image} image */
export async function decodeImage(image) {
  const decoded = sharp(image).autoOrient().flatten({ background: 'white' });
  const { data, info } = await decoded.resize({ height: HEIGHT }).raw().toBuffer({ resolveWithObject: true });
  return { pixels: data, width: info.width };
}

/** @param {number} width */
export function paddedWidth(width) {
  return Math.ceil(width / WIDTH_STEP) * WIDTH_STEP;
}

/** Room for images that are `width` wide or a little less. @param {number} batch @param {number} width */
export function newInput(batch, width) {
  return Tensor.zeros('float32', [batch, CHANNELS, HEIGHT, paddedWidth(width)]);
}

/**
 * Writes pixels as the model wants them: planes of blue, green and red, from -1 to 1. What is right of
 * the image becomes 0, a medium grey, as it was in training.
 * @param {Uint8Array} pixels
 * @param {number} width
 * @param {Tensor<'float32'>} input
 * @param {number} [item] which image of the batch
 */
export function writePlanes(pixels, width, input, item = 0) {
  const inputWidth = input.dims[3];
  const planeSize = HEIGHT * inputWidth;
  for (let channel = 0; channel < CHANNELS; channel++) {
    const at = (item * CHANNELS + channel) * planeSize;
    const plane = input.data.subarray(at, at + planeSize).fill(0);
    for (let y = 0; y < HEIGHT; y++) {
      for (let x = 0; x < width; x++) {
        plane[y * inputWidth + x] = pixels[(y * width + x) * CHANNELS + (CHANNELS - 1 - channel)] / 127.5 - 1;
      }
    }
  }
}

/**
 * Greedy CTC decoding: the likeliest class of each step; repetitions are one character, blanks none.
 * @param {Tensor} probabilities [batch, steps, classes]
 * @param {readonly string[]} alphabet
 * @param {number} [item] which image of the batch
 * @returns {Reading}
 */
export function decodeText({ data, dims }, alphabet, item = 0) {
  const [, steps, classes] = dims;
  let text = '';
  let sum = 0;
  let count = 0;
  let previous = 0;
  for (let step = 0; step < steps; step++) {
    const at = (item * steps + step) * classes;
    let best = 0;
    let highest = data[at];
    for (let i = 1; i < classes; i++) {
      if (data[at + i] > highest) {
        best = i;
        highest = data[at + i];
      }
    }
    if (best !== 0 && best !== previous) {
      text += alphabet[best];
      sum += highest;
      count++;
    }
    previous = best;
  }
  // A wide margin may be taken for a space.
  return { text: text.trim(), confidence: count === 0 ? 0 : sum / count };
}
