/**
 * OpenVINO opens a plugin that is missing beside it by its bare name, and so finds it in the current
 * directory: whoever can write there could run code in this process. Here the current directory is full
 * of decoys that tell when they are loaded.
 */
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';

import { afterAll, describe, expect, it } from 'vitest';

import { fake, findRelease, makeWorkplace, realLibrary, runChild, writeModels } from './openvino/setup.js';
import type { Used } from './openvino/setup.js';

const place = makeWorkplace();
const models = writeModels(place.folder);
afterAll(() => place.remove());

const CPU = process.arch === 'arm64' ? 'libopenvino_arm_cpu_plugin.so' : 'libopenvino_intel_cpu_plugin.so';
const plugins = ['arm_cpu', 'intel_cpu', 'intel_gpu', 'intel_npu', 'auto', 'auto_batch', 'hetero', 'template'].map(
  (name) => `libopenvino_${name}_plugin.so`,
);

/** OpenVINO itself, copied, as it looks for plugins beside the file that a link leads to; plugins as wanted. */
function makeRuntime(release: string, installed: readonly string[]): string {
  const folder = mkdtempSync(join(place.folder, 'runtime-'));
  for (const name of readdirSync(release)) {
    if (/^libopenvino(_c|_\w+_frontend)?\.so/.test(name)) {
      copyFileSync(join(release, name), join(folder, name));
    } else if (!name.endsWith('_plugin.so') || installed.includes(name)) {
      symlinkSync(join(release, name), join(folder, name));
    }
  }
  return realLibrary(folder);
}

/** A current directory with a decoy for each library that a runtime might lack, and where they tell. */
function makeTrap(release: string): { cwd: string; env: Record<string, string>; loaded: () => string[] } {
  const cwd = mkdtempSync(join(place.folder, 'trap-'));
  const marks = join(cwd, 'loaded');
  mkdirSync(marks);
  const version = basename(realLibrary(release)).replace('libopenvino_c', '');
  const frontends = ['ir', 'onnx', 'paddle', 'tensorflow', 'tensorflow_lite', 'pytorch', 'jax'].map(
    (name) => `libopenvino_${name}_frontend${version}`,
  );
  for (const name of [...plugins, ...frontends]) copyFileSync(fake('libopenvino_decoy.so'), join(cwd, name));
  return { cwd, env: { ACCELNODE_DECOY_FOLDER: marks }, loaded: () => readdirSync(marks) };
}

const inputs = [5, 7].map((value) => ({ values: [value, value, value, value], dims: [2, 2] }));

const releases = [findRelease('current'), findRelease('older')];

for (const { version, folder: release, missing = '' } of releases) {
  describe.skipIf(missing)(`OpenVINO ${version}, with decoys in the current directory${missing}`, () => {
    it('are what plain OpenVINO loads', () => {
      const { cwd, env, loaded } = makeTrap(release);
      const plain = (library: string, ...args: string[]): void => {
        execFileSync(fake('openvino_plain'), [library, ...args], { cwd, env: { ...process.env, ...env } });
      };
      plain(makeRuntime(release, []), 'device', 'CPU');
      expect(loaded()).toEqual([CPU]);

      // Nobody asked for this one.
      plain(makeRuntime(release, [CPU]), 'model', models.mix);
      expect(loaded()).toContain('libopenvino_auto_batch_plugin.so');
    });

    it('are not loaded for devices that have no plugin', async () => {
      const { cwd, env, loaded } = makeTrap(release);
      const library = makeRuntime(release, []);
      const names = 'CPU CPU.0 GPU GPU.1 NPU AUTO AUTO:CPU MULTI:CPU HETERO:CPU,GPU BATCH:CPU'.split(' ');
      const runs = names.map((name) => ({ model: models.mix, device: `openvino:${name}`, inputs }));
      const { opened, results, devices, absent } = await runChild<Used>(
        'use.mjs',
        { libraries: [library], runs },
        { cwd, env },
      );
      expect(opened).toMatchObject([{ library }]);
      const refused = {
        code: 'RUNTIME_INCOMPATIBLE',
        message: expect.stringContaining('This OpenVINO has no plugin for') as string,
      };
      expect(results).toMatchObject(names.map(() => ({ error: refused })));
      expect(devices).toEqual([]);
      expect(absent.map(({ id }) => id)).toEqual(['openvino:GPU', 'openvino:CPU', 'openvino:NPU']);
      expect(loaded()).toEqual([]);
    });

    it('are not loaded beside a plugin that is there', async () => {
      const { cwd, env, loaded } = makeTrap(release);
      const library = makeRuntime(release, [CPU, 'libopenvino_auto_plugin.so']);
      const devices = 'CPU AUTO AUTO:CPU MULTI:CPU TEMPLATE CPU,TEMPLATE AUTO:TEMPLATE HETERO:CPU'.split(' ');
      const runs = devices.map((name) => ({
        model: models.mix,
        device: `openvino:${name}`,
        inputs,
        options: { lanes: 2, openvino: { hint: 'throughput' } },
      }));
      const { results } = await runChild<Used>('use.mjs', { libraries: [library], runs }, { cwd, env });
      const sum = { types: ['float32', 'float32'], values: [12, 12, 12, 12] };
      const notFound = { error: { code: 'DEVICE_NOT_FOUND' } };
      const incompatible = { error: { code: 'RUNTIME_INCOMPATIBLE' } };
      expect(results).toMatchObject([sum, sum, sum, sum, notFound, notFound, notFound, incompatible]);
      expect(loaded()).toEqual([]);
    });

    it('are not loaded for formats that have no frontend', async () => {
      const { cwd, env, loaded } = makeTrap(release);
      const library = makeRuntime(release, [CPU]);
      const folder = join(library, '..');
      for (const name of readdirSync(folder)) if (name.includes('_frontend')) rmSync(join(folder, name));
      const files = ['model.onnx', 'model.xml', 'model.tflite', 'model.pdmodel'].map((name) =>
        join(place.folder, name),
      );
      for (const file of files) writeFileSync(file, readFileSync(models.mix));
      const runs = files.map((model) => ({ model, inputs }));
      const { results } = await runChild<Used>('use.mjs', { libraries: [library], runs }, { cwd, env });
      const refused = { code: 'UNSUPPORTED', message: expect.stringContaining("This OpenVINO can't read") as string };
      expect(results).toMatchObject(files.map(() => ({ error: refused })));
      expect(loaded()).toEqual([]);
    });

    it('takes a damaged plugin for a device that is not there', async () => {
      const library = makeRuntime(release, ['libopenvino_auto_plugin.so']);
      const whole = readFileSync(join(release, CPU));
      writeFileSync(join(library, '..', CPU), whole.subarray(0, whole.length >> 1));
      const runs = [{ model: models.mix, inputs }];
      const { results, absent } = await runChild<Used>('use.mjs', { libraries: [library], runs });
      const reason = expect.stringMatching(/cpu_plugin\.so: file too short/) as string;
      expect(results).toMatchObject([{ error: { code: 'DEVICE_NOT_FOUND', message: reason } }]);
      expect(absent).toContainEqual(expect.objectContaining({ id: 'openvino:CPU', reason }));
    });
  });
}
