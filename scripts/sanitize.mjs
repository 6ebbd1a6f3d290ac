// `npm run test:sanitize`: what the tests need, then those that run under sanitizers.
import { testSanitizers } from './setup/sanitizers.mjs';
import { prepareTests } from './setup/tests.mjs';

await prepareTests();
process.exitCode = testSanitizers().failed === 0 ? 0 : 1;
