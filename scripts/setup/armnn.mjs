// Arm NN with its delegate for TFLite. Arm NN's libraries come out of Debian's packages, unpacked and not installed. The
// delegate is in no package; it is built from the sources of Debian's, against them.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';

import { unpackArm64Compiler } from './arm64-compiler.mjs';
import { unpackDebian } from './debian.mjs';
import { makeOnce, outcomeOf } from './outcome.mjs';
import { copyNode } from './patchelf.mjs';
import { root, run, setupFolder } from './process.mjs';

/** Debian's suites. Their packages get new revisions, so what has been used is in `versions`. */
const SUITE = 'trixie';
const TFLITE_SUITE = 'forky';

/** What decides whether the delegate fits: the name of the library that it is linked with. */
const ARMNN = 'libarmnn.so.33';
/** Of the archive of upstream's 23.08, which stays the same whatever Debian's revision is. */
const SOURCES_SHA256 = 'd5a0c4b3c39e201c7409e8b85c50e5e3b3850fd403db6aac26cbc85bce243a2e';

const LIBRARIES = ['libarmnn33t64', 'libarmnn-cpuref-backend33', 'libflatbuffers23.5.26'];
// Newer than what most systems have; Arm NN's libraries need them.
const C_LIBRARIES = ['libc6', 'libstdc++6', 'libgcc-s1'];
const HEADERS = ['libarmnn-dev', 'libflatbuffers-dev'];

const architectures = {
  x64: { debian: 'amd64', triplet: 'x86_64-linux-gnu', backends: [] },
  arm64: {
    debian: 'arm64',
    triplet: 'aarch64-linux-gnu',
    backends: ['libarmnn-cpuacc-backend33', 'libarmnn-gpuacc-backend33', 'libarmnnaclcommon33t64', 'libarm-compute43'],
  },
};

const folderOf = (arch) => join(setupFolder, 'armnn', arch);
const own = join(root, 'scripts', 'setup', 'armnn');

/**
 * Makes .setup/armnn/<arch>. What came of it, also when it can't be had here, is written to outcome.json there.
 * @typedef {object} Armnn
 * @property {string} folder
 * @property {string} [node] for x64: a copy of Node that runs with the C library that Arm NN needs
 * @property {string} delegate libarmnnDelegate.so
 * @property {string} root what the packages have, as below /
 * @property {string} libraries where Arm NN's libraries are, and the C library
 * @property {string} dynamicBackends the folder of its backends, which Arm NN has to be told: it looks below /usr
 * @property {string} [backendsWithGpu] for arm64: one with GpuAcc too
 * @property {Record<string, string>} versions of packages
 * @property {number} bytes of packages and sources
 * @param {'x64' | 'arm64'} arch
 * @returns {Armnn | { reason: string }}
 */
export function unpackArmnn(arch) {
  const stamp = createHash('sha256').update(process.version);
  for (const file of ['../armnn.mjs', 'tflite_support.cc']) stamp.update(readFileSync(join(own, file)));
  return makeOnce(folderOf(arch), { what: `Arm NN for ${arch}`, stamp: stamp.digest('hex') }, (partial) =>
    make(partial, arch),
  );
}

/** What {@link unpackArmnn} has left. */
export function armnn(arch) {
  return outcomeOf(folderOf(arch)) ?? { reason: 'it has not been unpacked: `npm run test:armnn` does that' };
}

