/**
 * Reads lines of text with the recognition model of PP-OCR.
 *
 * ```js
 * const recognizer = await Recognizer.load('rec.onnx');
 * const { text, confidence } = await recognizer.read('line.png');
 * await recognizer.close();
 * ```
 */
import { Session } from 'accelnode';

import { decodeImage, decodeText, newInput, paddedWidth, readAlphabet, writePlanes } from './pp-ocr.mjs';

/**
 * @typedef {import('accelnode').Tensor} Tensor
 * @typedef {import('./pp-ocr.mjs').Image} Image
 * @typedef {import('./pp-ocr.mjs').Reading} Reading
 * @typedef {{ input: Tensor, output: Tensor | null }} Slot the memory of one run
 */

export class Recognizer {
  /** By width, the slots that no run is using. @type {Map<number, Slot[]>} */
  #freeSlots = new Map();

  /**
   * @param {string} model path of the ONNX file
   * @param {import('accelnode').LoadOptions} [options]
   */
  static async load(model, options) {
    const alphabet = readAlphabet(model);
    return new Recognizer(await Session.load(model, options), alphabet);
  }

  /** @param {Session} session @param {readonly string[]} alphabet */
  constructor(session, alphabet) {
    this.session = session;
    this.alphabet = alphabet;
    this.inputName = session.inputs[0].name;
    this.outputName = session.outputs[0].name;
  }

  /**
   * Reads one line. Calls may overlap.
   * @param {Image} image
   * @param {Pick<import('accelnode').RunOptions, 'signal' | 'timeout'>} [limits] of the run
   * @returns {Promise<Reading>}
   */
  async read(image, limits) {
    const { pixels, width } = await decodeImage(image);
    const slots = this.#slotsOf(paddedWidth(width));
    const slot = slots.pop() ?? { input: newInput(1, width), output: null };
    try {
      writePlanes(pixels, width, slot.input);
      // The first run of a slot allocates its output, the later ones write to the same memory: a
      // megabyte or two for each line that is neither allocated nor collected.
      const outputs = await this.session.run(
        { [this.inputName]: slot.input },
        { ...limits, outputs: { [this.outputName]: slot.output } },
      );
      slot.output = outputs[this.outputName];
      return decodeText(slot.output, this.alphabet);
    } finally {
      slots.push(slot);
    }
  }

  /**
   * Reads many lines, a few at a time: while one is computed, the next ones are decoded, and the memory
   * does not grow with their number.
   * @param {readonly Image[]} images
   * @param {number} [inFlight]
   * @returns {Promise<Reading[]>} in the order of the images
   */
  async readAll(images, inFlight = this.session.lanes + 2) {
    const readings = new Array(images.length);
    const queue = images.entries();
    const work = async () => {
      for (const [i, image] of queue) readings[i] = await this.read(image);
    };
    await Promise.all(Array.from({ length: inFlight }, work));
    return readings;
  }

  async close() {
    await this.session.close();
  }

  /** @param {number} width @returns {Slot[]} */
  #slotsOf(width) {
    const slots = this.#freeSlots.get(width) ?? [];
    this.#freeSlots.set(width, slots);
    return slots;
  }
}
