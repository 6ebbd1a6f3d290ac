// The tests' side of the control block of the doubles of CUDA and TensorRT; control_fields.h says what the
// fields mean, and is where their order comes from.
import { readFileSync } from 'node:fs';

import { ControlBlock } from '../control-block.mjs';

const header = readFileSync(new URL('control_fields.h', import.meta.url), 'utf8');
const camelCase = (name) => name.replace(/_(\w)/g, (_, letter) => letter.toUpperCase());

const names = [...header.matchAll(/\bX\((\w+)\)/g)].map(([, name]) => camelCase(name));
const fields = Object.fromEntries(names.map((name, i) => [name, i]));

let live = names.length * 8;
const texts = {};
for (const [, name, size] of header.matchAll(/\bX\((\w+), (\d+)\)/g)) {
  texts[camelCase(name)] = [live, Number(size)];
  live += Number(size);
}

/** Names the file in the environment of the process that opens the doubles. */
export const CONTROL_VARIABLE = 'ACCELNODE_FAKE_CUDA_CONTROL';

export class Control extends ControlBlock {
  static create(path) {
    ControlBlock.clear(path);
    return new Control(path);
  }

  constructor(path) {
    super(path, { numberSize: 8, fields, texts, live, nameSize: 24 });
  }
}
