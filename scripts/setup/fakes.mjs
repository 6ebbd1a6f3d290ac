// Stand-ins for vendor libraries, for the tests in test/fakes: built with CMake into .setup/fakes.
import { join } from 'node:path';

import { root, run, say, setupFolder } from './process.mjs';

/** Where they are built. Tests that run on another architecture are told of another folder. */
export const fakesFolder = process.env.ACCELNODE_TEST_FAKES ?? join(setupFolder, 'fakes');

/** And for linux-arm64. */
export const arm64FakesFolder = join(setupFolder, 'arm64', 'fakes');

/**
 * Builds them; only what has changed is compiled. They stand for the libraries of Linux, where all of
 * their tests run.
 */
export function buildFakes() {
  if (process.platform !== 'linux') return;
  say('Building the stand-ins for vendor libraries');
  build(fakesFolder);
}

/**
 * Builds those that tests on linux-arm64 need.
 * @param {string} toolchain file for CMake
 * @param {string[]} targets of test/fakes/CMakeLists.txt
 */
export function buildArm64Fakes(toolchain, targets) {
  say('Building the stand-ins for vendor libraries, for linux-arm64');
  build(arm64FakesFolder, [`-DCMAKE_TOOLCHAIN_FILE=${toolchain}`], ['--target', ...targets]);
}

function build(folder, settings = [], options = []) {
  run('cmake', ['-S', join(root, 'test', 'fakes'), '-B', folder, '--log-level=WARNING', ...settings]);
  run('cmake', ['--build', folder, '--parallel', '2', ...options]);
}
