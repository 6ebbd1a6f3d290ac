// Running other programs, and saying what is going on.
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository. */
export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** Things that set-up downloads or makes; ignored by git, rebuilt when missing. */
export const setupFolder = join(root, '.setup');

/** Prints a headline, so that long output can be found again. */
export function say(text) {
  console.log(`\n== ${text}`);
}

/** Runs a program in the repository and shows its output; throws when it fails. */
export function run(command, args, options = {}) {
  const result = spawnSync(command, args, { cwd: root, stdio: 'inherit', ...options });
  if (result.error) throw result.error;
  if (result.status !== 0) {
    throw new Error(`${command} ${args.join(' ')} ended with ${result.signal ?? `exit code ${result.status}`}`);
  }
  return result;
}

/** Runs a program and returns what it prints, or undefined when it fails. */
export function ask(command, args, options = {}) {
  const result = spawnSync(command, args, {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    ...options,
  });
  return result.status === 0 ? result.stdout.trim() : undefined;
}

/** The path of a program that a dev dependency brings. */
export function bin(name) {
  return join(root, 'node_modules', '.bin', process.platform === 'win32' ? `${name}.cmd` : name);
}
