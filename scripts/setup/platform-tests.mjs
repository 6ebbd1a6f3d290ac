// The addons that the package brings along, each in a Node of its platform, on a Linux x64 machine.
import { spawnSync } from 'node:child_process';
import {
  closeSync,
  cpSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

import { prebuildOf, targets } from '../prebuild/targets.mjs';
import { prepareArm64Node } from './arm64.mjs';
import { unpackMuslNode } from './musl.mjs';
import { root, run, say, setupFolder } from './process.mjs';
import { readReport, runVitest, sum } from './vitest.mjs';
import { unpackWindowsNode } from './wine.mjs';

/** What starts Node for a platform. macOS can't be had here: scripts/prebuild/check.mjs looks at its addons. */
const nodes = {
  'linux-x64-glibc': () => ({ node: process.execPath }),
  'linux-arm64-glibc': prepareArm64Node,
  'linux-x64-musl': () => unpackMuslNode('x64'),
  'linux-arm64-musl': () => unpackMuslNode('arm64'),
  'win32-x64': unpackWindowsNode,
};

/** Milliseconds, for Windows, where nothing else ends what hangs; it takes a minute. */
const LIMIT = 900_000;

/** Those whose addons can run here. */
export const runnable = Object.keys(nodes);

/**
 * Runs the tests on every platform whose addon is in prebuilds/.
 * @param {string[]} names
 * @returns {Promise<import('./vitest.mjs').Results>}
 */
export async function testPlatforms(names) {
  const results = [];
  for (const target of targets.filter(({ name }) => names.includes(name))) results.push(await testPlatform(target));
  return sum(...results);
}

async function testPlatform(target) {
  const { name, platform, libc } = target;
  if (!existsSync(join(root, prebuildOf(target)))) {
    return failure(`${name}: there is no ${prebuildOf(target)}; npm run prebuild:some -- ${name}`);
  }
  const { node, reason } = await nodes[name]();
  if (reason !== undefined) {
    return { passed: 0, failed: 0, skipped: 1, files: [], notes: [`SKIPPED  ${name}: ${reason}`] };
  }
  say(`Tests on ${name}`);
  const environment = {
    ACCELNODE_TEST_PLATFORM: name,
    ACCELNODE_TEST_NODE: node,
    // node-gyp-build shall look in prebuilds/ only, and knows musl by a file of Alpine Linux or by this.
    PREBUILDS_ONLY: '1',
    LIBC: libc ?? '',
  };
  if (platform === 'win32') return testWindows(node, environment);
  return runVitest(['--config', join(root, 'test', 'platforms', 'vitest.config.mts')], environment);
}

function failure(text) {
  console.log(`FAILED  ${text}`);
  return { passed: 0, failed: 1, skipped: 0, files: [], notes: [] };
}

/**
 * On Windows vitest runs as a whole, for its workers can't be reached from Linux. It has parts for each platform, and so
 * it is installed once more, beside the package as users get it.
 */
function testWindows(node, environment) {
  const folder = join(setupFolder, 'platforms', 'win32-x64');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  run('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder]);
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  const dependencies = {
    accelnode: `file:accelnode-${version}.tgz`,
    vitest: lock.packages['node_modules/vitest'].version,
    'onnxruntime-common': lock.packages['node_modules/onnxruntime-common'].version,
  };
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, dependencies }));
  run('npm', ['install', '--silent', '--ignore-scripts', '--no-audit', '--no-fund', '--os=win32', '--cpu=x64'], {
    cwd: folder,
  });
  for (const part of ['conformance', 'platforms', 'unit', 'utils']) {
    cpSync(join(root, 'test', part), join(folder, 'test', part), { recursive: true });
  }
  symlinkSync(join('node_modules', 'accelnode', 'dist'), join(folder, 'dist'));
  // Some tests look at parts that the package does not export.
  cpSync(join(root, 'build-ts'), join(folder, 'build-ts'), { recursive: true });
  cpSync(join(root, 'test', 'platforms', 'windows.config.mjs'), join(folder, 'vitest.config.mjs'));

  const [printed, report] = [join(folder, 'printed.txt'), join(folder, 'report.json')];
  const output = openSync(printed, 'w');
  const reporters = ['--reporter=default', '--reporter=json', '--outputFile.json=report.json'];
  const { status, signal } = spawnSync(node, ['node_modules/vitest/vitest.mjs', 'run', ...reporters], {
    cwd: folder,
    stdio: ['ignore', output, output],
    env: { ...process.env, ...environment },
    timeout: LIMIT,
  });
  closeSync(output);
  console.log(readFileSync(printed, 'utf8'));
  return readReport(report, status, signal);
}
