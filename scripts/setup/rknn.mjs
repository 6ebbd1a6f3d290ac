// Rockchip's client library for boards that are attached to a PC, out of the wheel of rknn-toolkit2, through the user's
// own pip: the only librknnrt for x64 that there is.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { run, say, setupFolder } from './process.mjs';
import { hashed, pip, python } from './python.mjs';

const folder = join(setupFolder, 'runtimes', 'rknn');

const release = {
  version: '2.5.0',
  sha256: '21922dd3037503a2934fea24cbbf6eccda586158178636ae28a2ac658e710055',
  tags: ['--python-version', '3.11', '--implementation', 'cp', '--abi', 'cp311'],
  platform: 'manylinux2014_x86_64',
  member: 'rknn/api/lib/linux-x86_64/librknn_api.so',
};

/** Where it is, if it is, and its version. */
export const rknnClient = { library: join(folder, release.version, 'librknn_api.so'), version: release.version };

/** Fetches it if it is not there: 38 MB, of which 0.2 MB are kept. */
export function fetchRknnClient() {
  if (process.platform !== 'linux' || process.arch !== 'x64' || existsSync(rknnClient.library)) return;
  say(`Fetching Rockchip's client library ${release.version}`);
  mkdirSync(folder, { recursive: true });
  const scratch = mkdtempSync(join(folder, '.'));
  try {
    const requirements = join(scratch, 'requirements.txt');
    writeFileSync(requirements, `rknn-toolkit2==${release.version} --hash=sha256:${release.sha256}\n`);
    const args = ['download', '--quiet', '--no-deps', '--dest', scratch, '--platform', release.platform];
    pip([...args, ...release.tags, ...hashed(requirements)]);
    const wheel = readdirSync(scratch).find((name) => name.endsWith('.whl'));
    run(python(), ['-m', 'zipfile', '-e', join(scratch, wheel), join(scratch, 'wheel')]);
    mkdirSync(dirname(rknnClient.library), { recursive: true });
    renameSync(join(scratch, 'wheel', release.member), rknnClient.library);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
