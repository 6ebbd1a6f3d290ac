/**
 * The tests on Arm NN itself. They run in the copy of Node that scripts/setup/armnn.mjs has made, and so does vitest:
 * `npm run test:armnn`.
 */
import { join } from 'node:path';

import { defineConfig } from 'vitest/config';

const root = join(import.meta.dirname, '..', '..');

export default defineConfig({
  root,
  resolve: { alias: { accelnode: join(root, 'dist', 'index.mjs') } },
  test: {
    name: 'armnn-delegate',
    include: ['test/conformance/armnn-delegate.test.ts', 'test/real/armnn-*.test.ts'],
    server: { deps: { external: [/\/(dist|build-ts)\//] } },
    // There is one Arm NN in a process, which keeps the options that it was started with.
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
