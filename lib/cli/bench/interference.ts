/** `accelnode bench MODEL --with OTHER`: a model alone, and while others are under load, in turns. */
import { basename } from 'node:path';

import { AccelError } from '../../errors.js';
import type { Companion, Measurement } from '../../index.js';
import { pairedRatio } from '../../measure/comparison.js';
import { declaredInputs } from '../../measure/declared-inputs.js';
import { toResultRow } from '../../measure/row.js';
import { readModelSource } from '../../model-source.js';
import { requireDevices } from '../../required-devices.js';
import type { Environment } from '../../results/environment.js';
import { describeNeighbour } from '../../results/results.js';
import type { Neighbour, ResultRow } from '../../results/row.js';
import { formatTable } from '../output.js';
import type { Progress } from '../output.js';
import type { CompanionSpec } from './companion-spec.js';
import { average, compareTurns, figuresTable, latencyOf, nameOf, verdictText } from './comparison.js';
import type { Comparison } from './comparison.js';
import { loadConfigurations, sessionConfigurations } from './configurations.js';
import { measureRow, openConfiguration } from './measure-configurations.js';
import type { BenchCommandOptions, Opened } from './measure-configurations.js';
import { figure } from './print.js';
import { forOneTurn, inTurns } from './turns.js';

type InterferenceOptions = BenchCommandOptions & { with: CompanionSpec[] };

/** The first side of the comparison is the model alone, the second the model beside the others. */
export async function compareInterference(
  model: string,
  options: InterferenceOptions,
  environment: Environment,
  progress: Progress,
): Promise<Comparison> {
  requireRequests(options);
  await requireOthers(options);
  const shapes = options.with.map((spec) => shapesFor(spec, options.withShape));
  requireUsed(options.withShape, shapes);
  const load = loadConfigurations(options)[0]!;
  const opened = await openConfiguration(model, options, sessionConfigurations(options)[0]!, environment, progress);
  await using _session = opened.session;
  const loaded: Opened[] = [];
  try {
    for (const [i, spec] of options.with.entries()) {
      loaded.push(await openOther(spec, shapes[i]!, opened, options, environment, progress));
    }
    const others = loaded.map((other, i) => ({ ...other, spec: options.with[i]! }));
    const neighbours = others.map(asNeighbour);
    const { a, b, interrupted } = await inTurns(async (turn) => {
      const part = { ...forOneTurn(options), warmup: warmupOf(options) };
      const alone = turn === 'a';
      const { row, measurement } = await measureRow(opened, part, load, progress, alone ? [] : others.map(asCompanion));
      if (alone) return { row, others: [] };
      const self = { model: row.model, device: row.device, load: row.load };
      const rows = others.map((other, i) => {
        const rest = neighbours.filter((_, j) => j !== i);
        return { ...rowOf(other, options, measurement.beside![i]!), beside: [self, ...rest] };
      });
      return { row: { ...row, beside: neighbours }, others: rows };
    });
    const rowsOf = (turns: typeof a): ResultRow[] => turns.map(({ row }) => row);
    return {
      ...compareTurns(environment, { a: rowsOf(a), b: rowsOf(b), interrupted }),
      others: others.map((_, i) => b.map((turn) => turn.others[i]!)),
    };
  } finally {
    await Promise.all(loaded.map(({ session }) => session.close()));
  }
}

/**
 * The others begin with a request each time. A warm-up of any length up to the pause between two lets the measurement begin
 * at any moment of it: else as many requests as in the first moments would seem to be made all the time, or none.
 */
function warmupOf(options: InterferenceOptions): number {
  const pauses = options.with.map(({ rate }) => (rate === undefined ? 0 : 1000 / rate));
  return forOneTurn(options).warmup + Math.random() * Math.max(...pauses);
}

/** @throws `INVALID_ARGUMENT` for a rate of which nothing would be seen */
function requireRequests({ with: specs, duration }: InterferenceOptions): void {
  for (const { model, rate } of specs) {
    if (rate === undefined || rate * duration >= 1) continue;
    throw new AccelError('INVALID_ARGUMENT', `--with ${model}@${rate}rps makes no whole request in ${duration} s.`, {
      hint: `Measure for longer: -t ${Math.ceil(1 / rate)}.`,
    });
  }
}

