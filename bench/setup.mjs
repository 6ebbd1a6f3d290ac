// Makes what the benchmarks need: the build, a runtime, models, and C programs on the vendor's own headers. Run by
// prepare.mjs; all that it says goes where progress goes.
import { join } from 'node:path';

import { makeBenchModels, makeModels } from '../scripts/setup/models.mjs';
import { root, run } from '../scripts/setup/process.mjs';
import { build, installDependencies } from '../scripts/setup/project.mjs';
import { installPython } from '../scripts/setup/python.mjs';
import { installTestRuntimes } from '../scripts/setup/runtimes.mjs';
import { floorFolder, openvinoFolder } from './prepare.mjs';

installDependencies();
build();
if (process.argv.includes('--openvino')) {
  installTestRuntimes();
  makeModels();
  makeBenchModels();
  // Against the library that accelnode uses, so that both sides run the same code.
  const headers = join(installPython('bench'), 'openvino', 'include');
  run('cmake', [
    ...['-S', join(root, 'bench', 'programs'), '-B', floorFolder, '-DCMAKE_BUILD_TYPE=Release'],
    ...[`-DOPENVINO_HEADERS=${headers}`, `-DOPENVINO_FOLDER=${openvinoFolder}`],
  ]);
  run('cmake', ['--build', floorFolder]);
}
