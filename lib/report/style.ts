/** The report's style sheet: light and dark, from a phone to paper. */
export const style = `
:root {
  --surface: #ffffff; --raised: #f5f6f8; --text: #1b1f27; --muted: #565d6b; --line: #d9dce3; --accent: #1f5fbf;
  --series-1: #2a6fd6; --series-2: #c2570c; --series-3: #12805c; --series-4: #8a4fbf; --series-5: #a8871a; --series-6: #b83267;
  --rest: #a9afbb; --limit: #b3261e;
}
@media (prefers-color-scheme: dark) {
  :root {
    --surface: #15181e; --raised: #1f232b; --text: #eceef2; --muted: #a9b0bd; --line: #3a404c; --accent: #86b4ff;
    --series-1: #6ea6ff; --series-2: #ff9d57; --series-3: #4fcf9f; --series-4: #c59bff; --series-5: #e0c25a; --series-6: #ff8ab3;
    --rest: #6d7482; --limit: #ff8a80;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 1rem; max-width: 62rem; background: var(--surface); color: var(--text);
  font: 1rem/1.5 system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif;
}
h1 { font-size: 1.5rem; line-height: 1.2; margin: 0.5rem 0; overflow-wrap: anywhere; }
h2 { font-size: 1.25rem; margin: 2rem 0 0.5rem; padding-top: 1rem; border-top: 1px solid var(--line); overflow-wrap: anywhere; }
h3 { font-size: 1rem; margin: 0 0 0.5rem; }
.sentence { max-width: 46rem; }
.note { color: var(--muted); font-size: 0.875rem; }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(6.5rem, 1fr)); gap: 0.5rem; margin: 1rem 0; }
.figures div { background: var(--raised); border-radius: 0.5rem; padding: 0.5rem 0.75rem; }
.figures dt { color: var(--muted); font-size: 0.8125rem; line-height: 1.25; }
.figures dd { margin: 0.125rem 0 0; font-size: 1.25rem; font-weight: 600; font-variant-numeric: tabular-nums; }
.figures dd span { color: var(--muted); font-size: 0.8125rem; font-weight: 400; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr)); gap: 1rem; margin: 1rem 0; }
figure { margin: 0; padding: 0.75rem; border: 1px solid var(--line); border-radius: 0.5rem; break-inside: avoid; }
figure svg { display: block; width: 100%; height: auto; }
.legend { display: flex; flex-wrap: wrap; gap: 0 1rem; margin: 0 0 0.25rem; padding: 0; list-style: none; font-size: 0.8125rem; }
figcaption { color: var(--muted); font-size: 0.8125rem; margin-top: 0.5rem; }
.scroll { overflow-x: auto; margin: 1rem 0; }
.scroll:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
table { border-collapse: collapse; width: 100%; font-size: 0.875rem; }
caption { text-align: left; color: var(--muted); padding-bottom: 0.5rem; }
th, td { padding: 0.375rem 0.625rem; text-align: left; border-bottom: 1px solid var(--line); white-space: nowrap; }
th { vertical-align: bottom; white-space: normal; min-width: 4.5rem; font-weight: 600; }
td.number { text-align: right; font-variant-numeric: tabular-nums; }
tr.best td { font-weight: 700; background: var(--raised); }
.failures { padding-left: 1.25rem; font-size: 0.875rem; overflow-wrap: anywhere; }
.columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr)); gap: 0 2rem; }
.conditions { margin: 0.5rem 0; font-size: 0.875rem; }
.conditions div { display: grid; grid-template-columns: 9rem 1fr; gap: 0.5rem; padding: 0.25rem 0; border-bottom: 1px solid var(--line); }
.conditions dt { color: var(--muted); }
.conditions dd { margin: 0; overflow-wrap: anywhere; }
@media print {
  :root {
    --surface: #ffffff; --raised: #f2f2f2; --text: #000000; --muted: #444444; --line: #bbbbbb;
    --series-1: #2a6fd6; --series-2: #c2570c; --series-3: #12805c; --series-4: #8a4fbf; --series-5: #a8871a; --series-6: #b83267;
    --rest: #a9afbb; --limit: #b3261e;
  }
  body { max-width: none; padding: 0; font-size: 10pt; }
  .figures { grid-template-columns: none; grid-auto-flow: column; grid-auto-columns: 1fr; gap: 1mm; }
  .figures div { padding: 1mm 2mm; }
  .charts { grid-template-columns: 1fr 1fr; }
  .scroll { overflow: visible; }
  table { font-size: 7.5pt; }
  th, td { padding: 1mm; white-space: normal; min-width: 0; }
  thead { display: table-header-group; }
  tr, .figures, .conditions div { break-inside: avoid; }
  h2, h3 { break-after: avoid; }
  /* A model to a page or two: its charts want the room, and a heading alone at the foot of a page is none. */
  section ~ section { break-before: page; }
  section ~ section:last-of-type { break-before: auto; break-inside: avoid; border-top: 0; }
}
`;
