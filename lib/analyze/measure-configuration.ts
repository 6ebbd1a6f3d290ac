/** One configuration, measured in this process. */
import { entryOf } from '../entry-of.js';
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
    // A format that does not tell its inputs has its shapes already.
    shapes: shapesOf(declaredInputs(model) ?? [], batch, settings.shapes),
    maxQueue: Math.max(1024, concurrency),
  };
  await noteIdle(load);
  const loadBegin = performance.now();
  await using session = await Session.load(model, load);
  const compile = performance.now() - loadBegin;

  const shapes = shapesOf(session.inputs, batch, settings.shapes);
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

/** The inputs' shapes with the batch in front; another dimension that is open and that nobody has given is 1. */
function shapesOf(
  inputs: readonly { name: string; shape?: readonly number[] | undefined }[],
  batch: number,
  given: MeasureSettings['shapes'],
): Record<string, number[]> {
  return Object.fromEntries(
    inputs.map(({ name, shape = [] }) => {
      return [name, withBatch(entryOf(given, name) ?? shape, batch).map((dim) => (dim < 0 ? 1 : dim))];
    }),
  );
}
