/** CUDA's own runtimes where no device can be had: what they return, and what becomes of it. */
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';

import type { BackendReport } from 'accelnode';
import { afterAll, describe, expect, it } from 'vitest';

import { fakesFolder } from '../../scripts/setup/fakes.mjs';
import { cudartLibraries, leanLibraries } from '../../scripts/setup/runtimes.mjs';
import { runScript } from '../utils/child.js';

const folder = mkdtempSync(join(tmpdir(), 'accelnode-cudart-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const plan = join(folder, 'model.plan');
writeFileSync(plan, 'no plan');

const SCRIPT = `
  import { AccelError, Session, diagnose } from 'accelnode';
  const refusal = await Session.load(process.argv[1], { device: 'cuda:0' }).catch((error) => {
    if (!(error instanceof AccelError)) throw error;
    const { code, message, call, status, hint } = error;
    return { code, message, call, status, hint };
  });
  const report = (await diagnose()).find(({ name }) => name === 'cuda');
  console.log(JSON.stringify({ refusal, report }));
`;

interface Found {
  refusal: { code: string; message: string; hint?: string };
  report: BackendReport;
}

/** A runtimes folder in which this release of CUDA is the only one. */
function only(cudart: string): string {
  const runtimes = mkdtempSync(join(folder, 'runtimes-'));
  const release = dirname(cudart);
  mkdirSync(join(runtimes, 'cuda'));
  symlinkSync(release, join(runtimes, 'cuda', basename(release)));
  return runtimes;
}

const [lean] = leanLibraries();

async function find(cudart: string, env: Record<string, string>): Promise<Found> {
  const { stdout, ...rest } = await runScript(SCRIPT, {
    args: [plan],
    env: { ACCELNODE_CUDA_LIBRARY: lean, ACCELNODE_RUNTIMES: only(cudart), ...env },
  });
  expect(rest).toEqual({ code: 0, signal: null, stderr: '' });
  return JSON.parse(stdout) as Found;
}

function expectNoDevice({ refusal, report }: Found, status: number, words: string): void {
  expect(refusal.code).toBe('DEVICE_NOT_FOUND');
  expect(refusal.hint).toContain('`nvidia-smi` shows');
  expect(refusal.message).toContain(words);
  expect(refusal.message).toContain(`, ${status})`);
  expect(report.devices).toEqual([]);
  expect(report.absent[0]!.reason).toContain(words);
}

/** In front of a driver that this machine may have. */
const stub = { LD_LIBRARY_PATH: join(fakesFolder, 'no-device') };
const tooOld = 'CUDA driver version is insufficient for CUDA runtime version';

describe.each(cudartLibraries())('the real $name', ({ library: cudart, version }) => {
  const missing = [lean!, cudart].every(existsSync) ? '' : ' (skipped: it, or the lean runtime, is not installed)';

  it.skipIf(missing)(`returns 100 of a driver that has no device${missing}`, async () => {
    const found = await find(cudart, stub);
    expectNoDevice(found, 100, 'no CUDA-capable device is detected');
    expect(found.report.runtime!.details).toMatchObject({ cudart: version, driver: '13.1' });
  });

  it.skipIf(missing)(`returns 35 of a driver that is too old for it${missing}`, async () => {
    const found = await find(cudart, { ...stub, ACCELNODE_FAKE_DRIVER: '11000' });
    expectNoDevice(found, 35, tooOld);
    expect(found.report.runtime!.details).toMatchObject({ cudart: version, driver: '11.0' });
  });

  const driver = existsSync('/proc/driver/nvidia') ? ' (skipped: this machine has a driver)' : '';
  it.skipIf(missing || driver)(`returns 35 where there is no driver${missing || driver}`, async () => {
    const found = await find(cudart, {});
    expectNoDevice(found, 35, tooOld);
    expect(found.report.runtime!.details).not.toHaveProperty('driver');
  });
});
