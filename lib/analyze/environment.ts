import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, release, totalmem, type } from 'node:os';

import packageJson = require('../../package.json');
import { devices, runtime } from '../devices.js';
import type { Device } from '../devices.js';
import { AccelError } from '../errors.js';
import type { BackendName } from '../backends.js';
import type { Environment } from './analysis.js';

/** This machine, as far as figures depend on it. */
export async function thisEnvironment(wanted: readonly string[]): Promise<Environment> {
  const governor = readGovernor();
  return {
    date: new Date().toISOString(),
    accelnode: packageJson.version,
    node: process.versions.node,
    platform: `${process.platform}-${process.arch}`,
    os: `${type()} ${release()}`,
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memory: totalmem(),
    ...(governor === undefined ? {} : { governor }),
    devices: await describeDevices(wanted),
  };
}

async function describeDevices(wanted: readonly string[]): Promise<Environment['devices']> {
  const known = await devices().catch(() => [] as Device[]);
  const versions = new Map<string, Promise<string | undefined>>();
  return Promise.all(
    wanted.map(async (id) => {
      const backend = id.split(':')[0]!;
      if (!versions.has(backend)) versions.set(backend, versionOf(backend));
      const device = known.find((each) => each.id === id);
      const runtimeVersion = await versions.get(backend);
      return {
        id,
        ...(device?.name === undefined ? {} : { name: device.name }),
        ...(device?.driver === undefined ? {} : { driver: device.driver }),
        ...(runtimeVersion === undefined ? {} : { runtime: runtimeVersion }),
        ...(device?.memoryTotal === undefined ? {} : { memoryTotal: device.memoryTotal }),
      };
    }),
  );
}

/** Of the vendor's runtime; why there is none is said where a model is loaded. */
async function versionOf(backend: string): Promise<string | undefined> {
  try {
    return (await runtime(backend as BackendName)).version;
  } catch (error) {
    if (error instanceof AccelError) return undefined;
    throw error;
  }
}

function readGovernor(): string | undefined {
  try {
    return readFileSync('/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor', 'utf8').trim();
  } catch {
    return undefined; // another system, or one that leaves it to its host
  }
}
