// Runs test suites and counts what came of them.
//
/**
 * @typedef {{ passed: number, failed: number, skipped: number }} Counts
 * @typedef {Counts & { files: (Counts & { name: string })[], notes: string[] }} Results `notes`: what the last
 *   lines shall say beside the counts
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import { root, setupFolder } from './process.mjs';

/**
 * @param {string[]} args for vitest, e.g. ['--project', 'unit']
 * @param {NodeJS.ProcessEnv} [env]
 * @param {string} [node] the Node to run it in
 * @returns {Results}
 */
export function runVitest(args, env = {}, node = process.execPath) {
  const report = join(setupFolder, 'test-report.json');
  mkdirSync(setupFolder, { recursive: true });
  rmSync(report, { force: true });
  const { status, signal } = spawnSync(
    node,
    [
      join(root, 'node_modules', 'vitest', 'vitest.mjs'),
      'run',
      ...args,
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${report}`,
    ],
    { cwd: root, stdio: 'inherit', env: { ...process.env, ...env } },
  );
  return readReport(report, status, signal);
}

/**
 * What vitest has written of its tests.
 * @param {string} report a file of its JSON reporter
 * @param {number | null} status how it ended
 * @param {NodeJS.Signals | null} signal
 * @returns {Results}
 */
export function readReport(report, status, signal) {
  let results;
  try {
    results = JSON.parse(readFileSync(report, 'utf8'));
  } catch {
    console.log(`FAILED  vitest wrote no report; it ended with ${signal ?? `exit code ${status}`}`);
    return { passed: 0, failed: 1, skipped: 0, files: [], notes: [] };
  }
  const files = results.testResults.map(({ name, assertionResults }) => {
    const count = (...words) => assertionResults.filter(({ status }) => words.includes(status)).length;
    return { name, passed: count('passed'), failed: count('failed'), skipped: count('pending', 'skipped', 'todo') };
  });
  const { numPassedTests: passed, numFailedTests, numPendingTests, numTodoTests } = results;
  // A file that could not be loaded has no tests that failed, but vitest does not end with 0.
  const failed = numFailedTests === 0 && status !== 0 ? 1 : numFailedTests;
  return { passed, failed, skipped: numPendingTests + numTodoTests, files, notes: [] };
}

/** "12 passed, 0 failed, 3 skipped" */
export function summary({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}

/**
 * Sums of several results.
 * @param {(Counts & Partial<Results>)[]} results
 * @returns {Results}
 */
export function sum(...results) {
  const total = { passed: 0, failed: 0, skipped: 0, files: [], notes: [] };
  for (const { passed, failed, skipped, files = [], notes = [] } of results) {
    total.passed += passed;
    total.failed += failed;
    total.skipped += skipped;
    total.files.push(...files);
    total.notes.push(...notes);
  }
  return total;
}
