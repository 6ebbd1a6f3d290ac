/**
 * The tests on MIGraphX's reference target. They run in the copy of Node that scripts/setup/migraphx.mjs has made, and
 * so does vitest: `npm run test:rocm`.
 */
import { join } from 'node:path';

import { defineConfig } from 'vitest/config';

const root = join(import.meta.dirname, '..', '..');

export default defineConfig({
  root,
  resolve: { alias: { accelnode: join(root, 'dist', 'index.mjs') } },
  test: {
    name: 'rocm',
    include: ['test/conformance/rocm.test.ts', 'test/real/rocm-*.test.ts'],
    server: { deps: { external: [/\/(dist|build-ts)\//] } },
    // One that ends its process (some builds of MIGraphX keep their assertions) takes only its file along.
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
