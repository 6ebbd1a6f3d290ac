// `npm run test:rocm`: everything that the tests need, then those on MIGraphX. Arguments go to vitest.
import { testRocm } from './setup/rocm-tests.mjs';
import { prepareTests } from './setup/tests.mjs';
import { summary } from './setup/vitest.mjs';

await prepareTests();
const results = testRocm(process.argv.slice(2));
console.log(`\n${[...results.notes, summary(results)].join('\n')}`);
process.exitCode = results.failed === 0 ? 0 : 1;
