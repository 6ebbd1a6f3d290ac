/** Lanes on the double of the librknnrt that the project names: contexts that share weights, each on its core. */
import { join } from 'node:path';
import { writeFileSync } from 'node:fs';

import { Session, Tensor } from 'accelnode';
import type { LoadOptions } from 'accelnode';
import { afterAll, afterEach, describe, expect, it } from 'vitest';

import { expectError, withSession } from '../utils/session.js';
import { reaches } from './cuda/setup.js';
import { makeWorkplace } from './openvino/setup.js';
import { writeBoard } from './rknn/board.mjs';
import { rknnModel } from './rknn/models.mjs';
import { echoModel, missing, openDouble } from './rknn/setup.js';

const device = 'rknn:0';
const place = makeWorkplace();
afterAll(() => place.remove());

const FLOATS = [{ name: 'x', type: 'float32' as const, shape: [4] }];
const x = Tensor.zeros('float32', [4]);

describe.skipIf(missing)(`lanes${missing ?? ''}`, () => {
  const { control, root } = openDouble(place.folder);

  function useChip(chip: string): void {
    writeBoard(root, chip);
    control.set('soc', Number(chip.slice(2, 6)));
  }

  const coreRuns = (): number[] => ['core0Runs', 'core1Runs', 'core2Runs'].map((field) => control.get(field));

  /** Which cores compute when as many runs as there are lanes are under way, and none has ended. */
  async function coresOf(session: Session): Promise<number[]> {
    const before = coreRuns();
    control.set('hold', 1);
    const runs = Array.from({ length: session.lanes }, () => session.run({ x }));
    try {
      await reaches(control, 'held', session.lanes);
      expect(control.get('running')).toBe(session.lanes);
    } finally {
      control.set('hold', 0);
      await Promise.all(runs);
    }
    return coreRuns().map((runs, core) => runs - before[core]!);
  }

  afterEach(() => {
    for (const field of ['soc', 'hold', 'failAt', 'lost']) control.set(field, 0);
    writeBoard(root);
    expect(control.takeViolation()).toBe('');
    expect([control.live().context, control.live().weights]).toEqual([undefined, undefined]);
  });

  const load = <T>(options: LoadOptions, use: (session: Session) => Promise<T> | T, chip = 'rk3588'): Promise<T> =>
    withSession(echoModel(FLOATS, { target: chip }), { device, ...options }, use);

  it('are one for each core, unless told otherwise, and compute at the same time', () =>
    load({}, async (session) => {
      expect(session.lanes).toBe(3);
      expect(session.details.coreMasks).toEqual([1, 2, 4]);
      control.set('mostRunning', 0);
      expect(await coresOf(session)).toEqual([1, 1, 1]);
      expect(control.get('mostRunning')).toBe(3);
    }));

  it('are as many as rknn.threads says', () =>
    load({ rknn: { threads: 2 } }, async (session) => {
      expect(session.lanes).toBe(2);
      expect(session.details.coreMasks).toEqual([1, 2]);
      expect(await coresOf(session)).toEqual([1, 1, 0]);
    }));

  it('one alone is left to librknnrt, which finds it a core', async () => {
    const pins = control.get('pins');
    await load({ rknn: { threads: 1 } }, async (session) => {
      expect(session.details.coreMasks).toEqual([0]);
      await session.run({ x });
    });
    expect(control.get('pins')).toBe(pins);
  });

  it('have the cores that the masks name', async () => {
    await load({ rknn: { threads: 1, coreMask: 'per-thread' } }, (session) =>
      expect(session.details.coreMasks).toEqual([1]),
    );
    await load({ rknn: { threads: 1, coreMask: 'all' } }, async (session) =>
      expect(await coresOf(session)).toEqual([1, 1, 1]),
    );
    await load({ rknn: { threads: 1, coreMask: 3 } }, async (session) =>
      expect(await coresOf(session)).toEqual([1, 1, 0]),
    );
    await load({ rknn: { coreMask: [4, 2] } }, async (session) => {
      expect(session.lanes).toBe(2);
      expect(session.details.coreMasks).toEqual([4, 2]);
      expect(await coresOf(session)).toEqual([0, 1, 1]);
    });
  });

  it('beyond the cores begin with the first again', () =>
    load({ lanes: 4 }, (session) => expect(session.details.coreMasks).toEqual([1, 2, 4, 1])));

  it('are two on RK3576', () => {
    useChip('rk3576');
    return load(
      {},
      async (session) => {
        expect(session.details).toMatchObject({ soc: 'rk3576', cores: 2, coreMasks: [1, 2] });
        expect(await coresOf(session)).toEqual([1, 1, 0]);
      },
      'rk3576',
    );
  });

  it('all cores of RK3576 are two', () => {
    useChip('rk3576');
    return load({ rknn: { coreMask: 'all' } }, (session) => expect(session.details.coreMasks).toEqual([3]), 'rk3576');
  });

  it.each(['rk3566', 'rk3568'])('on %s there is one, which is told no core', async (chip) => {
    useChip(chip);
    const pins = control.get('pins');
    for (const rknn of [{}, { threads: 1 as const }, { coreMask: 'per-thread' as const }, { coreMask: 1 }]) {
      await load({ rknn }, async (session) => expect(await coresOf(session)).toEqual([1, 0, 0]), chip);
    }
    await load({ lanes: 2 }, async (session) => expect((await session.run({ x })).x_out!.dims).toEqual([4]), chip);
    expect(control.get('pins')).toBe(pins);
  });

  it('too many for the chip, and cores that it does not have, are refused', async () => {
    const refused = (rknn: LoadOptions['rknn'], chip: string) => {
      useChip(chip);
      return expectError('INVALID_ARGUMENT', () => Session.load(echoModel(FLOATS, { target: chip }), { device, rknn }));
    };
    const error = await refused({ threads: 3 }, 'rk3576');
    expect(error.message).toBe('rknn.threads is 3, but the NPU of RK3576 has 2 cores.');
    expect(error.hint).toContain('At most two threads');
    expect((await refused({ threads: 2 }, 'rk3566')).message).toContain('has one core');
    expect((await refused({ coreMask: 4 }, 'rk3576')).message).toContain('rknn.coreMask is 4');
    expect((await refused({ coreMask: [1, 7] }, 'rk3576')).message).toContain('rknn.coreMask is 7');
    expect((await refused({ coreMask: 2 }, 'rk3568')).message).toContain('has one core');
  });

  it('that contradict each other are refused before anything is loaded', async () => {
    const inits = control.get('inits');
    const refused = (options: object) =>
      expectError('INVALID_ARGUMENT', () => Session.load(echoModel(FLOATS), { device, ...options }));
    for (const mask of [5, 6]) {
      expect((await refused({ rknn: { coreMask: mask } })).message).toContain('nor 5 and 6');
    }
    for (const mask of [0, -1, 8, 65535, 1.5, 'some', []]) await refused({ rknn: { coreMask: mask } });
    for (const threads of [0, 4, '2']) await refused({ rknn: { threads } });
    expect((await refused({ lanes: 2, rknn: { threads: 3 } })).message).toContain('rknn.threads');
    await refused({ lanes: 3, rknn: { coreMask: [1, 2] } });
    await refused({ rknn: { threads: 3, coreMask: [1, 2] } });
    expect(control.get('inits')).toBe(inits);
    await load({ lanes: 2, rknn: { threads: 2, coreMask: [1, 2] } }, () => undefined);
  });

  describe('weights', () => {
    const model = rknnModel({
      weights: 10_000_000,
      internal: 500_000,
      // No memory that the NPU uses itself, so that only what is meant to fails.
      inputs: [{ name: 'x', type: 'float16', dims: [4] }],
      outputs: [{ name: 'x_out', type: 'float16', dims: [4] }],
    });

    /** Bytes that the double has given to contexts. */
    const taken = (threads: 1 | 2 | 3) =>
      withSession(model, { device, rknn: { threads } }, (session) => ({
        bytes: control.get('memory'),
        told: session.memory(),
      }));

    it('are there once: three lanes take no more than 1.2 times what one takes', async () => {
      const [inits, dups] = [control.get('inits'), control.get('dups')];
      const one = await taken(1);
      const three = await taken(3);
      expect(control.get('inits') - inits).toBe(2);
      expect(control.get('dups') - dups).toBe(2);
      expect(one.bytes).toBe(10_500_000);
      expect(three.bytes).toBeLessThanOrEqual(1.2 * one.bytes);
      expect(one.told).toMatchObject({ device: one.bytes, lane0: one.bytes });
      expect(three.told).toMatchObject({
        device: three.bytes,
        weights: 10_000_000,
        internal: 1_500_000,
        lane0: 10_500_000,
        lane1: 500_000,
        lane2: 500_000,
      });
      expect(control.get('memory')).toBe(0);
    });

    it('are there again for a lane that could not be duplicated, which is told', async () => {
      const file = join(place.folder, 'model.rknn');
      writeFileSync(file, model);
      for (const source of [file, model]) {
        // The first duplicate: how many calls come before is not this test's business.
        for (let n = 1; ; n++) {
          control.arm(n, { status: -1, text: '' });
          const session = await Session.load(source, { device, rknn: { threads: 3 } }).catch(() => undefined);
          const failed = control.disarm();
          if (session === undefined) continue;
          if (failed !== 'rknn_dup_context') {
            await session.close();
            expect(failed).not.toBe('');
            continue;
          }
          expect(session.details.warnings).toEqual([
            'rknn_dup_context failed (RKNN_ERR_FAIL, -1). Lane 1 has the weights once more, which takes 10000000 bytes.',
          ]);
          expect(session.memory()).toMatchObject({ device: 21_500_000, lane1: 10_500_000, lane2: 500_000 });
          expect(control.get('memory')).toBe(21_500_000);
          expect(await coresOf(session)).toEqual([1, 1, 1]);
          await session.close();
          break;
        }
      }
    });
  });

  it('leave the priority of the process alone, unless that is asked for', async () => {
    const before = control.get('reniced');
    await load({}, () => undefined);
    expect(control.get('reniced')).toBe(before);
    await load({ rknn: { highPriority: true } }, () => undefined);
    expect(control.get('reniced')).toBe(before + 1);
  });

  it('spread batches over as many cores as is asked for', async () => {
    await load({ rknn: { threads: 1, batchCores: 3 } }, () => expect(control.get('batchCores')).toBe(3));
    const pins = control.get('pins');
    await load({ rknn: { batchCores: 2 } }, (session) => {
      expect(control.get('batchCores')).toBe(2);
      expect([session.lanes, session.details.coreMasks]).toEqual([1, [0]]);
    });
    expect(control.get('pins')).toBe(pins);
    useChip('rk3576');
    const error = await expectError('INVALID_ARGUMENT', () =>
      load({ rknn: { batchCores: 3 } }, () => undefined, 'rk3576'),
    );
    expect(error.message).toBe('rknn.batchCores is 3, but the NPU of RK3576 has 2 cores.');
  });

  it('whose cores librknnrt refuses have not lost the NPU', async () => {
    const model = echoModel([{ name: 'x', type: 'float16', shape: [4] }]);
    for (let n = 1; ; n++) {
      control.arm(n, { status: -1, text: '' });
      const outcome: unknown = await Session.load(model, { device }).catch((error: unknown) => error);
      const failed = control.disarm();
      if (outcome instanceof Session) await outcome.close();
      expect(failed).not.toBe('');
      if (failed !== 'rknn_set_core_mask') continue;
      expect(outcome).toMatchObject({
        ...{ code: 'VENDOR_FAILURE', call: 'rknn_set_core_mask', status: -1 },
        hint: expect.stringContaining('driver rknpu, or leave rknn.coreMask out') as string,
      });
      break;
    }
  });

  it('give each of 100,000 requests its own answer, 64 in flight', () =>
    withSession(
      rknnModel({
        inputs: [{ name: 'x', type: 'int32', dims: [2] }],
        outputs: [{ name: 'y', type: 'int32', dims: [2], factor: 3, offset: 1 }],
      }),
      { device, rknn: { threads: 3 } },
      async (session) => {
        const before = coreRuns();
        let next = 0;
        let wrong = 0;
        const work = async (): Promise<void> => {
          while (next < 100_000) {
            const n = next++;
            const { y } = await session.run({ x: new Int32Array([n, -n]) });
            const [a, b] = y!.data as Int32Array;
            if (a !== 3 * n + 1 || b !== 1 - 3 * n) wrong++;
          }
        };
        await Promise.all(Array.from({ length: 64 }, work));
        expect(wrong).toBe(0);
        expect(session.stats()).toMatchObject({ runs: 100_000, failed: 0 });
        const runs = coreRuns().map((count, core) => count - before[core]!);
        expect(runs.reduce((a, b) => a + b)).toBe(100_000);
        // Whichever lane is free takes the next; none is left out.
        expect(Math.min(...runs)).toBeGreaterThan(0);
      },
    ));
});
