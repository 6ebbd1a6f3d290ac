/** An analysis as one page that needs nothing else: no script, no font, no network. */
import { areLists } from '../analyze/analysis.js';
import type { Analysis, Failed, Measured, Question } from '../analyze/analysis.js';
import { describeConfiguration, nameOf } from '../analyze/configuration.js';
import { describeLimits, describeObjectives, memoryOf } from '../analyze/objective.js';
import { rank, summarize } from '../analyze/summary.js';
import type { ModelSummary } from '../analyze/summary.js';
import { CHART_WIDTH, chartsOf } from './charts.js';
import type { Chart } from './charts.js';
import { filledColumns, formatCell, tableColumns } from './columns.js';
import { escapeHtml as escape, loadRenderer } from './render-chart.js';
import type { RenderChart } from './render-chart.js';
import { style } from './style.js';

export async function toHtml(analysis: Analysis): Promise<string> {
  const render = await loadRenderer();
  const summaries = summarize(analysis);
  const names = analysis.question.models.map(nameOf).join(', ');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>Analysis of ${escape(names)}</title>
<style>${style}</style>
</head>
<body>
<header>
<h1>Analysis of ${escape(names)}</h1>
${analysis.complete ? '' : '<p class="note">The search has not come to its end yet.</p>'}
</header>
<main>
${summaries.map((summary) => modelSection(summary, analysis, render)).join('\n')}
${conditions(analysis, summaries)}
</main>
</body>
</html>
`;
}

function modelSection(summary: ModelSummary, analysis: Analysis, render: RenderChart): string {
  const { question } = analysis;
  const own = analysis.measurements.filter(({ configuration }) => configuration.model === summary.model);
  const measured = rank(own, question).filter((each): each is Measured => each.outcome === 'measured');
  const failed = own.filter((each): each is Failed => each.outcome !== 'measured');
  const name = nameOf(summary.model);
  return `<section>
<h2>${escape(name)}</h2>
<p class="sentence">${escape(summary.sentence)}</p>
${figures(summary)}
${
  measured.length === 0
    ? ''
    : `<div class="charts">
${chartsOf(summary, measured, question)
  .map((chart) => figure(chart, name, render))
  .join('\n')}
</div>
${table(measured, summary)}`
}
${notCompared(measured)}${failures(failed)}
</section>`;
}

/** The best one's figures, large. */
function figures({ best, ratio }: ModelSummary): string {
  if (best === undefined) return '';
  const { configuration, row } = best;
  const memory = memoryOf(row);
  const items: [name: string, value: string, unit: string][] = [
    ['batch', String(configuration.batch), ''],
    ['lanes', String(configuration.lanes), ''],
    ['in flight', String(configuration.concurrency), ''],
    ['throughput', row.samplesPerSecond.toFixed(row.samplesPerSecond < 100 ? 1 : 0), 'infer/sec'],
    ['p99 latency', row.latency.p99.toFixed(2), 'ms'],
    ...(memory === undefined ? [] : [['memory', (memory / 2 ** 20).toFixed(0), 'MB'] as [string, string, string]]),
    ...(ratio === undefined ? [] : [['as good as the default', ratio.toFixed(2), 'times'] as [string, string, string]]),
  ];
  const list = items.map(
    ([name, value, unit]) =>
      `<div><dt>${name}</dt><dd>${value}${unit === '' ? '' : ` <span>${unit}</span>`}</dd></div>`,
  );
  return `<dl class="figures">${list.join('')}</dl>`;
}

function figure({ title, caption, option, legend, aspect }: Chart, model: string, render: RenderChart): string {
  const size = { width: CHART_WIDTH, height: Math.round(CHART_WIDTH * aspect) };
  return `<figure>
<h3>${escape(title)}</h3>
${legendList(legend)}${render(option, size, `${title} of ${model}. ${caption} The table below has the figures.`)}
<figcaption>${escape(caption)}</figcaption>
</figure>`;
}

function legendList(legend: Chart['legend']): string {
  if (legend.length === 0) return '';
  const items = legend.map(
    ({ name, colour, mark }) =>
      `<li><span style="color:${colour}" aria-hidden="true">${mark}</span> ${escape(name)}</li>`,
  );
  return `<ul class="legend">${items.join('')}</ul>\n`;
}

function table(measured: readonly Measured[], { best }: ModelSummary): string {
  const columns = filledColumns(
    tableColumns.filter(({ name }) => name !== 'Model'),
    measured,
  );
  const head = columns.map(({ name }) => `<th scope="col">${escape(name)}</th>`).join('');
  const rows = measured.map((each) => {
    const cells = columns.map((column) => {
      const cell = column.of(each);
      const kind = typeof cell === 'number' ? ' class="number"' : '';
      return `<td${kind}>${escape(formatCell(column, cell))}</td>`;
    });
    return `<tr${each === best ? ' class="best"' : ''}>${cells.join('')}</tr>`;
  });
  return `<div class="scroll" tabindex="0" role="region" aria-label="All measurements">
<table>
<caption>All that was measured, the best first.</caption>
<thead><tr>${head}</tr></thead>
<tbody>
${rows.join('\n')}
</tbody>
</table>
</div>`;
}

function notCompared(measured: readonly Measured[]): string {
  const reasons = new Set(
    measured.flatMap(({ verificationFailure: reason }) => (reason === undefined ? [] : [reason])),
  );
  return [...reasons]
    .map((reason) => `<p class="note">Outputs that could not be compared: ${escape(reason)}</p>\n`)
    .join('');
}

function failures(failed: readonly Failed[]): string {
  if (failed.length === 0) return '';
  const items = failed.map(
    ({ configuration, outcome, reason }) =>
      `<li>${escape(`${describeConfiguration(configuration)} on ${configuration.device} in ${configuration.precision}`)}: <strong>${outcome}</strong>. ${escape(reason)}</li>`,
  );
  return `<h3>What could not be measured</h3>
<ul class="failures">
${items.join('\n')}
</ul>`;
}

/** What the figures mean nothing without. */
function conditions({ question, environment }: Analysis, summaries: readonly ModelSummary[]): string {
  const limits = describeLimits(question.limits);
  const asked: [string, string][] = [
    ['Search', areLists(question) ? 'all combinations' : question.search],
    ['Objective', describeObjectives(question.objectives)],
    ['Limits', limits === '' ? 'none' : limits],
    [
      'Measured for',
      `${question.duration / 1000} s each, after ${question.warmup} ms, at least ${question.minRuns} requests`,
    ],
    ...summaries.flatMap(({ model, inputs }): [string, string][] =>
      inputs === undefined ? [] : [[`Inputs of ${nameOf(model)}`, inputs]],
    ),
    ...loadSettings(question),
    ['Load', 'closed loop: the next request begins when one ends; random inputs in host memory'],
    ...(question.reference === undefined ? [] : [['Outputs compared with', question.reference] as [string, string]]),
  ];
  const where: [string, string][] = [
    ['accelnode', environment.accelnode],
    ['Node', environment.node],
    ['System', environment.os],
    ['CPU', `${environment.cpu.model}, ${environment.cpu.cores} logical processors`],
    ['Memory', `${(environment.memory / 2 ** 30).toFixed(1)} GB`],
    ...(environment.cpu.governor === undefined ? [] : [['CPU governor', environment.cpu.governor] as [string, string]]),
    ...Object.entries(environment.devices).map(([id, { name, driver, runtime }]): [string, string] => [
      id,
      [
        name,
        driver === undefined ? undefined : `driver ${driver}`,
        runtime === undefined ? undefined : `runtime ${runtime}`,
      ]
        .filter((part) => part !== undefined)
        .join(', '),
    ]),
    ['Measured on', environment.date],
  ];
  return `<section>
<h2>How and where</h2>
<div class="columns">
${definitions(asked)}
${definitions(where)}
</div>
<p class="note">Throughput counts the items of a batch. Latency is from the call to the outcome, waiting included. What a device does not tell is left out.</p>
</section>`;
}

function loadSettings({ load: { hint, graphs, cache } = {} }: Question): [string, string][] {
  return [
    ...(hint === undefined ? [] : [["OpenVINO's hint", hint] as [string, string]]),
    ...(graphs === undefined ? [] : [['CUDA graphs', 'on'] as [string, string]]),
    ...(cache === undefined ? [] : [['Compiled models', 'kept for the next load'] as [string, string]]),
  ];
}

function definitions(entries: readonly [string, string][]): string {
  const list = entries.map(([name, value]) => `<div><dt>${escape(name)}</dt><dd>${escape(value)}</dd></div>`);
  return `<dl class="conditions">${list.join('')}</dl>`;
}
