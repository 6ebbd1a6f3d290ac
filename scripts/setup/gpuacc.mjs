// Arm NN's GpuAcc without a Mali GPU, on x64: its OpenCL kernels are compiled and computed by PoCL, on the CPU. Debian has
// the backend for Arm only, so it is built from Arm NN's sources, against Debian's Arm Compute Library.
//
// Why not for arm64 under QEMU, where Debian has the backend: PoCL needs a whole system below / there, and a linker, so it
// takes root; and compiling the kernels of a small model takes a minute. Here it takes seconds, and any user can do it.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';

import { armnn, unpackArmnn, unpackSources } from './armnn.mjs';
import { unpackDebian } from './debian.mjs';
import { makeOnce, outcomeOf } from './outcome.mjs';
import { copyNode } from './patchelf.mjs';
import { root, run, setupFolder } from './process.mjs';

const PACKAGES = [
  ...['libarmnn33t64', 'libarmnn-cpuref-backend33', 'libflatbuffers23.5.26', 'libarm-compute43'],
  ...['libc6', 'libstdc++6', 'libgcc-s1'],
  ...['libarmnn-dev', 'libflatbuffers-dev', 'libarm-compute-dev', 'opencl-c-headers', 'opencl-clhpp-headers'],
  // PoCL, and what its compiler needs.
  ...['ocl-icd-libopencl1', 'pocl-opencl-icd', 'libpocl2t64', 'libpocl2-common', 'libclang-common-18-dev'],
  ...['libclang-cpp18', 'libllvm18', 'libllvmspirvlib18.1', 'libhwloc15', 'libudev1', 'libcap2', 'zlib1g', 'libzstd1'],
  ...['libxml2', 'libedit2', 'libtinfo6', 'libbsd0', 'libmd0', 'libffi8', 'liblzma5', 'libicu76'],
];

const target = join(setupFolder, 'armnn', 'gpuacc');
const usr = join('root', 'usr');
const libraries = join(usr, 'lib', 'x86_64-linux-gnu');
const project = join(root, 'scripts', 'setup', 'armnn', 'gpuacc');
const opencl = join(root, 'test', 'fakes', 'opencl', 'mali_on_cpu.cc');

/**
 * Makes .setup/armnn/gpuacc. What came of it, also when it can't be had here, is written to outcome.json there.
 * @typedef {object} GpuAcc
 * @property {string} node a copy of Node that runs with the C library that all this needs, and finds its OpenCL
 * @property {string} delegate libarmnnDelegate.so
 * @property {string} dynamicBackends the folder of the backends GpuAcc and CpuRef
 * @property {string} vendors where OpenCL's loader finds PoCL: OCL_ICD_VENDORS
 * @property {Record<string, string>} versions of packages
 * @property {number} bytes of packages
 * @returns {GpuAcc | { reason: string }}
 */
export function prepareGpuacc() {
  const delegate = unpackArmnn('x64');
  if (delegate.reason !== undefined) return delegate;
  const stamp = createHash('sha256').update(process.version).update(PACKAGES.join(' '));
  for (const file of [join(project, 'CMakeLists.txt'), join(project, 'dynamic_backend.cc'), opencl]) {
    stamp.update(readFileSync(file));
  }
  return makeOnce(target, { what: "Arm NN's GpuAcc for x64", stamp: stamp.digest('hex') }, make);
}

/** What {@link prepareGpuacc} has left. */
export function gpuacc() {
  return outcomeOf(target) ?? { reason: 'it has not been made: `npm run test:gpuacc` does that' };
}

function make(partial) {
  const { archive, ...unpacked } = unpackDebian(partial, PACKAGES, {
    suite: 'trixie',
    architecture: 'amd64',
    source: 'armnn',
  });
  if (unpacked.reason !== undefined) return unpacked;
  const build = join(partial, 'build');
  run('cmake', [
    ...['-S', project, '-B', build, '--log-level=WARNING'],
    `-DARMNN_SOURCES=${unpackSources(archive, partial, ['src'])}`,
    `-DHEADERS=${join(partial, usr, 'include')}`,
    `-DLIBRARIES=${join(partial, libraries)}`,
  ]);
  run('cmake', ['--build', build, '--parallel', '2']);

  for (const folder of ['backends', 'opencl']) mkdirSync(join(partial, folder));
  renameSync(join(build, 'libArm_GpuAcc_backend.so'), join(partial, 'backends', 'Arm_GpuAcc_backend.so'));
  renameSync(join(build, 'libOpenCL.so'), join(partial, 'opencl', 'libOpenCL.so'));
  const reference = 'Arm_CpuRef_backend.so';
  symlinkSync(join('..', libraries, 'armnn33', reference), join(partial, 'backends', reference));
  for (const leftover of [archive, join(partial, 'sources'), build]) rmSync(leftover, { recursive: true });
  copyNode(join(partial, 'node'), [join(target, libraries), join(target, 'opencl')]);
  return {
    node: join(target, 'node'),
    delegate: armnn('x64').delegate,
    dynamicBackends: join(target, 'backends'),
    vendors: join(target, 'root', 'etc', 'OpenCL', 'vendors'),
    ...unpacked,
  };
}
