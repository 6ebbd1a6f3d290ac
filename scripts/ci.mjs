// What CI runs on a clean checkout: all tests, the checks of the sources and of the package, and the tests again on the
// addons that the package brings along and on the one that node-gyp builds. The last line sums everything.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { testArm64 } from './setup/arm64-tests.mjs';
import { testArmnn } from './setup/armnn-tests.mjs';
import { chromiumFolder } from './setup/chromium.mjs';
import { buildDocs } from './setup/docs.mjs';
import { testPackage } from './setup/package-tests.mjs';
import { outcomeOf } from './setup/outcome.mjs';
import { emptyFolder, installPackage, packPackage } from './setup/package.mjs';
import { testPlatforms } from './setup/platform-tests.mjs';
import { parserLibrary, parserReleases } from './setup/parsers.mjs';
import { bin, root, run, say, setupFolder } from './setup/process.mjs';
import { installDependencies } from './setup/project.mjs';
import { cudartLibraries, leanLibraries } from './setup/runtimes.mjs';
import { rknnClient } from './setup/rknn.mjs';
import { testRocm } from './setup/rocm-tests.mjs';
import { testSanitizers } from './setup/sanitizers.mjs';
import { prepareTests } from './setup/tests.mjs';
import { tfliteLibraries } from './setup/tflite.mjs';
import { runVitest, sum, summary } from './setup/vitest.mjs';

const results = [];
const times = [];
await section('npm packages', installDependencies);
// Of the package's addons, this system's and the one that differs most. That of linux-arm64 is built where its tests run; those with
// musl differ by the C library and those of macOS can't run here: `npm run prebuild:all` and `npm run test:platforms` are for a
// release.
const windows = startPrebuild('win32-x64');
await section('What the tests need', prepareTests);
await section('Addons of the package', async () => sum(await buildPrebuild('linux-x64-glibc'), await endOf(windows)));
await section('Tests', testAll);
await section('MIGraphX', () => {
  const tests = testRocm();
  return tests.notes.length > 0 ? tests : sum(tests, requireTests(tests, 'rocm-agreement', 10, 'MIGraphX'));
});
await section('Arm NN', () => {
  const tests = testArmnn();
  return tests.notes.length > 0 ? tests : sum(tests, requireTests(tests, 'armnn-', 80, 'Arm NN'));
});
await section('linux-arm64', async () => {
  const tests = await testArm64();
  return tests.notes.length > 0 ? tests : sum(tests, requireTests(tests, 'armnn-backends', 10, 'Arm NN for arm64'));
});
await section('Addons of other systems', () => testPlatforms(['linux-x64-glibc', 'win32-x64']));
await section('Sources', lint);
await section('Documentation', async () => checked(await buildDocs()));
// It imports what prepareTests has installed.
await section('Package', async () => (await import('./check-package.mjs')).checkPackage());
await section('The installed package', testPackage);
await section('Sanitizers', testSanitizers);
await section('The addon as node-gyp builds it', testNodeGypBuild);

const total = sum(...results);
console.log(`\n${[...times, ...total.notes, summary(total)].join('\n')}`);
process.exitCode = total.failed === 0 ? 0 : 1;

/** What breaks off counts as one failure, and the rest still runs. */
async function section(name, check) {
  say(name);
  const began = performance.now();
  try {
    const result = await check();
    if (result) results.push(result);
  } catch (error) {
    console.error(`FAILED  ${error.message}`);
    results.push({ passed: 0, failed: 1, skipped: 0 });
  }
  const minutes = (performance.now() - began) / 60_000;
  times.push(`${minutes.toFixed(1).padStart(6)} min  ${name}`);
}

