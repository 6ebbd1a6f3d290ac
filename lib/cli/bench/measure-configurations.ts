/** Loads a model in each of its configurations and measures it under each load. */
import { devicesOf } from '../../devices.js';
import { entryOf } from '../../entry-of.js';
import { AccelError } from '../../errors.js';
import type { MeasureApi, MeasureOptions, Measurement, MemoryKind, Session, Tensor } from '../../index.js';
import { measuredLoad } from '../../measure/measured-load.js';
import { toResultRow } from '../../measure/row.js';
import type { Measured } from '../../measure/row.js';
import { measureSampled, noteIdle } from '../../measure/sampling.js';
import { describeDevice } from '../../results/environment.js';
import type { Environment } from '../../results/environment.js';
import type { ResultFailure } from '../../results/results.js';
import type { ResultRow } from '../../results/row.js';
import { moveInputs, randomInputs, requireKnown, shapeFor } from '../input.js';
import { interruptible } from '../interrupt.js';
import { loadSession } from '../load-session.js';
import { loadOptions } from '../options.js';
import type { ModelCommandOptions } from '../options.js';
import type { Progress } from '../output.js';
import { batchShapes, describeGiven, loadConfigurations, sessionConfigurations } from './configurations.js';
import type { CompanionSpec } from './companion-spec.js';
import type { Lists, LoadConfiguration, SessionConfiguration } from './configurations.js';

export type BenchCommandOptions = Omit<ModelCommandOptions, 'precision' | 'hint' | 'lanes'> &
  Lists & {
    arrivals?: 'constant' | 'poisson';
    seed?: number;
    duration: number;
    warmup: number;
    minRuns: number;
    maxDuration?: number;
    tolerance: number;
    api?: MeasureApi;
    sync?: boolean;
    memory: MemoryKind;
    sampleInterval: number;
    profile?: boolean;
    exportTimes?: string;
    vs?: string;
    with?: CompanionSpec[];
    withDevice?: string;
    withShape: Record<string, number[]>;
    output?: string;
    csv?: boolean;
    selfCheck?: boolean;
  };

/** What becomes of each configuration, as soon as it is known. */
export interface Listener {
  measured(row: ResultRow, measurement: Measurement, extra: { npu: NpuUse | undefined }): void;
  failed(failure: ResultFailure): void;
  /** There is only one configuration: its failure is the command's. */
  only: boolean;
}

/** Of a Rockchip NPU, in the middle of the measurement, as far as the kernel tells. */
export interface NpuUse {
  /** Percent, of each core or of all together. */
  load?: number[] | undefined;
  /** Hz. */
  frequency?: number | undefined;
}

/** A failure that all configurations would meet: it is about the command line, the machine or the user's wish. */
const HOPELESS: ReadonlySet<string> = new Set([
  'INVALID_ARGUMENT',
  'RUNTIME_NOT_FOUND',
  'DEVICE_NOT_FOUND',
  'CANCELLED',
]);

export async function measureConfigurations(
  model: string,
  options: BenchCommandOptions,
  environment: Environment,
  progress: Progress,
  listener: Listener,
): Promise<void> {
  for (const configuration of sessionConfigurations(options)) {
    await survive(configuration, undefined, listener, () =>
      measureSession(model, options, configuration, environment, progress, listener),
    );
  }
}

/** Does something that may fail for one configuration and not for the next: out of memory, say. */
async function survive(
  configuration: SessionConfiguration,
  load: LoadConfiguration | undefined,
  listener: Listener,
  action: () => Promise<void>,
): Promise<void> {
  try {
    await action();
  } catch (error) {
    if (!(error instanceof AccelError) || HOPELESS.has(error.code) || listener.only) throw error;
    const { code, message } = error;
    listener.failed({ configuration: describeGiven(configuration, load), code, message });
  }
}

/** A model that is loaded in one configuration, and has run once. */
export interface Opened {
  model: string;
  session: Session;
  inputs: Record<string, Tensor>;
  /** All of the row that is known before the load. */
  known: Pick<Measured, 'batch' | 'shapes' | 'hint' | 'compile' | 'compileMemory' | 'firstInference'>;
}

async function measureSession(
  model: string,
  options: BenchCommandOptions,
  configuration: SessionConfiguration,
  environment: Environment,
  progress: Progress,
  listener: Listener,
): Promise<void> {
  const opened = await openConfiguration(model, options, configuration, environment, progress);
  await using _session = opened.session;
  for (const each of loadConfigurations(options)) {
    await survive(configuration, each, listener, async () => {
      const { row, measurement, npu } = await measureRow(opened, options, each, progress);
      listener.measured(row, measurement, { npu });
    });
  }
}

