/**
 * What the tests with the OpenVINO double need: a folder that looks like a runtime, with the double in
 * the place of libopenvino_c; child processes, as one process can open only one OpenVINO; and models.
 */
import { copyFileSync, existsSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Tensor } from 'accelnode';
import type { AbsentDevice, Device, ErrorCode, LibraryAttempt, Runtime } from 'accelnode';

import { fakesFolder } from '../../../scripts/setup/fakes.mjs';
import { openvinoReleases } from '../../../scripts/setup/releases.mjs';
import { onnxModel } from '../../utils/onnx-model.js';
import { runScriptFile } from '../run-script-file.js';
import type { ChildOptions } from '../run-script-file.js';
import { CONTROL_VARIABLE, Control, REAL_VARIABLE } from './control.mjs';

/** A folder for what a test file writes. */
export interface Workplace {
  readonly folder: string;
  remove(): void;
}

export function makeWorkplace(): Workplace {
  // Runtimes and models lie in it, so paths with such characters are tried on the way.
  const folder = mkdtempSync(join(tmpdir(), `accelnode's "fakes" & <more> `));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** A release that the tests run on. */
export interface Release {
  readonly version: string;
  readonly folder: string;
  /** Why they can't: to be added to the name of the suite. */
  readonly missing?: string;
}

export function findRelease(which: keyof typeof openvinoReleases): Release {
  const version = openvinoReleases[which];
  const folder = join(process.env.ACCELNODE_RUNTIMES ?? '', 'openvino', version);
  if (process.platform !== 'linux') return { version, folder, missing: ' (skipped: the stand-ins are for Linux)' };
  if (!existsSync(folder)) return { version, folder, missing: ` (skipped: OpenVINO ${version} is not installed)` };
  return { version, folder };
}

export function realLibrary(release: string): string {
  const name = readdirSync(release).find((file) => file.startsWith('libopenvino_c.so'));
  if (name === undefined) throw new Error(`${release} has no libopenvino_c.`);
  return join(release, name);
}

/** A built stand-in. */
export function fake(name: string): string {
  const path = join(fakesFolder, name);
  if (existsSync(path)) return path;
  throw new Error(`${path} is missing: buildFakes() in scripts/setup/fakes.mjs makes it.`);
}

/** The double, among the plugins and frontends of a real release. */
export interface Double {
  /** To be given as the library option. */
  readonly library: string;
  /** For the environment of the process that opens it. */
  readonly env: Record<string, string>;
  readonly control: Control;
}

export function makeDouble(folder: string, release: string, build = 'openvino_double'): Double {
  const place = mkdtempSync(join(folder, 'runtime-'));
  const library = join(place, 'libopenvino_c.so');
  // A copy: plugins are looked for beside the file that a link leads to.
  copyFileSync(fake(join(build, 'libopenvino_c.so')), library);
  for (const name of readdirSync(release)) {
    if (!name.startsWith('libopenvino_c.')) symlinkSync(join(release, name), join(place, name));
  }
  const control = join(place, 'control');
  return {
    library,
    env: { [CONTROL_VARIABLE]: control, [REAL_VARIABLE]: realLibrary(release) },
    control: Control.create(control),
  };
}

/** Runs a script of this folder in a process of its own; see runScriptFile. */
export function runChild<Result>(script: string, input: object, options: ChildOptions = {}): Promise<Result> {
  return runScriptFile(join(import.meta.dirname, script), input, options);
}

/** An AccelError as use.mjs prints it. */
export interface Refusal {
  error: {
    code: ErrorCode;
    message: string;
    hint?: string;
    call?: string;
    status?: number;
    libraries?: LibraryAttempt[];
  };
}

/** What use.mjs prints. */
export interface Used {
  opened: (Runtime | Refusal)[];
  results: ({ types: string[]; values: number[] } | Refusal)[];
  devices: Device[];
  absent: AbsentDevice[];
}

/** Writes the models of operations.mjs into a folder; their files by name. */
export function writeModels(folder: string): Record<'mix' | 'rows' | 'image' | 'relay' | 'xml' | 'bin', string> {
  const write = (name: string, content: Uint8Array | string): string => {
    const path = join(folder, name);
    writeFileSync(path, content);
    return path;
  };
  return {
    mix: write('mix.onnx', mix),
    rows: write('rows.onnx', rows),
    image: write('image.onnx', image),
    relay: write('relay.onnx', relay),
    xml: write('ir.xml', IR),
    bin: write('ir.bin', new Uint8Array(Float32Array.of(0.5, 1, 1.5).buffer)),
  };
}

const mix = onnxModel({
  inputs: ['a', 'b'].map((name) => ({ name, type: 'float32', shape: [2, 2] })),
  nodes: [
    { op: 'Add', inputs: ['a', 'b'], outputs: ['sum'] },
    { op: 'Mul', inputs: ['a', 'b'], outputs: ['product'] },
  ],
  outputs: ['sum', 'product'].map((name) => ({ name, type: 'float32', shape: [2, 2] })),
});

const rows = onnxModel({
  inputs: [{ name: 'x', type: 'float32', shape: ['rows', 3] }],
  initializers: [{ name: 'bias', tensor: new Tensor('float32', [1, 2, 3]) }],
  nodes: [{ op: 'Add', inputs: ['x', 'bias'], outputs: ['y'] }],
  outputs: [{ name: 'y', type: 'float32', shape: ['rows', 3] }],
});

const image = onnxModel({
  inputs: [{ name: 'x', type: 'float32', shape: ['n', 3, 'height', 'width'] }],
  initializers: [{ name: 'one', tensor: new Tensor('float32', [1]) }],
  nodes: [{ op: 'Add', inputs: ['x', 'one'], outputs: ['y'] }],
  outputs: [{ name: 'y', type: 'float32', shape: ['n', 3, 'height', 'width'] }],
});

const relay = onnxModel({
  inputs: [{ name: 'x', type: 'float32', shape: [3] }],
  nodes: [
    { op: 'Identity', inputs: ['x'], outputs: ['same'] },
    { op: 'Add', inputs: ['x', 'x'], outputs: ['twice'] },
  ],
  outputs: ['same', 'twice'].map((name) => ({ name, type: 'float32', shape: [3] })),
});

const port = (id: number): string => `<port id="${id}" precision="FP32" names="p${id}"><dim>3</dim></port>`;

const IR = `<?xml version="1.0"?>
<net name="test" version="11">
  <layers>
    <layer id="0" name="x" type="Parameter" version="opset1">
      <data shape="3" element_type="f32"/><output><port id="0" precision="FP32" names="x"><dim>3</dim></port></output>
    </layer>
    <layer id="1" name="bias" type="Const" version="opset1">
      <data element_type="f32" shape="3" offset="0" size="12"/><output>${port(0)}</output>
    </layer>
    <layer id="2" name="sum" type="Add" version="opset1">
      <data auto_broadcast="numpy"/><input>${port(0)}${port(1)}</input>
      <output><port id="2" precision="FP32" names="y"><dim>3</dim></port></output>
    </layer>
    <layer id="3" name="result" type="Result" version="opset1"><input>${port(0)}</input></layer>
  </layers>
  <edges>
    <edge from-layer="0" from-port="0" to-layer="2" to-port="0"/>
    <edge from-layer="1" from-port="0" to-layer="2" to-port="1"/>
    <edge from-layer="2" from-port="2" to-layer="3" to-port="0"/>
  </edges>
</net>
`;
