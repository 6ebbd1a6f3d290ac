// The vendor runtimes that tests run on.
import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { root, run, say, setupFolder } from './process.mjs';
import { cudaReleases, leanReleases, openvinoReleases } from './releases.mjs';

const folder = join(setupFolder, 'runtimes');

/** Where TensorRT's lean runtimes are, if they are. */
export function leanLibraries() {
  return Object.values(leanReleases).map((version) =>
    join(folder, 'tensorrt-lean', version, `libnvinfer_lean.so.${version.split('.')[0]}`),
  );
}

/** CUDA's own runtimes: what to call them, where they are, if they are, and the version that they tell. */
export function cudartLibraries() {
  return cudaReleases
    .filter(([name]) => name === 'cuda')
    .map(([name, release]) => {
      const [major, minor] = release.split('.');
      const library = join(folder, name, release, `libcudart.so.${major}`);
      return { name: `libcudart.so.${major}`, library, version: `${major}.${minor}` };
    });
}

/**
 * Installs the releases of vendor runtimes that tests run on into .setup/runtimes, with the command as built:
 * OpenVINO, and what of TensorRT and CUDA can be opened without a GPU.
 */
export function installTestRuntimes() {
  const wanted = [
    ...Object.values(openvinoReleases).map((version) => ['openvino', version]),
    ...(process.platform === 'linux' ? cudaReleases : []),
  ];
  for (const [name, version] of wanted) {
    if (existsSync(join(folder, name, version, 'runtime.json'))) continue;
    say(`Installing ${name} ${version} for the tests`);
    run(process.execPath, [join(root, 'dist', 'cli.js'), 'runtime', 'install', `${name}@${version}`], {
      env: { ...process.env, ACCELNODE_RUNTIMES: folder },
    });
  }
}
