// What the benchmarks need, and where it is.
import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { benchModelsFolder, modelsFolder } from '../scripts/setup/models.mjs';
import { root, run, setupFolder } from '../scripts/setup/process.mjs';
import { openvinoReleases } from '../scripts/setup/releases.mjs';

/**
 * Builds and downloads what is missing, in a process whose output becomes progress: stdout belongs to results, and
 * with --json to one object.
 */
export function prepare({ openvino }) {
  const args = [join(root, 'bench', 'setup.mjs'), ...(openvino ? ['--openvino'] : [])];
  run(process.execPath, args, { stdio: ['ignore', process.stderr, process.stderr] });
}

export const openvinoFolder = join(setupFolder, 'runtimes', 'openvino', openvinoReleases.current);

/** Makes accelnode use the OpenVINO that the C programs are built against. */
export const environment = { ACCELNODE_OPENVINO_LIBRARY: openvinoFolder };

export const floorFolder = join(setupFolder, 'floor');

/** The program of bench/programs/openvino.c. */
export const floorProgram = join(floorFolder, 'openvino-floor');

/** The file of a model by its name. */
export function modelFile(name) {
  const file = join(benchModelsFolder, `${name}.onnx`);
  return existsSync(file) ? file : join(modelsFolder, `${name}.onnx`);
}

/** Says how far things are. */
export function progress(text) {
  console.error(text);
}
