// `npm test`: everything that the tests need, then all of them. Arguments go to vitest: npm test -- --project unit
import { testArmnn } from './setup/armnn-tests.mjs';
import { testRocm } from './setup/rocm-tests.mjs';
import { prepareTests } from './setup/tests.mjs';
import { runVitest, sum, summary } from './setup/vitest.mjs';

await prepareTests();
const args = process.argv.slice(2);
const tests = runVitest(args);
// In a Node of their own, so they are no projects of vitest's.
const results = args.length === 0 ? sum(tests, testRocm(), testArmnn()) : tests;
console.log(`\n${[...results.notes, summary(results)].join('\n')}`);
process.exitCode = results.failed === 0 ? 0 : 1;
