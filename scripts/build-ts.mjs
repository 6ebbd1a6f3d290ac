// Compiles lib/ to dist/, from scratch: a file that was removed must not live on in the package.
import { chmodSync, cpSync, existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import { bin, root, run } from './setup/process.mjs';

rmSync(join(root, 'dist'), { recursive: true, force: true });
run(bin('tsc'), []);
// What tsc leaves where it is.
for (const file of ['native/node-gyp-build.d.ts', 'runtimes/convert_rknn.py', 'runtimes/unpack_wheel.py']) {
  cpSync(join(root, 'lib', file), join(root, 'dist', file));
}
const cli = join(root, 'dist', 'cli', 'main.js');
if (existsSync(cli)) chmodSync(cli, 0o755);
