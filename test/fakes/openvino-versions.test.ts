/** Libraries that are no OpenVINO that accelnode knows, and releases that none can be installed of. */
import { copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import type { DataType, Runtime } from 'accelnode';
import { afterAll, describe, expect, it } from 'vitest';

import { onnxModel } from '../utils/onnx-model.js';
import { numberings } from './openvino/control.mjs';
import { fake, findRelease, makeDouble, makeWorkplace, realLibrary, runChild, writeModels } from './openvino/setup.js';
import type { Refusal, Used } from './openvino/setup.js';

const { folder: release, missing } = findRelease('current');
const place = makeWorkplace();
const models = writeModels(place.folder);
afterAll(() => place.remove());

const addition = {
  model: models.mix,
  inputs: [1, 10].map((factor) => ({ values: [1, 2, 3, 4].map((value) => value * factor), dims: [2, 2] })),
};
const sums = { types: ['float32', 'float32'], values: [11, 22, 33, 44] };

/** A folder with one library in it, under OpenVINO's name. */
function libraryOf(name: string, content: Uint8Array | string): string {
  const folder = join(place.folder, name);
  mkdirSync(folder);
  writeFileSync(join(folder, 'libopenvino_c.so'), content);
  return join(folder, 'libopenvino_c.so');
}

async function refusalOf(library: string, env = {}): Promise<Refusal['error']> {
  const { opened } = await runChild<Used>('use.mjs', { libraries: [library] }, { env });
  const [refusal] = opened;
  if (refusal === undefined || !('error' in refusal)) throw new Error(`${library} was opened.`);
  expect(refusal.error.libraries).toMatchObject([{ name: library, origin: 'option' }]);
  return refusal.error;
}

/** The double, calling itself `version`, with a numbering of element types. */
function releaseOf(version: string, numbering: keyof typeof numberings = 'real', behind = release) {
  const double = makeDouble(place.folder, behind);
  double.control.setText('version', version);
  double.control.set('numbering', numberings[numbering]);
  return double;
}

describe.skipIf(missing)(`releases of OpenVINO${missing ?? ''}`, () => {
  it('uses one of the future that numbers its types as today, with a warning', async () => {
    const { library, env } = releaseOf('2031.1.0-30001-0123456789a-releases/2031/1');
    const { opened, results } = await runChild<Used>('use.mjs', { libraries: [library], runs: [addition] }, { env });
    const [runtime] = opened as [Runtime];
    expect(runtime.version).toMatch(/^2031\.1\.0/);
    expect(runtime.warnings).toEqual([expect.stringContaining('newer than the newest') as string]);
    expect(results).toEqual([sums]);
  });

  it.each(['typeAdded', 'typeRemoved'] as const)(
    'refuses one of the future with another numbering: %s',
    async (how) => {
      const { library, env } = releaseOf('2031.1.0-30001-0123456789a-releases/2031/1', how);
      const { code, message } = await refusalOf(library, env);
      expect(code).toBe('RUNTIME_INCOMPATIBLE');
      expect(message).toMatch(/OpenVINO \(2031\.1\).*float32/);
    },
  );

  it.each(['custom build', '-', '.1', '2031'])('refuses one that calls itself "%s"', async (version) => {
    const { library, env } = releaseOf(version);
    const { code, message } = await refusalOf(library, env);
    expect(code).toBe('RUNTIME_INCOMPATIBLE');
    expect(message).toContain(`it calls itself "${version}", which is no version of OpenVINO`);
  });

  it('refuses one that is too old', async () => {
    const { library, env } = releaseOf('2022.3.1-9227-cf2c7da5689-releases/2022/3');
    const { code, message } = await refusalOf(library, env);
    expect(code).toBe('RUNTIME_INCOMPATIBLE');
    expect(message).toContain('is older than 2023.0');
  });

  const older = findRelease('older');
  it.for([release, older.folder])('uses one from before 2024.2, played on %s', async (behind, { skip }) => {
    if (behind === older.folder && older.missing !== undefined) skip(older.missing);
    const types: DataType[] = ['float32', 'float64', 'int8', 'int16', 'int32', 'int64', 'uint8', 'uint16', 'uint32'];
    const runs = ['fixed', 'dynamic'].flatMap((shape) =>
      types.map((type) => ({
        model: doubling(type, shape === 'fixed' ? 3 : 'n'),
        inputs: [{ values: [1, 2, 3], dims: [3] }],
      })),
    );
    const image = {
      model: models.image,
      options: {
        shapes: { x: [1, 3, 2, 2] },
        openvino: { preprocess: { x: { type: 'uint8', layout: 'NHWC', modelLayout: 'NCHW' } } },
      },
      inputs: [{ values: Array.from({ length: 12 }, (_, i) => i), dims: [1, 2, 2, 3] }],
    };
    const { library, env } = releaseOf('2023.3.0-13775-ceeafaf64f3-releases/2023/3', 'before2024_2', behind);
    const { opened, results } = await runChild<Used>(
      'use.mjs',
      { libraries: [library], runs: [...runs, image] },
      { env },
    );
    expect(opened).toMatchObject([{ warnings: [expect.stringContaining('older than 2024.3')] }]);
    expect(results).toEqual([
      ...[...types, ...types].map((type) => ({ types: [type, type], values: [2, 4, 6] })),
      { types: ['uint8', 'float32'], values: [1, 4, 7, 10, 2, 5, 8, 11, 3, 6, 9, 12] },
    ]);
  });
});

/** y = x + x */
function doubling(type: DataType, size: number | string): string {
  const model = onnxModel({
    inputs: [{ name: 'x', type, shape: [size] }],
    nodes: [{ op: 'Add', inputs: ['x', 'x'], outputs: ['y'] }],
    outputs: [{ name: 'y', type, shape: [size] }],
  });
  const path = join(place.folder, `${type}-${size}.onnx`);
  writeFileSync(path, model);
  return path;
}

describe.skipIf(missing)(`files that are no OpenVINO${missing ?? ''}`, () => {
  it.each([
    ['a text', 'INPUT(-lopenvino)\n'.repeat(100), /invalid ELF header/],
    ['an empty file', '', /file too short/],
    ['a library for another machine', otherMachine(), /wrong ELF class|cannot open|invalid/i],
  ])('says in the words of the loader what is wrong with %s', async (what, content, words) => {
    const { code, message } = await refusalOf(libraryOf(what, content));
    expect(code).toBe('RUNTIME_NOT_FOUND');
    expect(message).toMatch(words);
  });

  it('survives a library that was cut off, wherever', async () => {
    const whole = readFileSync(realLibrary(release));
    const parts = [10, 64, 200, 1000, 5000, whole.length >> 1, whole.length - 5000];
    const libraries = parts.map((bytes) => libraryOf(`cut off at ${bytes}`, whole.subarray(0, bytes)));
    const { opened } = await runChild<Used>('use.mjs', { libraries });
    const refused = {
      code: 'RUNTIME_NOT_FOUND',
      message: expect.stringMatching(/file too short|cannot read file data/) as string,
    };
    expect(opened).toMatchObject(parts.map(() => ({ error: refused })));
  });

  it('names the library that it needs and does not find', async () => {
    const { code, message } = await refusalOf(libraryOf('alone', readFileSync(realLibrary(release))));
    expect(code).toBe('RUNTIME_NOT_FOUND');
    expect(message).toMatch(/libopenvino\.so\.\d+: cannot open shared object file/);
  });

  it('names the function that a library lacks', async () => {
    const { library, env } = makeDouble(place.folder, release, 'openvino_incomplete');
    const { code, message } = await refusalOf(library, env);
    expect(code).toBe('RUNTIME_INCOMPATIBLE');
    expect(message).toContain('it has no function ov_core_import_model');
  });

  it('refuses a library of another kind', async () => {
    const { code, message } = await refusalOf(libraryOf('other', readFileSync(fake('libopenvino_decoy.so'))));
    expect(code).toBe('RUNTIME_INCOMPATIBLE');
    expect(message).toContain('it has no function ov_get_openvino_version');
  });

  it('says that a file, or a library in a folder, is not there', async () => {
    const empty = join(place.folder, 'empty');
    mkdirSync(empty);
    for (const library of [join(empty, 'libopenvino_c.so'), empty]) {
      const { code, message } = await refusalOf(library);
      expect(code).toBe('RUNTIME_NOT_FOUND');
      expect(message).toContain(library);
    }
  });
});

describe.skipIf(missing)(`one process, one OpenVINO${missing ?? ''}`, () => {
  it('goes on after refusals, then stays with what it has opened', async () => {
    const lacking = makeDouble(place.folder, release, 'openvino_incomplete');
    const { library, env } = makeDouble(place.folder, release);
    const link = join(place.folder, 'link.so');
    symlinkSync(library, link);
    const second = join(place.folder, 'second.so');
    copyFileSync(library, second);
    const { opened, results } = await runChild<Used>(
      'use.mjs',
      { libraries: [lacking.library, library, second, link, dirname(library), realLibrary(release)], runs: [addition] },
      { env },
    );
    const refused = {
      error: {
        code: 'RUNTIME_INCOMPATIBLE',
        message: expect.stringContaining(
          `OpenVINO is already open from ${library}, and one process can't hold two`,
        ) as string,
        hint: expect.stringContaining('child process') as string,
      },
    };
    expect(opened).toMatchObject([
      { error: { code: 'RUNTIME_INCOMPATIBLE', message: expect.stringContaining('it has no function') as string } },
      { library },
      refused,
      { library },
      { library },
      refused,
    ]);
    expect(results).toEqual([sums]);
  });
});

/** The beginning of a 32-bit ELF file. */
function otherMachine(): Uint8Array {
  const bytes = new Uint8Array(4096);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 1, 1, 1]);
  return bytes;
}
