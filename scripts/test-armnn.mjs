// `npm run test:armnn`: everything that the tests need, then those on TFLite and on Arm NN itself. Arguments go to vitest, for
// the latter alone.
import { testArmnn } from './setup/armnn-tests.mjs';
import { prepareTests } from './setup/tests.mjs';
import { runVitest, sum, summary } from './setup/vitest.mjs';

await prepareTests();
const args = process.argv.slice(2);
const tflite = ['armnn', 'armnn-middle', 'armnn-older'].flatMap((project) => ['--project', project]);
const results = args.length === 0 ? sum(runVitest(tflite), testArmnn()) : testArmnn(args);
console.log(`\n${[...results.notes, summary(results)].join('\n')}`);
process.exitCode = results.failed === 0 ? 0 : 1;
