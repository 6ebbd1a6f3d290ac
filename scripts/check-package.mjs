// Is the package what package managers, bundlers and compilers expect?
import { spawnSync } from 'node:child_process';

import { bin, root } from './setup/process.mjs';

/** @returns {{ passed: number, failed: number, skipped: number }} */
export function checkPackage() {
  const checks = [
    ['publint', [bin('publint'), '--strict']],
    ['are the types wrong', [bin('attw'), '--pack', '.']],
  ];
  let failed = 0;
  for (const [name, [command, ...args]] of checks) {
    const { status } = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
    console.log(`${status === 0 ? 'ok    ' : 'FAILED'}  ${name}`);
    if (status !== 0) failed++;
  }
  return { passed: checks.length - failed, failed, skipped: 0 };
}
