/** One configuration, measured in this process. */
import { AccelError } from '../errors.js';
import { declaredInputs } from '../measure/declared-inputs.js';
import { measuredLoad } from '../measure/measured-load.js';
import { toResultRow } from '../measure/row.js';
import { SAMPLE_INTERVAL, measureSampled, noteIdle } from '../measure/sampling.js';
import type { LoadOptions } from '../options/load.js';
import type { ResultRow } from '../results/row.js';
import { Session } from '../session.js';
import { seededInputs } from '../verify/random-inputs.js';
import { verifySession } from '../verify/verify.js';
import type { Verification } from '../verify/verify.js';
import type { LoadSettings } from './analysis.js';
import type { Configuration } from './configuration.js';
import { openDimensions, requireInputsOf, shapesOf } from './shapes.js';
import type { Shapes } from './shapes.js';

/** How to measure it. */
export interface MeasureSettings {
  /** Milliseconds. */
  duration: number;
  warmup: number;
  minRuns: number;
  /** Between two samples of the device. */
  sampleInterval?: number | undefined;
  /** Of inputs, by name; the batch takes the place of the first dimension. */
  shapes: Shapes;
  /** Is there no other model that the shapes may be of? */
  alone: boolean;
  load?: LoadSettings | undefined;
  /** The device to compare outputs with. */
  reference?: string | undefined;
}

export interface Result {
  row: ResultRow;
  /** Dimensions that the model leaves open and nobody has given, by input: they were 1. */
  openAsOne?: Record<string, number[]>;
  verification?: Verification;
  /** Why there is none where there should be one. */
  verificationFailure?: string;
}

export async function measureConfiguration(configuration: Configuration, settings: MeasureSettings): Promise<Result> {
  const { model, device, precision, batch, lanes, concurrency } = configuration;
  const { hint, graphs, cache } = settings.load ?? {};
  const declared = declaredInputs(model);
  const load: LoadOptions = {
    device,
    precision,
    lanes,
    // A format that does not tell its inputs has its shapes already.
    shapes: shapesOf(declared ?? [], batch, settings.shapes),
    maxQueue: Math.max(1024, concurrency),
    cache,
    openvino: { hint },
    cuda: { graphs },
  };
  await noteIdle(load);
  const { session: loaded, ...loading } = await measuredLoad(() => Session.load(model, load));
  await using session = loaded;

  if (settings.alone) requireInputsOf(session.inputs, settings.shapes);
  const openAsOne = openDimensions(declared ?? session.inputs, settings.shapes);
  const shapes = shapesOf(session.inputs, batch, settings.shapes);
  const inputs = seededInputs(session.inputs, shapes, 1);
  const firstBegin = performance.now();
  await session.run(inputs);
  const firstInference = performance.now() - firstBegin;

  const {
    reference,
    shapes: _given,
    alone: _alone,
    load: _load,
    sampleInterval = SAMPLE_INTERVAL.default,
    ...limits
  } = settings;
  const options = { api: 'native', concurrency, ...limits } as const;
  const { measurement, resources } = await measureSampled(session, inputs, options, sampleInterval);
  const about = {
    model,
    batch,
    shapes,
    load: { kind: 'closed', concurrency } as const,
    api: 'native' as const,
    memory: 'host' as const,
    hint: session.backend === 'openvino' ? hint : undefined,
    ...loading,
    firstInference,
    resources,
  };
  const row = toResultRow(session, about, measurement);
  const measured: Result = { row, ...(openAsOne === undefined ? {} : { openAsOne }) };
  if (reference === undefined) return measured;
  return { ...measured, ...(await verified(session, model, { reference, shapes, random: 1, load })) };
}

/** The row was measured, whatever becomes of the reference: that is not the device's fault, and costs no figures. */
async function verified(
  ...args: Parameters<typeof verifySession>
): Promise<Pick<Result, 'verification' | 'verificationFailure'>> {
  try {
    return { verification: await verifySession(...args) };
  } catch (error) {
    if (!(error instanceof AccelError)) throw error;
    return { verificationFailure: error.message };
  }
}
