// GCC for linux-arm64, and QEMU to run what it makes: out of Debian's packages, unpacked and not installed.
//
// Why GCC and not Zig, which would be one download: Arm NN's delegate is C++ that throws through C functions, and its
// libraries have GCC's C++ library in their interfaces. What GCC builds shares that library and its unwinder with them.
// Zig brings others, and is slower by minutes the first time. Bookworm's, because it runs on any system since 2023.
import { chmodSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { unpackDebian } from './debian.mjs';
import { makeOnce } from './outcome.mjs';
import { ask, setupFolder } from './process.mjs';

const PACKAGES = [
  'g++-12-aarch64-linux-gnu',
  'gcc-12-aarch64-linux-gnu',
  'cpp-12-aarch64-linux-gnu',
  'binutils-aarch64-linux-gnu',
  'libstdc++-12-dev-arm64-cross',
  'libgcc-12-dev-arm64-cross',
  'libc6-dev-arm64-cross',
  'linux-libc-dev-arm64-cross',
  'libc6-arm64-cross',
  'libstdc++6-arm64-cross',
  'libgcc-s1-arm64-cross',
  // What the compiler itself needs, for systems without a GCC of their own.
  'libisl23',
  'libmpc3',
  'libmpfr6',
  'libgmp10',
  'qemu-user-static',
];

const target = join(setupFolder, 'arm64', 'compiler');

/**
 * Unpacks them into .setup/arm64/compiler.
 * @returns {{ compiler: string, qemu: string, versions: Record<string, string>, bytes: number } | { reason: string }}
 *   `compiler`: a g++ that knows where its own things are; `qemu`: runs a program for linux-arm64
 */
export function unpackArm64Compiler() {
  return makeOnce(target, { what: 'the compiler for linux-arm64', stamp: PACKAGES.join(' ') }, (partial) => {
    if (process.platform !== 'linux' || process.arch !== 'x64') {
      return { reason: `Debian has it for Linux x64, and this is ${process.platform}-${process.arch}` };
    }
    const unpacked = unpackDebian(partial, PACKAGES, { suite: 'bookworm', architecture: 'amd64' });
    if (unpacked.reason !== undefined) return unpacked;
    const programs = join(partial, 'root', 'usr', 'bin');
    // The package has a QEMU for each processor there is: half a gigabyte.
    for (const name of readdirSync(programs)) {
      if (name.startsWith('qemu-') && name !== QEMU) rmSync(join(programs, name));
    }
    const compiler = writeWrapper(partial);
    if (ask(join(partial, compiler), ['--version'], { cwd: partial }) === undefined) {
      return { reason: `${compiler} does not run here` };
    }
    return { compiler: join(target, compiler), qemu: join(target, 'root', 'usr', 'bin', QEMU), ...unpacked };
  });
}

const QEMU = 'qemu-aarch64-static';

/** Its libraries are where no loader looks for them, and its headers are not below /usr. */
function writeWrapper(folder) {
  const name = 'aarch64-linux-gnu-g++';
  const lines = [
    '#!/bin/sh',
    'root=$(dirname "$0")/root',
    'export LD_LIBRARY_PATH="$root/usr/lib/x86_64-linux-gnu"',
    'exec "$root/usr/bin/aarch64-linux-gnu-g++-12" --sysroot="$root" "$@"',
  ];
  writeFileSync(join(folder, name), `${lines.join('\n')}\n`);
  chmodSync(join(folder, name), 0o755);
  return name;
}
