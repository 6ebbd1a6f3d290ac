/** What the commands say of a board, on the double of librknnrt. */
import { chmodSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, describe, expect, it } from 'vitest';

import { runScript } from '../utils/child.js';
import { command, expectPlain, failureOf, jsonOf } from '../utils/command.js';
import { makeWorkplace } from './openvino/setup.js';
import { writeBoard } from './rknn/board.mjs';
import { echoModel, makeDouble, missing } from './rknn/setup.js';

const place = makeWorkplace();
afterAll(() => place.remove());

describe.skipIf(missing)(`the commands on a Rockchip board${missing ?? ''}`, () => {
  const { env, root, control } = makeDouble(place.folder);
  const accelnode = command(env);
  const model = join(place.folder, 'model.rknn');
  writeFileSync(model, echoModel([{ name: 'x', type: 'float32', shape: [4] }], { work: 1000 }));

  it('doctor shows library, driver and NPU, and warns of an old driver', async () => {
    writeBoard(root, 'rk3588', '0.9.3');
    const { stdout } = await accelnode('doctor');
    const lines = stdout.slice(stdout.indexOf('  rknn '), stdout.indexOf('  rocm ')).split('\n');
    expect(lines[0]).toContain('Rockchip RKNN 2.3.2');
    expect(lines).toContainEqual(expect.stringMatching(/^ +library .*librknnrt\.so$/));
    expect(lines).toContainEqual(expect.stringMatching(/^ +details +driver 0\.9\.3, zeroCopy true$/));
    expect(lines).toContainEqual(expect.stringMatching(/^ +warning .*driver is 0\.9\.3, older than 0\.9\.8/));
    expect(lines).toContainEqual(
      expect.stringMatching(/^ +device +rknn:0 +Rockchip RK3588 NPU, rk3588, driver 0\.9\.3$/),
    );
    const looked = lines.filter((line) => /^ +(ok|missing) /.test(line)).map((line) => line.trim());
    expect(looked).toEqual([
      expect.stringMatching(/^ok +NPU device node: .*renderD129, usable$/),
      expect.stringMatching(/^ok +\/proc\/device-tree\/compatible: rk3588$/),
      expect.stringMatching(/^missing +driver rknpu: 0\.9\.3, older than 0\.9\.8$/),
    ]);
    expect(stdout).toContain("Update the board's kernel to one whose rknpu is 0.9.8 or later.");
    writeBoard(root);
  });

  it('doctor says what a container lacks', async () => {
    writeBoard(root, '');
    rmSync(join(root, 'dev'), { recursive: true });
    rmSync(join(root, 'sys'), { recursive: true });
    const { stdout } = await accelnode('doctor');
    expect(stdout).toContain('names no Rockchip chip');
    expect(stdout).toContain('systempaths=unconfined');
    expect(stdout).toMatch(/missing +NPU device node: There is neither \/dev\/rknpu nor a render node/);
    expect(stdout).toContain('--device /dev/dri, or --device /dev/rknpu with older kernels');
    expect(stdout).toMatch(/missing +\/proc\/device-tree\/compatible: names no/);
    expect(stdout).toMatch(/ok +driver rknpu: of which version can't be read here/);
    writeBoard(root);
  });

  it("bench shows the NPU's load and frequency", async () => {
    const args = ['bench', model, '--device', 'rknn:0', '--duration', '0.3'];
    const { rows } = await jsonOf<{ rows: object[] }>(accelnode, 0, ...args);
    expect(rows).toMatchObject([{ lanes: 3, resources: { deviceUtilization: 5 } }]);
    const plain = await accelnode(...args);
    expectPlain(plain, 0);
    expect(plain.stdout).toContain('NPU               12 %, 3 %, 0 % busy at 1000 MHz');
  });

  it('an ONNX model is not run, but how to convert it is told', async () => {
    const onnx = join(place.folder, 'model.onnx');
    writeFileSync(onnx, Buffer.of(8, 7));
    const error = await failureOf(accelnode, 1, 'inspect', onnx, '--device', 'rknn:0');
    expect(error).toMatchObject({
      code: 'MODEL_UNSUPPORTED',
      hint: expect.stringContaining('npx accelnode compile model.onnx --device rknn:rk3588') as string,
    });
  });

  it.skipIf(process.getuid?.() !== 0)('another user who may not open the NPU is told so (needs root)', async () => {
    const script = `
      import { AccelError, Session, diagnose } from 'accelnode';
      const load = () => Session.load({ rknn: Buffer.from('RKNN') }, { device: 'rknn:0' }).catch((thrown) => thrown);
      await load(); // all that the other user might not be allowed to read is open now
      process.setgid(65534);
      process.setuid(65534);
      const error = await load();
      if (!(error instanceof AccelError)) throw error;
      const { status, reason, hint } = (await diagnose()).find(({ name }) => name === 'rknn');
      console.log(JSON.stringify({ code: error.code, message: error.message, hint: error.hint, status, reason }));
    `;
    chmodSync(place.folder, 0o755);
    chmodSync(join(root, '..'), 0o755);
    chmodSync(join(root, 'dev', 'dri', 'renderD129'), 0o600);
    control.set('initStatus', -1);
    const { stdout, stderr, code } = await runScript(script, { env });
    expect(code, stderr).toBe(0);
    const found = JSON.parse(stdout) as Record<string, string>;
    expect(found).toMatchObject({ code: 'DEVICE_NOT_FOUND', status: 'FAIL' });
    expect(found.message).toMatch(/This user may not open .*renderD129\./);
    expect(found.reason).toMatch(/This user may not open/);
    expect(found.hint).toContain('usermod -aG render,video');
    control.set('initStatus', 0);
  });
});
