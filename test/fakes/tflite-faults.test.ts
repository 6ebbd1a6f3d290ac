/**
 * Every call of every operation on the real TFLite is made to fail once, in four ways. Each time the promise must
 * settle with the right code, nothing may leak, be deleted twice, in the wrong order or be used wrongly, and the next
 * session must work.
 */
import { afterAll, describe, expect, it } from 'vitest';

import { PATIENCE } from '../utils/child.js';
import { faultLoop } from './fault-report.js';
import type { Report, Row } from './fault-report.js';
import { makeWorkplace } from './openvino/setup.js';
import { runScriptFile } from './run-script-file.js';
import { expectedOf, failure, faults, noMemory, returnsWords, unresolved } from './tflite/expected.js';
import type { Fault } from './tflite/expected.js';
import { operations } from './tflite/operations.mjs';
import { interposer, isOlder, makeInterposer, missing, writeModels } from './tflite/setup.js';

const place = makeWorkplace();
const models = writeModels(place.folder);
afterAll(() => place.remove());

function judge(operation: string, row: Row, fault: Fault): void {
  const at = `${operation}, call ${row.n}: ${row.failedCall} fails with ${fault.status} ${fault.text}`;
  expect.soft(row.leaks, `${at}: leaks`).toEqual({});
  expect.soft(row.complaint, `${at}: afterwards`).toBeUndefined();
  expect.soft(row.other, `${at}: another session`).toBeUndefined();

  const code = row.error === undefined ? 'tolerated' : (row.error.code ?? row.error.notAnAccelError);
  expect.soft(expectedOf(operation, row.failedCall, fault), `${at}: ${row.error?.message}`).toContain(code);
  // lib/ says by itself that a model is not the one that was loaded before.
  const byLib = operation === 'load again' && code === 'MODEL_INVALID' && row.failedCall === 'TfLiteTensorData';
  if (row.error === undefined || fault === noMemory || byLib) return;
  expect.soft(row.error.call, at).toBe(row.failedCall);
  if (fault.text !== '' && returnsWords(row.failedCall)) expect.soft(row.error.message, at).toContain(fault.text);
  else expect.soft(row.error.message, at).toMatch(/TFLite/);
}

async function expectSurvival(operation: string, ways: readonly Fault[]): Promise<Row[]> {
  const { env, control } = makeInterposer(place.folder);
  const { rows, end } = await runScriptFile<Report>(
    faultLoop,
    { double: 'tflite', name: operation, faults: ways, library: interposer, models },
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

/** Under sanitizers three will do: time is dear. */
const ways = PATIENCE === 1 ? faults : [failure, unresolved, noMemory];

/** Functions that must be among those which have failed: a loop that does not get there proves nothing. */
const essential = [
  ...['TfLiteModelCreate', 'TfLiteInterpreterOptionsCreate', 'TfLiteInterpreterCreate', 'TfLiteTensorData'],
  ...['GetInputTensor', 'GetOutputTensor', 'ResizeInputTensor', 'AllocateTensors', 'Invoke'].flatMap((name) => [
    `TfLiteInterpreter${name}`,
    ...(isOlder ? [] : [`TfLiteSignatureRunner${name}`]),
  ]),
  ...(isOlder
    ? []
    : [
        'TfLiteInterpreterOptionsEnableCancellation',
        'TfLiteInterpreterSetCustomAllocationForTensor',
        'TfLiteInterpreterGetSignatureRunner',
        'TfLiteSignatureRunnerGetInputName',
        'TfLiteSignatureRunnerGetOutputName',
      ]),
];

const tried = Object.keys(operations).filter((operation) => !isOlder || !operation.includes('signature'));

describe.skipIf(missing)(`TFLite, each call fails once${missing ?? ''}`, () => {
  const failed = new Set<string>();

  it.each(tried)('%s', async (operation) => {
    for (const { failedCall } of await expectSurvival(operation, ways)) failed.add(failedCall);
  });

  it('every function that matters has failed', () => {
    expect(essential.filter((name) => !failed.has(name))).toEqual([]);
  });
});
