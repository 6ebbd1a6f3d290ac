/** Whether a table has the columns that it needs, and no others. */
import type * as z from '../third-party/zod.js';
import { distance } from '../third-party/fastest-levenshtein.js';

import { invalidArgument } from '../errors.js';

/** The columns, each with what it may hold. */
export interface RowSchema {
  shape: Readonly<Record<string, z.ZodType>>;
}

/** @throws `INVALID_ARGUMENT` that names all that are unknown or missing, with what was probably meant */
export function checkColumns(where: string, names: readonly string[], row: RowSchema): void {
  const columns = Object.keys(row.shape);
  const needed = columns.filter((column) => !row.shape[column]!.safeParse(undefined).success);
  const unknown = names.filter((name) => !columns.includes(name));
  const missing = needed.filter((column) => !names.includes(column));
  if (unknown.length === 0 && missing.length === 0) return;
  const unused = columns.filter((column) => !names.includes(column));
  const meant = new Map(unknown.map((name) => [name, nearest(name, unused)]));
  const absent = missing.filter((column) => ![...meant.values()].includes(column));
  const faults = [
    ...listed(
      'unknown',
      unknown.map((name) => {
        const column = meant.get(name);
        return column === undefined ? `"${name}"` : `"${name}" (did you mean "${column}"?)`;
      }),
    ),
    ...listed(
      'missing',
      absent.map((column) => `"${column}"`),
    ),
  ];
  const others = columns.filter((column) => !needed.includes(column));
  throw invalidArgument(
    `${where}: ${faults.join('; ')}.`,
    `The columns are ${needed.join(' and ')}, and as far as they are known ${others.join(', ')}.`,
  );
}

function listed(what: string, names: readonly string[]): string[] {
  return names.length === 0 ? [] : [`${what} ${names.length === 1 ? 'column' : 'columns'} ${names.join(', ')}`];
}

/** A column that is written nearly so, whatever the letters' case and what is between them. */
function nearest(name: string, columns: readonly string[]): string | undefined {
  const plain = (text: string): string => text.toLowerCase().replaceAll(/[^\p{Letter}\p{Number}]/gu, '');
  const ranked = columns
    .map((column) => {
      const [a, b] = [plain(name), plain(column)];
      return { column, part: distance(a, b) / Math.max(a.length, b.length) };
    })
    .sort((a, b) => a.part - b.part);
  return ranked[0] !== undefined && ranked[0].part < 0.4 ? ranked[0].column : undefined;
}
