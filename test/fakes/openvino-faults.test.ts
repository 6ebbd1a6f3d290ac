/**
 * Every call of every operation on OpenVINO is made to fail once, in four ways. Each time the promise
 * must settle with the right code, nothing may leak or be freed twice, and the process must go on.
 */
import { readFileSync } from 'node:fs';

import { afterAll, describe, expect, it } from 'vitest';

import { PATIENCE } from '../utils/child.js';
import { expectedOf, expectedWords, failure, faults } from './openvino/expected.js';
import type { Fault } from './openvino/expected.js';
import { operations } from './openvino/operations.mjs';
import { findRelease, makeDouble, makeWorkplace, writeModels } from './openvino/setup.js';
import { faultLoop } from './fault-report.js';
import type { Report, Row } from './fault-report.js';
import { runScriptFile } from './run-script-file.js';

const place = makeWorkplace();
const models = writeModels(place.folder);
afterAll(() => place.remove());

function judge(operation: string, row: Row, fault: Fault): void {
  const at = `${operation}, call ${row.n}: ${row.failedCall} returns ${fault.status} "${fault.text}"`;
  expect.soft(row.leaks, `${at}: leaks`).toEqual({});
  expect.soft(row.complaint, `${at}: afterwards`).toBeUndefined();
  expect.soft(row.other, `${at}: another session`).toBeUndefined();

  const expected = row.failedCall === '' ? 'tolerated' : expectedOf(operation, row.failedCall, fault);
  if (operation === 'load along a list') {
    expect.soft(row.error, at).toBeUndefined();
    const refusals = expected === 'tolerated' ? [] : [{ device: 'openvino:AUTO', code: expected }];
    expect.soft(row.attempts, at).toMatchObject(refusals);
  } else if (expected === 'tolerated' || (operation === 'abort a load' && row.error === undefined)) {
    expect.soft(row.error, at).toBeUndefined();
  } else {
    // AUTO can go without any one device: no single call is to blame when none is left.
    const shared = operation === 'load on AUTO' && expected === 'DEVICE_NOT_FOUND';
    const call = shared ? {} : { call: row.failedCall.split(' ')[0], status: fault.status };
    expect.soft(row.error, at).toMatchObject({ code: expected, backend: 'openvino', ...call });
    expect.soft(row.error!.message, at).toContain(expectedWords(fault, row.failedCall));
    expect.soft(row.error!.message, at).not.toMatch(/another failure|Exception from|Check '/);
  }
}

/** The functions that were made to fail. */
const failed = new Set<string>();

async function expectSurvival(operation: string, folder: string, faults: readonly Fault[]): Promise<void> {
  const double = makeDouble(place.folder, folder);
  const { library } = double;
  const { rows, end } = await runScriptFile<Report>(
    faultLoop,
    { double: 'openvino', name: operation, faults, library, models },
    { env: { ...double.env, ACCELNODE_OPENVINO_LIBRARY: library } },
  );
  let fault = 0;
  for (const row of rows) {
    judge(operation, row, faults[fault]!);
    failed.add(row.failedCall.split(' ')[0]!);
    if (row.failedCall === '') fault++;
  }
  expect.soft(fault, 'the loops that came to their end').toBe(faults.length);
  expect.soft(end).toEqual({ leaks: {}, violation: '' });
}

/** Under sanitizers one will do: they differ in what is said of it, and time is dear. */
const ways = PATIENCE === 1 ? faults : [failure];

const current = findRelease('current');
describe.skipIf(current.missing)(`each call fails once${current.missing ?? ''}`, () => {
  // Once open, a library stays so: each loop needs a process of its own.
  it.each(ways)('open ($status, $text)', (fault) => expectSurvival('open', current.folder, [fault]));

  const others = Object.keys(operations).filter((operation) => operation !== 'open');
  it.each(others)('%s', (operation) => expectSurvival(operation, current.folder, ways));
});

// Where OpenVINO before 2025.4 goes another way: it can't bind an output that is an input.
const older = findRelease('older');
describe.skipIf(older.missing)(`each call of an older release fails once${older.missing ?? ''}`, () => {
  it.each(['open', 'load with shapes and preprocessing', 'run a model that passes an input on'])('%s', (operation) =>
    expectSurvival(operation, older.folder, [failure]),
  );
});

const absent = current.missing ?? older.missing;
it.skipIf(absent)(`every function that can fail has failed${absent ?? ''}`, () => {
  const header = readFileSync(new URL('../../native/openvino/openvino_abi.h', import.meta.url), 'utf8');
  const names = [...header.matchAll(/X\(ov_status, (\w+)/g)].map(([, name]) => name!);
  expect(names.length).toBeGreaterThan(40);
  // A shape that is not freed is a leak whatever the function returns.
  expect(names.filter((name) => name !== 'ov_shape_free' && !failed.has(name))).toEqual([]);
});
