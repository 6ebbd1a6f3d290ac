/** Damaged models never take the process along: a thousand of them, the same each time, in child processes. */
import { spawn } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { faceModel } from '../../scripts/setup/tflite.mjs';
import { PATIENCE } from '../utils/child.js';
import { temporaryFolder } from '../utils/temporary-folder.js';
import { sampleModels } from '../utils/tflite-samples.js';

const library = process.env.ACCELNODE_ARMNN_LIBRARY ?? '';
const missing = existsSync(library) ? '' : ' (skipped: this TFLite is not there)';

const CHILD = join(import.meta.dirname, '..', 'utils', 'tflite-mutations-child.mjs');
const COUNT = 1000;
/** For all of a child's models; a few seconds do. */
const LIMIT = 50_000 * PATIENCE;

/** What one child did: the outcome of each model, and how it ended, with the model that it was at. */
function runChild(models: string[], from: number, to: number): Promise<{ lines: string[]; end: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [CHILD, JSON.stringify({ models, from, to })], {
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: LIMIT,
      killSignal: 'SIGKILL',
    });
    let output = '';
    let errors = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
    child.on('error', reject);
    child.on('close', (code, signal) => {
      const lines = output.split('\n');
      const last = lines.pop()!;
      resolve({ lines, end: code === 0 ? '' : `${signal ?? `exit code ${code}`} at ${last}\n${errors.slice(-1000)}` });
    });
  });
}

describe.skipIf(missing)(`TFLite, damaged models${missing}`, () => {
  it(`${COUNT} of them end with an error or a result`, async () => {
    const folder = temporaryFolder();
    const models = Object.entries(sampleModels).map(([name, bytes]) => {
      const path = join(folder, `${name}.tflite`);
      writeFileSync(path, bytes);
      return path;
    });
    if (existsSync(faceModel)) models.push(faceModel);
    const ends: string[] = [];
    const outcomes: Record<string, number> = {};
    for (let seed = 0; seed < COUNT; ) {
      const { lines, end } = await runChild(models, seed, COUNT);
      for (const line of lines) {
        const outcome = line.slice(line.lastIndexOf(') ') + 2);
        outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
      }
      seed += lines.length;
      if (end === '') break;
      ends.push(end);
      seed++;
    }
    expect(ends).toEqual([]);
    // Damage that is found, here or by a kernel in its own words, and damage that does no harm: nothing else.
    const { RAN, LOADED = 0, MODEL_INVALID, MODEL_UNSUPPORTED, VENDOR_FAILURE, ...others } = outcomes;
    expect(others).toEqual({});
    expect(RAN).toBeGreaterThan(50);
    expect(MODEL_INVALID).toBeGreaterThan(300);
    expect(MODEL_UNSUPPORTED).toBeGreaterThan(0);
    expect(VENDOR_FAILURE).toBeLessThan(30);
    expect(LOADED).toBeLessThan(10);
  });
});