/** On the addon that users get, which zig has built; the MIGraphX and Arm NN sections run on the one of this machine's compiler. */
function testAll() {
  // node-gyp-build shall look in prebuilds/ only.
  const tests = runVitest([], { PREBUILDS_ONLY: '1' });
  const lean = leanLibraries().filter(existsSync);
  const cudart = cudartLibraries().filter(({ library }) => lean.length > 0 && existsSync(library));
  const tflite = Object.values(tfliteLibraries).filter(existsSync);
  const parsers = Object.keys(parserReleases).map(parserLibrary).filter(existsSync);
  const browser = outcomeOf(chromiumFolder)?.reason === undefined && existsSync(chromiumFolder);
  return sum(
    tests,
    requireTests(tests, 'report-browser', browser ? 2 : 0, 'Chromium'),
    // Here the suites on the real OpenVINO must have run: skipping them all is a failure.
    requireTests(tests, 'openvino-agreement', 1, 'OpenVINO'),
    requireTests(tests, join('test', 'examples'), 7, 'OpenVINO for the examples'),
    requireTests(tests, 'cuda-lean', lean.length, "TensorRT's lean runtimes"),
    requireTests(tests, 'cuda-cudart', cudart.length * 2, "CUDA's runtimes"),
    requireTests(tests, 'rknn-client', existsSync(rknnClient.library) ? 2 : 0, "Rockchip's client library"),
    requireTests(tests, 'tflite-models', tflite.length * 10, 'TFLite'),
    requireTests(tests, 'tflite-mutations', tflite.length, "TFLite's damaged models"),
    requireTests(tests, 'onnx-parser', parsers.length * 20, 'the real ONNX parsers'),
  );
}

function lint() {
  const { stdout } = spawnSync(process.execPath, ['scripts/lint.mjs'], {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  console.log(stdout);
  const [, passed, failed] = /^lint: (\d+) passed, (\d+) failed$/m.exec(stdout) ?? [null, 0, 1];
  return { passed: Number(passed), failed: Number(failed), skipped: 0 };
}

async function buildPrebuild(name) {
  const { prebuildAll } = await import('./prebuild/build.mjs');
  return checked(await prebuildAll([name]));
}

/**
 * Builds one beside what else is done. Zig compiles Windows' C++ library one file after the other, which takes one core some minutes.
 * What it prints goes into a file, as nobody reads a pipe meanwhile.
 */
function startPrebuild(name) {
  const folder = join(setupFolder, 'prebuild');
  mkdirSync(folder, { recursive: true });
  const log = join(folder, `${name}.log`);
  const output = openSync(log, 'w');
  const child = spawn(process.execPath, ['scripts/prebuild.mjs', name], {
    cwd: root,
    stdio: ['ignore', output, output],
  });
  closeSync(output);
  return { log, ended: once(child, 'exit') };
}

async function endOf({ log, ended }) {
  const [code] = await ended;
  console.log(readFileSync(log, 'utf8'));
  return checked(code === 0);
}

/** What counts as one test. */
function checked(good) {
  return { passed: good ? 1 : 0, failed: good ? 0 : 1, skipped: 0 };
}

/** In the installed package, as users can where no prebuilt addon works. */
function testNodeGypBuild() {
  const folder = emptyFolder();
  try {
    const addon = buildInstalledPackage(folder);
    // The same sources as those of the other addons: what remains is whether they were built as they should be.
    const projects = ['null', 'rknn'];
    // node-gyp-build takes the addon from the folder that this variable names.
    return runVitest(
      projects.flatMap((project) => ['--project', project]),
      { ACCELNODE_PREBUILD: addon },
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @returns the package's folder */
function buildInstalledPackage(folder) {
  const { tarball } = packPackage(folder);
  installPackage(folder, tarball);
  const installed = join(folder, 'node_modules', 'accelnode');
  run(bin('node-gyp'), ['rebuild', '--jobs', '2', ...installedHeaders()], { cwd: installed });
  return installed;
}

/** node-gyp would download Node's headers; most installations bring them along. */
function installedHeaders() {
  const prefix = dirname(dirname(process.execPath));
  return existsSync(join(prefix, 'include', 'node', 'node_api.h')) ? ['--nodedir', prefix] : [];
}

/** At least so many tests of a file must have run: skipping what could have run is a failure. */
function requireTests({ files }, file, least, what) {
  const ran = files
    .filter(({ name }) => name.includes(file))
    .map(({ passed }) => passed)
    .reduce((a, b) => a + b, 0);
  if (ran < least) console.log(`FAILED  of the suites on ${what}, which are here, ${ran} of ${least} tests ran`);
  return { passed: ran < least ? 0 : 1, failed: ran < least ? 1 : 0, skipped: 0 };
}
