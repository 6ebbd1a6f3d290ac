/** On what a result was measured: without it, no two figures can be compared. */
import { readFileSync } from 'node:fs';
import { arch, cpus, platform, release, totalmem } from 'node:os';

import packageJson = require('../../package.json');
import { splitDevice } from '../backends.js';
import { devicesOf, runtime } from '../devices.js';
import * as z from '../third-party/zod.js';

const text = z.string();
const words = z.record(text, z.union([text, z.number(), z.boolean()]));

export const environment = z.strictObject({
  /** When the first figure was measured, by ISO 8601. */
  date: text,
  accelnode: text,
  node: text,
  /** Operating system, its release and the architecture. */
  os: text,
  cpu: z.strictObject({
    model: text,
    /** Logical ones. */
    cores: z.int(),
    /** What decides on the clock: `performance` gives the steadiest figures. */
    governor: text.optional(),
  }),
  /** Bytes of the host. */
  memory: z.number(),
  /** Each device that was measured, by its name. */
  devices: z.record(
    text,
    z.strictObject({
      name: text.optional(),
      arch: text.optional(),
      driver: text.optional(),
      /** Of the vendor. */
      runtime: text.optional(),
      /** The file that holds it. */
      library: text.optional(),
      /** Versions of what belongs to it, in the vendor's words. */
      details: words.optional(),
    }),
  ),
  /** As the command was given them. */
  options: words,
});

/** On what a result was measured. */
export type Environment = z.output<typeof environment>;
/** A device of an {@link Environment}. */
export type MeasuredDevice = Environment['devices'][string];

/** All but the devices, which are described as they are met. */
export function describeEnvironment(options: Environment['options']): Environment {
  const all = cpus();
  const governor = readGovernor();
  return {
    date: new Date().toISOString(),
    accelnode: packageJson.version,
    node: process.versions.node,
    os: `${platform()} ${release()} ${arch()}`,
    cpu: { model: all[0]?.model.trim() ?? '', cores: all.length, ...(governor === undefined ? {} : { governor }) },
    memory: totalmem(),
    devices: {},
    options,
  };
}

/** @param device of a session, whose backend is open */
export async function describeDevice(device: string, library: string | undefined): Promise<MeasuredDevice> {
  const { backend } = splitDevice(device);
  const [{ version, library: file, details = {} }, { present }] = await Promise.all([
    runtime(backend, { library }),
    devicesOf(backend, library),
  ]);
  const { name, arch, driver } = present.find(({ id }) => id === device) ?? {};
  const facts = Object.entries(details).filter(([, value]) => typeof value === 'string' || typeof value === 'number');
  return {
    ...(name === undefined ? {} : { name }),
    ...(arch === undefined ? {} : { arch }),
    ...(driver === undefined ? {} : { driver }),
    runtime: version,
    ...(file === undefined ? {} : { library: file }),
    ...(facts.length === 0 ? {} : { details: Object.fromEntries(facts) as Environment['options'] }),
  };
}

function readGovernor(): string | undefined {
  try {
    return readFileSync('/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor', 'utf8').trim();
  } catch {
    return undefined; // not Linux, or a virtual machine
  }
}
