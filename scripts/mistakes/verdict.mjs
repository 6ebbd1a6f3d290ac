// What a run of vitest says of the code that it tested.
import { basename } from 'node:path';

/**
 * @typedef {{ is: 'passed' | 'failed' | 'unknown', words: string }} Verdict `failed`: a test failed, hung, or took its
 *   process along. `unknown`: no test said anything, as when vitest did not start, or found no test.
 */

/**
 * @param {{ status: number | null, signal?: string | null, error?: { code?: string }, stderr?: string }} ended as
 *   spawnSync tells it
 * @param {any} report what vitest's JSON reporter wrote; undefined when it wrote nothing
 * @returns {Verdict}
 */
export function verdictOf({ status, signal, error, stderr = '' }, report) {
  if (error?.code === 'ETIMEDOUT') return { is: 'failed', words: 'they hang' };
  if (report === undefined) {
    const reason = /^.*\w*Error: .*$/m.exec(stderr)?.[0].trim() ?? `it ended with ${signal ?? `exit code ${status}`}`;
    return { is: 'unknown', words: `vitest did not run: ${reason}` };
  }
  const files = report.testResults;
  const tests = files.flatMap(({ assertionResults }) => assertionResults);
  const failed = tests.find(({ status }) => status === 'failed');
  if (failed) return { is: 'failed', words: failed.fullName };
  const unprepared = files.find(({ status }) => status === 'failed');
  if (unprepared) {
    const words = `${basename(unprepared.name)}: ${unprepared.message.split('\n', 1)[0]}`;
    // A file that could not even be read has no tests. That says nothing of what they would have tested.
    return { is: unprepared.assertionResults.length > 0 ? 'failed' : 'unknown', words };
  }
  if (status === 0) {
    const ran = tests.some(({ status }) => status === 'passed');
    return ran ? { is: 'passed', words: 'all pass' } : { is: 'unknown', words: 'no test ran' };
  }
  // Tests that are still to come when all is over: their process has gone.
  const crashed = files.find(({ assertionResults }) => assertionResults.some(({ status }) => status === 'pending'));
  if (crashed) return { is: 'failed', words: `the process of ${basename(crashed.name)} crashes` };
  return { is: 'unknown', words: files.length > 0 ? 'vitest failed, but no test' : 'no test was found' };
}
