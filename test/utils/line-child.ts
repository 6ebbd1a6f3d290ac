/** Processes that say by lines how far they have come, so that tests need not wait for a time. */
import { spawn } from 'node:child_process';
import type { ChildProcess, SpawnOptions } from 'node:child_process';
import { createInterface } from 'node:readline';

import { onTestFinished } from 'vitest';

export interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
  lines: string[];
  stderr: string;
}

/** Ends a process that was started detached, and those that it started. */
export function killGroup({ pid }: ChildProcess): void {
  try {
    process.kill(-pid!, 'SIGKILL');
  } catch {
    // it has ended
  }
}

export class LineChild {
  readonly process: ChildProcess;
  readonly ended: Promise<Ended>;
  readonly #lines: string[] = [];
  readonly #waiting: (() => void)[] = [];

  constructor(args: readonly string[], options: SpawnOptions = {}) {
    this.process = spawn(process.execPath, args, { ...options, stdio: 'pipe' });
    onTestFinished(() => (options.detached === true ? killGroup(this.process) : void this.process.kill('SIGKILL')));
    let stderr = '';
    this.process.stderr!.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    createInterface(this.process.stdout!).on('line', (line) => {
      this.#lines.push(line);
      for (const wake of this.#waiting.splice(0)) wake();
    });
    this.ended = new Promise((resolve, reject) => {
      this.process.once('error', reject);
      this.process.once('close', (code, signal) => resolve({ code, signal, lines: this.#lines, stderr }));
    });
  }

  /** Until it prints a line. */
  async prints(line: string): Promise<void> {
    while (!this.#lines.includes(line)) {
      const next = new Promise<string>((wake) => this.#waiting.push(() => wake('line')));
      const ended = this.ended.then(({ lines, stderr }) => `${lines.join('\n')}\n${stderr}`);
      const outcome = await Promise.race([next, ended]);
      if (outcome !== 'line' && !this.#lines.includes(line)) throw new Error(`It ended: ${outcome}`);
    }
  }

  /** Lets it go on. */
  go(): void {
    this.process.stdin!.write('go\n');
  }

  /** What its last line says. */
  async result<T>(): Promise<T> {
    const { lines } = await this.ended;
    return JSON.parse(lines.at(-1)!) as T;
  }
}
