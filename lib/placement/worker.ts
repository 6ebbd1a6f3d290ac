/** The search in a thread of its own, which can be ended whatever it does. */
import { parentPort, workerData } from 'node:worker_threads';

import loadHighs from 'highs';

import { strive } from './strive.js';
import type { State, Task } from './strive.js';

/** What the thread says. */
export interface Message {
  state: State;
  /** Is it the last? */
  final: boolean;
}

async function main(): Promise<void> {
  const highs = await loadHighs();
  const say = (message: Message): void => parentPort!.postMessage(message);
  const state = strive(highs, workerData as Task, (progress) => say({ state: progress, final: false }));
  say({ state, final: true });
}

void main();
