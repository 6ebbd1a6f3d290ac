/** Workers that are terminated while results are on their way to them. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

import { expect, it } from 'vitest';

import { PATIENCE } from '../utils/child.js';

it('survives a worker that is terminated in the middle of runs and loads', () => {
  const script = join(import.meta.dirname, 'terminate.mjs');
  const options = { encoding: 'utf8', timeout: 50_000 * PATIENCE, killSignal: 'SIGKILL' } as const;
  const words = execFileSync(process.execPath, [script], options);
  expect(words).toBe('survived 30 workers\n');
});
