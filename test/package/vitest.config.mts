/** The tests on the installed package, run by `npm run test:package`: programs of their own, none imports this repository. */
import { join } from 'node:path';

import { defineConfig } from 'vitest/config';

export default defineConfig({
  root: join(import.meta.dirname, '..', '..'),
  test: {
    name: 'package',
    include: ['test/package/**/*.test.ts'],
    globalSetup: [join(import.meta.dirname, 'install.ts')],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 240_000,
  },
});
