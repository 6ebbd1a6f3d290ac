// The tests' side of the control block of the OpenVINO double; control.h says what the fields mean.
import { openSync, readSync, writeFileSync, writeSync } from 'node:fs';

const FIELDS = { bytes: 0, kinds: 1, failAt: 2, status: 3, hold: 4, numbering: 5, calls: 6, held: 7, violations: 8 };
const TEXTS = { text: [36, 256], version: [292, 128], failedCall: [420, 128], violation: [548, 256] };
const LIVE = 804;
const NAME_SIZE = 24;

/** Numberings of element types that the double can play. */
export const numberings = { real: 0, before2024_2: 1, typeAdded: 2, typeRemoved: 3 };

/** Names the file in the environment of the process that opens the double. */
export const CONTROL_VARIABLE = 'ACCELNODE_FAKE_CONTROL';
/** Names the libopenvino_c that the double forwards to. */
export const REAL_VARIABLE = 'ACCELNODE_FAKE_REAL';

export class Control {
  #file;

  /** Makes an empty block: nothing fails. */
  static create(path) {
    writeFileSync(path, Buffer.alloc(4096));
    return new Control(path);
  }

  constructor(path) {
    this.#file = openSync(path, 'r+');
  }

  /** @param {keyof typeof FIELDS} field */
  get(field) {
    return this.#read(4 * FIELDS[field], 4).readInt32LE();
  }

  /**
   * @param {keyof typeof FIELDS} field
   * @param {number} value
   */
  set(field, value) {
    const bytes = Buffer.alloc(4);
    bytes.writeInt32LE(value);
    writeSync(this.#file, bytes, 0, 4, 4 * FIELDS[field]);
  }

  /** @param {keyof typeof TEXTS} field */
  getText(field) {
    return readText(this.#read(...TEXTS[field]));
  }

  /**
   * @param {keyof typeof TEXTS} field
   * @param {string} text
   */
  setText(field, text) {
    const [at, size] = TEXTS[field];
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

  /**
   * How many objects of each kind are alive; kinds of which there are none are left out.
   * @returns {Record<string, number>}
   */
  live() {
    const kinds = this.get('kinds');
    if (kinds === 0) return {}; // nothing was called yet
    const size = LIVE + kinds * (4 + NAME_SIZE);
    if (this.get('bytes') !== size) throw new Error('control.mjs and control.h disagree about the control block.');
    const bytes = this.#read(0, size);
    const names = LIVE + kinds * 4;
    const counts = Array.from({ length: kinds }, (_, kind) => [
      readText(bytes.subarray(names + kind * NAME_SIZE, names + (kind + 1) * NAME_SIZE)),
      bytes.readInt32LE(LIVE + kind * 4),
    ]);
    return Object.fromEntries(counts.filter(([, count]) => count !== 0));
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
