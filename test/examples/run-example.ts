/** Runs the programs in examples/ as their users do. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { expect } from 'vitest';

import { classifierFolder } from '../../scripts/setup/classifier.mjs';
import { runProgram } from '../utils/child.js';

export const examples = join(import.meta.dirname, '..', '..', 'examples');

/** Why the suites on the image classifier are skipped, to be added to their names; empty when they are not. */
export const classifierMissing = existsSync(join(classifierFolder, 'classifier.onnx'))
  ? ''
  : ' (skipped: the image classifier was not fetched)';

/** What an example prints, line by line. It must end well, and complain about nothing. */
export async function runExample(file: string, args: string[], env?: NodeJS.ProcessEnv): Promise<string[]> {
  const { code, stdout, stderr } = await runProgram(process.execPath, [join(examples, file), ...args], env);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout.trimEnd().split('\n');
}