/** The caller closes the session. */
export async function openConfiguration(
  model: string,
  options: BenchCommandOptions,
  configuration: SessionConfiguration,
  environment: Environment,
  progress: Progress,
): Promise<Opened> {
  const { precision, hint, lanes, batch } = configuration;
  const shape = { ...batchShapes(model, batch), ...options.shape };
  const common = { ...options, precision, hint, lanes, shape } as ModelCommandOptions;
  const loads = loadConfigurations(options);
  const load = { ...loadOptions(common, true), maxQueue: queueFor(loads), profiling: options.profile };
  await noteIdle(load);
  const { session, ...loading } = await measuredLoad(() => loadSession(model, load, progress));
  try {
    environment.devices[session.device] ??= await describeDevice(session.device, options.library);
    const shapes = shapesOf(session, options, batch);
    const inputs = await moveInputs(session, randomInputs(session, shapes), options.memory);
    const firstBegin = performance.now();
    await interruptible((signal) => session.run(inputs, { signal }));
    const firstInference = performance.now() - firstBegin;
    // Whether the vendor tells is known before anything is measured.
    if (options.profile === true) await session.profile();
    // An input without items is no batch.
    const known = {
      batch: batch ?? Math.max(1, Object.values(shapes)[0]?.[0] ?? 1),
      shapes,
      hint,
      ...loading,
      firstInference,
    };
    return { model, session, inputs, known };
  } catch (error) {
    await session.close();
    throw error;
  }
}

export async function measureRow(
  { model, session, inputs, known }: Opened,
  options: BenchCommandOptions,
  each: LoadConfiguration,
  progress: Progress,
  beside?: MeasureOptions['beside'],
): Promise<{ row: ResultRow; measurement: Measurement; npu: NpuUse | undefined }> {
  const { measurement, npu, resources } = await measureLoad(session, inputs, options, each, progress, beside);
  const layers = options.profile === true ? await session.profile() : undefined;
  const { memory } = options;
  const load = loadShape(session, options, each);
  const measured = { ...known, model, load, api: apiOf(options, each), memory, resources, layers };
  return { row: toResultRow(session, measured, measurement), measurement, npu };
}

function shapesOf(session: Session, options: BenchCommandOptions, batch: number | undefined): Record<string, number[]> {
  requireKnown('--shape', Object.keys(options.shape), session);
  return Object.fromEntries(
    session.inputs.map((info) => {
      const given = entryOf(options.shape, info.name);
      const shape = shapeFor(info, given);
      if (batch !== undefined && given === undefined && shape.length > 0) shape[0] = batch;
      return [info.name, shape];
    }),
  );
}

async function measureLoad(
  session: Session,
  inputs: Opened['inputs'],
  options: BenchCommandOptions,
  load: LoadConfiguration,
  progress: Progress,
  beside: MeasureOptions['beside'],
): Promise<{ measurement: Measurement; npu: NpuUse | undefined; resources: ResultRow['resources'] }> {
  let use: Promise<NpuUse | undefined> | undefined;
  const { arrivals, seed, warmup, minRuns, tolerance, memory, exportTimes } = options;
  const measureUntil = (signal: AbortSignal): ReturnType<typeof measureSampled> => {
    const measured: MeasureOptions = {
      api: apiOf(options, load),
      ...load,
      ...(load.rate === undefined ? {} : { arrivals, seed }),
      duration: options.duration * 1000,
      maxDuration: options.maxDuration === undefined ? undefined : options.maxDuration * 1000,
      warmup,
      minRuns,
      tolerance,
      memory,
      times: exportTimes !== undefined,
      beside,
      signal,
      onProgress: (elapsed, duration) => {
        progress.update('measuring', elapsed, duration);
        if (session.backend === 'rknn' && elapsed > duration / 2) use ??= useOfNpu();
      },
    };
    return measureSampled(session, inputs, measured, options.sampleInterval);
  };
  const measured = await interruptible(measureUntil);
  return { ...measured, npu: await use };
}

async function useOfNpu(): Promise<NpuUse | undefined> {
  const { present } = await devicesOf('rknn');
  const { load, frequency } = (present[0]?.details ?? {}) as NpuUse;
  return load === undefined && frequency === undefined ? undefined : { load, frequency };
}

export function apiOf({ api, sync }: BenchCommandOptions, { rate }: LoadConfiguration): MeasureApi {
  if (rate !== undefined) return 'native';
  return api ?? (sync === true ? 'runSync' : 'native');
}

function loadShape({ lanes }: Session, options: BenchCommandOptions, load: LoadConfiguration): ResultRow['load'] {
  if (load.rate !== undefined) {
    const { rate, concurrency } = load;
    return { kind: 'open', rate, arrivals: options.arrivals ?? 'constant', ...(concurrency && { concurrency }) };
  }
  return { kind: 'closed', concurrency: apiOf(options, load) === 'runSync' ? 1 : (load.concurrency ?? lanes) };
}

/** Room for all runs in flight, which may be more than a session takes by default. */
function queueFor(loads: readonly LoadConfiguration[]): number | undefined {
  const most = Math.max(...loads.map(({ concurrency = 1 }) => concurrency));
  return most > 1024 ? most : undefined;
}
