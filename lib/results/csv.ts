/** Nothing where it is not known. */
export type Cell = string | number | undefined;

/** CSV as RFC 4180 has it, but with line feeds alone, for the tools that it is piped to. */
export function csvOf(lines: readonly (readonly Cell[])[]): string {
  return lines.map((cells) => `${cells.map(quote).join(',')}\n`).join('');
}

function quote(cell: Cell): string {
  const text = String(cell ?? '');
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
