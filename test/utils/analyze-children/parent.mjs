// Starts a child that hangs, says when it does, and waits for it.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { inChild } from '../../../build-ts/analyze/in-child.js';

const pidFile = process.argv[2];
const wait = () => {
  if (existsSync(pidFile) && readFileSync(pidFile, 'utf8') !== '') console.log('hangs');
  else setImmediate(wait);
};
wait();
await inChild(join(import.meta.dirname, 'hang.cjs'), { pidFile }, 1e9);
