/** The command on a machine without any runtime. */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { diagnose, inspectOnnx } from 'accelnode';
import type { BackendReport, Device, InstalledRuntime, OnnxInfo, RuntimeRelease } from 'accelnode';
import { afterAll, describe, expect, it, vi } from 'vitest';

import packageJson from '../../package.json' with { type: 'json' };
import { foldList, inFlags } from '../../build-ts/cli/output.js';
import { command, expectPlain, failureOf, jsonOf } from '../utils/command.js';
import { onnxModel } from '../utils/onnx-model.js';
import { temporaryFolder } from '../utils/temporary-folder.js';

const folder = mkdtempSync(join(tmpdir(), 'accelnode-cli-'));
afterAll(() => rmSync(folder, { recursive: true }));

const runtimes = join(folder, 'runtimes');
mkdirSync(runtimes);
const bare = { ACCELNODE_RUNTIMES: runtimes, ACCELNODE_OPENVINO_LIBRARY: undefined, LD_LIBRARY_PATH: undefined };
/** Nothing is installed, but the system may have an OpenVINO. */
const accelnode = command(bare);
/** Not even that. */
const library = join(folder, 'none.so');
const withoutRuntime = command({ ...bare, ACCELNODE_OPENVINO_LIBRARY: library, ACCELNODE_CUDA_LIBRARY: library });

const model = join(folder, 'model.onnx');
const port = (name: string) => ({ name, type: 'float32' as const, shape: ['n', 3] });
writeFileSync(
  model,
  onnxModel({
    inputs: [port('x')],
    outputs: [port('y')],
    nodes: [{ op: 'Relu', inputs: ['x'], outputs: ['y'] }],
  }),
);

