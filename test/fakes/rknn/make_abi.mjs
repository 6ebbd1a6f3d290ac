// Writes a C++ header of the measured table of librknnrt's structs and enums: make_abi.mjs TABLE HEADER
import { readFileSync, writeFileSync } from 'node:fs';

const [table, header] = process.argv.slice(2);
const rows = readFileSync(table, 'utf8')
  .trim()
  .split('\n')
  .slice(1)
  .map((line) => line.split(','));

const lines = ['// Made by make_abi.mjs.', '#pragma once', '', '#include "abi_member.h"', '', 'namespace fake::abi {'];
for (const [, name, , size] of rows.filter(([kind]) => kind === 'struct')) {
  lines.push(`struct ${name} {`, `  static constexpr size_t kSize = ${size};`);
  for (const [, , member, bytes, offset] of rows.filter(([kind, of]) => kind === 'field' && of === name)) {
    lines.push(`  static constexpr Member ${member}{${offset}, ${bytes}};`);
  }
  lines.push('};');
}
const numbers = rows.filter(([kind]) => kind === 'enum' || kind === 'define');
for (const [, name, member, , value] of numbers) lines.push(`constexpr int64_t ${member || name} = ${value};`);
lines.push('}  // namespace fake::abi', '');
writeFileSync(header, lines.join('\n'));
