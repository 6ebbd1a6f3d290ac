import { describeDevice, describeEnvironment } from '../results/environment.js';
import type { Environment } from '../results/environment.js';

/** This machine, and the devices that are to be measured: their backends are open. */
export async function environmentOf(devices: readonly string[]): Promise<Environment> {
  const described = await Promise.all(
    devices.map(async (device) => [device, await describeDevice(device, undefined)] as const),
  );
  // What was asked is in the analysis itself.
  return { ...describeEnvironment({}), devices: Object.fromEntries(described) };
}
