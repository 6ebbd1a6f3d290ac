// A program that measures on command, so that several can take turns on one machine: absolute times mean
// little where other work goes on, ratios of neighbouring turns do.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export class Program {
  #child;
  #lines;

  static async start(command, args, env = {}) {
    const program = new Program();
    program.#child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ['pipe', 'pipe', 'inherit'] });
    program.#lines = createInterface({ input: program.#child.stdout })[Symbol.asyncIterator]();
    await program.#answer();
    return program;
  }

  /** One command, one answer. */
  async ask(command) {
    this.#child.stdin.write(`${command}\n`);
    return this.#answer();
  }

  async #answer() {
    const { value, done } = await this.#lines.next();
    if (done) throw new Error(`${this.#child.spawnargs.join(' ')} ended`);
    return JSON.parse(value);
  }

  stop() {
    this.#child.stdin.end();
  }
}

/** In random order, so that no program always follows the same one. */
export function shuffled(items) {
  const copy = [...items];
  for (let i = copy.length - 1; i > 0; i--) {
    const j = Math.floor(Math.random() * (i + 1));
    [copy[i], copy[j]] = [copy[j], copy[i]];
  }
  return copy;
}

/** The middle of some numbers, and the quarters below and above it. */
export function quartiles(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  return { median: quantile(sorted, 0.5), low: quantile(sorted, 0.25), high: quantile(sorted, 0.75) };
}

/** The value below which this part of some sorted numbers lies, between neighbours in proportion. */
export function quantile(sorted, part) {
  const place = part * (sorted.length - 1);
  const below = Math.floor(place);
  return sorted[below] + (place - below) * ((sorted[below + 1] ?? sorted[below]) - sorted[below]);
}
