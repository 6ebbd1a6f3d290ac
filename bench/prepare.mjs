// What the benchmarks need: the build, a runtime, models, and C programs on the vendor's own headers.
import { join } from 'node:path';

import { makeModels, modelsFolder } from '../scripts/setup/models.mjs';
import { root, run, setupFolder } from '../scripts/setup/process.mjs';
import { build, installDependencies } from '../scripts/setup/project.mjs';
import { installPython } from '../scripts/setup/python.mjs';
import { openvinoReleases } from '../scripts/setup/releases.mjs';
import { installTestRuntimes } from '../scripts/setup/runtimes.mjs';

/**
 * Builds accelnode, installs OpenVINO and makes the models.
 * @param {string[]} names of the models
 * @returns the files of the models by name, and the environment that makes accelnode use this OpenVINO
 */
export function prepare(names) {
  installDependencies();
  build();
  installTestRuntimes();
  makeModels();
  return {
    models: Object.fromEntries(names.map((name) => [name, join(modelsFolder, `${name}.onnx`)])),
    environment: { ACCELNODE_OPENVINO_LIBRARY: openvinoFolder },
  };
}

const openvinoFolder = join(setupFolder, 'runtimes', 'openvino', openvinoReleases.current);

/**
 * Builds bench/programs against the library that accelnode uses, so that both sides run the same code.
 * @returns {string} the program of openvino.c
 */
export function buildFloor() {
  const headers = join(installPython('bench'), 'openvino', 'include');
  const folder = join(setupFolder, 'floor');
  run('cmake', [
    ...['-S', join(root, 'bench', 'programs'), '-B', folder, '-DCMAKE_BUILD_TYPE=Release'],
    ...[`-DOPENVINO_HEADERS=${headers}`, `-DOPENVINO_FOLDER=${openvinoFolder}`],
  ]);
  run('cmake', ['--build', folder]);
  return join(folder, 'openvino-floor');
}
