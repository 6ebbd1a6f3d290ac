// A program that measures on command, so that several can take turns on one machine: absolute times mean
// little where other work goes on, ratios of neighbouring turns do.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { root } from '../scripts/setup/process.mjs';

const folder = join(root, 'bench', 'programs');

export class Program {
  /** What it said when it was ready. */
  facts;
  #child;
  #lines;

  /** One of bench/programs in JavaScript. */
  static startNode(name, args, { env = {}, nodeArgs = [] } = {}) {
    return Program.start(process.execPath, [...nodeArgs, join(folder, name), ...args], env);
  }

  static async start(command, args, env = {}) {
    const program = new Program();
    program.#child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ['pipe', 'pipe', 'inherit'] });
    // It may end before it has read everything; its missing answer tells.
    program.#child.stdin.on('error', () => {});
    program.#lines = createInterface({ input: program.#child.stdout })[Symbol.asyncIterator]();
    program.facts = await program.#answer();
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
    const answer = JSON.parse(value);
    if (answer.error === undefined) return answer;
    this.stop();
    throw new Error(answer.error);
  }

  stop() {
    this.#child.stdin.end();
  }
}
