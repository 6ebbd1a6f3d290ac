// Where the fields of a control block lie that begins with what every device has. What they mean is said in
// device_fields.h and the vendor's control_fields.h, which their order comes from.
import { readFileSync } from 'node:fs';

const camelCase = (name) => name.replace(/_(\w)/g, (_, letter) => letter.toUpperCase());

/**
 * @param {URL} vendorFields the vendor's control_fields.h
 * @returns {import('../control-block.mjs').Layout}
 */
export function controlLayout(vendorFields) {
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
  return { numberSize: 8, fields, texts, live, nameSize: 24 };
}
