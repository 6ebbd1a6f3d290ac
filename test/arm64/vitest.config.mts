/**
 * The tests on linux-arm64, run by `npm run test:arm64` on a Linux x64 machine: the addon built for arm64, with TFLite and
 * Arm NN for arm64, in Node for arm64 under QEMU.
 */
import { join } from 'node:path';

import { defineConfig } from 'vitest/config';

import { arm64, armnnEnvironment } from '../../scripts/setup/arm64.mjs';
import { qemuPool } from './qemu-pool.mjs';

const root = join(import.meta.dirname, '..', '..');

function project(name: string, include: string[], env: Record<string, string> = {}): object {
  return {
    extends: true,
    test: {
      name: `arm64 ${name}`,
      include,
      // The first expects a machine without Neon; the second starts a process for each of some hundred models, to try what
      // TypeScript decides.
      exclude: ['test/real/armnn-system.test.ts', 'test/real/tflite-mutations.test.ts'],
      env: {
        // node-gyp-build shall look in prebuilds/ only.
        PREBUILDS_ONLY: '1',
        ACCELNODE_TEST_NODE: arm64.node,
        ACCELNODE_TEST_FAKES: arm64.fakes,
        ACCELNODE_TEST_PATIENCE: '4',
        ...env,
      },
      setupFiles: [join(import.meta.dirname, 'exec-path.ts')],
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
    pool: qemuPool(arm64.node),
    maxWorkers: 2,
    passWithNoTests: true,
    projects: [
      // The other unit tests are of TypeScript alone.
      project('unit', [
        'test/arm64/platform.test.ts',
        'test/unit/{errors,inline,load,memory,names,run-arguments,session,tensor}.test.ts',
      ]),
      project('null', ['test/conformance/null.test.ts']),
      // Not the command line, which is the same everywhere, nor the double by itself.
      project(
        'rknn',
        ['test/conformance/rknn.test.ts', 'test/fakes/rknn-{faults,lanes,memory,refusals,runs}.test.ts'],
        {
          ACCELNODE_RKNN_LIBRARY: join(arm64.fakes, 'rknn2.3.2', 'librknnrt.so'),
        },
      ),
      project('tflite', ['test/conformance/armnn.test.ts', 'test/real/tflite-*.test.ts'], {
        ACCELNODE_ARMNN_LIBRARY: arm64.tflite.middle,
      }),
      project('tflite-older', ['test/conformance/armnn.test.ts', 'test/real/tflite-*.test.ts'], {
        ACCELNODE_ARMNN_LIBRARY: arm64.tflite.older,
      }),
      project('armnn', ['test/arm64/armnn-*.test.ts', 'test/real/armnn-*.test.ts'], {
        ACCELNODE_ARMNN_LIBRARY: arm64.tflite.middle,
        ...armnnEnvironment(),
      }),
    ],
  },
});
