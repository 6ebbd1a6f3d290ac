// Writes datatypes.csv as rows of C++, for datatypes.cc.
//
//     node make_types.mjs TABLE OUTPUT
import { readFileSync, writeFileSync } from 'node:fs';

const [table, output] = process.argv.slice(2);
const rows = readFileSync(table, 'utf8').trim().split(/\r?\n/).slice(1);
const number = (text) => (/^\d+$/.test(text) ? text : '-1');

const lines = rows.map((row) => {
  const [name, bytes, until70, from71] = row.split(',');
  return `{"${name}", ${number(bytes)}, ${number(until70)}, ${number(from71)}},\n`;
});
writeFileSync(output, lines.join(''));
