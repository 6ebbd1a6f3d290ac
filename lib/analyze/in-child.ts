/**
 * Work in a process of its own: whatever it does to that process, the caller gets an answer. The child ends when this
 * process does, however that ends.
 */
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

/** How a child has ended. */
export type ChildEnd =
  | { kind: 'replied'; reply: unknown }
  /** It ended by itself, or was ended, without a reply. */
  | { kind: 'crashed'; reason: string }
  /** The kernel has ended it, as there was no memory left. */
  | { kind: 'out of memory'; reason: string }
  | { kind: 'timed out' };

/** The file descriptor of the pipe that lives as long as the parent: see guard.ts. */
export const GUARD_FD = 4;

const STDERR_KEPT = 4000;

/**
 * Starts a file, hands it `request`, and waits for its end.
 * @param file a CommonJS module that answers its first message, as child.ts does
 */
export async function inChild(file: string, request: unknown, timeout: number): Promise<ChildEnd> {
  const child = fork(file, [], {
    // Of a group of its own: Ctrl-C is the parent's to deal with.
    detached: process.platform !== 'win32',
    execArgv: [],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc', 'pipe'],
    serialization: 'advanced',
  });
  const limit = new AbortController();
  try {
    const ended = endOf(child, request);
    const late = delay(timeout, { kind: 'timed out' } as const, { signal: limit.signal }).catch(() => ended);
    const first = await Promise.race([ended, late]);
    if (first.kind === 'timed out') {
      child.kill('SIGKILL');
      await ended;
    }
    return first;
  } finally {
    limit.abort();
  }
}

function endOf(child: ChildProcess, request: unknown): Promise<ChildEnd> {
  const killsBefore = killsForMemory();
  return new Promise((resolve) => {
    let reply: { value: unknown } | undefined;
    let stderr = '';
    child.stderr?.on('data', (chunk: Buffer) => (stderr = (stderr + chunk.toString()).slice(-STDERR_KEPT)));
    child.once('message', (value) => {
      reply = { value };
      // What its libraries do at their end is not its answer, and may take long.
      child.kill('SIGKILL');
    });
    // It could not be started.
    child.once('error', (error) =>
      resolve({ kind: 'crashed', reason: `Its process can't be started: ${error.message}` }),
    );
    child.once('close', (code, signal) => {
      if (reply !== undefined) resolve({ kind: 'replied', reply: reply.value });
      else if (signal === 'SIGKILL' && killsForMemory() > killsBefore) resolve(OUT_OF_MEMORY);
      else resolve({ kind: 'crashed', reason: describeEnd(code, signal, stderr) });
    });
    // One that has ended already can't be told; its end says why.
    child.send(request as object, () => undefined);
  });
}

const OUT_OF_MEMORY: ChildEnd = {
  kind: 'out of memory',
  reason: 'The kernel has ended the process that measured it, as there was no memory left.',
};

/** How often Linux has ended a process for want of memory, in any cgroup. Elsewhere nobody counts. */
function killsForMemory(): number {
  try {
    return Number(/^oom_kill (\d+)$/m.exec(readFileSync('/proc/vmstat', 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

function describeEnd(code: number | null, signal: NodeJS.Signals | null, stderr: string): string {
  const how = signal === null ? `ended with exit code ${code ?? 'unknown'}` : `was ended by ${signal}`;
  const last = stderr.trim().split('\n').at(-1)!.trim();
  return `The process that measured it ${how}${last === '' ? '.' : `; its last words: ${last}`}`;
}
