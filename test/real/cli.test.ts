/** The command where there is a runtime. */
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { Tensor, devices } from 'accelnode';
import type { BackendReport, DataType, Device, TensorInfo } from 'accelnode';
import sharp from 'sharp';
import { beforeEach, describe, expect, it } from 'vitest';

import { makeInput } from '../../build-ts/cli/input.js';
import { carrierOf, readNpy, writeNpy } from '../../build-ts/cli/npy.js';
import type { Results } from '../../build-ts/results/results.js';
import { command, expectPlain, failureOf, jsonOf } from '../utils/command.js';
import { modelPath } from '../utils/models.js';
import { onnxModel } from '../utils/onnx-model.js';
import { describeOpenvino } from '../utils/openvino.js';
import { randomTensor } from '../utils/random.js';
import { withSession } from '../utils/session.js';
import { temporaryFolder } from '../utils/temporary-folder.js';

const accelnode = command();
const DEVICE = 'openvino:CPU';

interface RunReport {
  device: string;
  milliseconds: number;
  outputs: { name: string; type: string; shape: number[]; min?: number; max?: number; mean?: number; file?: string }[];
  attempts: { device: string; code: string }[];
}

let folder: string;

beforeEach(() => {
  folder = temporaryFolder();
});

/** A model that doubles x, of shape [n, 3], in a file; its outputs have these names. */
function doubling(...outputs: string[]): string {
  const port = (name: string) => ({ name, type: 'float32' as const, shape: ['n', 3] });
  const path = join(folder, 'doubling.onnx');
  const nodes = outputs.map((name) => ({ op: 'Add', inputs: ['x', 'x'], outputs: [name] }));
  writeFileSync(path, onnxModel({ inputs: [port('x')], outputs: outputs.map(port), nodes }));
  return path;
}

function array(tensor: Tensor, name = 'x.npy'): string {
  const path = join(folder, name);
  writeNpy(path, tensor);
  return path;
}

describeOpenvino('the command', () => {
  it('doctor passes', async () => {
    const { backends } = await jsonOf<{ backends: BackendReport[] }>(accelnode, 0, 'doctor');
    const report = backends.find(({ name }) => name === 'openvino')!;
    expect(report).toMatchObject({ status: 'PASS', product: 'Intel OpenVINO' });
    expect(report).not.toHaveProperty('reason');
    expect(existsSync(report.runtime!.library!)).toBe(true);
    expect(report.devices.map(({ id }) => id)).toContain(DEVICE);
    const plain = await accelnode('doctor');
    expectPlain(plain, 0);
    expect(plain.stdout).toMatch(/^PASS {4}openvino {2}Intel OpenVINO \d/m);
    expect(plain.stdout).toContain(`        library  ${report.runtime!.library!}\n        device   ${DEVICE}  `);
  });

  it('devices lists the CPU', async () => {
    const devices = await jsonOf<Device[]>(accelnode, 0, 'devices');
    expect(devices).toContainEqual(expect.objectContaining({ id: DEVICE, kind: 'cpu', automatic: true }));
    const plain = await accelnode('devices');
    expectPlain(plain, 0);
    expect(plain.stdout).toMatch(/^openvino:CPU +cpu +\S/m);
  });

  it('inspect shows what became of a model', async () => {
    const model = doubling('y');
    const info = await jsonOf<{ device: string; inputs: TensorInfo[]; lanes: number }>(
      accelnode,
      0,
      ...['inspect', '-d', DEVICE, model, '-s', 'x=4,3', '--lanes', '2'],
    );
    expect(info).toMatchObject({ device: DEVICE, lanes: 2, inputs: [{ name: 'x', type: 'float32', shape: [4, 3] }] });
    const plain = await accelnode('inspect', model, '--device', DEVICE);
    expectPlain(plain, 0);
    expect(plain.stdout).toMatch(/^openvino:CPU, computing in f32, \d+ lanes?$/m);
    expect(plain.stdout).toMatch(/^input +x +float32 +\[\?, 3\]$/m);
  });

  it('inspect reads other formats', async () => {
    const info = await jsonOf<{ device: string; outputs: TensorInfo[] }>(
      accelnode,
      0,
      'inspect',
      modelPath('relu.xml'),
    );
    expect(info.device).toBe(DEVICE);
    expect(info.outputs).toHaveLength(1);
  });
});

