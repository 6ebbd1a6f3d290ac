/** Making models for Rockchip NPUs, with a stand-in for rknn-toolkit2 in the Python of this machine. */
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
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
const callsIn = (file: string): unknown => JSON.parse(readFileSync(file, 'utf8'));

describe('accelnode compile for rknn', () => {
  it('has rknn-toolkit2 convert the model, and leaves nothing else', async () => {
    const { folder, model, output } = place();
    const result = await jsonOf<{ output: string; size: number }>(withToolkit(), 0, ...compile(model, output));
    expect(result).toMatchObject({ model, device: 'rknn:rk3588', precision: 'fp16', output });
    expect(callsIn(output)).toEqual([
      ['config', { target_platform: 'rk3588' }],
      ['load_onnx', { model }],
      ['build', { do_quantization: false, dataset: null }],
      ['export_rknn', {}],
    ]);
    expect(readdirSync(folder).sort()).toEqual(['model.onnx', 'out.rknn']);
  });

  it('quantizes with the inputs that a file lists, relative to it, and fixes shapes', async () => {
    const { folder, model, output } = place('model.tflite');
    const dataset = join(folder, 'inputs.txt');
    writeFileSync(dataset, 'a.npy b.npy\n/somewhere/c.npy d.npy\n');
    const options = ['-p', 'int8', '--dataset', dataset, '-s', 'x=1,3,8,8', '-s', 'y=1,4'];
    expectPlain(await withToolkit()(...compile(model, output, ...options)), 0);
    expect(callsIn(output)).toEqual([
      ['config', { target_platform: 'rk3588' }],
      [
        'load_tflite',
        {
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
          dataset: [`${join(folder, 'a.npy')} ${join(folder, 'b.npy')}`, `/somewhere/c.npy ${join(folder, 'd.npy')}`],
        },
      ],
      ['export_rknn', {}],
    ]);
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

  it('refuses what rknn-toolkit2 is not for', async () => {
    const { folder, model, output } = place();
    const failed = async (exitCode: 1 | 2, ...args: string[]) => {
      const error = await failureOf(withToolkit(), exitCode, 'compile', ...args, '--output', output);
      expect(error.code).toMatch(exitCode === 2 ? /^INVALID_ARGUMENT$/ : /^MODEL_(UNSUPPORTED|INVALID)$/);
      return `${error.message} ${error.hint}`;
    };
    const refused = (...args: string[]) => failed(2, ...args);
    expect(await refused(model, '-d', 'rknn:0')).toContain('rknn:rk3588');
    expect(await refused(model, '-d', 'rknn:rk3399')).toContain('rknn:rk3566');
    expect(await refused(model, '-d', 'rknn:rk3588', '-p', 'int8')).toContain('--dataset');
    expect(await refused(model, '-d', 'rknn:rk3588', '-p', 'bf16')).toContain('not in bf16');
    expect(await refused(model, '-d', 'rknn:rk3588', '--dataset', model)).toContain('int8');
    expect(await refused(model, '-d', 'rknn:rk3588', '-p', 'int8', '--dataset', join(folder, 'no'))).toContain(
      'no such',
    );
    expect(await refused(model, '-d', 'rknn:rk3588', '-s', 'x=1,3:2,3:4,3')).toContain('takes one shape');
    expect(await refused(model, '-d', 'rknn:rk3588', '--tf32')).toContain('--tf32');
    expect(await refused(model, '-d', 'rknn:rk3588', '--library', model)).toContain('--library');
    expect(await refused(model, '-d', 'openvino:CPU', '--dataset', model)).toContain('--dataset');
    expect(await failed(1, join(folder, 'no.onnx'), '-d', 'rknn:rk3588')).toContain('no such file');
    writeFileSync(join(folder, 'm.xml'), '<net/>');
    expect(await failed(1, join(folder, 'm.xml'), '-d', 'rknn:rk3588')).toContain('not ir');
    expect(readdirSync(folder).sort()).toEqual(['m.xml', 'model.onnx']);
  });

  it('names the file after model and chip', async () => {
    const { model } = place('some.model.onnx');
    const { rknnOutput } = await import('../../dist/cli/compile-rknn.js');
    expect(rknnOutput(model, { device: 'rknn:rk3576' })).toBe(join(process.cwd(), 'some.model.rk3576.rknn'));
  });
});
