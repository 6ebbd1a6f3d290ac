// What CI runs on a clean checkout: all tests, the checks of the sources and of the package, and tests again
// on the addon as node-gyp builds it, and under sanitizers. The last line sums everything.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { bin, root, run, say, setupFolder } from './setup/process.mjs';

const { prepareTests } = await import('./setup/tests.mjs');
const { runVitest, sum, summary } = await import('./setup/vitest.mjs');
await prepareTests();
const { checkPackage } = await import('./check-package.mjs');
const { testSanitizers } = await import('./setup/sanitizers.mjs');

say('Tests');
const tests = runVitest([]);

say('Sources');
const { stdout } = spawnSync(process.execPath, ['scripts/lint.mjs'], {
  cwd: root,
  encoding: 'utf8',
  stdio: ['ignore', 'pipe', 'inherit'],
});
console.log(stdout);
const [, lintPassed, lintFailed] = /^lint: (\d+) passed, (\d+) failed$/m.exec(stdout) ?? [null, 0, 1];
const lint = { passed: Number(lintPassed), failed: Number(lintFailed), skipped: 0 };

say('Package');
const packaged = checkPackage();

say('The addon as node-gyp builds it');
const gyp = testNodeGypBuild();

const sanitized = testSanitizers();

const total = sum(tests, lint, packaged, gyp, sanitized, requireOpenvino(tests));
console.log(`\n${summary(total)}`);
process.exitCode = total.failed === 0 ? 0 : 1;

/** In a copy, as it writes to the same folder as CMake. Its tests are those that touch the addon most. */
function testNodeGypBuild() {
  const folder = join(setupFolder, 'node-gyp');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const item of ['binding.gyp', 'package.json', 'native'])
    cpSync(join(root, item), join(folder, item), { recursive: true });
  run(bin('node-gyp'), ['rebuild', '--jobs', '2', ...installedHeaders()], { cwd: folder });
  const projects = ['unit', 'null', 'stress', 'openvino'];
  // node-gyp-build takes the addon from the folder that this variable names.
  return runVitest(
    projects.flatMap((project) => ['--project', project]),
    { ACCELNODE_PREBUILD: folder },
  );
}

/** node-gyp would download Node's headers; most installations bring them along. */
function installedHeaders() {
  const prefix = dirname(dirname(process.execPath));
  return existsSync(join(prefix, 'include', 'node', 'node_api.h')) ? ['--nodedir', prefix] : [];
}

/** Here the suites on the real OpenVINO must have run: skipping them all is a failure. */
function requireOpenvino({ files }) {
  const ran = files.some(({ name, passed }) => name.includes('openvino-agreement') && passed > 0);
  if (!ran) console.log('FAILED  the suites on OpenVINO did not run');
  return { passed: ran ? 1 : 0, failed: ran ? 0 : 1, skipped: 0 };
}
