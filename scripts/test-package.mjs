// `npm run test:package`: everything that the tests on the installed package need, then those. Arguments go to vitest.
import { testPackage } from './setup/package-tests.mjs';
import { build, installDependencies } from './setup/project.mjs';
import { summary } from './setup/vitest.mjs';

installDependencies();
// A package that was packed elsewhere has been built there.
if (!process.env.ACCELNODE_TEST_PACKAGE) build();
const results = await testPackage(process.argv.slice(2));
console.log(`\n${[...results.notes, summary(results)].join('\n')}`);
process.exitCode = results.failed === 0 ? 0 : 1;
