/**
 * The tests on Arm NN's GpuAcc, whose OpenCL kernels PoCL computes on the CPU. They run in the copy of Node that
 * scripts/setup/gpuacc.mjs has made, and so does vitest: `npm run test:gpuacc`.
 */
import { join } from 'node:path';

import { defineConfig } from 'vitest/config';

const root = join(import.meta.dirname, '..', '..');

export default defineConfig({
  root,
  resolve: { alias: { accelnode: join(root, 'dist', 'index.mjs') } },
  test: {
    name: 'gpuacc',
    include: ['test/gpuacc/**/*.test.ts'],
    server: { deps: { external: [/\/(dist|build-ts)\//] } },
    pool: 'forks',
    maxWorkers: 2,
    // PoCL compiles each kernel when it is first used.
    testTimeout: 300_000,
    hookTimeout: 300_000,
  },
});
