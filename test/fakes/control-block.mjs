// The tests' side of the block of memory in a file by which a test and a double talk to each other. What
// the block holds differs from double to double; each says it in a layout of its own.
import { openSync, readSync, writeFileSync, writeSync } from 'node:fs';

/**
 * @typedef {object} Layout
 * @property {number} numberSize bytes of a number: 4 or 8
 * @property {Record<string, number>} fields which number of the block each is
 * @property {Record<string, [at: number, size: number]>} texts
 * @property {number} live where the counts of living objects begin, which their names follow
 * @property {number} nameSize
 */

export class ControlBlock {
  #file;
  /** @type {Layout} */
  #layout;

  /** Makes an empty file for a block: nothing fails. */
  static clear(path) {
    writeFileSync(path, Buffer.alloc(8192));
  }

  /**
   * @param {string} path
   * @param {Layout} layout
   */
  constructor(path, layout) {
    this.#file = openSync(path, 'r+');
    this.#layout = layout;
  }

  /**
   * @param {string} field
   * @returns {number}
   */
  get(field) {
    const size = this.#layout.numberSize;
    return this.#number(this.#read(this.#at(field), size), 0);
  }

  /**
   * @param {string} field
   * @param {number} value
   */
  set(field, value) {
    const bytes = Buffer.alloc(this.#layout.numberSize);
    if (bytes.length === 8) bytes.writeBigInt64LE(BigInt(value));
    else bytes.writeInt32LE(value);
    writeSync(this.#file, bytes, 0, bytes.length, this.#at(field));
  }

  /**
   * @param {string} field
   * @returns {string}
   */
  getText(field) {
    return readText(this.#read(...this.#layout.texts[field]));
  }

  /**
   * @param {string} field
   * @param {string} text
   */
  setText(field, text) {
    const [at, size] = this.#layout.texts[field];
    const bytes = Buffer.alloc(size);
    bytes.write(text, 0, size - 1);
    writeSync(this.#file, bytes, 0, size, at);
  }

  /**
   * From now on the nth call fails.
   * @param {number} n
   * @param {{ status: number, text: string }} fault what it returns, and what the library then says
   */
  arm(n, { status, text }) {
    this.setText('text', text);
    this.setText('failedCall', '');
    this.set('status', status);
    this.set('calls', 0);
    this.set('failAt', n);
  }

  /** Nothing fails any more. The call that did; empty when none was reached. */
  disarm() {
    this.set('failAt', 0);
    return this.getText('failedCall');
  }

  /** What the double has found since the last time; empty when nothing. */
  takeViolation() {
    const violation = this.getText('violation');
    this.setText('violation', '');
    this.set('violations', 0);
    return violation;
  }

  /**
   * How many objects of each kind are alive; kinds of which there are none are left out.
   * @returns {Record<string, number>}
   */
  live() {
    const kinds = this.get('kinds');
    if (kinds === 0) return {}; // nothing was called yet
    const { live, nameSize, numberSize } = this.#layout;
    const size = live + kinds * (numberSize + nameSize);
    if (this.get('bytes') !== size) throw new Error('The test and the double disagree about the control block.');
    const bytes = this.#read(0, size);
    const names = live + kinds * numberSize;
    const counts = Array.from({ length: kinds }, (_, kind) => [
      readText(bytes.subarray(names + kind * nameSize, names + (kind + 1) * nameSize)),
      this.#number(bytes, live + kind * numberSize),
    ]);
    return Object.fromEntries(counts.filter(([, count]) => count !== 0));
  }

  #at(field) {
    const index = this.#layout.fields[field];
    if (index === undefined) throw new Error(`The control block has no ${field}.`);
    return index * this.#layout.numberSize;
  }

  #number(bytes, at) {
    return this.#layout.numberSize === 8 ? Number(bytes.readBigInt64LE(at)) : bytes.readInt32LE(at);
  }

  #read(at, size) {
    const bytes = Buffer.alloc(size);
    readSync(this.#file, bytes, 0, size, at);
    return bytes;
  }
}

function readText(bytes) {
  return bytes.toString('utf8', 0, bytes.indexOf(0));
}
