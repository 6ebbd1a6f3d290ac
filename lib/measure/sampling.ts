/**
 * What a device and this process do while a model is measured, as a thread of the addon's sees it at equal distances;
 * beside what the device did before any model was loaded.
 */
import { splitDevice, vendorNames } from '../backends.js';
import type { BackendName } from '../backends.js';
import { devicesOf } from '../devices.js';
import { AccelError } from '../errors.js';
import type { Inputs } from '../binding.js';
import { companionOption, libraryOption } from '../load-native.js';
import { addon } from '../native/addon.js';
import type { NativeSamplingReport } from '../native/addon.js';
import { parseLoadOptions } from '../options/load.js';
import type { LoadOptions, ParsedLoadOptions } from '../options/load.js';
import type { ResultRow } from '../results/row.js';
import { openRuntime } from '../runtimes/open.js';
import type { Session } from '../session.js';
import { measureAround } from './measure.js';
import type { MeasureOptions, Measurement } from './options.js';

/** Milliseconds between two samples: what is usual, and what may be asked for. */
export const SAMPLE_INTERVAL = { default: 100, least: 10, most: 60_000 } as const;

/** Backends that count a part only: MIGraphX does not tell what its programs take. */
const COUNT_A_PART: ReadonlySet<BackendName> = new Set(['rocm']);

/** Bytes that the process takes before any model is loaded. */
const IDLE_RSS = process.memoryUsage.rss();

/** What each device did before this process loaded a model on it. */
const idleDevices = new Map<string, NativeSamplingReport>();

let lastId = 0;

/** Looks at the devices that a load may choose, those that nobody has looked at yet. Before the load. */
export async function noteIdle(options: LoadOptions): Promise<void> {
  const parsed = parseLoadOptions(options);
  for (const name of [parsed.device].flat()) {
    for (const device of await devicesNamed(name, parsed).catch(noneWhereAbsent)) {
      if (idleDevices.has(device)) continue;
      const sampling = await startSampling(device, SAMPLE_INTERVAL.default);
      idleDevices.set(device, await sampling.stop());
    }
  }
}

/** What was done meanwhile. */
export interface Sampled<T> {
  /** What the work gave. */
  value: T;
  resources: ResultRow['resources'];
  /** What could not be looked at, a sentence each. */
  problems: string[];
}

/** Samples, once in `interval` milliseconds, while `work` is done: as it begins and as it has ended in any case. */
export async function sampled<T>(session: Session, interval: number, work: () => Promise<T>): Promise<Sampled<T>> {
  const sampling = await startSampling(session.device, interval);
  let value: T;
  try {
    value = await work();
  } catch (error) {
    await sampling.stop();
    throw error;
  }
  const report = await sampling.stop();
  return { value, resources: resourcesOf(session, interval, report), problems: report.problems };
}

/** Measures, and samples while the load is made. What could not be looked at is among the warnings. */
export async function measureSampled(
  session: Session,
  inputs: Inputs,
  options: MeasureOptions,
  interval: number,
): Promise<{ measurement: Measurement; resources: ResultRow['resources'] }> {
  let resources: ResultRow['resources'] = {};
  let problems: readonly string[] = [];
  const measurement = await measureAround(session, inputs, options, async (load) => {
    const { value, ...found } = await sampled(session, interval, load);
    ({ resources, problems } = found);
    return value;
  });
  return { measurement: { ...measurement, warnings: [...measurement.warnings, ...problems] }, resources };
}

/** A measurement does not fail for want of samples: the report then says why there are none. */
async function startSampling(device: string, interval: number): Promise<{ stop: () => Promise<NativeSamplingReport> }> {
  const { backend, name = '' } = splitDevice(device);
  const id = ++lastId;
  const { begun, ended } = addon.sample({ id, backend, device: name, interval });
  const report = ended.catch((error: unknown) => ({ samples: 0, took: 0, problems: [(error as Error).message] }));
  await begun.catch(() => undefined);
  return {
    stop: () => {
      addon.stopSampling(id);
      return report;
    },
  };
}

function resourcesOf(session: Session, interval: number, report: NativeSamplingReport): ResultRow['resources'] {
  const { memory, utilization: idleUtilization, power: idlePower } = idleDevices.get(session.device) ?? {};
  const { rss = 0, cpu, utilization, power, temperature, samples, took, overhead } = report;
  const toldIdle = (memory ?? idleUtilization ?? idlePower) !== undefined;
  return {
    ...deviceMemoryOf(session, report.memory, memory),
    deviceUtilization: utilization,
    power,
    temperature,
    rss: Math.max(0, rss - IDLE_RSS, process.memoryUsage.rss() - IDLE_RSS),
    cpu,
    idle: toldIdle ? { deviceMemory: memory, deviceUtilization: idleUtilization, power: idlePower } : undefined,
    sampling: samples === 0 ? undefined : { interval, samples, took, overhead },
  };
}

/** The vendor's own count of what the model takes; else what is in use beyond what was before. */
function deviceMemoryOf(
  session: Session,
  used: number | undefined,
  before: number | undefined,
): Pick<ResultRow['resources'], 'deviceMemory' | 'deviceMemoryIs'> {
  const counted = session.memory().device;
  const difference = used === undefined || before === undefined ? undefined : Math.max(0, used - before);
  const isWhole = counted !== undefined && !COUNT_A_PART.has(session.backend);
  if (difference !== undefined && !isWhole) return { deviceMemory: difference, deviceMemoryIs: 'difference' };
  return counted === undefined ? {} : { deviceMemory: counted, deviceMemoryIs: 'counted' };
}

/** Of `auto`, those of the first backend that has any: where a load then goes elsewhere, nothing is known of before. */
async function devicesNamed(name: string, options: ParsedLoadOptions): Promise<string[]> {
  if (name !== 'auto') {
    const { backend, name: own } = splitDevice(name);
    if (own === undefined) return present(backend, options);
    await openRuntime(backend, libraryOption(backend, options), companionOption(backend, options));
    return [name];
  }
  for (const backend of vendorNames) {
    const found = await present(backend, options).catch(noneWhereAbsent);
    if (found.length > 0) return found;
  }
  return [];
}

async function present(backend: BackendName, options: ParsedLoadOptions): Promise<string[]> {
  const { present } = await devicesOf(backend, libraryOption(backend, options), companionOption(backend, options));
  return present.map(({ id }) => id);
}

/** The load says why, in its own words. */
function noneWhereAbsent(error: unknown): string[] {
  if (error instanceof AccelError) return [];
  throw error;
}
