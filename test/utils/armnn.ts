/** Suites that need a real Arm NN behind its delegate: `npm run test:armnn` sets these variables. */
import type { LoadOptions } from 'accelnode';
import { describe } from 'vitest';

/** The reference backend runs everywhere. */
export const REFERENCE: LoadOptions = { device: 'armnn:CpuRef', lanes: 1 };

/** A suite that is skipped, with the reason in its name, where there is no Arm NN. */
export function describeArmnn(title: string, suite: () => void): void {
  if (process.env.ACCELNODE_ARMNN_BACKENDS === undefined) {
    describe.skip(`${title} (skipped: \`npm run test:armnn\` runs it)`, suite);
  } else {
    describe(title, suite);
  }
}
