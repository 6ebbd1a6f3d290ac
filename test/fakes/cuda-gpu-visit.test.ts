/**
 * The scripts for a visit to a machine with a GPU, on the double: they must be ready when a GPU is. What they find there
 * only a GPU can tell.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { runProgram } from '../utils/child.js';
import { folderOf, makeDoubles, missing, writeModels } from './cuda/setup.js';
import type { Control } from './cuda/control.mjs';

const root = join(import.meta.dirname, '..', '..');
const folder = mkdtempSync(join(tmpdir(), 'accelnode-visit-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const tools = ['zstd', 'tar', 'split', 'sha256sum', 'bash'];
const lacking = tools.filter((tool) => spawnSync(tool, ['--version']).error !== undefined);
const reason = missing ?? (lacking.length > 0 ? ` (skipped: there is no ${lacking.join(', ')})` : undefined);

interface Step {
  name: string;
  ok: boolean;
  result?: unknown;
  error?: { message: string };
}

describe.skipIf(reason)(`a visit to a GPU${reason ?? ''}`, () => {
  const parts = join(folder, 'package', 'parts');
  const work = join(parts, 'work');
  const visit = async (out: string, seconds: string) => {
    const { control, env } = makeDoubles(folder, 10);
    control.set('memoryLimit', 2 ** 26); // so that it can be exhausted
    const { code, stdout } = await runProgram('sh', [join(parts, 'run.sh'), parts, out, seconds], {
      ...env,
      ACCELNODE_RUNTIMES: join(folder, 'none'),
      PREBUILDS_ONLY: '', // the addon that is packed was built here
    });
    const { steps } = JSON.parse(readFileSync(join(out, 'results.json'), 'utf8')) as { steps: Step[] };
    return { code, stdout, control, steps };
  };
  let all: { code: number | null; stdout: string; control: Control; steps: Step[] };

  beforeAll(async () => {
    const tensorrt = join(folder, 'tensorrt');
    mkdirSync(tensorrt);
    for (const name of readdirSync(folderOf(10))) copyFileSync(join(folderOf(10), name), join(tensorrt, name));
    writeFileSync(join(tensorrt, 'libnvinfer_builder_resource.so.10.6.0'), 'code for a GPU');
    const models = ['--model', `${writeModels(folder).rows} x=4,3`];
    const options = ['--out', join(folder, 'package'), '--tensorrt', tensorrt, '--level', '1'];
    const script = join(root, 'scripts', 'gpu', 'prepare.mjs');
    const size = 4 * 2 ** 20;
    const { code, stderr } = await runProgram(process.execPath, [
      script,
      ...options,
      ...models,
      '--part-size',
      `${size}`,
    ]);
    expect({ code, stderr }).toMatchObject({ code: 0 });
    all = await visit(join(folder, 'out'), '0.02');
  }, 240_000);

  it('is packed in parts of the size that was asked for', () => {
    const names = readdirSync(parts);
    expect(names.filter((name) => name.startsWith('first.tar.zst.')).length).toBeGreaterThan(1);
    expect(names).toEqual(expect.arrayContaining(['SHA256SUMS', 'builder.tar.zst.000', 'run.sh', 'zstd']));
  });

  it('does all of its steps, with results as onnxruntime computes them', () => {
    expect(all.steps.filter(({ ok }) => !ok)).toEqual([]);
    // What there is, a garbage plan, memory; one model in two precisions, in twelve ways each; services; two plans.
    expect(all.steps).toHaveLength(3 + 2 * (1 + 12 * 2) + 10 + 2 * 2);
    expect(all.code).toBe(0);
    expect(all.stdout).toMatch(/67 steps as they should be, 0 not\n$/);
    expect(readdirSync(join(folder, 'out')).sort()).toEqual([
      'log.txt',
      'results.json',
      'rows.onnx.version-compatible-without-lean.plan',
    ]);
    expect(all.control.getText('violation')).toBe('');
  });

  it('keeps what was seen of each service', () => {
    const of = (name: string) => all.steps.find((step) => step.name === name)!.result;
    const refusal = { code: 'OUT_OF_MEMORY', call: expect.stringMatching(/^cudaMalloc/) as string, status: 2 };
    expect(of('memory that is exhausted is told')).toMatchObject({ refusal });
    expect(of('a build without memory is refused')).toMatchObject({ error: refusal });
    expect(of('a run without memory is refused')).toMatchObject({ error: refusal });
    expect(of('the bounds of two profiles')).toMatchObject({ outside: Array(2).fill({ code: 'INVALID_ARGUMENT' }) });
    expect(of('outputs whose shapes depend on data')).toEqual({ found: [3, 0, 6, 1] });
    expect(of('a build tells how far it has come')).toMatchObject({ phases: { 'Building Engine': '4 of 4' } });
    expect(of('a build is given up when its signal is aborted')).toMatchObject({ error: { code: 'CANCELLED' } });
    expect(of('times of layers, and what they became')).toMatchObject({ inspected: 1, first: { LayerType: 'Add' } });
    expect(of('the plan cache')).toMatchObject({ loads: [{ hit: false }, { hit: true }] });
    expect(of('measured times of kernels are kept')).toMatchObject({ builds: [{}, {}] });
    expect(all.control.get('calibrationBatches')).toBe(1);
  });

  /** Puts another package in the place of the builder's, with models whose outputs are all 0; how to undo that. */
  function repack(): () => void {
    const models = join(folder, 'repacked', 'models');
    cpSync(join(work, 'builder', 'models'), models, { recursive: true });
    for (const name of readdirSync(models).filter((name) => name.includes('.out.'))) {
      writeFileSync(join(models, name), Buffer.alloc(statSync(join(models, name)).size));
    }
    const names = ['builder.tar.zst.000', 'SHA256SUMS'].map((name) => join(parts, name));
    const before = names.map((name) => readFileSync(name));
    const [part, sums] = names as [string, string];
    const script = 'tar -C "$1" -cf - . | zstd -q -f -o "$2"';
    expect(spawnSync('sh', ['-c', script, 'pack', join(folder, 'repacked'), part]).status).toBe(0);
    const sum = createHash('sha256').update(readFileSync(part)).digest('hex');
    const text = before[1]!.toString();
    writeFileSync(sums, text.replace(/^\w+(?= {2}builder\.tar\.zst\.000$)/m, sum));
    return () => names.forEach((name, i) => writeFileSync(name, before[i]!));
  }

  it('runs what was packed last, and finds outputs that are wrong', async () => {
    const undo = repack();
    const { code, steps } = await visit(join(folder, 'wrong'), '0');
    // Nothing is left of what was unpacked before.
    expect(readdirSync(join(work, 'builder'))).toEqual(['models']);
    undo();
    expect(code).toBe(1);
    const wrong = steps.filter(({ ok }) => !ok);
    // All that compares: each way, the plan cache, int8, two plans.
    expect(wrong).toHaveLength(2 * 12 + 4);
    for (const { error } of wrong) expect(error!.message).toContain("from onnxruntime's");
  });

  it('does not take what is damaged, and leaves out what builds where parts are missing', async () => {
    const part = join(parts, 'builder.tar.zst.000');
    const bytes = readFileSync(part);
    writeFileSync(part, 'damaged');
    const out = join(folder, 'damaged');
    expect((await runProgram('sh', [join(parts, 'run.sh'), parts, out])).code).not.toBe(0);
    expect(readdirSync(out)).toEqual([]);
    rmSync(part);
    const without = await visit(join(folder, 'first'), '0');
    writeFileSync(part, bytes);
    expect(without.stdout).toContain('builder: 0 of 1 parts are here');
    expect(without.steps.map(({ name, ok }) => [name, ok])).toEqual([
      ['what there is', true],
      ['a garbage plan is refused', true],
      ['memory that is exhausted is told', true],
    ]);
    expect(without.stdout).toContain('What builds was left out');
    expect(without.code).toBe(0);
  });
});
