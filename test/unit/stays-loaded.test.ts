/** The addon stays in the process when all threads that have used it are gone: vendors' libraries call it back. */
import { expect, it } from 'vitest';

import { runScript } from '../utils/child.js';

it.runIf(process.platform === 'linux')('when the only thread that has used it ends', async () => {
  const { code, stdout, stderr } = await runScript(`
    import { readFileSync } from 'node:fs';
    import { Worker } from 'node:worker_threads';
    const isLoaded = () => /accelnode[.a-z]*\\.node$/m.test(readFileSync('/proc/self/maps', 'utf8'));
    const before = isLoaded();
    const worker = new Worker(
      "require('accelnode').devices().then(() => require('node:worker_threads').parentPort.postMessage('used'))",
      { eval: true, execArgv: [] },
    );
    await new Promise((resolve, reject) => worker.once('exit', resolve).once('error', reject));
    console.log(before, isLoaded());
  `);
  expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: 'false true\n', stderr: '' });
});
