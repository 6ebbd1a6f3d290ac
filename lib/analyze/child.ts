/** The process in which one configuration is measured. Its parent is in-child.ts. */
import { writeFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';

import { AccelError } from '../errors.js';
import { packageFile } from '../package-folder.js';
import type { Configuration } from './configuration.js';
import { measureConfiguration } from './measure-configuration.js';
import type { MeasureSettings, Result } from './measure-configuration.js';

/** What the child is asked. */
export interface ChildRequest {
  configuration: Configuration;
  settings: MeasureSettings;
}

/** What it answers. */
export type ChildReply = Result | { failure: { code: string; message: string; hint?: string | undefined } };

// When there is no memory left, the kernel shall end this process, and none of those that somebody needs.
if (process.platform === 'linux') {
  try {
    writeFileSync('/proc/self/oom_score_adj', '1000');
  } catch {
    // A sandbox may forbid it; then the kernel chooses by size.
  }
}

new Worker(packageFile('dist', 'analyze-guard.js'), { stdout: true, stderr: true }).unref();

process.once('message', (request: ChildRequest) => {
  void answer(request).then((reply) => process.send!(reply));
});

async function answer({ configuration, settings }: ChildRequest): Promise<ChildReply> {
  try {
    return await measureConfiguration(configuration, settings);
  } catch (error) {
    // A mistake in accelnode itself: the process ends with its trace, which the parent passes on.
    if (!(error instanceof AccelError)) throw error;
    const { code, message, hint } = error;
    return { failure: { code, message, hint } };
  }
}
