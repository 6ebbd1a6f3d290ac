/** What the kernels depend on that Arm NN's GpuAcc compiles for a model, its cached network. */
import { accessSync, constants, statSync } from 'node:fs';
import { dirname } from 'node:path';

import { compilesOnGpu, tuningOf } from '../armnn-settings.js';
import { AccelError } from '../errors.js';
import { makeFolder } from '../make-folder.js';
import { reasonOf } from '../runtimes/failures.js';
import type { PlanRules } from './rules.js';

export const armnnRules: PlanRules = {
  compiler: (device) => (compilesOnGpu(device) ? 'GpuAcc' : undefined),
  facts: ({ armnn = {} }, _runtime, { name, driver, details }) => ({
    gpu: name,
    driver,
    // Arm NN tells no version before it is started.
    armnn: fileFacts(details?.['armnn']),
    delegate: fileFacts(details?.['delegate']),
    fastMath: armnn.fastMath ?? true,
    fp16Turbo: armnn.fp16Turbo ?? false,
    signature: armnn.signature,
  }),
  checkFiles: ({ armnn }) => {
    const tuning = tuningOf(armnn);
    if (tuning === undefined) return;
    checkTuning(tuning, armnn?.tuning?.file === undefined);
  },
  opensWithModel: true,
};

/** What tells one build of a library from another, short of reading all of it. */
function fileFacts(file: unknown): readonly unknown[] {
  const { size, mtimeMs } = statSync(String(file));
  return [file, size, mtimeMs];
}

/**
 * Arm NN goes on without a tuning file that it can't use, and finds out that it can't write it when the process ends.
 * @param own is it in accelnode's own folder?
 */
function checkTuning({ level, file }: { level: number; file: string }, own: boolean): void {
  try {
    if (own) makeFolder(dirname(file));
    if (level === 0) {
      accessSync(file, constants.R_OK);
    } else if (statSync(file, { throwIfNoEntry: false }) === undefined) {
      accessSync(dirname(file), constants.W_OK | constants.X_OK);
    } else {
      accessSync(file, constants.R_OK | constants.W_OK);
    }
    if (statSync(file, { throwIfNoEntry: false })?.isFile() === false) throw new Error('it is not a file');
  } catch (cause) {
    const use = level === 0 ? 'read' : 'written';
    throw new AccelError('INVALID_ARGUMENT', `The tuning file ${file} can't be ${use}: ${reasonOf(cause)}.`, {
      hint:
        level === 0
          ? 'Level 0 only uses what an earlier process has found: tune with level 1, 2 or 3 first.'
          : 'Name a file in a folder that this user can write to as armnn.tuning.file.',
      cause,
    });
  }
}
