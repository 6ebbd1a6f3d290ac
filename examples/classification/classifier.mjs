/**
 * Tells what is on photographs, with a network that was trained on ImageNet.
 *
 * ```js
 * const classifier = await Classifier.load('classifier.onnx');
 * const [best] = await classifier.classify('cat.png');
 * await classifier.close();
 * ```
 */
import { Session, inspectOnnx } from 'accelnode';
import sharp from 'sharp';

/** What EfficientNet-Lite was trained with: values from 0 to 255 become about -1 to 1. */
const MEAN = 127;
const SCALE = 128;

/** Of the photograph, this much in the middle is looked at, as when the network was evaluated. */
const CROP = 0.875;

/**
 * @typedef {string | Uint8Array} Image an image file: its path or its bytes
 * @typedef {{ label: string, probability: number }} Guess
 */

export class Classifier {
  /**
   * @param {string} model path of an ONNX file: one input [batch, 3, height, width], one output [batch, classes]
   * @param {import('accelnode').LoadOptions} [options]
   */
  static async load(model, options = {}) {
    const { metadata, inputs } = inspectOnnx(model);
    const [{ name, shape }] = inputs;
    const [, ...imageShape] = shape;
    // One image at a time: fixed shapes are faster than open ones.
    const session = await Session.load(model, { ...options, shapes: { [name]: [1, ...imageShape] } });
    return new Classifier(session, metadata.classes.split('\n'));
  }

  /** @param {Session} session @param {readonly string[]} labels by class number */
  constructor(session, labels) {
    this.session = session;
    this.labels = labels;
    this.input = session.inputs[0];
    this.output = session.outputs[0];
  }

  /**
   * The likeliest classes of an image, the likeliest first. Calls may overlap.
   * @param {Image} image
   * @param {number} [count]
   * @returns {Promise<Guess[]>}
   */
  async classify(image, count = 5) {
    // Pinned where the device has such memory, which the garbage collector would be slow to give back.
    const input = this.session.allocate(this.input.name);
    try {
      await readInto(image, input);
      const { [this.output.name]: logits } = await this.session.run({ [this.input.name]: input });
      return likeliest(softmax(logits.data), this.labels, count);
    } finally {
      input.dispose();
    }
  }

  async close() {
    await this.session.close();
  }
}

/**
 * Decodes and scales an image, and writes it as planes of red, green and blue.
 * @param {Image} image
 * @param {import('accelnode').Tensor<'float32'>} tensor [1, 3, height, width]
 */
async function readInto(image, { data, dims }) {
  const [, channels, height, width] = dims;
  const scaledHeight = Math.round(height / CROP);
  const scaledWidth = Math.round(width / CROP);
  const pixels = await sharp(image)
    .autoOrient()
    .flatten({ background: 'white' })
    .toColourspace('srgb')
    .resize(scaledWidth, scaledHeight, { fit: 'cover' })
    .extract({
      left: Math.floor((scaledWidth - width) / 2),
      top: Math.floor((scaledHeight - height) / 2),
      width,
      height,
    })
    .raw()
    .toBuffer();
  const planeSize = height * width;
  for (let channel = 0; channel < channels; channel++) {
    for (let i = 0; i < planeSize; i++) {
      data[channel * planeSize + i] = (pixels[i * channels + channel] - MEAN) / SCALE;
    }
  }
}

/** @param {Float32Array} probabilities @param {readonly string[]} labels @param {number} count @returns {Guess[]} */
function likeliest(probabilities, labels, count) {
  return Array.from(probabilities, (probability, i) => ({ label: labels[i], probability }))
    .sort((a, b) => b.probability - a.probability)
    .slice(0, count);
}

/** @param {Float32Array} logits */
function softmax(logits) {
  const highest = logits.reduce((a, b) => Math.max(a, b));
  const powers = logits.map((logit) => Math.exp(logit - highest));
  const sum = powers.reduce((a, b) => a + b);
  return powers.map((power) => power / sum);
}
