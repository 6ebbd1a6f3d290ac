// Prebuilt addons: prebuildify asks for each and puts it in its place; what it takes for node-gyp is node-gyp.mjs here.
//
// Others import this before npm's packages are installed, so it imports these only when they are needed.
import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { root, say, setupFolder } from '../setup/process.mjs';
import { prebuildOf, targets } from './targets.mjs';
import { installZig, unpackLibstdcxx, zigEnvironment } from './zig.mjs';

/**
 * Builds for several platforms, and prints what came of it.
 * @param {string[]} names
 * @returns {Promise<boolean>} whether all of them are as they should be
 */
export async function prebuildAll(names) {
  const { checkAddon, report } = await import('./check.mjs');
  const results = [];
  for (const target of targets.filter(({ name }) => names.includes(name))) {
    const began = performance.now();
    const file = await prebuild(target);
    results.push({ target, seconds: (performance.now() - began) / 1000, ...checkAddon(target, file) });
  }
  return report(results);
}

/**
 * Builds for one.
 * @param {import('./targets.mjs').Target} target
 * @returns {Promise<string>} the addon, in prebuilds/
 */
export async function prebuild(target) {
  const { name, platform, arch, libc, debian } = target;
  // prebuildify takes the addon from build/Release of the folder that it works in, and moves it: one for each platform,
  // none of them the one that is developed in.
  const cwd = join(setupFolder, 'prebuild', name);
  mkdirSync(cwd, { recursive: true });
  copyFileSync(join(root, 'package.json'), join(cwd, 'package.json'));
  // prebuildify hands on its own environment.
  Object.assign(process.env, {
    ...zigEnvironment(),
    ACCELNODE_PREBUILD_TARGET: name,
    ZIG: installZig(),
    LIBSTDCXX: debian === undefined ? '' : unpackLibstdcxx(debian),
  });
  say(`Building for ${name}`);
  const { default: prebuildify } = await import('prebuildify');
  await promisify(prebuildify)({
    cwd,
    out: root,
    nodeGyp: join(import.meta.dirname, 'node-gyp.mjs'),
    napi: true,
    // Of Node-API: which Node it is does not matter.
    targets: [process.versions.node],
    platform,
    arch,
    libc,
    tagLibc: libc !== undefined,
    // The linker has done it.
    strip: false,
  });
  return join(root, prebuildOf(target));
}
