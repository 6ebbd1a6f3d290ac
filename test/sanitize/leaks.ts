/**
 * Looks for leaks when the tests of a file are over: vitest ends its processes by a signal, where nobody would
 * look. What is found, here or in processes that the tests start, goes to reports that are named after the file of
 * tests; scripts/setup/sanitizers.mjs reads them.
 */
import { createRequire } from 'node:module';
import { basename } from 'node:path';

import { afterAll, expect } from 'vitest';

interface Probe {
  lookForLeaks(): boolean;
  reportTo(path: string): void;
}
const probe = createRequire(import.meta.url)(process.env.ACCELNODE_PROBE!) as Probe;

const options = process.env.ASAN_OPTIONS!;
const log = `${/log_path=([^:]+)/.exec(options)![1]!}.${basename(expect.getState().testPath!)}`;
process.env.ASAN_OPTIONS = options.replace(/log_path=[^:]+/, `log_path=${log}`);
probe.reportTo(log);

afterAll(() => {
  probe.lookForLeaks();
});
