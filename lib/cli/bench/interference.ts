/** `accelnode bench MODEL --with OTHER`: a model alone, and then while others are under load. */
import { basename } from 'node:path';

import { AccelError } from '../../errors.js';
import type { Companion, Measurement } from '../../index.js';
import { declaredInputs } from '../../measure/declared-inputs.js';
import { toResultRow } from '../../measure/row.js';
import { readModelSource } from '../../model-source.js';
import { requireDevices } from '../../required-devices.js';
import type { Environment } from '../../results/environment.js';
import type { Neighbour, ResultRow } from '../../results/row.js';
import type { Progress } from '../output.js';
import type { CompanionSpec } from './companion-spec.js';
import { loadConfigurations, sessionConfigurations } from './configurations.js';
import { measureRow, openConfiguration } from './measure-configurations.js';
import type { BenchCommandOptions, NpuUse, Opened } from './measure-configurations.js';

type InterferenceOptions = BenchCommandOptions & { with: CompanionSpec[] };

/** Of the model alone, of the model beside the others, and of each of these. */
type Measured = (row: ResultRow, measurement: Measurement, extra: { npu?: NpuUse | undefined }) => void;

export async function measureInterference(
  model: string,
  options: InterferenceOptions,
  environment: Environment,
  progress: Progress,
  measured: Measured,
): Promise<void> {
  await requireOthers(options);
  const shapes = options.with.map((spec) => shapesFor(spec, options.withShape));
  requireUsed(options.withShape, shapes);
  const load = loadConfigurations(options)[0]!;
  const opened = await openConfiguration(model, options, sessionConfigurations(options)[0]!, environment, progress);
  await using _session = opened.session;
  const alone = await measureRow(opened, options, load, progress);
  measured(alone.row, alone.measurement, { npu: alone.npu });

  // Only now: until then, the process's memory is what the model alone takes.
  const others: Opened[] = [];
  try {
    for (const [i, spec] of options.with.entries()) {
      others.push(await openOther(spec, shapes[i]!, opened, options, environment, progress));
    }
    const all = others.map((other, i) => ({ ...other, spec: options.with[i]! }));
    const beside = await measureRow(opened, options, load, progress, all.map(asCompanion));
    const neighbours = all.map(asNeighbour);
    measured({ ...beside.row, beside: neighbours }, beside.measurement, { npu: beside.npu });
    const self = { model: beside.row.model, device: beside.row.device, load: beside.row.load };
    for (const [i, other] of all.entries()) {
      const found = beside.measurement.beside![i]!;
      const rest = neighbours.filter((_, j) => j !== i);
      measured({ ...rowOf(other, options, found), beside: [self, ...rest] }, found, {});
    }
  } finally {
    await Promise.all(others.map(({ session }) => session.close()));
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
