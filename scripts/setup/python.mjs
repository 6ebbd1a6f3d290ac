// Python packages for making test models and the like, in .setup/, never in the user's Python.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { ask, root, run, say, setupFolder } from './process.mjs';

/** The user's Python, as a command line. */
export function python() {
  const commands = process.platform === 'win32' ? ['py', 'python'] : ['python3', 'python'];
  const found = commands.find((command) => ask(command, ['-m', 'pip', '--version']) !== undefined);
  if (found === undefined) throw new Error(`No Python with pip was found (tried ${commands.join(', ')}).`);
  return found;
}

/**
 * Installs scripts/setup/<name>.txt, a pinned and hashed requirements file, into .setup/<name>.
 * @returns the folder, to be put on PYTHONPATH
 */
export function installPython(name) {
  const requirements = join(root, 'scripts', 'setup', `${name}.txt`);
  const folder = join(setupFolder, name);
  const command = python();
  const version = ask(command, ['--version']);
  const wanted = createHash('sha256').update(readFileSync(requirements)).update(version).digest('hex');
  const stamp = join(folder, '.installed');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return folder;

  say(`Installing the Python packages of ${name}.txt`);
  const partial = `${folder}.partial`;
  rmSync(partial, { recursive: true, force: true });
  mkdirSync(setupFolder, { recursive: true });
  run(command, [
    '-m',
    'pip',
    'install',
    '--quiet',
    '--disable-pip-version-check',
    '--root-user-action=ignore',
    '--target',
    partial,
    '--require-hashes',
    '--only-binary',
    ':all:',
    '-r',
    requirements,
  ]);
  writeFileSync(join(partial, '.installed'), wanted);
  rmSync(folder, { recursive: true, force: true });
  renameSync(partial, folder);
  return folder;
}

/** Runs a Python script of the repository with the packages of <name>.txt. */
export function runPython(name, script, args) {
  run(python(), [join(root, script), ...args], { env: { ...process.env, PYTHONPATH: installPython(name) } });
}
