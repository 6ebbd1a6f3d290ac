/** Suites that need a real Arm NN behind its delegate: `npm run test:armnn` sets these variables. */
import type { ArmnnOptions, LoadOptions } from 'accelnode';
import { describe } from 'vitest';

/** The folder of Arm NN's backends. */
const dynamicBackends = process.env['ARMNN_BACKENDS'];

/** What each session has to be told; they must all say the same. */
export const armnn: ArmnnOptions = { dynamicBackends };

/** The reference backend runs everywhere. */
export const REFERENCE: LoadOptions = { device: 'armnn:CpuRef', lanes: 1, armnn };

/** A suite that is skipped, with the reason in its name, where there is no Arm NN. */
export function describeArmnn(title: string, suite: () => void): void {
  if (dynamicBackends === undefined) describe.skip(`${title} (skipped: \`npm run test:armnn\` runs it)`, suite);
  else describe(title, suite);
}
