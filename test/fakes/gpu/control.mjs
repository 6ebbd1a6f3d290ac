// The tests' side of a control block that begins with what every device has: device_fields.h says what the
// fields mean, with the vendor's control_fields.h, and is where their order comes from.
import { readFileSync } from 'node:fs';

import { ControlBlock } from '../control-block.mjs';

const camelCase = (name) => name.replace(/_(\w)/g, (_, letter) => letter.toUpperCase());

/** @param {URL} vendorFields the vendor's control_fields.h */
export function deviceControl(vendorFields) {
  const headers = [new URL('device_fields.h', import.meta.url), vendorFields].map((url) => readFileSync(url, 'utf8'));
  const all = (pattern) => headers.flatMap((header) => [...header.matchAll(pattern)]);

  const names = all(/\bX\((\w+)\)/g).map(([, name]) => camelCase(name));
  const fields = Object.fromEntries(names.map((name, i) => [name, i]));

  let live = names.length * 8;
  const texts = {};
  for (const [, name, size] of all(/\bX\((\w+), (\d+)\)/g)) {
    texts[camelCase(name)] = [live, Number(size)];
    live += Number(size);
  }

  return class extends ControlBlock {
    static create(path) {
      ControlBlock.clear(path);
      return new this(path);
    }

    constructor(path) {
      super(path, { numberSize: 8, fields, texts, live, nameSize: 24 });
    }
  };
}
