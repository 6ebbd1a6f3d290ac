// Python packages for making test models and the like, in .setup/, never in the user's Python.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { ask, root, run, say, setupFolder } from './process.mjs';

const OLDEST = [3, 9];

/**
 * The user's pip, whatever its configuration says: some ask for --user installations, which do not
 * go with a folder of ours. In the environment, because older releases refuse options they don't know.
 */
const environment = {
  ...process.env,
  PIP_USER: '0',
  PIP_DISABLE_PIP_VERSION_CHECK: '1',
  PIP_ROOT_USER_ACTION: 'ignore',
  PYTHONDONTWRITEBYTECODE: '1',
};

let found;

/**
 * The user's Python: the first that is new enough and has pip. `ACCELNODE_PYTHON` names another.
 * @returns {string} the command
 */
export function python() {
  found ??= findPython();
  return found;
}

function findPython() {
  const named = process.env.ACCELNODE_PYTHON;
  const commands = named ? [named] : process.platform === 'win32' ? ['py', 'python'] : ['python3', 'python'];
  const refused = [];
  for (const command of commands) {
    const version = ask(command, ['-c', 'import sys; print("%d.%d" % sys.version_info[:2])']);
    const [major, minor] = (version ?? '0.0').split('.').map(Number);
    if (version === undefined) refused.push(`${command}: not found`);
    else if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])) {
      refused.push(`${command}: ${version} is older than ${OLDEST.join('.')}`);
    } else if (ask(command, ['-m', 'pip', '--version']) === undefined) refused.push(`${command}: it has no pip`);
    else return command;
  }
  throw new Error(
    `Python ${OLDEST.join('.')} or newer with pip is needed.\n  ${refused.join('\n  ')}\n` +
      'Install it (Debian, Ubuntu: python3-pip), or name one with ACCELNODE_PYTHON.',
  );
}

/** Runs the user's pip. */
export function pip(args) {
  run(python(), ['-m', 'pip', ...args], { env: environment });
}

/**
 * Installs scripts/setup/<name>.txt, a pinned and hashed requirements file, into .setup/python/<name>.
 * @returns {string} the folder, to be put on PYTHONPATH
 */
export function installPython(name) {
  const requirements = join(root, 'scripts', 'setup', `${name}.txt`);
  const folder = join(setupFolder, 'python', name);
  const version = ask(python(), ['-c', 'import sys; print(sys.version, sys.platform)']);
  const wanted = createHash('sha256').update(readFileSync(requirements)).update(version).digest('hex');
  const stamp = join(folder, '.installed');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return folder;

  say(`Installing the Python packages of ${name}.txt`);
  const partial = `${folder}.partial`;
  rmSync(partial, { recursive: true, force: true });
  mkdirSync(partial, { recursive: true });
  pip(['install', '--quiet', '--no-compile', '--target', partial, ...hashed(requirements)]);
  writeFileSync(join(partial, '.installed'), wanted);
  rmSync(folder, { recursive: true, force: true });
  renameSync(partial, folder);
  return folder;
}

/** Arguments that make pip take exactly what a requirements file pins, and run no code of it. */
export function hashed(requirements) {
  return ['--require-hashes', '--only-binary', ':all:', '-r', requirements];
}

/** Runs a Python script of the repository with the packages of <name>.txt. */
export function runPython(name, script, args) {
  run(python(), [join(root, script), ...args], { env: { ...environment, PYTHONPATH: installPython(name) } });
}
