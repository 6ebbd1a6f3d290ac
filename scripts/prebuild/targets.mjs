// The platforms that the package has an addon for.

/**
 * @typedef {object} Target
 * @property {string} name
 * @property {NodeJS.Platform} platform
 * @property {'x64' | 'arm64'} arch
 * @property {'glibc' | 'musl'} [libc] only on Linux
 * @property {string} zig the platform as zig spells it, with the oldest system that the addon is for
 * @property {string} [debian] the architecture as Debian spells it, where GCC's C++ library is built in
 */

/** @type {Target[]} */
export const targets = [
  // glibc 2.28 is that of Debian 10, Ubuntu 18.10 and RHEL 8, and what Node's own binaries ask for.
  {
    name: 'linux-x64-glibc',
    platform: 'linux',
    arch: 'x64',
    libc: 'glibc',
    zig: 'x86_64-linux-gnu.2.28',
    debian: 'amd64',
  },
  {
    name: 'linux-arm64-glibc',
    platform: 'linux',
    arch: 'arm64',
    libc: 'glibc',
    zig: 'aarch64-linux-gnu.2.28',
    debian: 'arm64',
  },
  { name: 'linux-x64-musl', platform: 'linux', arch: 'x64', libc: 'musl', zig: 'x86_64-linux-musl' },
  { name: 'linux-arm64-musl', platform: 'linux', arch: 'arm64', libc: 'musl', zig: 'aarch64-linux-musl' },
  { name: 'win32-x64', platform: 'win32', arch: 'x64', zig: 'x86_64-windows-gnu' },
  { name: 'darwin-arm64', platform: 'darwin', arch: 'arm64', zig: 'aarch64-macos.11.0' },
  { name: 'darwin-x64', platform: 'darwin', arch: 'x64', zig: 'x86_64-macos.11.0' },
];

/** Where prebuildify puts a target's addon and node-gyp-build finds it, from the package's folder on. */
export function prebuildOf({ platform, arch, libc }) {
  return `prebuilds/${platform}-${arch}/accelnode.${libc === undefined ? '' : `${libc}.`}node`;
}
