import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { runProgram } from '../utils/child.js';

const root = join(import.meta.dirname, '..', '..');
const script = `
  import { cacheFolder, runtimesFolder } from 'accelnode';
  console.log(runtimesFolder());
  try { cacheFolder(); } catch ({ code, hint }) { console.log(code, hint); }
`;

// As `docker run --user 12345` may have it. HOME counts more than the list of users, so both must be missing.
const become = ['--reuid', '12345', '--regid', '12345', '--clear-groups', 'env', '--unset', 'HOME'];
const possible = (await runProgram('setpriv', [...become, 'true']).catch(() => undefined))?.code === 0;

describe('a user without a home', () => {
  it.skipIf(!possible)(
    `can use what names its folders itself${possible ? '' : ' (skipped: needs root and setpriv)'}`,
    async () => {
      const args = [...become, process.execPath, '--input-type=module', '--eval', script];
      const { stdout, stderr } = await runProgram('setpriv', args, { ACCELNODE_RUNTIMES: root, ACCELNODE_CACHE: '' });
      expect(stderr).toBe('');
      expect(stdout).toBe(`${root}\nINVALID_ARGUMENT Set HOME, or ACCELNODE_CACHE to the folder to use.\n`);
    },
  );
});
