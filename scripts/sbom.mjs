// Prints the package's bill of materials: accelnode, what is in dist/third-party/, and all that is installed along with it, in
// the releases that it was tested with. npm makes it, from package-lock.json without what only development needs: its own
// `--omit dev` leaves out what a dev dependency needs too.
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { npm } from './setup/package.mjs';
import { root, run } from './setup/process.mjs';
import { bundleThirdParty } from './setup/third-party.mjs';

/** @returns {Promise<string>} SPDX 2.3, as JSON */
export async function billOfMaterials() {
  const folder = mkdtempSync(join(tmpdir(), 'accelnode-sbom-'));
  try {
    const packageJson = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    const inside = (await bundleThirdParty()).map(({ name, version }) => [name, version]);
    packageJson.dependencies = { ...packageJson.dependencies, ...Object.fromEntries(inside) };
    delete packageJson.devDependencies;
    writeFileSync(join(folder, 'package.json'), JSON.stringify(packageJson));
    copyFileSync(join(root, 'package-lock.json'), join(folder, 'package-lock.json'));
    const ask = (...args) =>
      run(process.execPath, npm('npm', args), { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'], encoding: 'utf8' });
    ask('install', '--package-lock-only', '--ignore-scripts', '--no-audit', '--no-fund');
    return ask('sbom', '--package-lock-only', '--sbom-format', 'spdx').stdout;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) process.stdout.write(await billOfMaterials());
