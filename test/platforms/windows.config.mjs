// The tests on Windows, in a folder of their own: scripts/setup/platform-tests.mjs.
import { defineConfig } from 'vitest/config';

import { platformTests } from './test/platforms/tests.mjs';

export default defineConfig({
  test: {
    name: 'win32-x64',
    include: platformTests,
    // Processes talk through pipes, which Node for Windows can't do under Wine.
    pool: 'threads',
    maxWorkers: 2,
    testTimeout: 240_000,
    hookTimeout: 240_000,
  },
});
