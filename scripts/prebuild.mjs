// Builds the addons that the package brings along, with one compiler for all platforms, and looks whether they will load
// there.
//   npm run prebuild:some -- linux-x64-glibc win32-x64
//   npm run prebuild:all
import { parseArgs } from 'node:util';

import { prebuildAll } from './prebuild/build.mjs';
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
const names = values.all ? targets.map(({ name }) => name) : positionals;
process.exitCode = (await prebuildAll(names)) ? 0 : 1;
