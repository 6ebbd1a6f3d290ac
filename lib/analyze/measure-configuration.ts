/** One configuration, measured in this process. */
import { declaredInputs, withBatch } from '../measure/declared-inputs.js';
import { toResultRow } from '../measure/row.js';
import { SAMPLE_INTERVAL, measureSampled, noteIdle } from '../measure/sampling.js';
import type { LoadOptions } from '../options/load.js';
import type { ResultRow } from '../results/row.js';
import { Session } from '../session.js';
import { seededInputs } from '../verify/random-inputs.js';
import { verifySession } from '../verify/verify.js';
import type { Verification } from '../verify/verify.js';
import type { Configuration } from './configuration.js';

/** How to measure it. */
export interface MeasureSettings {
  /** Milliseconds. */
  duration: number;
  warmup: number;
  minRuns: number;
  /** Between two samples of the device. */
  sampleInterval?: number | undefined;
  /** Of inputs, by name; the batch takes the place of the first dimension. */
  shapes: Readonly<Record<string, readonly number[]>>;
  /** The device to compare outputs with. */
  reference?: string | undefined;
}

export interface Result {
  row: ResultRow;
  verification?: Verification;
}

export async function measureConfiguration(configuration: Configuration, settings: MeasureSettings): Promise<Result> {
  const { model, device, precision, batch, lanes, concurrency } = configuration;
  const load: LoadOptions = {
    device,
    precision,
    lanes,
    shapes: batchShapes(model, batch, settings.shapes),
    maxQueue: Math.max(1024, concurrency),
  };
  await noteIdle(load);
  const loadBegin = performance.now();
  await using session = await Session.load(model, load);
  const compile = performance.now() - loadBegin;

  const shapes = Object.fromEntries(
    session.inputs.map(({ name, shape = [] }) => [
      name,
      closed(withBatch(entryOf(settings.shapes, name) ?? shape, batch)),
    ]),
  );
  const inputs = seededInputs(session.inputs, shapes, 1);
  const firstBegin = performance.now();
  await session.run(inputs);
  const firstInference = performance.now() - firstBegin;

  const { reference, shapes: _given, sampleInterval = SAMPLE_INTERVAL.default, ...limits } = settings;
  const options = { api: 'native', concurrency, ...limits } as const;
  const { measurement, resources } = await measureSampled(session, inputs, options, sampleInterval);
  const about = {
    model,
    batch,
    shapes,
    load: { kind: 'closed', concurrency } as const,
    api: 'native' as const,
    memory: 'host' as const,
    compile,
    firstInference,
    resources,
  };
  const row = toResultRow(session, about, measurement);
  if (reference === undefined) return { row };
  return { row, verification: await verifySession(session, model, { reference, shapes, random: 1, load }) };
}

/** The model's own shapes with another batch, to compile for, where the format leaves them open. */
function batchShapes(model: string, batch: number, given: MeasureSettings['shapes']): Record<string, number[]> {
  const inputs = declaredInputs(model) ?? [];
  return Object.fromEntries(
    inputs.map(({ name, shape }) => [name, closed(withBatch(entryOf(given, name) ?? shape, batch))]),
  );
}

/** A dimension that nobody has given is 1. */
function closed(shape: readonly number[]): number[] {
  return shape.map((dim) => (dim < 0 ? 1 : dim));
}

function entryOf<T>(entries: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(entries, name) ? entries[name] : undefined;
}
