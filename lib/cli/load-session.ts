import { Session } from '../index.js';
import type { LoadOptions } from '../index.js';
import { interruptible } from './interrupt.js';
import type { Progress } from './output.js';

/** `Session.load` that shows how far it has come and what it waits for, and that a signal stops. */
export async function loadSession(model: string, options: LoadOptions, progress: Progress): Promise<Session> {
  progress.update('loading', 0, 1);
  try {
    return await interruptible((signal) =>
      Session.load(model, {
        ...options,
        signal,
        onProgress: (phase, done, total) => progress.update(phase, done, Math.max(total, 1)),
      }),
    );
  } finally {
    progress.stop();
  }
}
