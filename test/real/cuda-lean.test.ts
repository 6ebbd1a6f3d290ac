/** The real lean runtimes and CUDA's own runtime on a machine without a GPU: they open, say why nothing runs, and do not crash. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { BackendReport } from 'accelnode';
import { afterAll, describe, expect, it } from 'vitest';

import { leanReleases } from '../../scripts/setup/releases.mjs';
import { setupFolder } from '../../scripts/setup/process.mjs';
import { runScript } from '../utils/child.js';
import { onnxModel } from '../utils/onnx-model.js';

const runtimes = join(setupFolder, 'runtimes');
const folder = mkdtempSync(join(tmpdir(), 'accelnode-lean-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const value = { type: 'float32', shape: [3] } as const;
const model = join(folder, 'model.onnx');
const plan = join(folder, 'model.plan');
writeFileSync(
  model,
  onnxModel({
    inputs: [{ name: 'x', ...value }],
    nodes: [{ op: 'Identity', inputs: ['x'], outputs: ['y'] }],
    outputs: [{ name: 'y', ...value }],
  }),
);
writeFileSync(plan, 'no plan');

/** A process of its own: one holds one TensorRT, and a library that crashes takes it along. */
const SCRIPT = `
  import { AccelError, Session, Tensor, diagnose, runtime } from 'accelnode';
  const settle = async (work) => {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof AccelError)) throw error;
      return { code: error.code, message: error.message, hint: error.hint };
    }
  };
  const sources = process.argv.slice(1);
  const loads = [];
  // In one order and the other, twice: nothing that failed may stand in the way of what comes after.
  for (const source of [...sources, ...sources.reverse()]) {
    loads.push(await settle(() => Session.load(source, { device: 'cuda:0' })));
  }
  const allocated = await settle(async () => Tensor.allocate('float32', [4], { memory: 'pinned', device: 'cuda:0' }));
  const { version, library } = await runtime('cuda');
  const report = (await diagnose()).find(({ name }) => name === 'cuda');
  console.log(JSON.stringify({ version, library, report, loads, allocated }));
`;

interface Refusal {
  code: string;
  message: string;
  hint?: string;
}

describe.each(Object.values(leanReleases))('the lean runtime %s', (release) => {
  const major = release.split('.')[0]!;
  const library = join(runtimes, 'tensorrt-lean', release, `libnvinfer_lean.so.${major}`);
  const missing = existsSync(library) ? '' : ' (skipped: it is not installed)';

  it.skipIf(missing !== '')(`opens, and finds no device in CUDA's own words${missing}`, async () => {
    const env = { ACCELNODE_RUNTIMES: runtimes, ACCELNODE_CUDA_LIBRARY: library, CUDA_VISIBLE_DEVICES: '' };
    const { stdout, stderr, code, signal } = await runScript(SCRIPT, { args: [model, plan], env });
    expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr: '' });
    const found = JSON.parse(stdout) as {
      version: string;
      library: string;
      report: BackendReport;
      loads: Refusal[];
      allocated: Refusal;
    };
    expect(release.startsWith(`${found.version}.`)).toBe(true);
    expect(found.library).toBe(library);

    // Without a driver 35; with one that shows no device 100.
    const words = /CUDA driver version is insufficient|no CUDA-capable device is detected/;
    expect(found.loads).toHaveLength(4);
    for (const refusal of [...found.loads, found.allocated]) {
      expect(refusal.code).toBe('DEVICE_NOT_FOUND');
      expect(refusal.message).toMatch(words);
      expect(refusal.hint).toContain('`nvidia-smi` shows');
    }
    expect(found.report.devices).toEqual([]);
    expect(found.report.absent[0]!.reason).toMatch(words);
    expect(found.report.absent[0]!.hint).toContain('`nvidia-smi` shows');
  });
});
