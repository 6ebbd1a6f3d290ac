// `npm run test:rknn`: everything that the tests on the doubles of librknnrt need, then those, on this machine and, with the
// addon for it, on linux-arm64. Arguments go to vitest, for this machine alone.
import { testArm64 } from './setup/arm64-tests.mjs';
import { prepareTests } from './setup/tests.mjs';
import { runVitest, sum, summary } from './setup/vitest.mjs';

await prepareTests();
const args = process.argv.slice(2);
const here = runVitest(['--project', 'rknn', '--project', 'rknn-older', ...args]);
const results = args.length === 0 ? sum(here, await testArm64(['--project', 'arm64 rknn'])) : here;
console.log(`\n${[...results.notes, summary(results)].join('\n')}`);
process.exitCode = results.failed === 0 ? 0 : 1;
