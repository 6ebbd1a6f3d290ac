/**
 * Every call of every operation on HIP and MIGraphX is made to fail once, in three ways. Each time the
 * promise must settle with the right code, nothing may leak, be freed twice or be used wrongly, and the next
 * session must work.
 */
import { afterAll, describe, expect, it } from 'vitest';

import { PATIENCE } from '../utils/child.js';
import { writeModels } from './cuda/setup.js';
import { faultLoop } from './fault-report.js';
import type { Report, Row } from './fault-report.js';
import { makeWorkplace } from './openvino/setup.js';
import { expectedOf, failure, faults, lost } from './rocm/expected.js';
import type { Fault } from './rocm/expected.js';
import { operations } from './rocm/operations.mjs';
import { libraryOf, makeDoubles, missing } from './rocm/setup.js';
import { runScriptFile } from './run-script-file.js';

const place = makeWorkplace();
const models = writeModels(place.folder);
afterAll(() => place.remove());

function judge(operation: string, row: Row, fault: Fault): void {
  const at = `${operation}, call ${row.n}: ${row.failedCall} fails with ${fault.status}`;
  expect.soft(row.leaks, `${at}: leaks`).toEqual({});
  expect.soft(row.complaint, `${at}: afterwards`).toBeUndefined();
  expect.soft(row.other, `${at}: another session`).toBeUndefined();

  const expected = expectedOf(operation, row.failedCall, fault);
  const code = row.error === undefined ? 'tolerated' : (row.error.code ?? row.error.notAnAccelError);
  expect.soft(expected, `${at}: ${row.error?.message}`).toContain(code);
  if (row.error === undefined || fault === lost || row.failedCall === 'hipGetDeviceCount') return;
  expect.soft(row.error.call, at).toBe(row.failedCall);
  const ofHip = row.failedCall.startsWith('hip');
  expect.soft(row.error.message, at).toContain(ofHip ? fault.name : fault.text);
  expect.soft(row.error.status, at).toBe(ofHip ? fault.status : 4);
}

/** `first`: the call to begin with, where an operation takes several processes. */
async function expectSurvival(operation: string, ways: readonly Fault[], first = 1): Promise<Row[]> {
  const { env, control } = makeDoubles(place.folder, '7.1');
  const { rows, end } = await runScriptFile<Report>(
    faultLoop,
    { double: 'rocm', name: operation, faults: ways, library: libraryOf('7.1'), models, first },
    { env },
  );
  let fault = 0;
  for (const row of rows) {
    judge(operation, row, ways[fault]!);
    if (row.failedCall === '') fault++;
  }
  expect.soft(fault, 'the loops that came to their end').toBe(ways.length);
  const { complaint, ...rest } = end;
  expect.soft(rest).toEqual({ leaks: {}, violation: '' });
  expect.soft(control.get('violations')).toBe(0);
  // The target is asked for once: without it the process has no device, and says why.
  const noTarget = operation === 'open' && rows.some(({ failedCall }) => failedCall === 'migraphx_target_create');
  if (noTarget) expect.soft(complaint).toContain(ways[0]!.text);
  else expect.soft(complaint).toBeUndefined();
  return rows;
}

/** Under sanitizers two will do: they differ in what is said of it, and time is dear. */
const ways = PATIENCE === 1 ? faults : [failure, lost];

/** Functions that must be among those which have failed: a loop that does not get there proves nothing. */
const essential = [
  ...['hipGetDeviceCount', 'hipSetDevice', 'hipMalloc', 'hipHostMalloc', 'hipMemcpyAsync', 'hipStreamSynchronize'],
  ...['hipStreamCreateWithFlags', 'hipEventCreateWithFlags', 'hipEventRecord', 'hipEventSynchronize'],
  ...['hipEventElapsedTime', 'hipFree', 'hipHostFree', 'hipRuntimeGetVersion'],
  ...[
    ...[
      'program_create',
      'parse_onnx',
      'parse_onnx_buffer',
      'onnx_options_create',
      'onnx_options_set_input_parameter_shape',
    ],
    ...['target_create', 'compile_options_create', 'compile_options_set_offload_copy', 'program_compile'],
    ...['quantize_fp16', 'quantize_int8', 'quantize_int8_options_add_calibration_data', 'load', 'save'],
    ...['program_get_parameter_shapes', 'program_get_output_shapes', 'program_parameters_add', 'argument_create'],
    ...['program_run', 'program_run_async', 'arguments_get', 'argument_buffer', 'program_destroy'],
  ].map((name) => `migraphx_${name}`),
];

describe.skipIf(missing)(`MIGraphX, each call fails once${missing ?? ''}`, () => {
  const failed = new Set<string>();

  // Once open, a library stays so, whatever was tolerated on the way: what comes after needs another process.
  it.each(ways)('open ($status)', async (fault) => {
    for (let first = 1; ;) {
      const rows = await expectSurvival('open', [fault], first);
      if (rows.length === 1) break;
      first += rows.length - 1;
      for (const { failedCall } of rows) failed.add(failedCall);
    }
  });

  it.each(Object.keys(operations).filter((operation) => operation !== 'open'))('%s', async (operation) => {
    for (const { failedCall } of await expectSurvival(operation, ways)) failed.add(failedCall);
  });

  it('every function that matters has failed', () => {
    expect(essential.filter((name) => !failed.has(name))).toEqual([]);
  });
});
