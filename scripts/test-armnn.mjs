// `npm run test:armnn`: everything that the tests need, then those on TFLite and on Arm NN. Arguments go to vitest.
import { testArmnn } from './setup/armnn-tests.mjs';
import { prepareTests } from './setup/tests.mjs';
import { summary } from './setup/vitest.mjs';

await prepareTests();
const results = testArmnn(process.argv.slice(2));
console.log(`\n${[...results.notes, summary(results)].join('\n')}`);
process.exitCode = results.failed === 0 ? 0 : 1;
