// Compiles lib/ to dist/, from scratch: a file that was removed must not live on in the package.
import { chmodSync, cpSync, existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import { bin, root, run } from './setup/process.mjs';
import { bundleThirdParty } from './setup/third-party.mjs';
import { bundleTypes } from './setup/types.mjs';

const dist = join(root, 'dist');
rmSync(dist, { recursive: true, force: true });
run(bin('tsc'), []);
await bundleTypes(dist);
await bundleThirdParty(dist);
// What tsc leaves where it is.
for (const file of ['native/node-gyp-build.d.ts', 'runtimes/convert_rknn.py', 'runtimes/unpack_wheel.py']) {
  cpSync(join(root, 'lib', file), join(dist, file));
}
const cli = join(dist, 'cli', 'main.js');
if (existsSync(cli)) chmodSync(cli, 0o755);
