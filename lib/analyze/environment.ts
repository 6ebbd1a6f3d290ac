import { describeDevice, describeEnvironment } from '../results/environment.js';
import { invalidArgument } from '../errors.js';
import type { Environment } from '../results/environment.js';

/** This machine, and the devices that are to be measured: their backends are open. */
export async function environmentOf(devices: readonly string[]): Promise<Environment> {
  const described = await Promise.all(
    devices.map(async (device) => [device, await describeDevice(device, undefined)] as const),
  );
  // What was asked is in the analysis itself.
  return { ...describeEnvironment({}), devices: Object.fromEntries(described) };
}

/**
 * Refuses to go on with the figures of another machine. What changes from hour to hour is no difference.
 * @throws `INVALID_ARGUMENT`, with what differs
 */
export function requireSameMachine(path: string, before: Environment, now: Environment): void {
  const [then, today] = [factsOf(before), factsOf(now)];
  const differing = Object.keys({ ...then, ...today }).filter((fact) => then[fact] !== today[fact]);
  if (differing.length === 0) return;
  const words = differing.map((fact) => `${fact} was ${then[fact] ?? 'unknown'} and is ${today[fact] ?? 'unknown'}`);
  throw invalidArgument(
    `${path} was measured under other conditions: ${words.join('; ')}.`,
    'Figures of the two can not be compared: analyze anew, with another --output.',
  );
}

/** What figures depend on, in words. */
function factsOf({ cpu, node, accelnode, devices }: Environment): Partial<Record<string, string>> {
  return {
    'the CPU': `${cpu.model} with ${cpu.cores} logical processors`,
    'the version of Node': node,
    'the version of accelnode': accelnode,
    ...Object.fromEntries(
      Object.entries(devices).flatMap(([device, { name, driver, runtime }]) => [
        [`${device}'s name`, name],
        [`${device}'s driver`, driver],
        [`${device}'s runtime`, runtime],
      ]),
    ),
  };
}
