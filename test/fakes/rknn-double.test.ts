/**
 * The double of librknnrt itself: used well it computes and finds nothing wrong, and each mistake in its use is
 * found. A small program in C++ makes the mistakes, without accelnode.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, describe, expect, it } from 'vitest';

import { fakesFolder } from '../../scripts/setup/fakes.mjs';
import { runProgram } from '../utils/child.js';
import { makeWorkplace } from './openvino/setup.js';
import { rknnModel } from './rknn/models.mjs';
import type { Model } from './rknn/models.mjs';
import { libraryOf, makeDouble, missing } from './rknn/setup.js';

const place = makeWorkplace();
afterAll(() => place.remove());

interface Machine {
  model?: Partial<Model>;
  /** Of the control block. */
  fields?: Record<string, number>;
}

let files = 0;
async function drive(mistake: string, { model = {}, fields = {} }: Machine = {}) {
  const { control, env } = makeDouble(place.folder);
  for (const [field, value] of Object.entries(fields)) control.set(field, value);
  const path = join(place.folder, `${++files}.rknn`);
  const ports = { inputs: [{ name: 'x', dims: [4] }], outputs: [{ name: 'y', dims: [4], factor: 2, offset: 1 }] };
  writeFileSync(path, rknnModel({ ...ports, ...model }));
  const program = join(fakesFolder, 'rknn_driver');
  const { stdout, stderr, signal } = await runProgram(program, [libraryOf('2.3.2'), path, mistake], env);
  return { stdout, stderr, signal, violation: control.getText('violation'), live: control.live(), control };
}

const RESULT = '3 5 7 9 \n';

/** The mistake, and what is found. */
const mistakes: [mistake: string, violation: RegExp][] = [
  ['asynchronous', /^RKNN_FLAG_ASYNC_MASK gives the outputs of the frame before/],
  ['a duplicate of nothing', /^rknn_dup_context of a context of 0, which crashes/],
  ['pinned twice', /^rknn_set_core_mask of a context that has its core already/],
  ['waiting', /^rknn_wait, which no chip has/],
  ['no run', /^rknn_outputs_get without a run/],
  ['outputs twice', /^rknn_outputs_get before rknn_outputs_release/],
  ['outputs are kept', /^rknn_destroy before rknn_outputs_release/],
  ['outputs back twice', /^rknn_outputs_release of outputs that were not got/],
  ['no memory for outputs', /^rknn_outputs_get into memory of its own/],
  ['two threads in one context', /^rknn_run of a context that another thread uses at this moment/],
  ['sync by another context', /^rknn_mem_sync with memory of another context/],
  ['memory is gone', /^rknn_run with memory that is destroyed/],
  ['memory is freed twice', /^rknn_destroy_mem of memory that is not there/],
  ['memory of another context', /^rknn_destroy_mem of memory of another context/],
  ['memory is kept', /^rknn_destroy of a context that has memory still/],
  ['memory for the input only', /^rknn_run with memory for some inputs and outputs only/],
  ['inputs by copy too', /^rknn_inputs_set of a context whose inputs have memory of their own/],
  ['the source goes first', /^rknn_destroy of a context while others have its weights/],
  ['destroyed twice', /^rknn_destroy of a context that is not there/],
  ['used after the end', /^rknn_run of a context that is destroyed/],
];

/** What it refuses by itself: no mistake in the use, but a status. */
const refusals: [what: string, stdout: string, machine?: Machine][] = [
  ['a mask of 5', 'rknn_set_core_mask: -5'],
  ['a mask of 6', 'rknn_set_core_mask: -5'],
  ['no context', 'rknn_run: -7'],
  ['no inputs', 'rknn_run: -8'],
  ['another chip', 'rknn_init: -13', { model: { target: 'rk3576' } }],
  ['no device', 'rknn_init: -1', { fields: { initStatus: -1 }, model: { target: 'rk3576' } }],
];

describe.skipIf(missing)(`the double of librknnrt${missing ?? ''}`, () => {
  it.each(['none', 'in place', 'pinned'])('finds nothing wrong with what is right: %s', async (way) => {
    const { control: _, ...found } = await drive(way);
    expect(found).toEqual({ stdout: RESULT, stderr: '', signal: null, violation: '', live: {} });
  });

  it.each(mistakes)('finds: %s', async (mistake, violation) => {
    const machine = mistake.startsWith('two threads') ? { model: { work: 200_000 } } : {};
    expect((await drive(mistake, machine)).violation).toMatch(violation);
  });

  it.each(refusals)('refuses: %s', async (what, stdout, machine) => {
    const found = await drive(what, machine);
    expect(found.stdout).toContain(stdout);
    expect(found.violation === '' || what === 'no inputs', found.violation).toBe(true);
    expect(found.live).toEqual({});
  });

  it('has no core for masks on a chip with one', async () => {
    const found = await drive('pinned', { fields: { soc: 3566 }, model: { target: 'rk3566' } });
    expect(found.violation).toMatch(/^rknn_set_core_mask on a chip with one core/);
  });

  it.each(['no sync to the NPU', 'no sync from the NPU', 'an output with dirty lines'])(
    'does not give what it computed: %s',
    async (mistake) => {
      const { stdout, violation } = await drive(mistake);
      expect(stdout).not.toBe(RESULT);
      expect(violation).toBe('');
    },
  );

  it('counts what is left, and who raised the priority', async () => {
    expect((await drive('a context is kept')).live).toMatchObject({ context: 1, weights: 1 });
    const { control } = await drive('the priority is raised');
    expect(control.get('reniced')).toBe(1);
  });

  it('fails the call that it is told to', async () => {
    const { stdout, control } = await drive('none', { fields: { failAt: 2, status: -4 } });
    expect(stdout).toContain('rknn_dup_context: -4');
    expect(control.getText('failedCall')).toBe('rknn_dup_context');
  });
});
