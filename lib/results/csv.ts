/** Nothing where it is not known. */
export type Cell = string | number | undefined;

/** A line of CSV as RFC 4180 has it, without its end. */
export function csvLine(cells: readonly Cell[]): string {
  return cells.map(quote).join(',');
}

function quote(cell: Cell): string {
  const text = String(cell ?? '');
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
