/**
 * Test files in processes of linux-arm64 under QEMU. vitest itself, and the tools that it transforms the files with, stay
 * on this machine's own Node: only the worker, which is JavaScript alone, and the addon run under QEMU. So nothing of
 * vitest has to be there for two architectures, and only what is tested is slow.
 */
import { fork } from 'node:child_process';
import type { ChildProcess, ForkOptions } from 'node:child_process';

import type { PoolOptions, PoolRunnerInitializer, PoolWorker, WorkerRequest } from 'vitest/node';

/** A pool whose workers are started by `node`, a program that takes Node's arguments. */
export function qemuPool(node: string): PoolRunnerInitializer {
  return { name: 'qemu', createPoolWorker: (options) => new QemuWorker(node, options) };
}

/** As vitest's own worker of the pool `forks`, but for the program. */
class QemuWorker implements PoolWorker {
  readonly name = 'qemu';
  /** The workers read what has been transformed from files. */
  readonly cacheFs = true;
  readonly #node: string;
  readonly #options: PoolOptions;
  #worker: ChildProcess | undefined;

  constructor(node: string, options: PoolOptions) {
    this.#node = node;
    this.#options = options;
  }

  start(): Promise<void> {
    const { distPath, env, execArgv } = this.#options;
    const options: ForkOptions = {
      execPath: this.#node,
      execArgv,
      env: env,
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      serialization: 'advanced',
    };
    this.#worker ??= fork(`${distPath}/workers/forks.js`, [], options);
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    const worker = this.#started();
    const ended = new Promise((resolve) => {
      if (worker.exitCode !== null || worker.signalCode !== null) resolve(undefined);
      else worker.once('exit', resolve);
    });
    // It has said before that its files are done: nothing is lost.
    worker.kill('SIGKILL');
    await ended;
    this.#worker = undefined;
  }

  on(event: string, callback: (argument: unknown) => void): void {
    this.#started().on(event, callback);
  }

  off(event: string, callback: (argument: unknown) => void): void {
    this.#started().off(event, callback);
  }

  send(message: WorkerRequest): void {
    this.#started().send(message);
  }

  deserialize(data: unknown): unknown {
    return data;
  }

  #started(): ChildProcess {
    if (this.#worker === undefined) throw new Error('The worker has not been started, or has ended.');
    return this.#worker;
  }
}
