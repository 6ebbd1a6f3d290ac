/**
 * Every call of every operation on CUDA and TensorRT is made to fail once, in three ways. Each time the
 * promise must settle with the right code, nothing may leak, be freed twice or be used wrongly, and the next
 * session must work.
 */
import { afterAll, describe, expect, it } from 'vitest';

import { PATIENCE } from '../utils/child.js';
import { blamed, expectedOf, failure, faults, lost } from './cuda/expected.js';
import type { Fault } from './cuda/expected.js';
import { operations } from './cuda/operations.mjs';
import { libraryOf, majors, makeDoubles, missing, writeModels } from './cuda/setup.js';
import type { Major } from './cuda/setup.js';
import { faultLoop } from './fault-report.js';
import type { Report, Row } from './fault-report.js';
import { makeWorkplace } from './openvino/setup.js';
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
  const names = blamed(row.failedCall, fault);
  if (row.error === undefined || expected.length > 1 || names.length === 0) return;
  expect.soft(names, at).toContain(row.error.call?.replace(/^.*::/, ''));
  const ofCuda = row.failedCall.startsWith('cuda');
  expect.soft(row.error.message, at).toContain(ofCuda ? fault.name : fault.text);
  if (ofCuda) expect.soft(row.error.status, at).toBe(fault.status);
}

async function expectSurvival(major: Major, operation: string, ways: readonly Fault[]): Promise<Row[]> {
  const { env, control } = makeDoubles(place.folder, major);
  const { rows, end } = await runScriptFile<Report>(
    faultLoop,
    { double: 'cuda', name: operation, faults: ways, library: libraryOf(major), models },
    { env },
  );
  let fault = 0;
  for (const row of rows) {
    judge(operation, row, ways[fault]!);
    if (row.failedCall === '') fault++;
  }
  expect.soft(fault, 'the loops that came to their end').toBe(ways.length);
  expect.soft(end).toEqual({ leaks: {}, violation: '' });
  expect.soft(control.get('violations')).toBe(0);
  return rows;
}

/** Under sanitizers two will do: they differ in what is said of it, and time is dear. */
const ways = PATIENCE === 1 ? faults : [failure, lost];

/** Functions that must be among those which have failed: a loop that does not get there proves nothing. */
const essential = [
  ...['cudaGetDeviceCount', 'cudaSetDevice', 'cudaHostAlloc', 'cudaMemcpyAsync', 'cudaStreamSynchronize'],
  ...[
    'cudaMallocAsync',
    'cudaFreeAsync',
    'cudaMalloc',
    'cudaStreamCreateWithFlags',
    'cudaEventCreateWithFlags',
    'cudaEventRecord',
    'cudaFree',
    'cudaFreeHost',
  ],
  ...['cudaStreamBeginCapture', 'cudaStreamEndCapture', 'cudaGraphInstantiate', 'cudaGraphLaunch'],
  ...['createInferBuilder_INTERNAL', 'createNetworkV2', 'createNvOnnxParser_INTERNAL', 'parse', 'parseFromFile'],
  ...['createBuilderConfig', 'createOptimizationProfile', 'setDimensions', 'addOptimizationProfile'],
  ...['buildSerializedNetwork', 'createTimingCache', 'setTacticSources', 'createInferRuntime_INTERNAL'],
  ...['deserializeCudaEngine', 'createExecutionContext', 'setOptimizationProfileAsync', 'setInputShape'],
  ...['setTensorAddress', 'setOutputAllocator', 'enqueueV3', 'serialize'],
];

describe.skipIf(missing).each(majors)(`TensorRT %i, each call fails once${missing ?? ''}`, (major) => {
  const failed = new Set<string>();

  // Once open, a library stays so: each loop needs a process of its own.
  it.each(ways)('open ($status)', async (fault) => {
    await expectSurvival(major, 'open', [fault]);
  });

  const of10 = ['load ONNX with calibration'];
  const all = Object.keys(operations).filter((each) => each !== 'open' && (major === 10 || !of10.includes(each)));
  it.each(all)('%s', async (operation) => {
    for (const { failedCall } of await expectSurvival(major, operation, ways)) failed.add(failedCall);
  });

  it('every function that matters has failed', () => {
    expect(essential.filter((name) => !failed.has(name))).toEqual([]);
  });
});
