// The compiler of the prebuilt addons: zig's, which has the C library of every platform inside.
import { cpSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import { unpackDebian } from '../setup/debian.mjs';
import { makeOnce } from '../setup/outcome.mjs';
import { setupFolder } from '../setup/process.mjs';
import { installPython } from '../setup/python.mjs';

/** @returns {string} the program; it is installed when it is missing */
export function installZig() {
  return join(installPython('prebuild'), 'ziglang', 'zig');
}

/** Where it keeps what it has compiled: the C and C++ libraries of the platforms, which take minutes. */
export function zigEnvironment() {
  const cache = join(setupFolder, 'zig');
  return { ...process.env, ZIG_GLOBAL_CACHE_DIR: cache, ZIG_LOCAL_CACHE_DIR: cache };
}

// The last that was built for a glibc as old as the addon's.
const RELEASE = '10';
const PACKAGES = [`libstdc++-${RELEASE}-dev`, 'libgcc-s1'];

/**
 * GCC's C++ library, to be linked in where the system's C library is glibc.
 *
 * Zig brings LLVM's. With that, an exception that a vendor's library lets escape could not be caught by type: it was
 * made by GCC's, and its text would be lost. (Arm NN's delegate does so.) And zig's own unwinder would not know the
 * frames of that library, and the process would end; so the one of the system, libgcc_s, is linked.
 * @param {'amd64' | 'arm64'} architecture
 * @returns {string} a folder with include, include-machine, libstdc++.a and libgcc_s.so.1
 */
export function unpackLibstdcxx(architecture) {
  const target = join(setupFolder, 'libstdcxx', architecture);
  const wanted = { what: `GCC's C++ library for ${architecture}`, stamp: PACKAGES.join(' ') };
  const { reason } = makeOnce(target, wanted, (partial) => {
    const unpacked = unpackDebian(partial, PACKAGES, { suite: 'bullseye', architecture });
    if (unpacked.reason !== undefined) return unpacked;
    const usr = join(partial, 'root', 'usr');
    const machine = onlyOne(join(usr, 'lib', 'gcc'));
    const parts = {
      [`include/c++/${RELEASE}`]: 'include',
      [`include/${machine}/c++/${RELEASE}`]: 'include-machine',
      [`lib/gcc/${machine}/${RELEASE}/libstdc++.a`]: 'libstdc++.a',
      [`lib/${machine}/libgcc_s.so.1`]: 'libgcc_s.so.1',
    };
    for (const [from, to] of Object.entries(parts)) cpSync(join(usr, from), join(partial, to), { recursive: true });
    rmSync(join(partial, 'root'), { recursive: true });
    return unpacked;
  });
  if (reason !== undefined) throw new Error(`GCC's C++ library can't be had: ${reason}`);
  return target;
}

function onlyOne(folder) {
  const [name] = readdirSync(folder);
  return name;
}
