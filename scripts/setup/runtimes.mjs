// The vendor runtimes that tests run on.
import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { root, run, say, setupFolder } from './process.mjs';
import { cudaReleases, openvinoReleases } from './releases.mjs';

/**
 * Installs the releases of vendor runtimes that tests run on into .setup/runtimes, with the command as built:
 * OpenVINO, and what of TensorRT and CUDA can be opened without a GPU.
 */
export function installTestRuntimes() {
  const folder = join(setupFolder, 'runtimes');
  const wanted = [
    ...Object.values(openvinoReleases).map((version) => ['openvino', version]),
    ...(process.platform === 'linux' ? cudaReleases : []),
  ];
  for (const [name, version] of wanted) {
    if (existsSync(join(folder, name, version, 'runtime.json'))) continue;
    say(`Installing ${name} ${version} for the tests`);
    run(process.execPath, [join(root, 'dist', 'cli', 'main.js'), 'runtime', 'install', `${name}@${version}`], {
      env: { ...process.env, ACCELNODE_RUNTIMES: folder },
    });
  }
}
