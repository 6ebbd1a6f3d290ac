/** Making models for Rockchip NPUs, with a stand-in for rknn-toolkit2 in the Python of this machine. */
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { command, expectPlain, failureOf, jsonOf } from '../utils/command.js';
import { temporaryFolder } from '../utils/temporary-folder.js';

const toolkit = join(import.meta.dirname, '..', 'fakes', 'python');

function place(name = 'model.onnx'): { folder: string; model: string; output: string } {
  const folder = temporaryFolder();
  const model = join(folder, name);
  writeFileSync(model, Buffer.of(8, 7));
  return { folder, model, output: join(folder, 'out.rknn') };
}

const withToolkit = (more: NodeJS.ProcessEnv = {}) => command({ PYTHONPATH: toolkit, ...more });
const compile = (model: string, output: string, ...more: string[]): string[] => [
  ...['compile', model, '--device', 'rknn:rk3588', '--output', output],
  ...more,
];
/** What load_onnx is not told. */
const noMore = { inputs: null, input_size_list: null, input_initial_val: null, outputs: null };
const callsIn = (file: string): unknown => JSON.parse(readFileSync(file, 'utf8'));

describe('accelnode compile for rknn', () => {
  it('has rknn-toolkit2 convert the model, and leaves nothing else', async () => {
    const { folder, model, output } = place();
    const result = await jsonOf<{ output: string; size: number }>(withToolkit(), 0, ...compile(model, output));
    expect(result).toMatchObject({ model, device: 'rknn:rk3588', precision: 'fp16', output });
    expect(callsIn(output)).toEqual([
      ['config', { target_platform: 'rk3588' }],
      ['load_onnx', { model, ...noMore }],
      ['build', { do_quantization: false, dataset: null, rknn_batch_size: null }],
      ['export_rknn', {}],
    ]);
    expect(readdirSync(folder).sort()).toEqual(['model.onnx', 'out.rknn']);
  });

  it('quantizes with the inputs that a file lists, relative to it, and fixes shapes', async () => {
    const { folder, model, output } = place();
    const dataset = join(folder, 'inputs.txt');
    writeFileSync(dataset, 'a.npy b.npy\n/somewhere/c.npy d.npy\n');
    const options = ['-p', 'int8', '--dataset', dataset, '-s', 'x=1,3,8,8', '-s', 'y=1,4'];
    expectPlain(await withToolkit()(...compile(model, output, ...options)), 0);
    expect(callsIn(output)).toEqual([
      ['config', { target_platform: 'rk3588' }],
      [
        'load_onnx',
        {
          ...noMore,
          model,
          inputs: ['x', 'y'],
          input_size_list: [
            [1, 3, 8, 8],
            [1, 4],
          ],
        },
      ],
      [
        'build',
        {
          do_quantization: true,
          rknn_batch_size: null,
          dataset: [`${join(folder, 'a.npy')} ${join(folder, 'b.npy')}`, `/somewhere/c.npy ${join(folder, 'd.npy')}`],
        },
      ],
      ['export_rknn', {}],
    ]);
  });

  it('converts TFLite models, which have their own shapes', async () => {
    const { folder, model, output } = place('model.tflite');
    expectPlain(await withToolkit()(...compile(model, output)), 0);
    expect(callsIn(output)).toContainEqual(['load_tflite', { model, input_is_nchw: false }]);
    const other = join(folder, 'other.rknn');
    const error = await failureOf(withToolkit(), 2, ...compile(model, other, '-s', 'x=1,3,8,8'));
    expect(error).toMatchObject({
      code: 'INVALID_ARGUMENT',
      hint: expect.stringContaining('Leave --shapes out') as string,
    });
    expect(error.message).toContain('takes no shapes for a TFLite model');
    expect(readdirSync(folder).sort()).toEqual(['model.tflite', 'out.rknn']);
  });

  it.each([
    ['that lacks a module', 'import module_that_is_nowhere', 'No module named', 'module_that_is_nowhere'],
    ['that lacks a library', 'raise ImportError("libgomp.so.1: no such file")', 'ImportError', 'libgomp.so.1'],
    ['that fails', 'raise AttributeError("of numpy")', 'AttributeError', 'of numpy'],
  ])("gives Python's words about an rknn-toolkit2 %s", async (_, line, kind, what) => {
    const { folder, model, output } = place();
    mkdirSync(join(folder, 'rknn'));
    writeFileSync(join(folder, 'rknn', '__init__.py'), '');
    writeFileSync(join(folder, 'rknn', 'api.py'), `${line}\n`);
    const error = await failureOf(command({ PYTHONPATH: folder }), 1, ...compile(model, output));
    expect(error.code).toBe('RUNTIME_INCOMPATIBLE');
    expect(error.message).toContain("can't be imported");
    expect(error.message).toContain(kind);
    expect(error.message).toContain(what);
  });

  it('says how to get rknn-toolkit2 where there is none', async () => {
    const { folder, model, output } = place();
    const error = await failureOf(command({ PYTHONPATH: '' }), 1, ...compile(model, output));
    expect(error.code).toBe('RUNTIME_NOT_FOUND');
    expect(error.message).toContain('has no rknn-toolkit2');
    expect(error.hint).toContain('-m pip install rknn-toolkit2');
    expect(readdirSync(folder)).toEqual(['model.onnx']);
  });

  it.each([
    ['load_onnx', 'its step "load" failed.'],
    ['build', 'its step "build" failed.'],
    ['export_rknn', 'its step "export" failed.'],
    ['raise build', 'its step "convert" failed (ValueError: no such operator).'],
  ])('gives its last words when %s fails, and leaves the file that was there', async (step, words) => {
    const { folder, model, output } = place();
    writeFileSync(output, 'as it was');
    const error = await failureOf(withToolkit({ FAKE_RKNN_FAILS: step }), 1, ...compile(model, output));
    expect(error.code).toBe('MODEL_UNSUPPORTED');
    expect(error.message).toContain(words);
    if (!step.startsWith('raise')) expect(error.message).toContain('Unsupport onnx opset');
    expect(readFileSync(output, 'utf8')).toBe('as it was');
    expect(readdirSync(folder).sort()).toEqual(['model.onnx', 'out.rknn']);
  });

  it.each([
    ['no chip', 2, ['-d', 'rknn:0'], 'rknn:rk3588'],
    ['another chip', 2, ['-d', 'rknn:rk3399'], 'rknn:rk3566'],
    ['int8 without inputs', 2, ['-p', 'int8'], '--dataset'],
    ['a precision that NPUs do not have', 2, ['-p', 'bf16'], 'not in bf16'],
    ['inputs without int8', 2, ['--dataset', 'a'], 'int8'],
    ['inputs that are not there', 2, ['-p', 'int8', '--dataset', 'nowhere'], 'no such file'],
    ['shapes that are left open', 2, ['-s', 'x=1,3:2,3:4,3'], 'takes one shape'],
    ["TensorRT's options", 2, ['--tf32'], '--tf32'],
    ['a library', 2, ['--library', 'a'], '--library'],
    ['inputs for another device', 2, ['-d', 'openvino:CPU', '--dataset', 'a'], '--dataset'],
  ] as const)('refuses %s', async (_, exitCode, args, words) => {
    const { folder, model, output } = place();
    const error = await failureOf(withToolkit(), exitCode, ...compile(model, output, ...args));
    expect(error.code).toBe('INVALID_ARGUMENT');
    expect(`${error.message} ${error.hint}`).toContain(words);
    expect(readdirSync(folder)).toEqual(['model.onnx']);
  });

  it.each([
    ['of another format', 'm.xml', 'MODEL_UNSUPPORTED', 'not ir'],
    ['that is not there', 'no.onnx', 'MODEL_INVALID', 'no such file'],
  ])('refuses a model %s', async (_, name, code, words) => {
    const { folder, output } = place('m.xml');
    const error = await failureOf(withToolkit(), 1, ...compile(join(folder, name), output));
    expect(error.code).toBe(code);
    expect(`${error.message} ${error.hint}`).toContain(words);
    expect(readdirSync(folder)).toEqual(['m.xml']);
  });

  it('names the file after model and chip', async () => {
    const { model } = place('some.model.onnx');
    const { rknnOutput } = await import('../../build-ts/cli/compile-rknn.js');
    expect(rknnOutput(model, { device: 'rknn:rk3576' })).toBe(join(process.cwd(), 'some.model.rk3576.rknn'));
  });
});
