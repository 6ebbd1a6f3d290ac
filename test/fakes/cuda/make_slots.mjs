// Turns tensorrt_slots.csv, the measured layout of TensorRT's vtables, into C++ for slots.cc: one row for
// each method, the releases in which it holds, and the slots of destructors, which are the gaps.
import { readFileSync, writeFileSync } from 'node:fs';

const [, , from, to] = process.argv;

/** "10.16" is every 10.16; as numbers like 101699. */
function release(text, last) {
  const [major, minor, patch] = text.split('.').map(Number);
  return major * 10000 + minor * 100 + (patch ?? (last ? 99 : 0));
}

const rows = readFileSync(from, 'utf8')
  .trim()
  .split(/\r?\n/)
  .slice(1)
  .map((line) => /^([^,]+),(\d+),([^,]+),([^,]+),"?(.*?)"?$/.exec(line).slice(1))
  .map(([name, slot, first, last, signature]) => ({
    name: name.replace(/^(apiv|v_1_0)::/, ''),
    slot: Number(slot),
    // The parser's headers were not measured between 10.1 and 10.14; the layout was only appended to.
    first: release(first),
    last: last === '10.1.0' ? release('10.13', true) : release(last, true),
    method: /(\w+)\(/.exec(signature)[1],
    signature,
  }));

const names = [...new Set(rows.map(({ name }) => name))];
const lines = rows.map(
  ({ name, slot, first, last, method, signature }) =>
    `  {${names.indexOf(name)}, ${slot}, ${first}, ${last}, "${method}", ${JSON.stringify(signature)}},`,
);
writeFileSync(
  to,
  [
    '// Made by make_slots.mjs from tensorrt_slots.csv.',
    `constexpr const char* kClasses[] = {${names.map((name) => JSON.stringify(name)).join(', ')}};`,
    `constexpr int kClassCount = ${names.length};`,
    'constexpr Slot kSlots[] = {',
    ...lines,
    '};',
    '',
  ].join('\n'),
);
