// The vendor runtimes that tests run on.
import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { root, run, say, setupFolder } from './process.mjs';
import { openvinoReleases } from './releases.mjs';

/** Installs the releases of OpenVINO that tests run on into .setup/runtimes, with the command as built. */
export function installTestRuntimes() {
  const folder = join(setupFolder, 'runtimes');
  for (const version of Object.values(openvinoReleases)) {
    if (existsSync(join(folder, 'openvino', version, 'runtime.json'))) continue;
    say(`Installing OpenVINO ${version} for the tests`);
    run(process.execPath, [join(root, 'dist', 'cli', 'main.js'), 'runtime', 'install', `openvino@${version}`], {
      env: { ...process.env, ACCELNODE_RUNTIMES: folder },
    });
  }
}
