/**
 * Rockchip's own client library for x64, of rknn-toolkit2: it opens and says that there is no board. The set-up fetches
 * it; without it, the suite is skipped.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, describe, expect, it } from 'vitest';

import { rknnClient } from '../../scripts/setup/rknn.mjs';
import { writeBoard } from '../fakes/rknn/board.mjs';
import { runScript } from '../utils/child.js';

const { library, version } = rknnClient;
const missing = existsSync(library) ? '' : ' (skipped: the set-up could not fetch it)';

const use = `
  import { AccelError, Session, Tensor, runtime } from 'accelnode';
  const model = Buffer.concat([Buffer.from('RKNN'), Buffer.alloc(5000)]);
  const settle = (work) => work().catch((error) => {
    if (!(error instanceof AccelError)) throw error;
    const { code, message, hint, call, status } = error;
    return { code, message, hint, call, status };
  });
  const { version, warnings, details } = await runtime('rknn');
  const loaded = await settle(() => Session.load({ rknn: model }, { device: 'rknn:0' }));
  const pinned = await settle(async () => Tensor.allocate('float32', [4], { memory: 'pinned', device: 'rknn:0' }));
  console.log('accelnode:' + JSON.stringify({ version, warnings, details, loaded, pinned }));
`;

describe.skipIf(missing !== '')(`Rockchip's client library${missing}`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'accelnode-rknn-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  async function open(root: string) {
    const { stdout, stderr, code } = await runScript(use, {
      env: { ACCELNODE_RKNN_LIBRARY: library, ACCELNODE_RKNN_ROOT: root },
    });
    expect(code, stderr).toBe(0);
    // It logs to the standard output.
    return JSON.parse(/^accelnode:(.*)$/m.exec(stdout)![1]!) as Record<string, Record<string, unknown>>;
  }

  it('opens without the functions that it lacks, and finds no board', async () => {
    const { version: told, warnings, details, loaded, pinned } = await open(folder);
    expect(told).toBe(version);
    expect(details).toMatchObject({ zeroCopy: false });
    expect(warnings).toEqual([expect.stringContaining('has no rknn_dup_context')]);
    expect(loaded).toMatchObject({ code: 'DEVICE_NOT_FOUND', call: 'rknn_init', status: -3 });
    expect(loaded!.hint).toContain('/dev/dri');
    expect(pinned).toMatchObject({ code: 'UNSUPPORTED' });
  });

  it('says so too where Linux tells of a board', async () => {
    const root = join(folder, 'board');
    writeBoard(root);
    const { loaded } = await open(root);
    expect(loaded).toMatchObject({ code: 'DEVICE_NOT_FOUND', status: -3 });
    expect(loaded!.message).toContain("The NPU of this board's RK3588 can't be opened.");
  });
});