describeOpenvino('run', () => {
  it('says what came out', async () => {
    const x = array(new Tensor('float32', [1, 2, 3, -4, 5, 6], [2, 3]));
    const report = await jsonOf<RunReport>(accelnode, 0, 'run', doubling('y'), '-i', `x=${x}`);
    const outputs = [{ name: 'y', type: 'float32', shape: [2, 3], min: -8, max: 12, mean: 13 / 3 }];
    expect(report).toEqual({ device: DEVICE, milliseconds: report.milliseconds, outputs, attempts: report.attempts });
    expect(report.milliseconds).toBeGreaterThan(0);
    const plain = await accelnode('run', doubling('y'), '-i', `x=${x}`);
    expectPlain(plain, 0);
    expect(plain.stdout).toMatch(/^openvino:CPU: [\d.]+ ms\n\n/);
    expect(plain.stdout).toMatch(/^y +float32 +\[2, 3\] +-8\.00000 +12\.0000 +4\.33333$/m);
  });

  const types = ['float16', 'bfloat16', 'float64', 'int8', 'uint8', 'int32', 'int64', 'bool'] as const;
  it.each<DataType>(['float32', ...types])('%s in and out of .npy files', async (type) => {
    const model = modelPath(`type-${type}`);
    const x = randomTensor(type, [4, 3]);
    const outputs = join(folder, 'outputs');
    const report = await jsonOf<RunReport>(accelnode, 0, 'run', model, '-i', `x=${array(x)}`, '-o', outputs);
    const expected = await withSession(model, { device: DEVICE }, (session) => session.run({ x }));
    expect(readdirSync(outputs).sort()).toEqual(
      Object.keys(expected)
        .map((name) => `${name}.npy`)
        .sort(),
    );
    for (const { name, type: outputType, shape, file } of report.outputs) {
      const tensor = expected[name]!;
      expect([outputType, shape]).toEqual([tensor.type, tensor.dims]);
      const read = readNpy(file!);
      expect([read.type, read.dims, read.data]).toEqual([carrierOf(tensor.type) ?? tensor.type, shape, tensor.data]);
    }
  });

  it('takes images', async () => {
    const model = modelPath('image');
    const png = join(folder, 'a=b.png');
    await sharp({ create: { width: 20, height: 10, channels: 3, background: '#4080c0' } }).toFile(png);
    const outputs = join(folder, 'outputs');
    await jsonOf<RunReport>(accelnode, 0, 'run', model, '-i', `image=${png}`, '-o', outputs);
    const expected = await withSession(model, { device: DEVICE }, async (session) =>
      session.run({ image: await makeInput(session.inputs[0]!, png, undefined) }),
    );
    expect(readNpy(join(outputs, 'features.npy')).data).toEqual(expected.features!.data);
  });

  it('says that images need sharp, where it is not installed', async () => {
    const hide = `export async function resolve(name, context, next) {
      if (name !== 'sharp') return next(name, context);
      throw Object.assign(new Error("Cannot find package 'sharp'"), { code: 'ERR_MODULE_NOT_FOUND' });
    }`;
    const register = `import { register } from 'node:module'; register(${JSON.stringify(dataUrl(hide))});`;
    const without = command({ NODE_OPTIONS: `--import=${dataUrl(register)}` });
    const error = await failureOf(without, 1, 'run', modelPath('image'), '-i', 'image=cat.png');
    expect(error).toMatchObject({
      code: 'UNSUPPORTED',
      message: expect.stringContaining('the package sharp') as string,
    });
    expect(error.hint).toContain('npm install sharp');
    // What needs no image works.
    await jsonOf<RunReport>(without, 0, 'run', modelPath('image'), '-i', 'image=random');
  });

  it('writes outputs whose names are alike to different files', async () => {
    const outputs = join(folder, 'outputs');
    const model = doubling('a/b', 'a:b');
    const report = await jsonOf<RunReport>(accelnode, 0, 'run', model, '-i', 'x=random', '-s', 'x=5,3', '-o', outputs);
    expect(report.outputs.map(({ name, file }) => [name, file])).toEqual([
      ['a/b', join(outputs, 'a_b.npy')],
      ['a:b', join(outputs, 'a_b-2.npy')],
    ]);
    expect(readdirSync(outputs).sort()).toEqual(['a_b-2.npy', 'a_b.npy']);
  });

  it('takes the first device that can, and says why not the ones before', async () => {
    const devices = ['-d', 'cuda:0', '-d', DEVICE];
    const withoutCuda = command({ ACCELNODE_CUDA_LIBRARY: join(folder, 'none.so') });
    const report = await jsonOf<RunReport>(withoutCuda, 0, 'run', ...devices, doubling('y'), '-i', 'x=zeros');
    expect(report.device).toBe(DEVICE);
    expect(report.attempts).toMatchObject([{ device: 'cuda', code: 'RUNTIME_NOT_FOUND' }]);
  });

  it('keeps the compiled model where it is told to', async () => {
    const cache = join(folder, 'cache');
    await jsonOf<RunReport>(accelnode, 0, 'run', '--cache-dir', cache, doubling('y'), '-i', 'x=zeros');
    expect(existsSync(cache)).toBe(true);
  });

  describe('refuses', () => {
    it.each<[string, () => string[], RegExp]>([
      ['a missing input', () => [], /The input "x" is not given/],
      ['an unknown input', () => ['-i', 'x=zeros', '-i', 'z=zeros'], /--input: the model has no input "z"/],
      ['an unknown shape', () => ['-i', 'x=zeros', '-s', 'z=1'], /--shape: the model has no input "z"/],
      ['a name of every object', () => ['-i', 'x=zeros', '-i', 'toString=zeros'], /no input "toString"/],
      ['a missing file', () => ['-i', `x=${join(folder, 'none.npy')}`], /there is no such file/],
      ['a folder', () => ['-i', `x=${made('folder.npy')}`], /it is a folder/],
      ['six bytes', () => ['-i', `x=${text('six.npy', '\x93NUMPY')}`], /ends within its header/],
      ['a file of no kind', () => ['-i', `x=${text('six.txt', 'hello')}`], /An image can't be the input "x"/],
      ['another type', () => ['-i', `x=${array(new Tensor('float64', [1, 2, 3], [1, 3]))}`], /float32, not float64/],
      ['another shape', () => ['-i', `x=${array(new Tensor('float32', [1, 2]))}`], /not of shape \[2\]/],
      ['a shape that does not fit', () => ['-i', 'x=random', '-s', 'x=1,4'], /not of shape \[1, 4\]/],
    ])('%s, and writes nothing', async (_, make, message) => {
      const outputs = join(folder, 'outputs');
      const error = await failureOf(accelnode, 2, 'run', doubling('y'), '-o', outputs, ...make());
      expect(error.code).toBe('INVALID_ARGUMENT');
      expect(error.message).toMatch(message);
      expect(existsSync(outputs)).toBe(false);
    });

    it('to write half of the outputs', async () => {
      const outputs = made('outputs');
      mkdirSync(join(outputs, 'z.npy'));
      const error = await failureOf(accelnode, 2, 'run', doubling('y', 'z'), '-i', 'x=zeros', '-o', outputs);
      expect(error.message).toContain('z.npy: it is a folder');
      expect(readdirSync(outputs)).toEqual(['z.npy']);
    });
  });
});

describeOpenvino('bench', () => {
  const quick = ['-t', '0', '--warmup', '0', '--min-runs', '5'];

  it('measures one configuration', async () => {
    const model = doubling('y');
    const { rows, environment } = await jsonOf<Results>(
      accelnode,
      0,
      ...['bench', '-d', DEVICE, model, '-b', '8', '--lanes', '2', '-c', '3', '--profile', ...quick],
    );
    expect(rows).toHaveLength(1);
    const row = rows[0]!;
    expect(row).toMatchObject({ device: DEVICE, precision: 'f32', shapes: { x: [8, 3] }, batch: 8, lanes: 2 });
    expect(row).toMatchObject({ load: { kind: 'closed', concurrency: 3 }, api: 'native', requests: 5 });
    const { compile, firstInference, samplesPerSecond, throughput, latency, resources, layers } = row;
    for (const figure of [compile, firstInference, resources.rss]) expect(figure).toBeGreaterThan(0);
    expect(samplesPerSecond).toBeCloseTo(8 * throughput, 6);
    expect((throughput * latency.mean) / 1000).toBeLessThanOrEqual(3.01);
    expect(layers!.length).toBeGreaterThan(0);
    expect(environment.devices[DEVICE]!.runtime).toMatch(/^20\d\d\./);
    const { name } = (await devices()).find(({ id }) => id === DEVICE)!;
    expect(environment.devices[DEVICE]).toMatchObject({ name });
    expect(name).toMatch(/\w/);
  });

  it('prints it in plain lines, and what it is doing to stderr', async () => {
    const plain = await accelnode('bench', doubling('y'), '--sync', '-s', 'x=4,3', ...quick);
    expectPlain(plain, 0);
    expect(plain.stderr).toBe('loading…\nread…\ncompile…\nmeasuring…\n');
    expect(plain.stdout).toMatch(/^inputs: x \[4, 3\]; batch 4, \d+ lanes?, 1 in flight, by runSync$/m);
    expect(plain.stdout).toMatch(/^Throughput: [\d.]+ qps, [\d.]+ samples\/s$/m);
    expect(plain.stdout).toMatch(/^Latency: min = [\d.]+ ms, max = .*, percentile\(99%\) = [\d.]+ ms$/m);
    expect(plain.stdout).not.toContain('Queue Time');
  });

  it('takes a batch in --shape of formats that it can’t read', async () => {
    const error = await failureOf(accelnode, 2, 'bench', modelPath('relu.xml'), '-b', '2', ...quick);
    expect(error.hint).toContain('--shape');
    const unknown = await failureOf(accelnode, 2, 'bench', doubling('y'), '-s', 'z=2,3', ...quick);
    expect(unknown.message).toMatch(/"?z"?/);
  });
});

function dataUrl(script: string): string {
  return `data:text/javascript,${encodeURIComponent(script)}`;
}

function made(name: string): string {
  const path = join(folder, name);
  mkdirSync(path);
  return path;
}

function text(name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content, 'latin1');
  return path;
}
