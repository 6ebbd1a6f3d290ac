// `npm run test:gpuacc`: everything that the tests on Arm NN's GpuAcc need, then those. Arguments go to vitest.
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { prepareGpuacc } from './setup/gpuacc.mjs';
import { root, setupFolder } from './setup/process.mjs';
import { build, installDependencies } from './setup/project.mjs';
import { fetchTflite, tfliteLibraries } from './setup/tflite.mjs';
import { runVitest, summary } from './setup/vitest.mjs';

installDependencies();
build();
await fetchTflite();
const results = test(process.argv.slice(2));
console.log(`\n${[...results.notes, summary(results)].join('\n')}`);
process.exitCode = results.failed === 0 ? 0 : 1;

function test(args) {
  const { reason, node, delegate, dynamicBackends, vendors } = prepareGpuacc();
  if (reason !== undefined || !existsSync(tfliteLibraries.middle)) {
    const note = `SKIPPED  the suites on GpuAcc: ${reason ?? `${tfliteLibraries.middle} is missing`}`;
    return { passed: 0, failed: 0, skipped: 1, files: [], notes: [note] };
  }
  // PoCL keeps the kernels that it has compiled.
  const kernels = join(setupFolder, 'armnn', 'gpuacc-kernels');
  mkdirSync(kernels, { recursive: true });
  const environment = {
    ACCELNODE_ARMNN_LIBRARY: tfliteLibraries.middle,
    ACCELNODE_ARMNN_DELEGATE: delegate,
    ACCELNODE_ARMNN_BACKENDS: dynamicBackends,
    OCL_ICD_VENDORS: `${vendors}/`,
    POCL_CACHE_DIR: kernels,
  };
  return runVitest(['--config', join(root, 'test', 'gpuacc', 'vitest.config.mts'), ...args], environment, node);
}
