/** What can't be loaded or run, on the double of the librknnrt that the project names: why, what to do, and that all goes on. */
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { Session, Tensor, diagnose } from 'accelnode';
import type { LoadOptions, ModelSource } from 'accelnode';
import { afterAll, afterEach, describe, expect, it } from 'vitest';

import { fakesFolder } from '../../scripts/setup/fakes.mjs';
import { runScript } from '../utils/child.js';
import { expectError, withSession } from '../utils/session.js';
import { reaches } from './cuda/setup.js';
import { makeWorkplace } from './openvino/setup.js';
import { writeBoard } from './rknn/board.mjs';
import { echoModel, libraryOf, makeDouble, missing, openDouble } from './rknn/setup.js';

const device = 'rknn:0';
const place = makeWorkplace();
afterAll(() => place.remove());

const FLOATS = [{ name: 'x', type: 'float32' as const, shape: [4] }];
const x = new Tensor('float32', [1, 2, 3, 4]);
const good = echoModel(FLOATS);

describe.skipIf(missing)(`refusals${missing ?? ''}`, () => {
  const { control, release, root } = openDouble(place.folder);
  const older = release === '1.4.0';
  const load = (source: ModelSource, options: LoadOptions = {}): Promise<Session> =>
    Session.load(source, { device, ...options });
  const write = (name: string, bytes: Uint8Array | string): string => {
    const path = join(place.folder, name);
    writeFileSync(path, bytes);
    return path;
  };
  const rknn = async () => (await diagnose()).find(({ name }) => name === 'rknn')!;

  afterEach(async () => {
    for (const field of ['soc', 'initStatus', 'driver', 'driverLetter', 'lost']) control.set(field, 0);
    writeBoard(root);
    expect(control.takeViolation()).toBe('');
    expect([control.live().context, control.live().weights]).toEqual([undefined, undefined]);
    await withSession(good, { device }, async (session) => {
      expect((await session.run({ x })).x_out!.data).toEqual(x.data);
    });
  });

  describe('models', () => {
    it.each([
      ['truncated', good.subarray(0, -3)],
      ['cut off in its header', good.subarray(0, 12)],
      ['garbage behind the right first bytes', Buffer.from('RKNN and then whatever came to mind, for a while')],
      ['garbage', Uint8Array.from({ length: 500 }, (_, i) => (i * 151 + 200) % 256)],
    ])('%s', async (_, bytes) => {
      for (const source of [write('junk.rknn', bytes), { rknn: bytes }]) {
        const error = await expectError('MODEL_INVALID', () => load(source));
        expect(error).toMatchObject({ call: 'rknn_init', status: -6, backend: 'rknn', device });
        expect(error.message).toContain("this board's RK3588");
        expect(error.hint).toContain('Is the file complete');
      }
    });

    it('for another chip, with what to convert it for', async () => {
      const other = echoModel(FLOATS, { target: 'rk3576' });
      const error = await expectError('MODEL_UNSUPPORTED', () => load(other));
      expect(error.status).toBe(-13);
      expect(error.message).toContain("was converted for another chip than this board's RK3588");
      expect(error.hint).toContain('npx accelnode compile model.onnx --device rknn:rk3588');
      const keyed = await expectError('MODEL_UNSUPPORTED', () => load({ rknn: { rk3588: other } }));
      expect(keyed.message).toContain('The model that was given under rk3588 was converted for another chip');
    });

    it('from an rknn-toolkit2 that is newer than librknnrt are not among them: it only logs that', async () => {
      await withSession(echoModel(FLOATS, { toolkit: '9.1.0' }), { device }, async (session) => {
        expect((await session.run({ x })).x_out!.data).toEqual(x.data);
      });
    });

    it('given for other chips only', async () => {
      const models = { rk3566: good, rk3576: echoModel(FLOATS, { target: 'rk3576' }) };
      const error = await expectError('MODEL_UNSUPPORTED', () => load({ rknn: models }));
      expect(error.message).toBe("The model was given for rk3566, rk3576; this board's chip is rk3588.");
      expect(error.hint).toContain('rknn:rk3588');
    });

    it('given for several chips: the board decides', async () => {
      const models = { rk3588: write('a.rknn', good), rk3576: echoModel(FLOATS, { target: 'rk3576' }) };
      await withSession({ rknn: models }, { device }, (session) => expect(session.details.modelFor).toBe('rk3588'));
      writeBoard(root, 'rk3576');
      control.set('soc', 3576);
      await withSession({ rknn: models }, { device: 'rknn' }, (session) =>
        expect(session.details).toMatchObject({ modelFor: 'rk3576', soc: 'rk3576' }),
      );
      await withSession({ rknn: { rk3576: models.rk3576 } }, { device, idleTtl: 100_000 }, async (session) => {
        await session.release();
        expect((await session.run({ x })).x_out!.data).toEqual(x.data);
      });
    });

    it('given for chips that there are not', async () => {
      const refused = (rknn: object) => expectError('INVALID_ARGUMENT', () => load({ rknn }));
      expect((await refused({ rk3399: good })).hint).toBe('There are: rk3566, rk3568, rk3576, rk3588.');
      expect((await refused({ rk3588: 7 })).message).toContain('model.rknn.rk3588 must be');
      expect((await refused({})).message).toBe('model.rknn names no file.');
      await expectError('MODEL_INVALID', () => load({ rknn: { rk3588: join(place.folder, 'nowhere.rknn') } }));
    });

    it('of other formats, with how to convert them', async () => {
      const error = await expectError('MODEL_UNSUPPORTED', () => load({ onnx: write('m.onnx', Buffer.of(8, 7)) }));
      expect(error.hint).toContain('npx accelnode compile model.onnx --device rknn:rk3588');
    });
  });

  describe('devices', () => {
    it('that do not answer, told apart from a bad model', async () => {
      control.set('initStatus', -1);
      for (const source of [good, good.subarray(0, -3)]) {
        const error = await expectError('DEVICE_NOT_FOUND', () => load({ rknn: source }));
        expect(error).toMatchObject({ call: 'rknn_init', status: -1 });
        expect(error.message).toContain("The NPU of this board's RK3588 can't be opened.");
        expect(error.hint).toContain('dmesg');
      }
    });

    it('that are not there', async () => {
      control.set('initStatus', -1);
      rmSync(join(root, 'dev'), { recursive: true });
      const error = await expectError('DEVICE_NOT_FOUND', () => load(good));
      expect(error.message).toContain('There is neither /dev/rknpu nor a render node');
      expect(error.hint).toContain('--device /dev/dri');
      const { status, reason, hint, devices } = await rknn();
      expect({ status, devices }).toEqual({ status: 'FAIL', devices: [] });
      expect(reason).toContain('/dev/rknpu');
      expect(hint).toContain('--device /dev/dri');
    });

    it.skipIf(process.getuid?.() === 0)('that this user may not open', async () => {
      control.set('initStatus', -1);
      chmodSync(join(root, 'dev', 'dri', 'renderD129'), 0);
      const error = await expectError('DEVICE_NOT_FOUND', () => load(good));
      expect(error.message).toContain('This user may not open');
      expect(error.message).toContain('renderD129');
      expect(error.hint).toContain('usermod -aG render,video');
    });

    it('whose driver is too old for librknnrt', async () => {
      control.set('initStatus', -1);
      writeBoard(root, 'rk3588', '0.8.2');
      const error = await expectError('RUNTIME_INCOMPATIBLE', () => load(good));
      expect(error.message).toContain(`The NPU's driver is 0.8.2, older than 0.9.8: librknnrt ${release}`);
      expect((await rknn()).devices[0]!.details!.warning).toContain('0.8.2');
    });

    it('whose driver is old but works', async () => {
      control.set('driver', 907);
      await withSession(good, { device }, (session) => {
        expect(session.details.driver).toBe('0.9.7');
        expect(session.details.warnings).toEqual([expect.stringContaining('0.9.7')]);
      });
      control.set('driver', 910);
      await withSession(good, { device }, (session) => {
        expect(session.details.driver).toBe('0.9.10');
        expect(session.details.warnings).toBeUndefined();
      });
      control.set('driverLetter', 1);
      await withSession(good, { device }, (session) => {
        expect(session.details.driver).toBe('0.9.10');
        expect(session.details.warnings).toBeUndefined();
      });
      control.set('driver', 907);
      await withSession(good, { device }, (session) => {
        expect(session.details.driver).toBe('0.9.7');
        expect(session.details.warnings).toEqual([expect.stringContaining('0.9.7')]);
      });
    });

    it('of chips that accelnode does not know, with those that it does', async () => {
      writeBoard(root, 'rk3399pro');
      const error = await expectError('UNSUPPORTED', () => load(good));
      expect(error.message).toContain('RK3399PRO');
      expect(error.hint).toBe('It can use those of RK3566, RK3568, RK3576 and RK3588.');
      expect((await rknn()).reason).toContain('RK3399PRO');
      await expectError('DEVICE_NOT_FOUND', () => load({ rknn: { rk3588: good } }));
    });

    it('whose chip a container hides', async () => {
      rmSync(join(root, 'proc'), { recursive: true });
      const { reason, hint } = await rknn();
      expect(reason).toContain('names no Rockchip chip');
      expect(hint).toContain('systempaths=unconfined');
      // What is named is tried; what needs to know the chip is refused.
      await withSession(good, { device }, (session) => {
        expect(session.lanes).toBe(1);
        expect(session.details.warnings).toEqual([expect.stringContaining('no lane was given a core')]);
      });
      const threads = await expectError('INVALID_ARGUMENT', () => load(good, { rknn: { threads: 3 } }));
      expect(threads.hint).toContain('systempaths=unconfined');
      for (const rknn of [
        { coreMask: 1 },
        { coreMask: [1] },
        { coreMask: 'all' },
        { coreMask: 'per-thread' },
        { batchCores: 2 },
      ] as const) {
        const masks = await expectError('INVALID_ARGUMENT', () => load(good, { rknn }));
        expect(masks.message).toContain('it is not known how many cores');
        expect(masks.hint).toContain('systempaths=unconfined');
      }
      await expectError('DEVICE_NOT_FOUND', () => load({ rknn: { rk3588: good } }));
      control.set('initStatus', -3);
      const error = await expectError('DEVICE_NOT_FOUND', () => load(good));
      expect(error).toMatchObject({ status: -3, hint: expect.stringContaining('systempaths') as string });
    });

    it('that are none', async () => {
      const error = await expectError('DEVICE_NOT_FOUND', () => load(good, { device: 'rknn:1' }));
      expect(error.message).toContain('There is no RKNN device "1".');
    });

    it('of which another is next in a list', async () => {
      control.set('initStatus', -1);
      const session = await load(
        { rknn: good, null: { model: 'echo', inputs: [{ name: 'x', type: 'float32', shape: [4] }] } },
        { device: [device, 'null:0'] },
      );
      expect(session.device).toBe('null:0');
      expect(session.attempts).toMatchObject([{ device, code: 'DEVICE_NOT_FOUND' }]);
      await session.close();
    });
  });

  it('an NPU that is gone in the middle is lost to the session, which closes, and to no other', async () => {
    const session = await load(good);
    control.set('hold', 1);
    const runs = Array.from({ length: 5 }, () => expectError('DEVICE_LOST', () => session.run({ x })));
    await reaches(control, 'held', session.lanes);
    control.set('lost', -1);
    control.set('hold', 0);
    for (const error of await Promise.all(runs)) expect(error.hint).toContain('lose the session');
    control.set('lost', 0);
    await expectError('DEVICE_LOST', () => session.run({ x }));
    await session.close();
  });

  describe('librknnrt', () => {
    const use = `
      import { AccelError, Session, runtime } from 'accelnode';
      try {
        const { version, library, warnings } = await runtime('rknn');
        console.log(JSON.stringify({ version, library, warnings }));
      } catch (error) {
        if (!(error instanceof AccelError)) throw error;
        const { code, message, hint, libraries } = error;
        console.log(JSON.stringify({ code, message, hint, libraries }));
      }
    `;
    async function elsewhere(library: string, driver = '0.9.8') {
      const { env, root: board } = makeDouble(place.folder, release, library);
      writeBoard(board, 'rk3588', driver);
      const { stdout, stderr, code } = await runScript(use, { env });
      expect(stderr).toBe('');
      expect(code).toBe(0);
      return JSON.parse(stdout) as Record<string, unknown>;
    }

    it('is opened by its folder too, and tells its version', async () => {
      const library = libraryOf(release);
      const warnings = older ? [expect.stringContaining('librknnrt 1.4.0 is older than 1.6')] : [];
      expect(await elsewhere(join(library, '..'))).toEqual({ version: release, library, warnings });
    });

    it('with an old driver comes with a warning', async () => {
      const { warnings } = await elsewhere(libraryOf(release), '0.9.3');
      expect(warnings).toContainEqual(expect.stringContaining("The NPU's driver is 0.9.3, older than 0.9.8"));
    });

    it('that is not there, or something else, is told', async () => {
      const folder = join(place.folder, 'else');
      mkdirSync(folder, { recursive: true });
      const missingFile = join(folder, 'librknnrt.so');
      expect(await elsewhere(missingFile)).toMatchObject({
        code: 'RUNTIME_NOT_FOUND',
        hint: expect.stringContaining('ACCELNODE_RKNN_LIBRARY') as string,
        libraries: [{ name: missingFile, origin: 'ACCELNODE_RKNN_LIBRARY' }],
      });
      writeFileSync(missingFile, readFileSync(libraryOf(release)).subarray(0, 9000));
      expect(await elsewhere(missingFile)).toMatchObject({ code: 'RUNTIME_NOT_FOUND' });
      const other = join(fakesFolder, 'opencl', 'libOpenCL.so');
      expect(await elsewhere(other)).toMatchObject({
        code: 'RUNTIME_INCOMPATIBLE',
        message: expect.stringContaining('it has no function rknn_init') as string,
      });
    });
  });
});
