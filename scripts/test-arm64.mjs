// `npm run test:arm64`: everything that the tests on linux-arm64 need, then those. Arguments go to vitest.
import { testArm64 } from './setup/arm64-tests.mjs';
import { buildTypeScript, installDependencies } from './setup/project.mjs';
import { summary } from './setup/vitest.mjs';

installDependencies();
buildTypeScript();
const results = await testArm64(process.argv.slice(2));
console.log(`\n${[...results.notes, summary(results)].join('\n')}`);
process.exitCode = results.failed === 0 ? 0 : 1;