describe('the arguments', () => {
  it.each([
    [['--help'], /^Usage: accelnode \[options\] \[command\]/],
    [['bench', '--help'], /^Usage: accelnode bench [^]*Inputs are random/],
    [['inspect', '--help'], /read without any runtime/],
    [['doctor', '--help'], /Exit code: 0 when/],
    [['runtime', 'install', '--help'], /your own pip/],
    [['--version'], new RegExp(`^${packageJson.version.replaceAll('.', '\\.')}\n$`)],
  ])('%j are answered', async (args, expected) => {
    const result = await accelnode(...args);
    expectPlain(result, 0);
    expect(result.stdout).toMatch(expected);
    expect(result.stderr).toBe('');
  });

  it('that are missing get the help', async () => {
    const result = await accelnode();
    expectPlain(result, 2);
    expect(result.stderr).toContain('doctor');
  });

  it.each<[string[], RegExp]>([
    [['frobnicate'], /unknown command 'frobnicate'/],
    [['run'], /missing required argument 'model'/],
    [['bench', 'a.onnx', 'b.onnx'], /too many arguments/],
    [['devices', '--frobnicate'], /unknown option '--frobnicate'/],
    [['run', 'a.onnx', '-i', 'cat.png'], /must be like name=value/],
    [['run', 'a.onnx', '-i', '=cat.png'], /must be like name=value/],
    [['run', 'a.onnx', '-i', 'x=zeros', '-i', 'x=random'], /"x" is given twice/],
    [['run', 'a.onnx', '-s', 'x=1,2', '-s', 'x=1,2'], /"x" is given twice/],
    [['run', 'a.onnx', '-s', 'x=1,3,,320'], /must be like image=1,3,224,224/],
    [['run', 'a.onnx', '-s', 'x='], /must be like image=1,3,224,224/],
    [['run', 'a.onnx', '-s', 'x=1,'], /must be like image=1,3,224,224/],
    [['run', 'a.onnx', '-s', 'x=-1,3'], /must be like image=1,3,224,224/],
    [['run', 'a.onnx', '-s', 'x=1e3'], /must be like image=1,3,224,224/],
    [['run', 'a.onnx', '-p', 'fp8'], /Allowed choices are fp32/],
    [['run', 'a.onnx', '-l', '0'], /whole number of at least 1/],
    [['run', 'a.onnx', '--threads', '1.5'], /whole number of at least 1/],
    [['bench', 'a.onnx', '-t', 'NaN'], /number of at least 0/],
    [['bench', 'a.onnx', '-t', ''], /number of at least 0/],
    [['bench', 'a.onnx', '-t', 'Infinity'], /number of at least 0/],
    [['bench', 'a.onnx', '-c', '0'], /whole numbers of at least 1/],
    [['bench', 'a.onnx', '-b', '4:1'], /whole numbers of at least 1/],
    [['bench', 'a.onnx', '-b', '1:2:3:4'], /whole numbers of at least 1/],
    [['bench', 'a.onnx', '-b', '1,'], /whole numbers of at least 1/],
    [['bench', 'a.onnx', '-l', '1,auto,x'], /whole numbers of at least 1/],
    [['bench', 'a.onnx', '-c', '1:1000000:1'], /more than 1000/],
    [['bench', 'a.onnx', '-r', '0'], /numbers above 0/],
    [['bench', 'a.onnx', '-p', 'fp32,fp8'], /Allowed choices are fp32/],
    [['bench', 'a.onnx', '--hint', 'fast'], /Allowed choices are latency/],
    [['bench', 'a.onnx', '--arrivals', 'poisson'], /give a --request-rate/],
    [['bench', 'a.onnx', '-r', '5', '--api', 'run'], /--request-rate goes with --api native/],
    [['bench', 'a.onnx', '--sync', '--api', 'run'], /--api run is another/],
    [['bench', 'a.onnx', '-o', 'results.txt'], /a \.json or a \.csv file, not to results\.txt/],
    [['bench', 'a.onnx', '--min-runs', '0'], /whole number of at least 1/],
    [['bench', 'a.onnx', '--sync', '-c', '2'], /--concurrency has no use/],
    [
      ['compile', 'a.onnx', '-d', 'openvino:CPU', '--level', '2', '--plugin', 'nope.so'],
      /^openvino:CPU can make no use of --level, --plugin/,
    ],
    [['bench', 'a.onnx', '-d', 'openvino', '--graphs'], /^openvino can make no use of --graphs/],
    [
      ['run', 'a.onnx', '-d', 'null', '-d', 'cuda:1', '--threads', '2'],
      /^null and cuda:1 can make no use of --threads/,
    ],
    [['bench', 'a.onnx', '-b', '8', '-s', 'x=4,3'], /--batch 8 is not the first dimension of --shape x/],
    [['runtime', 'install'], /missing required argument/],
    [['cache', 'clear', '--older-than', 'long'], /number of at least 0/],
    [['compile', 'a.onnx'], /required option '-d, --device/],
    [['compile', 'a.onnx', '-d', 'cuda:0', '--level', '6'], /number from 0 to 5/],
    [['bench', 'a.onnx', '--memory', 'disk'], /Allowed choices are host, pinned, device/],
  ])('%j are refused, in JSON too', async (args, message) => {
    const error = await failureOf(accelnode, 2, ...args);
    expect(error.code).toBe('INVALID_ARGUMENT');
    expect(error.message).toMatch(message);
  });
});

describe('doctor', () => {
  interface Report {
    accelnode: string;
    node: string;
    platform: string;
    libc: string;
    cores: number;
    memory: number;
    runtimesFolder: string;
    backends: BackendReport[];
  }

  it('says what was tried for each backend, and what to do', async () => {
    const report = await jsonOf<Report>(withoutRuntime, 1, 'doctor');
    expect(report).toMatchObject({
      accelnode: packageJson.version,
      node: process.versions.node,
      platform: `${process.platform}-${process.arch}`,
      runtimesFolder: runtimes,
    });
    expect(report.libc).toMatch(process.platform === 'linux' ? /^(glibc \d+\.\d+|musl)$/ : /^$/);
    expect(report.cores).toBeGreaterThan(0);
    expect(report.memory).toBeGreaterThan(0);
    expect(report.backends.map(({ name }) => name)).toEqual(['cuda', 'rknn', 'rocm', 'openvino', 'armnn']);
    for (const { status, reason, libraries, devices } of report.backends) {
      expect(status).toBe('ABSENT');
      expect(reason).toMatch(/\w{3}/);
      expect(libraries).toBeInstanceOf(Array);
      expect(devices).toEqual([]);
    }
    const openvino = report.backends.find(({ name }) => name === 'openvino')!;
    expect(openvino.hint).toContain('npx accelnode runtime install openvino');
    expect(openvino.libraries).toMatchObject([
      { name: library, origin: 'ACCELNODE_OPENVINO_LIBRARY', error: expect.stringMatching(/\w{3}/) as string },
    ]);
  });

  it('says so in plain lines', async () => {
    const result = await withoutRuntime('doctor');
    expectPlain(result, 1);
    expect(result.stderr).toBe('');
    expect(result.stdout).toContain(`runtimes folder: ${runtimes}\n`);
    expect(result.stdout).toMatch(/^ABSENT {2}openvino {2}Intel OpenVINO$/m);
    expect(result.stdout).toContain(`        tried    ${library}\n        loader   `);
    expect(result.stdout).toMatch(/^ {8}remedy {3}.*npx accelnode runtime install openvino/m);
  });

  it('lists the names that the system was asked for where nothing is installed', async (context) => {
    const result = await accelnode('doctor', '--json');
    const { backends } = JSON.parse(result.stdout) as Report;
    const openvino = backends.find(({ name }) => name === 'openvino')!;
    const { status, libraries, reason, hint } = openvino;
    context.skip(status !== 'ABSENT', 'this system has an OpenVINO of its own');
    expectPlain(result, 1);
    expect(reason).toMatch(/\w{3}/);
    expect(hint).toContain('runtime install openvino');
    expect(libraries.length).toBeGreaterThan(0);
    for (const { name, origin, error } of libraries) {
      expect(name).toContain('openvino_c');
      expect(origin).toBe('system');
      expect(error).toMatch(/\w{3}/);
    }
  });

  it('lists them in lines of 80 columns, each whole', async () => {
    const { backends } = JSON.parse((await accelnode('doctor', '--json')).stdout) as Report;
    const { stdout } = await accelnode('doctor');
    for (const { name, libraries } of backends.filter(({ status }) => status === 'ABSENT')) {
      const [, section = ''] = stdout.split(`ABSENT  ${name} `);
      const [list = ' '.repeat(17)] = /^ {8}tried {4}[^]*?(?=\n {8}\w)/m.exec(section.split('\n\n')[0]!) ?? [];
      for (const line of list.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
      const names = libraries.length === 0 ? [''] : libraries.map((each) => each.name);
      expect(list.slice(17).split(/, |,\n {17}/)).toEqual(names);
    }
  });

  it('does not break a name that is longer than a line, and fills the others', () => {
    const long = `/${'a'.repeat(20)}`;
    expect(foldList([long, 'b', 'c', 'd', 'e'], 7)).toBe(`${long},\nb, c,\nd, e`);
    expect(foldList(['b', 'c', 'd', long], 8)).toBe(`b, c, d,\n${long}`);
    expect(foldList(['b'], 1)).toBe('b');
  });

  it('is what diagnose() says', async () => {
    vi.stubEnv('ACCELNODE_RUNTIMES', runtimes);
    vi.stubEnv('ACCELNODE_OPENVINO_LIBRARY', library);
    vi.stubEnv('ACCELNODE_CUDA_LIBRARY', library);
    const { backends } = await jsonOf<Report>(withoutRuntime, 1, 'doctor');
    expect(JSON.parse(JSON.stringify(await diagnose()))).toEqual(backends);
    vi.unstubAllEnvs();
  });

  it('calls a library that is none a failure to be explained', async () => {
    const text = join(folder, 'text.so');
    writeFileSync(text, 'no library');
    const broken = command({ ...bare, ACCELNODE_OPENVINO_LIBRARY: text });
    const { backends } = await jsonOf<Report>(broken, 1, 'doctor');
    const openvino = backends.find(({ name }) => name === 'openvino')!;
    expect(openvino).toMatchObject({ libraries: [{ name: text, error: expect.any(String) as string }] });
    expect(openvino.status).not.toBe('PASS');
  });
});

describe('devices', () => {
  it('are none', async () => {
    expect(await jsonOf<Device[]>(withoutRuntime, 0, 'devices')).toEqual([]);
    const result = await withoutRuntime('devices');
    expectPlain(result, 0);
    expect(result.stdout).toBe('No device was found. `accelnode doctor` says what each backend needs.\n');
  });
});

describe('inspect', () => {
  it('needs no runtime for ONNX', async () => {
    const info = await jsonOf<OnnxInfo>(withoutRuntime, 0, 'inspect', model);
    expect(info).toEqual(JSON.parse(JSON.stringify(inspectOnnx(model))));
    expect(info.inputs).toEqual([port('x')]);
    const result = await withoutRuntime('inspect', model);
    expectPlain(result, 0);
    expect(result.stderr).toBe('');
    for (const line of ['ONNX, IR version 8, operator sets: ai.onnx 17', 'parameters: 0', 'operators: Relu 1']) {
      expect(result.stdout).toContain(`${line}\n`);
    }
    expect(result.stdout).toMatch(/^input +x +float32 +\[n, 3\]$/m);
  });

  it.each([
    ['--device', 'openvino:CPU'],
    ['--shape', 'x=1,3'],
    ['--precision', 'fp32'],
    ['--library', 'none.so'],
    ['--lanes', '2'],
    ['--cache'],
  ])('loads the model when an option is about loading: %s', async (...option) => {
    const error = await failureOf(withoutRuntime, 1, 'inspect', ...option, model);
    // Not "missing required argument": no option swallows the model.
    expect(error.message).toMatch(/openvino/i);
    expect(error.code).not.toBe('INVALID_ARGUMENT');
  });

  it.each<[string, () => string, string, RegExp, 1 | 2]>([
    ['a missing file', () => join(folder, 'missing.onnx'), 'MODEL_INVALID', /ENOENT/, 1],
    [
      'a folder',
      () => mkdirSync(join(folder, 'folder.onnx'), { recursive: true }) ?? join(folder, 'folder.onnx'),
      'MODEL_INVALID',
      /is not a file/,
      1,
    ],
    ['a text', () => text('text.onnx', 'hello, world'), 'MODEL_INVALID', /at byte \d+/, 1],
    ['an unknown ending', () => text('model.bin', ''), 'INVALID_ARGUMENT', /by its ending/, 2],
  ])('refuses %s', async (_, make, code, message, exitCode) => {
    const error = await failureOf(withoutRuntime, exitCode, 'inspect', make());
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
  });
});

describe('run and bench', () => {
  it.each(['run', 'bench'])('%s says which devices were tried, in order', async (name) => {
    const devices = ['-d', 'cuda:0', '--device', 'openvino:AUTO:GPU,CPU'];
    const inputs = name === 'run' ? ['-i', 'x=zeros'] : [];
    const error = await failureOf(withoutRuntime, 1, name, ...devices, ...inputs, model);
    expect(error.code).toBe('RUNTIME_NOT_FOUND');
    expect(error.attempts?.map(({ device, code }) => [device, code])).toEqual([
      ['cuda', 'RUNTIME_NOT_FOUND'],
      ['openvino', 'RUNTIME_NOT_FOUND'],
    ]);
  });

  it('run looks at the folder of outputs first, and leaves none behind', async () => {
    const file = text('file', '');
    const error = await failureOf(withoutRuntime, 2, 'run', model, '-o', join(file, 'x'));
    expect(error.message).toContain('a part of the path is a file');
    const outputs = join(temporaryFolder(), 'a', 'b');
    await failureOf(withoutRuntime, 1, 'run', model, '-i', 'x=zeros', '-o', outputs);
    expect(existsSync(join(outputs, '..'))).toBe(false);
  });

  it('an unknown device is wrong usage', async () => {
    const error = await failureOf(withoutRuntime, 2, 'run', model, '-i', 'x=zeros', '-d', 'tpu:0');
    expect(error.message).toContain('There is no backend "tpu"');
  });
});

describe('runtime', () => {
  const other = join(folder, 'other-runtimes');
  const installed = join(other, 'openvino', '1.2.3');
  mkdirSync(installed, { recursive: true });
  const description = { name: 'openvino', version: '1.2.3', library: 'libopenvino_c.so', source: 'a wheel' };
  writeFileSync(join(installed, 'runtime.json'), JSON.stringify(description));
  const withRuntime = command({ ...bare, ACCELNODE_RUNTIMES: other });

  it('list tells what can be and what is installed', async () => {
    const nothing = await jsonOf<{ folder: string; runtimes: RuntimeRelease[] }>(accelnode, 0, 'runtime', 'list');
    expect(nothing.folder).toBe(runtimes);
    expect(nothing.runtimes.length).toBeGreaterThan(0);
    expect(nothing.runtimes.every((release) => release.folder === undefined && !release.used)).toBe(true);
    const something = await jsonOf<{ runtimes: RuntimeRelease[] }>(withRuntime, 0, 'runtime', 'list');
    expect(something.runtimes.filter(({ used }) => used)).toMatchObject([{ version: '1.2.3', folder: installed }]);
  });

  it('list says so in plain lines', async () => {
    const result = await withRuntime('runtime', 'list');
    expectPlain(result, 0);
    expect(result.stdout).toMatch(/^openvino +1\.2\.3 +installed, used/m);
    expect(result.stdout).toContain(`\nRuntimes folder: ${other}\n`);
    const named = await withoutRuntime('runtime', 'list');
    expect(named.stdout).toContain(`ACCELNODE_OPENVINO_LIBRARY is set: ${library} is used for openvino.`);
  });

  it('list does not promise what a full TensorRT would change', async () => {
    const lean = join(temporaryFolder(), 'tensorrt-lean', '10.15.1.29');
    mkdirSync(lean, { recursive: true });
    const library = 'libnvinfer_lean.so.10';
    const about = { name: 'tensorrt-lean', version: '10.15.1.29', library, source: 'a wheel' };
    writeFileSync(join(lean, 'runtime.json'), JSON.stringify(about));
    const environment = { ...bare, ACCELNODE_RUNTIMES: join(lean, '..', '..'), ACCELNODE_CUDA_LIBRARY: undefined };
    const { stdout } = await command(environment)('runtime', 'list');
    expect(stdout).toMatch(/^tensorrt-lean +10\.15\.1\.29 +installed, used unless there is a full TensorRT/m);
  });

  it('path', async () => {
    expect(await jsonOf(withRuntime, 0, 'runtime', 'path')).toEqual({ folder: other });
    expect(await jsonOf(withRuntime, 0, 'runtime', 'path', 'openvino')).toEqual({ folder: installed });
    const result = await withRuntime('runtime', 'path', 'openvino@1.2.3');
    expectPlain(result, 0);
    expect(result.stdout).toBe(`${installed}\n`);
  });

  it.each<[string[], string, 1 | 2, RegExp]>([
    [['path', 'openvino@9.9'], 'RUNTIME_NOT_FOUND', 1, /is not installed/],
    [['path', 'caffe'], 'INVALID_ARGUMENT', 2, /no runtime named "caffe"/],
    [['path', '../..'], 'INVALID_ARGUMENT', 2, /no runtime named/],
    [['path', 'openvino@'], 'INVALID_ARGUMENT', 2, /names no runtime/],
    [['path', '@1.2.3'], 'INVALID_ARGUMENT', 2, /names no runtime/],
    [['path', ''], 'INVALID_ARGUMENT', 2, /names no runtime/],
    [['install', 'caffe'], 'INVALID_ARGUMENT', 2, /can't install a runtime named "caffe"/],
    [['install', 'openvino@1.2'], 'INVALID_ARGUMENT', 2, /can't install openvino 1\.2/],
    [['remove', 'caffe'], 'INVALID_ARGUMENT', 2, /no runtime named "caffe"/],
    [['remove', 'openvino'], 'RUNTIME_NOT_FOUND', 1, /is not installed/],
  ])('%j is refused', async (args, code, exitCode, message) => {
    const error = await failureOf(accelnode, exitCode, 'runtime', ...args);
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
    expect(readdirSync(runtimes)).toEqual([]);
  });

  it('install says that the Python is none', async () => {
    const error = await failureOf(accelnode, 1, 'runtime', 'install', 'openvino', '--python', join(folder, 'nothing'));
    expect(error.code).toBe('UNSUPPORTED');
    expect(error.hint).toContain('ACCELNODE_PYTHON');
  });

  it('remove removes', async () => {
    const { removed } = await jsonOf<{ removed: InstalledRuntime[] }>(withRuntime, 0, 'runtime', 'remove', 'openvino');
    expect(removed).toEqual([{ ...description, folder: installed }]);
    expect(existsSync(installed)).toBe(false);
  });
});

describe('messages of the library', () => {
  const model = join(folder, 'said.null.json');
  writeFileSync(model, JSON.stringify({ model: 'echo', inputs: [{ name: 'x', type: 'float32', shape: [1] }] }));
  const measured = ['bench', model, '-d', 'null:0', '-t', '0', '--warmup', '0'];

  it.each<[string[], string]>([
    [[...measured, '-c', '2000000'], '--concurrency: Too big'],
    [[...measured, '-l', '300'], '--lanes: Too big'],
    [[...measured, '--tolerance', '0'], '--tolerance: Too small'],
    [[...measured, '--min-runs', '5000000'], '--min-runs: Too big'],
    [[...measured, '-r', '2000000'], '--request-rate: Too big'],
    [[...measured, '--warmup', '1e15'], '--warmup: Too big'],
    [[...measured, '-t', '3', '--max-duration', '1'], '--max-duration: is less'],
    [['run', model, '-i', 'x=zeros', '-d', ''], '--device: Too small'],
    [['run', model, '-i', 'x=zeros', '--cache-dir', ''], '--cache-dir: Too small'],
    [['run', model, '-i', 'x=zeros', '--library', ''], '--library: Too small'],
    [['verify', model, '-d', 'null:0', '-r', 'null:0', '-l', '300'], '--lanes: Too big'],
    [
      ['compile', model, '-d', 'cuda:0', '--calibration-cache', 'ranges'],
      '--calibration-cache: is only of use with --precision int8',
    ],
    [
      ['compile', model, '-d', 'cuda:0', '--strongly-typed', '-p', 'fp16'],
      '--precision: must be left out with --strongly-typed',
    ],
    [['compile', model, '-d', 'cuda:0', '--plugin', ''], '--plugin: Too small'],
  ])('name flags: %j', async (args, words) => {
    const { message } = await failureOf(accelnode, 2, ...args);
    expect(message).toContain(words);
    expect(message).not.toMatch(/options\.|cuda\./);
  });

  it('name them where only one of several configurations fails', async () => {
    const args = [
      'analyze',
      model,
      '-d',
      'null:0',
      '-b',
      '1',
      '-l',
      '1',
      '-c',
      '1,2000000',
      '-t',
      '0',
      '--warmup',
      '0',
    ];
    const { stdout } = await accelnode(...args);
    expect(stdout).toMatch(/: failed: --concurrency: Too big/);
  });

  it.each([
    ['bench', '-t'],
    ['bench', '--max-duration'],
    ['analyze', '-t'],
    ['analyze', '--timeout'],
    ['plan', '-t'],
  ])('are not needed for too long a time: %s %s', async (...[name, option]) => {
    const { code, stderr } = await accelnode(name, model, option, '2147484');
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: expect.stringContaining('It must be at most 2147483 seconds.') as string,
    });
  });

  // Where nothing here can make the library say it, or only a vendor's library could.
  it.each([
    ['compile', 'cuda.timingCache, a, is used by another process.', '--timing-cache, a, is used by another process.'],
    ['compile', 'Set a smaller cuda.workspace.', 'Set a smaller --workspace.'],
    ['compile', 'options.cuda.refittable: no', '--refittable: no'],
    ['compile', 'Name another file: cuda.calibration.cache.', 'Name another file: --calibration-cache.'],
    ['bench', 'options.cuda.graphs: no', '--graphs: no'],
    ['bench', 'options.openvino.streams: no', '--streams: no'],
    ['bench', 'Measured with memory "device", there are none.', 'Measured with --memory device, there are none.'],
    ['bench', 'Leave `precision` out.', 'Leave --precision out.'],
    ['bench', 'Load it with { shapes: { "x": { min, opt, max } } }.', 'Load it with -s x=<dims>.'],
    ['run', 'Load it with { cuda: { versionCompatible: true } }.', 'Load it with --version-compatible.'],
    ['plan', 'request.pins.a: no', '--pin a: no'],
  ])('%s: %s', async (name, message, said) => {
    expect(inFlags(message)).toBe(said);
    const [flag] = /(?<= )--?[a-z-]+/.exec(` ${said}`)!;
    const { stdout } = await accelnode(name, '--help');
    expect(stdout).toMatch(new RegExp(`^ +(-[a-z], )?${flag}\\b`, 'm'));
  });

  it.each([
    'The types of the model decide.',
    'null:0 has no pinned memory to allocate.',
    'my.options.lanesOf.txt',
    'armnn.tuning and armnn.dynamicBackends',
  ])('are left as they are where they name none: %s', (message) => {
    expect(inFlags(message)).toBe(message);
  });
});

it('ends well when its reader does not wait for the end', async () => {
  const main = join(import.meta.dirname, '..', '..', 'dist', 'cli.js');
  const child = spawn(process.execPath, [main, '--help'], { stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.destroy();
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const code = await new Promise((resolve) => child.on('close', resolve));
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
});

function text(name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}
