// `npm test`: everything that the tests need, then all of them. Arguments go to vitest: npm test -- --project unit
import { prepareTests } from './setup/tests.mjs';
import { runVitest, summary } from './setup/vitest.mjs';

await prepareTests();
const results = runVitest(process.argv.slice(2));
console.log(`\n${summary(results)}`);
process.exitCode = results.failed === 0 ? 0 : 1;