function make(partial, arch) {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    return { reason: `this is made on Linux x64, and this is ${process.platform}-${process.arch}` };
  }
  const { debian: architecture, triplet, backends } = architectures[arch];
  const compiler = arch === 'arm64' ? unpackArm64Compiler() : { compiler: process.env.CXX || 'g++' };
  if (compiler.reason !== undefined) return compiler;

  const packages = [...LIBRARIES, ...backends, ...C_LIBRARIES, ...HEADERS];
  const { archive, ...unpacked } = unpackDebian(partial, packages, { suite: SUITE, architecture, source: 'armnn' });
  if (unpacked.reason !== undefined) return unpacked;
  const tflite = join(partial, 'tflite');
  mkdirSync(tflite);
  const headers = unpackDebian(tflite, ['libtensorflow-lite-dev'], { suite: TFLITE_SUITE, architecture });
  if (headers.reason !== undefined) return headers;

  const bytes = unpacked.bytes + headers.bytes + statSync(archive).size;
  const usr = join('root', 'usr');
  const libraries = join(usr, 'lib', triplet);
  buildDelegate(compiler.compiler, {
    sources: unpackSources(archive, partial),
    headers: [join(tflite, usr, 'include'), join(partial, usr, 'include')],
    libraries: join(partial, libraries),
    delegate: join(partial, DELEGATE),
  });
  for (const leftover of [archive, join(partial, 'sources'), tflite, join(partial, usr, 'include')]) {
    rmSync(leftover, { recursive: true });
  }
  if (arch === 'arm64') separateBackends(join(partial, libraries, BACKENDS), partial);
  const folder = folderOf(arch);
  const node = arch === 'x64' ? join(folder, 'node') : undefined;
  if (node !== undefined) copyNode(join(partial, 'node'), [join(folder, libraries)]);
  return {
    folder,
    ...(node === undefined ? {} : { node }),
    delegate: join(folder, DELEGATE),
    root: join(folder, 'root'),
    libraries: join(folder, libraries),
    ...(arch === 'arm64'
      ? { dynamicBackends: join(folder, 'backends'), backendsWithGpu: join(folder, 'backends-gpu') }
      : { dynamicBackends: join(folder, libraries, BACKENDS) }),
    versions: { ...unpacked.versions, ...headers.versions },
    bytes,
  };
}

const DELEGATE = 'libarmnnDelegate.so';
const BACKENDS = 'armnn33';

/**
 * For arm64, where there are several backends and QEMU lets Arm NN see them where Debian has put them, moves them out of
 * there. Arm NN takes one folder, and one that has GpuAcc takes the process down where OpenCL has no GPU, whichever backend
 * is asked for: so there are two folders.
 */
function separateBackends(common, partial) {
  const [cpu, gpu] = ['backends', 'backends-gpu'].map((name) => join(partial, name));
  renameSync(common, cpu);
  mkdirSync(gpu);
  renameSync(join(cpu, GPU_BACKEND), join(gpu, GPU_BACKEND));
  for (const other of readdirSync(cpu)) symlinkSync(join('..', 'backends', other), join(gpu, other));
}

const GPU_BACKEND = 'Arm_GpuAcc_backend.so';

/**
 * Unpacks what of Arm NN's sources is needed here, once they are what they should be.
 * @param {string} archive
 * @param {string} partial where to
 * @param {string[]} [more] folders
 * @returns {string} the folder
 */
export function unpackSources(archive, partial, more = []) {
  const found = createHash('sha256').update(readFileSync(archive)).digest('hex');
  if (found !== SOURCES_SHA256) throw new Error(`Arm NN's sources have the SHA-256 ${found}, not ${SOURCES_SHA256}`);
  const folder = join(partial, 'sources');
  mkdirSync(folder);
  const parts = ['delegate', 'include', 'profiling', 'third-party', ...more].map((name) => `*/${name}`);
  run('tar', ['-xf', archive, '-C', folder, '--strip-components=1', '--wildcards', ...parts]);
  return folder;
}

/** It finds libarmnn by the loader's means: LD_LIBRARY_PATH, or the search path of the program. */
function buildDelegate(compiler, { sources, headers, libraries, delegate }) {
  const parts = [
    'classic/src/armnn_delegate.cpp',
    'classic/src/armnn_external_delegate.cpp',
    'classic/src/SharedFunctions.cpp',
    'common/src/DelegateOptions.cpp',
  ].map((file) => join(sources, 'delegate', file));
  const includes = [
    ...['classic/include', 'common/include', 'classic/src', 'common/src'].map((name) =>
      join(sources, 'delegate', name),
    ),
    ...['include', 'profiling', 'third-party'].map((name) => join(sources, name)),
    join(own, 'include'),
    ...headers,
  ];
  run(compiler, [
    ...['-shared', '-fPIC', '-O1', '-std=c++17', '-w', '-DFMT_HEADER_ONLY'],
    ...includes.flatMap((folder) => ['-isystem', folder]),
    ...parts,
    join(own, 'tflite_support.cc'),
    ...['-o', delegate, '-Wl,-soname,libarmnnDelegate.so', '-Wl,-Bsymbolic', '-Wl,-z,defs'],
    // Its own dependencies are newer than the system's; what it needs of them is there when it runs.
    '-Wl,--allow-shlib-undefined',
    ...['-L', libraries, `-l:${ARMNN}`, '-l:libflatbuffers.so.23.5.26', '-ldl'],
  ]);
}
