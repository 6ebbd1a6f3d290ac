/**
 * The tests that touch the addon most, for scripts/setup/sanitizers.mjs: with AddressSanitizer's library in
 * their processes, whose settings it gives in the environment, but not in vitest's own.
 */
import { join } from 'node:path';

import { defineConfig } from 'vitest/config';

import { fakesFolder } from '../../scripts/setup/fakes.mjs';
import { openvinoReleases } from '../../scripts/setup/releases.mjs';
import { tfliteLibraries } from '../../scripts/setup/tflite.mjs';

const root = join(import.meta.dirname, '..', '..');
const runtimes = join(root, '.setup', 'runtimes');
const sanitizers = JSON.parse(process.env.ACCELNODE_SANITIZERS ?? '{}') as Record<string, string>;

function project(name: string, include: string[], env: Record<string, string> = {}): object {
  return {
    extends: true,
    test: {
      name,
      include,
      env: { ...sanitizers, ACCELNODE_TEST_PATIENCE: '4', ...env },
      pool: 'forks',
      setupFiles: [join(import.meta.dirname, 'leaks.ts')],
      // Several times as slow as without, on a machine that may be busy.
      testTimeout: 240_000,
      hookTimeout: 240_000,
    },
  };
}

export default defineConfig({
  root,
  resolve: { alias: { accelnode: join(root, 'dist', 'index.mjs') } },
  test: {
    server: { deps: { external: [/\/(dist|build-ts)\//] } },
    maxWorkers: 2,
    projects: [
      // The other unit tests are of TypeScript alone: the commands, pip and Python, the reading of files.
      project('unit', ['test/unit/{errors,inline,load,memory,names,run-arguments,session,tensor}.test.ts']),
      project('null', ['test/conformance/null.test.ts']),
      project('stress', ['test/stress/**/*.test.ts']),
      project('fakes', ['test/fakes/openvino-*.test.ts'], { ACCELNODE_RUNTIMES: runtimes }),
      // Without what is of TypeScript (the cache, the commands), and the doubles' own tests.
      project('cuda', ['test/conformance/cuda.test.ts', 'test/fakes/cuda-{builds,faults,refusals,runs}.test.ts'], {
        ACCELNODE_CUDA_LIBRARY: join(fakesFolder, 'tensorrt11', 'libnvinfer.so.11'),
      }),
      project(
        'rknn',
        ['test/conformance/rknn.test.ts', 'test/fakes/rknn-{faults,lanes,memory,refusals,runs}.test.ts'],
        {
          ACCELNODE_RKNN_LIBRARY: join(fakesFolder, 'rknn2.3.2', 'librknnrt.so'),
        },
      ),
      project('armnn', ['test/conformance/armnn.test.ts', 'test/fakes/{armnn,tflite}-*.test.ts'], {
        ACCELNODE_ARMNN_LIBRARY: tfliteLibraries.current,
      }),
      project('openvino', ['test/conformance/openvino.test.ts'], {
        ACCELNODE_OPENVINO_LIBRARY: join(runtimes, 'openvino', openvinoReleases.current),
      }),
    ],
  },
});
