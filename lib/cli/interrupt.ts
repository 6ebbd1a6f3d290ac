import { constants } from 'node:os';

import { AccelError } from '../index.js';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** That of the task which is running, if there is one. */
let running: AbortSignal | undefined;

/** The one that a signal has stopped, if one has. */
let stopped: AbortSignal | undefined;

/**
 * Does something that the first signal to end the process stops, so that it can tidy up; the second ends the process. The
 * reason is the signal's name. A task within another one is stopped with it, also when it has not begun by then.
 */
export async function interruptible<T>(task: (signal: AbortSignal) => Promise<T>): Promise<T> {
  if (running !== undefined) return task(running);
  const stop = new AbortController();
  const abort = (name: NodeJS.Signals): void => {
    for (const each of SIGNALS) process.removeListener(each, abort);
    stopped = stop.signal;
    stop.abort(name);
  };
  for (const name of SIGNALS) process.once(name, abort);
  running = stop.signal;
  try {
    return await task(stop.signal);
  } finally {
    running = undefined;
    for (const name of SIGNALS) process.removeListener(name, abort);
  }
}

/**
 * The exit status of what a signal has ended: 130 after Ctrl-C, as shells have it.
 * @returns undefined where none has
 */
export function exitCodeOfSignal(): number | undefined {
  return stopped === undefined ? undefined : 128 + constants.signals[stopped.reason as NodeJS.Signals];
}

/**
 * The same for what is of use as far as it has come; the exit status tells of the signal all the same.
 * @returns what it was stopped with; undefined where it has come to its end
 */
export async function untilInterrupted(task: () => Promise<void>): Promise<AccelError | undefined> {
  return interruptible(async (signal) => {
    try {
      await task();
      return undefined;
    } catch (error) {
      if (!signal.aborted || !(error instanceof AccelError) || error.code !== 'CANCELLED') throw error;
      process.exitCode = exitCodeOfSignal();
      return error;
    }
  });
}
