/**
 * The tests on another platform than this machine's, run by `npm run test:platforms`, which says in the environment which
 * one it is (ACCELNODE_TEST_PLATFORM) and what starts Node for it (ACCELNODE_TEST_NODE).
 */
import { join } from 'node:path';

import { defineConfig } from 'vitest/config';

import { qemuPool } from '../arm64/qemu-pool.mjs';
import { platformTests } from './tests.mjs';

const root = join(import.meta.dirname, '..', '..');
const { ACCELNODE_TEST_PLATFORM: name = '', ACCELNODE_TEST_NODE: node = '' } = process.env;

export default defineConfig({
  root,
  resolve: { alias: { accelnode: join(root, 'dist', 'index.mjs') } },
  test: {
    name,
    server: { deps: { external: [/\/(dist|build-ts)\//] } },
    pool: qemuPool(node),
    maxWorkers: 2,
    include: platformTests,
    setupFiles: [join(root, 'test', 'arm64', 'exec-path.ts')],
    env: { ACCELNODE_TEST_PATIENCE: '4' },
    testTimeout: 240_000,
    hookTimeout: 240_000,
  },
});
