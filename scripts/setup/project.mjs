// Dependencies and build: what every other script needs first. Uses nothing that npm installs.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { bin, root, run, say } from './process.mjs';

/** Installs the npm packages of package-lock.json, unless exactly these are installed already. */
export function installDependencies() {
  const lock = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  const stamp = join(root, 'node_modules', '.accelnode-lock');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return;
  say('Installing npm packages');
  run('npm', ['ci'], { shell: process.platform === 'win32' });
  writeFileSync(stamp, lock);
}

/** Builds the addon with CMake, then the TypeScript. Only what has changed is compiled. */
export function build() {
  say('Building');
  mkdirSync(join(root, 'build'), { recursive: true });
  run(bin('cmake-js'), ['compile', '--parallel', '2', '--log-level', 'warn']);
  buildTypeScript();
}

/** Builds the TypeScript alone. */
export function buildTypeScript() {
  run(process.execPath, [join(root, 'scripts', 'build-ts.mjs')]);
}
