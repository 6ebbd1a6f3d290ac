// Compiles lib/ from scratch, for a file that was removed must not live on in the package: to dist/, which is published,
// and file by file to build-ts/, for tests that look at parts of it.
import { cpSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import { amalgamateNative, bundleModules } from './setup/bundle.mjs';
import { bin, root, run } from './setup/process.mjs';
import { bundleThirdParty } from './setup/third-party.mjs';
import { bundleTypes } from './setup/types.mjs';

const dist = join(root, 'dist');
const modules = join(root, 'build-ts');
for (const folder of [dist, modules]) rmSync(folder, { recursive: true, force: true });
run(bin('tsc'), []);
// What tsc leaves where it is.
cpSync(join(root, 'lib', 'native', 'node-gyp-build.d.ts'), join(modules, 'native', 'node-gyp-build.d.ts'));

await bundleTypes(modules, dist);
await bundleModules(dist);
await bundleThirdParty(dist);
// The same for the tests.
cpSync(join(dist, 'third-party'), join(modules, 'third-party'), { recursive: true });
cpSync(join(modules, 'index.mjs'), join(dist, 'index.mjs'));
mkdirSync(join(dist, 'native'));
amalgamateNative(join(dist, 'native'));
for (const file of ['convert_rknn.py', 'unpack_wheel.py']) {
  cpSync(join(root, 'lib', 'runtimes', file), join(dist, file));
}
