// Writes THIRD_PARTY_NOTICES: the licences of what is compiled into the addons and of what is in dist/third-party/. A test
// compares.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { root } from './setup/process.mjs';
import { bundleThirdParty, licenceOf } from './setup/third-party.mjs';

const file = join(root, 'THIRD_PARTY_NOTICES');
/** The compiler of the prebuilt addons, where they have been built. */
const zig = join(root, '.setup', 'python', 'prebuild', 'ziglang');

const parts = [
  { name: 'node-addon-api', where: 'all addons', text: join(root, 'node_modules', 'node-addon-api', 'LICENSE.md') },
  { name: 'Node-API headers', where: 'all addons', text: join(root, 'node_modules', 'node-api-headers', 'LICENSE') },
  { name: "zig's compiler runtime", where: 'the addons that zig builds', text: join(zig, 'LICENSE') },
  { name: 'mingw-w64', where: 'the addon for Windows', text: join(zig, 'lib', 'libc', 'mingw', 'COPYING') },
];

const HEAD = `The addons in prebuilds/ and the modules in dist/third-party/ contain parts of these works, under these licences. accelnode
contains no vendor's library.

The addons also contain a C++ runtime: LLVM's libc++, libc++abi and libunwind (Apache-2.0 WITH LLVM-exception), or GCC's libstdc++
(GPL-3.0-or-later WITH GCC-exception-3.1). These exceptions want no notice in compiled programs.
`;
const RULE = '-'.repeat(80);

/** @returns {Promise<string>} the file as it should be */
export async function thirdPartyNotices() {
  const packages = await bundleThirdParty();
  const modules = packages.map((each) => `${each.name} ${each.version}, in dist/third-party\n\n${licenceOf(each)}\n`);
  return [HEAD, ...parts.map(section), ...modules].join(`\n${RULE}\n`).replaceAll('\r\n', '\n');
}

function section({ name, where, text }) {
  const title = `${name}, in ${where}\n`;
  // Without zig, what it said when it was there.
  if (!existsSync(text)) return sectionsNow().find((each) => each.startsWith(title)) ?? title;
  return `${title}\n${readFileSync(text, 'utf8').trim()}\n`;
}

function sectionsNow() {
  return existsSync(file) ? readFileSync(file, 'utf8').split(`\n${RULE}\n`) : [];
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) writeFileSync(file, await thirdPartyNotices());
