// `npm run test:platforms`: the addons of prebuilds/, each in a Node of its platform; those that are missing are built.
//   npm run test:platforms -- win32-x64 linux-x64-musl
import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { prebuildOf, targets } from './prebuild/targets.mjs';
import { runnable, testPlatforms } from './setup/platform-tests.mjs';
import { root } from './setup/process.mjs';
import { buildTypeScript, installDependencies } from './setup/project.mjs';
import { summary } from './setup/vitest.mjs';

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !runnable.includes(name));
if (unknown.length > 0) {
  console.error(`Unknown: ${unknown.join(', ')}. Name some of ${runnable.join(', ')}, or none for all.`);
  process.exit(2);
}
const names = asked.length > 0 ? asked : runnable;

installDependencies();
buildTypeScript();
const { prebuild } = await import('./prebuild/build.mjs');
for (const target of targets.filter(({ name }) => names.includes(name))) {
  if (!existsSync(join(root, prebuildOf(target)))) await prebuild(target);
}
const results = await testPlatforms(names);
console.log(`\n${[...results.notes, summary(results)].join('\n')}`);
process.exitCode = results.failed === 0 ? 0 : 1;
