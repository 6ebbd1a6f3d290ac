/**
 * Every call of every operation on librknnrt is made to fail once, in four ways. Each time the promise must
 * settle with the right code, nothing may leak, be freed twice or be used wrongly, and the next session must work.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, describe, expect, it } from 'vitest';

import { PATIENCE } from '../utils/child.js';
import { faultLoop } from './fault-report.js';
import type { Report, Row } from './fault-report.js';
import { makeWorkplace } from './openvino/setup.js';
import { ALLOCATIONS, expectedOf, failure, faults, timeout } from './rknn/expected.js';
import type { Fault } from './rknn/expected.js';
import { rknnModel } from './rknn/models.mjs';
import type { Model } from './rknn/models.mjs';
import { operations } from './rknn/operations.mjs';
import { libraryOf, makeDouble, missing } from './rknn/setup.js';
import { runScriptFile } from './run-script-file.js';

const place = makeWorkplace();
afterAll(() => place.remove());

/** y = 2x + 1 */
function writeModel(name: string, more: Partial<Model> = {}): string {
  const path = join(place.folder, `${name}.rknn`);
  const model = rknnModel({
    inputs: [{ name: 'x', dims: [2, 3] }],
    outputs: [{ name: 'y', dims: [2, 3], factor: 2, offset: 1 }],
    ...more,
  });
  writeFileSync(path, model);
  return path;
}
const models = {
  fixed: writeModel('fixed'),
  rows: writeModel('rows', { shapes: [1, 2, 4].map((rows) => [[rows, 3]]) }),
};

function judge(operation: string, row: Row, fault: Fault): void {
  const at = `${operation}, call ${row.n}: ${row.failedCall} fails with ${fault.status}`;
  expect.soft(row.leaks, `${at}: leaks`).toEqual({});
  expect.soft(row.complaint, `${at}: afterwards`).toBeUndefined();
  expect.soft(row.other, `${at}: another session`).toBeUndefined();

  const expected = expectedOf(operation, row.failedCall, fault);
  const code = row.error === undefined ? 'tolerated' : (row.error.code ?? row.error.notAnAccelError);
  expect.soft(expected, `${at}: ${row.error?.message}`).toContain(code);
  if (row.error === undefined) return;
  expect.soft(row.error.call, at).toBe(row.failedCall);
  const allocates = ALLOCATIONS.has(row.failedCall);
  expect.soft(row.error.status, at).toBe(allocates ? -4 : fault.status);
  if (!allocates) expect.soft(row.error.message, at).toContain(fault.name);
}

async function expectSurvival(operation: string, ways: readonly Fault[]): Promise<Row[]> {
  const { env, control } = makeDouble(place.folder);
  const { rows, end } = await runScriptFile<Report>(
    faultLoop,
    { double: 'rknn', name: operation, faults: ways, library: libraryOf('2.3.2'), models },
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
const ways = PATIENCE === 1 ? faults : [timeout, failure];

/** Functions that must be among those which have failed: a loop that does not get there proves nothing. */
const essential = [
  ...['init', 'destroy', 'dup_context', 'query', 'inputs_set', 'run', 'outputs_get', 'outputs_release'],
  ...['set_core_mask', 'set_batch_core_num', 'set_input_shapes', 'create_mem', 'create_mem2', 'create_mem_from_fd'],
  ...['destroy_mem', 'set_io_mem', 'mem_sync'],
].map((name) => `rknn_${name}`);

describe.skipIf(missing)(`RKNN, each call fails once${missing ?? ''}`, () => {
  const failed = new Set<string>();

  it.each(Object.keys(operations))('%s', async (operation) => {
    for (const { failedCall } of await expectSurvival(operation, ways)) failed.add(failedCall);
  });

  it('every function that matters has failed', () => {
    expect(essential.filter((name) => !failed.has(name))).toEqual([]);
  });
});
