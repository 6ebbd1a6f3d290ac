#!/usr/bin/env node
// What prebuildify runs as if it were node-gyp: cmake-js with zig's compiler. It builds into ./build, as node-gyp would.
// scripts/prebuild.mjs says what for, in the environment.
import { rmSync } from 'node:fs';
import { join } from 'node:path';

import nodeApiHeaders from 'node-api-headers';

import { bin, root, run } from '../setup/process.mjs';
import { targets } from './targets.mjs';

const { ACCELNODE_PREBUILD_TARGET: name, ZIG: zig, LIBSTDCXX: libstdcxx } = process.env;
const target = targets.find((each) => each.name === name);
const settings = {
  CMAKE_TOOLCHAIN_FILE: join(root, 'scripts', 'prebuild', 'zig.cmake'),
  ZIG: zig,
  ZIG_TARGET: target.zig,
  // cmake-js says where libraries go; for Windows they count as programs.
  CMAKE_RUNTIME_OUTPUT_DIRECTORY: join(process.cwd(), 'build', 'Release'),
  ...(libstdcxx === undefined ? {} : { LIBSTDCXX: libstdcxx }),
  ...(target.platform === 'win32' ? { NODE_IMPORT_LIBRARY: makeImportLibrary() } : {}),
};
// With one there cmake-js would go on with the settings of before.
rmSync(join('build', 'CMakeCache.txt'), { force: true });
run(bin('cmake-js'), [
  ...['compile', '--parallel', '2', '--log-level', 'warn', '--arch', target.arch],
  ...['--out', join(process.cwd(), 'build')],
  ...Object.entries(settings).map(([key, value]) => `--CD${key}=${value}`),
]);

/** On Windows what is taken from another program, here Node, is linked with a library that says where it is. */
function makeImportLibrary() {
  const library = join(process.cwd(), 'node.lib');
  const { node_api_def: definitions } = nodeApiHeaders.def_paths;
  run(zig, ['dlltool', '-m', 'i386:x86-64', '-d', definitions, '-l', library]);
  return library;
}
