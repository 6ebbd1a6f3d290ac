/**
 * Looks for leaks when the tests of a file are over: vitest ends its processes by a signal, where nobody would
 * look. What is found goes to the reports that scripts/setup/sanitizers.mjs reads.
 */
import { createRequire } from 'node:module';

import { afterAll } from 'vitest';

const probe = createRequire(import.meta.url)(process.env.ACCELNODE_PROBE!) as { lookForLeaks(): boolean };

afterAll(() => {
  probe.lookForLeaks();
});