/** Before anything is measured in vain: are the others there? */
async function requireOthers({ with: specs, withDevice, library }: InterferenceOptions): Promise<void> {
  for (const { model } of specs) await readModelSource(model);
  // Another library than the usual one is opened by the load.
  if (withDevice !== undefined && library === undefined) await requireDevices([withDevice]);
}

/** In the precision and memory of the model that is measured, and on its device unless another one is named. */
function openOther(
  { model, concurrency = 1 }: CompanionSpec,
  shape: Record<string, number[]>,
  measured: Opened,
  options: InterferenceOptions,
  environment: Environment,
  progress: Progress,
): Promise<Opened> {
  const device = [options.withDevice ?? measured.session.device];
  const own = { ...options, device, shape, concurrency: [concurrency], profile: false };
  const configuration = { ...sessionConfigurations(options)[0]!, batch: undefined, lanes: undefined };
  return openConfiguration(model, own, configuration, environment, progress);
}

/** The shapes of `--with-shape` that are of inputs that the model declares; all, where it does not tell. */
function shapesFor({ model }: CompanionSpec, shapes: Record<string, number[]>): Record<string, number[]> {
  if (Object.keys(shapes).length === 0) return {};
  const inputs = declaredInputs(model);
  const has = (name: string): boolean => inputs?.some((input) => input.name === name) ?? true;
  return Object.fromEntries(Object.entries(shapes).filter(([name]) => has(name)));
}

function requireUsed(shapes: Record<string, number[]>, used: readonly Record<string, number[]>[]): void {
  const unused = Object.keys(shapes).find((name) => !used.some((each) => Object.hasOwn(each, name)));
  if (unused === undefined) return;
  throw new AccelError('INVALID_ARGUMENT', `--with-shape: no model of --with has an input "${unused}".`);
}

function asCompanion({ session, inputs, spec }: Opened & { spec: CompanionSpec }): Companion {
  const { model, rate, concurrency } = spec;
  return { session, inputs, rate, concurrency, name: basename(model) };
}

function asNeighbour({ session, spec }: Opened & { spec: CompanionSpec }): Neighbour {
  return { model: basename(spec.model), device: session.device, load: loadOf(spec) };
}

function loadOf({ rate, concurrency = 1 }: CompanionSpec): ResultRow['load'] {
  return rate === undefined ? { kind: 'closed', concurrency } : { kind: 'open', rate, arrivals: 'constant' };
}

/** Time and memory of the process are of all models together: they are in the row of the one that is measured. */
function rowOf(
  { session, model, known, spec }: Opened & { spec: CompanionSpec },
  { memory }: InterferenceOptions,
  measurement: Measurement,
): ResultRow {
  const { device: deviceMemory } = session.memory();
  const resources = deviceMemory === undefined ? {} : { deviceMemory };
  const about = { ...known, model, load: loadOf(spec), api: 'native' as const, memory, resources };
  return toResultRow(session, about, measurement);
}

export function interferenceText(comparison: Comparison): string {
  const { a, b, others = [], throughput, latency } = comparison;
  const beside = b[0]!.beside!.map(describeNeighbour).join(', ');
  const p99 = ({ latency }: ResultRow): number => latency.p99;
  return [
    nameOf(a[0]!),
    `beside ${beside}`,
    '',
    figuresTable(
      comparison,
      ['alone', 'beside', 'beside / alone', 'with 95 % confidence'],
      [
        ['requests/s', (row) => row.throughput, throughput],
        ['mean latency (ms)', latencyOf, latency],
        ['p99 latency (ms)', p99, pairedRatio(a.map(p99), b.map(p99))],
      ],
      (ratio) => ratio.toFixed(2),
    ),
    '',
    formatTable(
      ['beside it', 'load', 'requests/s', 'mean ms', 'p99', 'unsent'],
      others.map((rows) => [
        rows[0]!.model,
        rows[0]!.load.kind === 'closed' ? `${rows[0]!.load.concurrency} in flight` : `${rows[0]!.load.rate}/s`,
        average(rows, (row) => row.throughput).toFixed(1),
        figure(average(rows, latencyOf)),
        figure(average(rows, p99)),
        rows[0]!.unsent === undefined ? '' : rows.reduce((sum, { unsent = 0 }) => sum + unsent, 0),
      ]),
    ),
    '',
    verdictText(comparison, { A: `slower beside ${beside}`, B: `faster beside ${beside}` }),
  ].join('\n');
}
