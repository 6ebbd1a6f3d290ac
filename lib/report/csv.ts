import type { Measurement } from '../analyze/analysis.js';
import { csvLine } from '../results/csv.js';
import { csvColumns } from './columns.js';

/** All measurements as CSV (RFC 4180), the names of the columns first. What is not known is empty. */
export function toCsv(measurements: readonly Measurement[]): string {
  const lines = [
    csvColumns.map(({ name }) => name),
    ...measurements.map((each) => csvColumns.map(({ of }) => of(each))),
  ];
  return lines.map((cells) => `${csvLine(cells)}\r\n`).join('');
}
