import { join } from 'node:path';

import { defineConfig } from 'vitest/config';

import { fakesFolder } from './scripts/setup/fakes.mjs';
import { openvinoReleases } from './scripts/setup/releases.mjs';
import { tfliteLibraries } from './scripts/setup/tflite.mjs';

const root = import.meta.dirname;
const runtimes = join(root, '.setup', 'runtimes');

const shared = {
  // Each file in a process of its own: an addon that crashes takes only its file along, and one process
  // can hold only one OpenVINO.
  pool: 'forks' as const,
  testTimeout: 60_000,
  hookTimeout: 120_000,
};

/**
 * For suites that look at parts of the package, which exist by themselves only as compiled file by file. A process must not
 * have the package twice: the addon tells one of them of what has ended.
 */
const inParts = { alias: { accelnode: join(root, 'build-ts', 'index.mjs') } };

export default defineConfig({
  resolve: {
    // The package as built, not lib/: what is tested is what is published.
    alias: { accelnode: join(root, 'dist', 'index.mjs') },
  },
  test: {
    server: { deps: { external: [/\/(dist|build-ts)\//] } },
    maxWorkers: 2,
    projects: [
      {
        extends: true,
        resolve: inParts,
        test: { ...shared, name: 'unit', include: ['test/unit/**/*.test.ts'] },
      },
      { extends: true, test: { ...shared, name: 'native', include: ['test/native/**/*.test.ts'] } },
      { extends: true, test: { ...shared, name: 'null', include: ['test/conformance/null.test.ts'] } },
      {
        extends: true,
        test: {
          ...shared,
          name: 'examples',
          include: ['test/examples/**/*.test.ts'],
          env: { ACCELNODE_OPENVINO_LIBRARY: join(runtimes, 'openvino', openvinoReleases.current) },
        },
      },
      { extends: true, test: { ...shared, name: 'stress', include: ['test/stress/**/*.test.ts'] } },
      {
        extends: true,
        test: {
          ...shared,
          name: 'fakes',
          include: ['test/fakes/**/*.test.ts'],
          exclude: ['test/fakes/{armnn,cuda,rknn,rocm,tflite}-*.test.ts'],
          env: { ACCELNODE_RUNTIMES: runtimes },
        },
      },
      {
        extends: true,
        test: {
          ...shared,
          name: 'cuda',
          include: ['test/conformance/cuda.test.ts', 'test/fakes/cuda-*.test.ts', 'test/real/cuda-*.test.ts'],
          env: { ACCELNODE_CUDA_LIBRARY: join(fakesFolder, 'tensorrt11', 'libnvinfer.so.11') },
        },
      },
      {
        extends: true,
        test: {
          ...shared,
          name: 'cuda-older',
          include: [
            'test/conformance/cuda.test.ts',
            'test/fakes/cuda-{at-once,builds,refusals,runs,sampling,services,values}.test.ts',
          ],
          env: { ACCELNODE_CUDA_LIBRARY: join(fakesFolder, 'tensorrt10', 'libnvinfer.so.10') },
        },
      },
      // The releases in between differ from the newest by little.
      ...(['current', 'middle', 'older'] as const).map((release) => ({
        extends: true as const,
        test: {
          ...shared,
          name: release === 'current' ? 'armnn' : `armnn-${release}`,
          include: [
            ...(release === 'middle' ? [] : ['test/conformance/armnn.test.ts']),
            'test/real/tflite-*.test.ts',
            'test/fakes/tflite-*.test.ts',
            ...(release === 'current' ? ['test/fakes/armnn-*.test.ts'] : []),
          ],
          env: { ACCELNODE_ARMNN_LIBRARY: tfliteLibraries[release] },
        },
      })),
      { extends: true, test: { ...shared, name: 'cuda-parser', include: ['test/parser/**/*.test.ts'] } },
      {
        extends: true,
        test: {
          ...shared,
          name: 'rocm-fakes',
          include: ['test/conformance/rocm-fakes.test.ts', 'test/fakes/rocm-*.test.ts'],
          env: { ACCELNODE_ROCM_LIBRARY: join(fakesFolder, 'migraphx7.1', 'libmigraphx_c.so.3') },
        },
      },
      {
        extends: true,
        test: {
          ...shared,
          name: 'rocm-fakes-older',
          include: ['test/conformance/rocm-fakes.test.ts', 'test/fakes/rocm-{builds,refusals,runs}.test.ts'],
          env: { ACCELNODE_ROCM_LIBRARY: join(fakesFolder, 'migraphx7.0', 'libmigraphx_c.so.3') },
        },
      },
      {
        extends: true,
        test: {
          ...shared,
          name: 'rknn',
          include: ['test/conformance/rknn.test.ts', 'test/fakes/rknn-*.test.ts', 'test/real/rknn-*.test.ts'],
          env: { ACCELNODE_RKNN_LIBRARY: join(fakesFolder, 'rknn2.3.2', 'librknnrt.so') },
        },
      },
      {
        extends: true,
        test: {
          ...shared,
          name: 'rknn-older',
          include: ['test/conformance/rknn.test.ts', 'test/fakes/rknn-{lanes,refusals,runs}.test.ts'],
          env: { ACCELNODE_RKNN_LIBRARY: join(fakesFolder, 'rknn1.4.0', 'librknnrt.so') },
        },
      },
      {
        extends: true,
        resolve: inParts,
        test: {
          ...shared,
          name: 'openvino',
          include: ['test/conformance/openvino.test.ts', 'test/real/**/*.test.ts'],
          exclude: ['test/real/{armnn,cuda,rknn,rocm,tflite}-*.test.ts'],
          env: { ACCELNODE_OPENVINO_LIBRARY: join(runtimes, 'openvino', openvinoReleases.current) },
        },
      },
      {
        extends: true,
        resolve: inParts,
        test: {
          ...shared,
          name: 'openvino-older',
          include: ['test/conformance/openvino.test.ts', 'test/real/**/*.test.ts'],
          exclude: [
            'test/real/{armnn,cuda,rknn,rocm,tflite}-*.test.ts',
            'test/real/{runtime-install-tflite,sizing}.test.ts',
          ],
          env: { ACCELNODE_OPENVINO_LIBRARY: join(runtimes, 'openvino', openvinoReleases.older) },
        },
      },
    ],
  },
});
