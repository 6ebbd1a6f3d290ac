import { execFile } from 'node:child_process';
import { basename } from 'node:path';

import { PATIENCE } from '../utils/child.js';

export interface ChildOptions {
  env?: Record<string, string>;
  cwd?: string;
  seconds?: number;
}

/**
 * Runs a script in a process of its own and gives what it prints, as JSON. A script that does not end in
 * time is killed, and the promise rejects: nothing may hang.
 */
export function runScriptFile<Result>(path: string, input: object, options: ChildOptions = {}): Promise<Result> {
  const { env = {}, cwd, seconds = 50 * PATIENCE } = options;
  const args = ['--expose-gc', path, JSON.stringify(input)];
  return new Promise((resolve, reject) => {
    execFile(
      process.execPath,
      args,
      { env: { ...process.env, ...env }, cwd, timeout: seconds * 1000, killSignal: 'SIGKILL', maxBuffer: 2 ** 26 },
      (error, stdout, stderr) => {
        if (error === null) {
          resolve(JSON.parse(stdout) as Result);
        } else {
          const end =
            error.killed === true ? `was killed after ${seconds} s` : `ended with ${error.signal ?? error.code}`;
          reject(new Error(`${basename(path)} ${end}.\n${stdout}\n${stderr}`));
        }
      },
    );
  });
}
