/** Scripts in processes of their own: for what ends a process, or may. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';

export interface ChildResult {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

const root = join(import.meta.dirname, '..', '..');

/** How many times as long as usual a child may take: more under sanitizers. */
export const PATIENCE = Number(process.env.ACCELNODE_TEST_PATIENCE ?? 1);

/** A child that hangs is a failure, not something to wait for. */
const LIMIT = 60_000 * PATIENCE;

/** Runs an ES module with this text, in the package's folder, so that it can import 'accelnode'. */
export function runScript(
  script: string,
  options: { args?: string[]; env?: NodeJS.ProcessEnv; nodeArgs?: string[] } = {},
): Promise<ChildResult> {
  const { args = [], env = {}, nodeArgs = [] } = options;
  return runProgram(process.execPath, [...nodeArgs, '--input-type=module', '--eval', script, '--', ...args], env);
}

/** Runs the `accelnode` command. */
export function runCommand(args: string[], env: NodeJS.ProcessEnv = {}): Promise<ChildResult> {
  return runProgram(process.execPath, [join(root, 'dist', 'cli.js'), ...args], env);
}

export function runProgram(
  program: string,
  args: string[],
  env: NodeJS.ProcessEnv = {},
  cwd = root,
): Promise<ChildResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const timer = setTimeout(() => child.kill('SIGKILL'), LIMIT);
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      resolve({ code, signal, stdout, stderr });
    });
  });
}
