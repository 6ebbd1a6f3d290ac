// `npm run prebuild:some` and `npm run prebuild:all`: builds the addons that the package brings along, with one compiler for all platforms, and looks
// whether they will load there.
//   npm run prebuild:some -- linux-x64-glibc win32-x64
//   npm run prebuild:all
import { parseArgs } from 'node:util';

import { targets } from './prebuild/targets.mjs';
import { installDependencies } from './setup/project.mjs';

const { values, positionals } = parseArgs({ options: { all: { type: 'boolean' } }, allowPositionals: true });
const unknown = positionals.filter((name) => !targets.some((target) => target.name === name));
if (unknown.length > 0 || (positionals.length === 0 && !values.all)) {
  const names = targets.map(({ name }) => name).join(', ');
  console.error(`${unknown.length > 0 ? `Unknown: ${unknown.join(', ')}. ` : ''}Name some of ${names}; or give --all.`);
  process.exit(2);
}

installDependencies();
// They import what was installed just now.
const { prebuild } = await import('./prebuild/build.mjs');
const { checkAddon, report } = await import('./prebuild/check.mjs');

const results = [];
for (const target of targets.filter(({ name }) => values.all || positionals.includes(name))) {
  const began = performance.now();
  const file = await prebuild(target);
  results.push({ target, seconds: (performance.now() - began) / 1000, ...checkAddon(target, file) });
}
process.exitCode = report(results) ? 0 : 1;
