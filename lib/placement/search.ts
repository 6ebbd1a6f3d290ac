/** Runs the search in a worker thread, for as long as it may take. */
import { Worker } from 'node:worker_threads';

import { AccelError } from '../errors.js';
import { packageFile } from '../package-folder.js';
import type { Placement } from './types.js';
import { begin, isProved, totalLoss } from './strive.js';
import type { State, Task } from './strive.js';
import type { Message } from './worker.js';

export interface Result {
  state: State;
  ended: Placement['ended'];
  /** What happened to the solver. */
  failed?: AccelError;
}

/**
 * Searches until it is proved that nothing is better, the time is up, or `signal` is aborted. The best that is known by
 * then is the result, also where the solver fails.
 */
export async function search(
  task: Task,
  signal: AbortSignal | undefined,
  onProgress: (state: State) => void,
): Promise<Result> {
  const begun = performance.now();
  let state = begin(task);
  onProgress(state);
  if (isProved(task, state)) return { state, ended: 'proved' };
  if (signal?.aborted === true) return { state, ended: 'aborted' };

  const timeLimit = Math.max(1, task.timeLimit - (performance.now() - begun));
  const workerData: Task = { ...task, timeLimit };
  const worker = new Worker(packageFile('dist', 'placement-worker.js'), { workerData });
  let failed: AccelError | undefined;
  let timer: NodeJS.Timeout | undefined;
  let abort: (() => void) | undefined;
  try {
    const ended = await new Promise<Placement['ended']>((resolve, reject) => {
      timer = setTimeout(() => resolve('time limit'), timeLimit);
      abort = () => resolve('aborted');
      signal?.addEventListener('abort', abort, { once: true });
      worker.on('message', ({ state: told, final }: Message) => {
        try {
          const better = merge(task, state, told);
          if (better !== state) onProgress((state = better));
          if (final) resolve(isProved(task, state) || state.conflict !== undefined ? 'proved' : 'time limit');
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)));
        }
      });
      const fail = (error: AccelError): void => {
        if (state.bins === undefined && state.conflict === undefined) reject(error);
        failed = error;
        resolve('failed');
      };
      worker.on('error', (cause) => {
        fail(new AccelError('VENDOR_FAILURE', `The solver failed: ${String(cause)}.`, { cause }));
      });
      worker.on('exit', (code) => {
        fail(new AccelError('VENDOR_FAILURE', `The solver's thread ended with ${code} before it had a result.`));
      });
    });
    return failed === undefined ? { state, ended } : { state, ended, failed };
  } finally {
    clearTimeout(timer);
    if (abort !== undefined) signal?.removeEventListener('abort', abort);
    worker.removeAllListeners();
    await worker.terminate();
  }
}

/** The better placement of two, and the better bounds. */
function merge(task: Task, before: State, told: State): State {
  const bins = told.bins !== undefined && isBetter(task, told.bins, before.bins) ? told.bins : before.bins;
  const merged: State = {
    bound: Math.max(before.bound, told.bound),
    countBound: Math.max(before.countBound, told.countBound),
    ...(bins === undefined ? {} : { bins }),
    ...(told.conflict === undefined ? {} : { conflict: told.conflict }),
  };
  const same = merged.bins === before.bins && merged.bound === before.bound && merged.countBound === before.countBound;
  return same && merged.conflict === undefined ? before : merged;
}

function isBetter({ problem, byConfiguration }: Task, bins: NonNullable<State['bins']>, than: State['bins']): boolean {
  if (than === undefined) return true;
  const value = (all: typeof bins): number =>
    byConfiguration ? totalLoss(problem, all) : all.reduce((sum, { kind }) => sum + problem.kinds[kind]!.cost, 0);
  const difference = value(bins) - value(than);
  return Math.abs(difference) > 1e-9 ? difference < 0 : bins.length < than.length;
}
