// Compiles lib/ to dist/, from scratch: a file that was removed must not live on in the package.
import { chmodSync, cpSync, existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import { bin, root, run } from './setup/process.mjs';

rmSync(join(root, 'dist'), { recursive: true, force: true });
run(bin('tsc'), []);
cpSync(join(root, 'lib', 'native', 'node-gyp-build.d.ts'), join(root, 'dist', 'native', 'node-gyp-build.d.ts'));
const cli = join(root, 'dist', 'cli', 'main.js');
if (existsSync(cli)) chmodSync(cli, 0o755);
