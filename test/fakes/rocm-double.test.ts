/**
 * The doubles of HIP and MIGraphX themselves: used well they compute and find nothing wrong, and each
 * mistake in their use is found. A small program in C++ makes the mistakes, without accelnode.
 */
import { join } from 'node:path';

import { afterAll, describe, expect, it } from 'vitest';

import { fakesFolder } from '../../scripts/setup/fakes.mjs';
import { runProgram } from '../utils/child.js';
import { writeModels } from './cuda/setup.js';
import { makeWorkplace } from './openvino/setup.js';
import { folderOf, makeDoubles, missing, releases } from './rocm/setup.js';
import type { Release } from './rocm/setup.js';

const place = makeWorkplace();
const models = writeModels(place.folder);
afterAll(() => place.remove());

const RESULT = '2 4 6 5 7 9 \n';
const NOTHING = '0 0 0 0 0 0 \n';

interface Machine {
  model?: string;
  /** Of the control block. */
  fields?: Record<string, number>;
}

async function drive(release: Release, mistake: string, { model = models.rows, fields = {} }: Machine = {}) {
  const { control, env } = makeDoubles(place.folder, release);
  for (const [field, value] of Object.entries(fields)) control.set(field, value);
  const { stdout, stderr, signal } = await runProgram(
    join(fakesFolder, 'rocm_driver'),
    [folderOf(release), model, mistake],
    env,
  );
  return { stdout, stderr, signal, violation: control.getText('violation'), live: control.live(), control };
}

const ways = ['none', 'offload copy', 'calibration data', 'a file', "the program's own stream, finished"];

/** The mistake, what is found, and what the program prints where that matters. */
const mistakes: [mistake: string, violation: RegExp, stdout?: string][] = [
  ['never compiled', /^migraphx_program_run of a program that is not compiled: reference operators/, RESULT],
  ['compile twice', /^migraphx_program_compile of a program that was compiled before, which aborts/],
  ['a tuple', /^migraphx_shape_create of the tuple type, which aborts/],
  ['quantize late', /^migraphx_quantize_fp16 after the program was compiled/],
  ['no calibration data', /^quantizing to 8 bits with no calibration data/],
  ['calibration data of another shape', /^calibration data for x of shape {float_type, {3, 3}.*which aborts/],
  ['a shape for no input', /^a shape was given for z, which is no input/],
  ['an address of the host', /^migraphx_program_run_async: x with .* no 24 bytes are allocated for the device/],
  ['too little memory', /^migraphx_program_run_async: main:#output_0 with .* no 24 bytes are allocated/],
  ['a thread without a device', /^migraphx_program_run_async on a thread that has not called hipSetDevice/],
  ['a second stream', /^migraphx_program_run_async on a second stream while the first is not done/],
  ['no synchronise', /^hipStreamDestroy while hipMemcpyAsync is queued: nobody waited for it/, NOTHING],
  ["the program's own stream", /^a program was destroyed while what it runs is not done/],
  ['free memory early', /^hipMemcpyAsync with .* no 24 bytes are allocated/],
  ['destroy the program early', /^a program was destroyed while what it runs is not done/],
  ['destroy twice', /^a dead program was destroyed as program/],
  ['use after destroy', /^a dead program was used as program/],
  ['a handle of another kind', /^a target was destroyed as program/],
  ['free by the wrong call', /^hipHostFree of .* which is no pinned memory/],
];

/** What the library refuses by itself: no mistake in the use, but a status and a message. */
const refusals: [mistake: string, stdout: string, message: string][] = [
  ['two dynamic dimensions', 'migraphx_program_compile: 4', 'called on a dynamic shape'],
  ['no shape', 'migraphx_program_run_async: 4', 'should be: float_type, {1, 3}, {3, 1}'],
  ['another shape', 'migraphx_program_run_async: 4', 'Incorrect shape {float_type, {1, 3}, {3, 1}} for parameter: x'],
  ['no output parameter', 'migraphx_program_run_async: 4', 'Parameter not found: main:#output_0'],
  ['another type of stream', 'migraphx_program_run_async: 4', 'any_ptr: type mismatch: hipStream_t != ihipStream_t'],
  ['a corrupt file', 'migraphx_load: 4', 'migraphx_load: Error: parse error'],
  ['a file of another version', 'migraphx_load: 4', 'created using program file version: 8'],
];

describe.skipIf(missing).each(releases)(`the double of MIGraphX of ROCm %s${missing ?? ''}`, (release) => {
  it.each(ways)('finds nothing wrong with what is right: %s', async (way) => {
    const { control: _, ...found } = await drive(release, way);
    expect(found).toEqual({ stdout: RESULT, stderr: '', signal: null, violation: '', live: {} });
  });

  it.each(mistakes)('finds: %s', async (mistake, violation, stdout) => {
    const found = await drive(release, mistake);
    expect(found.violation).toMatch(violation);
    if (stdout !== undefined) expect(found.stdout).toBe(stdout);
  });

  it.each(refusals)('refuses: %s', async (mistake, stdout, message) => {
    const found = await drive(release, mistake);
    expect(found.stdout).toContain(stdout);
    expect(found.stderr).toContain(message);
    expect(found.violation).toBe('');
    expect(found.live).toEqual({});
  });

  it.each([
    ['keep device memory', { 'device memory': 1 }],
    ['keep the program', { program: 1, stream: 1, 'device memory': 2 }],
  ])('counts what is left: %s', async (mistake, live) => {
    expect(await drive(release, mistake)).toMatchObject({ violation: '', live });
  });

  it('takes back what it gave out', async () => {
    const found = await drive(release, 'free results early');
    expect(found.stdout).not.toBe(RESULT);
    expect(found.violation).toBe('');
  });

  it('refuses the numbers of the other release', async () => {
    const found = await drive(release, 'the numbers of the other era');
    expect(found.stderr).toMatch(/Incorrect shape {(half|double|int8|uint8)\w*_type, /);
  });

  it('has no device where there is none', async () => {
    const found = await drive(release, 'none', { fields: { countStatus: 100 } });
    expect(found.stdout).toContain('hipSetDevice: 100\nmigraphx_program_compile: 4\n');
    expect(found.stderr).toContain('migraphx_program_compile: Error: No device');
    expect(found.live).toEqual({});
  });

  it('takes pinned memory where the device has no more, and fails where there is none either', async () => {
    const taken = await drive(release, 'offload copy', { fields: { memoryLimit: 1 } });
    expect(taken).toMatchObject({ stdout: RESULT, violation: '', live: {} });
    expect(taken.control.get('fallbacks')).toBeGreaterThan(0);
    const failed = await drive(release, 'offload copy', { fields: { memoryLimit: 1, hostLimit: 1 } });
    expect(failed.stderr).toContain('migraphx_program_compile: Error: Gpu allocation failed: out of memory');
    expect(failed.live).toEqual({});
  });

  it('counts and sums up calibration data', async () => {
    const { control } = await drive(release, 'calibration data');
    expect([control.get('calibrationBatches'), control.get('calibrationSum')]).toEqual([1, 21]);
    expect(control.getText('config')).toContain('precision=int8');
  });

  it('does not know an operator, and says which', async () => {
    const found = await drive(release, 'none', { model: models.strange });
    expect(found.stderr).toContain('migraphx_parse_onnx: Error: Unknown operator: Whirl');
    expect(found.live).toEqual({ target: 1 });
  });
});
