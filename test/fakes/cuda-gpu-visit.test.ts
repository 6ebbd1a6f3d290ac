/**
 * The scripts for a visit to a machine with a GPU, on the double: they must be ready when a GPU is. What they find there
 * only a GPU can tell.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
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
  error?: { message: string };
}

describe.skipIf(reason)(`a visit to a GPU${reason ?? ''}`, () => {
  const parts = join(folder, 'package', 'parts');
  const visit = async (out: string, seconds: string) => {
    const { control, env } = makeDoubles(folder, 10);
    const { code, stdout } = await runProgram('sh', [join(parts, 'run.sh'), parts, out, seconds], {
      ...env,
      ACCELNODE_RUNTIMES: join(folder, 'none'),
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
    // What there is, a garbage plan, a version compatible one; one model in two precisions, in twelve ways each.
    expect(all.steps).toHaveLength(3 + 2 * (1 + 12 * 2));
    expect(all.code).toBe(0);
    expect(all.stdout).toMatch(/53 steps as they should be, 0 not\n$/);
    expect(readdirSync(join(folder, 'out')).sort()).toEqual([
      'log.txt',
      'results.json',
      'rows.onnx.version-compatible.plan',
    ]);
    expect(all.control.getText('violation')).toBe('');
  });

  it('finds outputs that are wrong', async () => {
    const models = join(parts, 'work', 'models');
    const expected = readdirSync(models).find((name) => name.includes('.out.'))!;
    const bytes = readFileSync(join(models, expected));
    writeFileSync(join(models, expected), Buffer.alloc(bytes.length));
    const { code, steps } = await visit(join(folder, 'wrong'), '0');
    writeFileSync(join(models, expected), bytes);
    expect(code).toBe(1);
    const wrong = steps.filter(({ ok }) => !ok);
    expect(wrong).toHaveLength(2 * 12);
    expect(wrong[0]!.error!.message).toContain("differ from onnxruntime's");
  });

  it('goes on as far as it can where parts are missing, and does not take what is damaged', async () => {
    const part = join(parts, 'builder.tar.zst.000');
    const bytes = readFileSync(part);
    writeFileSync(part, 'damaged');
    const out = join(folder, 'damaged');
    expect((await runProgram('sh', [join(parts, 'run.sh'), parts, out])).code).not.toBe(0);
    expect(readdirSync(out)).toEqual([]);
    rmSync(part);
    const without = await runProgram('sh', [join(parts, 'run.sh'), parts, out, '0'], {
      ...makeDoubles(folder, 10).env,
      ACCELNODE_RUNTIMES: join(folder, 'none'),
    });
    expect(without.stdout).toContain('builder: 0 of 1 parts are here');
    writeFileSync(part, bytes);
  });
});
