/** Inputs whose values decide shapes, on the double of the TensorRT that the project names: TensorRT wants them in host memory. */
import { join } from 'node:path';

import { Session, Tensor } from 'accelnode';
import type { LoadOptions } from 'accelnode';
import { afterAll, afterEach, describe, expect, it } from 'vitest';

import { runScript } from '../utils/child.js';
import { expectError, withSession } from '../utils/session.js';
import { libraryOf, makeDoubles, missing, openDoubles } from './cuda/setup.js';
import { makeWorkplace } from './openvino/setup.js';

describe.skipIf(missing)(`values that decide shapes${missing ?? ''}`, () => {
  const place = makeWorkplace();
  const { control, major, models } = openDoubles(place.folder);
  afterAll(() => place.remove());
  afterEach(() => expect(control.getText('violation')).toBe(''));

  const device = 'cuda:0';
  const upTo4 = { shape: { min: [1, 3], opt: [2, 3], max: [4, 3] } };
  const from10To12 = { shape: { min: [10, 3], max: [12, 3] } };
  const shapes = { x: [1, 3] };
  const options: LoadOptions = { device, lanes: 1, shapes, cuda: { shapeValues: upTo4 } };

  const int64s = (memory: 'host' | 'pinned' | 'device'): Tensor<'int64'> =>
    memory === 'host' ? Tensor.zeros('int64', [2]) : Tensor.allocate('int64', [2], { memory, device });

  async function stretch(session: Session, rows: number, memory: 'host' | 'pinned' | 'device' = 'host'): Promise<void> {
    const shape = int64s(memory);
    await shape.write(BigInt64Array.of(BigInt(rows), 3n));
    try {
      const { y, size } = await session.run({ x: new Tensor('float32', [1, 2, 3], [1, 3]), shape });
      expect(y!.dims).toEqual([rows, 3]);
      expect([...(y!.data as Float32Array)]).toEqual(Array.from({ length: rows * 3 }, (_, i) => 1 + (i % 3)));
      expect([...(size!.data as BigInt64Array)]).toEqual([BigInt(rows), 3n]);
    } finally {
      shape.dispose();
    }
  }

  it.each(['host', 'pinned', 'device'] as const)('are read anew from %s memory in each run', (memory) =>
    withSession(models.stretch, options, async (session) => {
      for (const rows of [1, 4, 4, 2, 3]) await stretch(session, rows, memory);
    }),
  );

  it('are there for runs that are recorded as graphs too', () =>
    withSession(models.stretch, { ...options, cuda: { ...options.cuda, graphs: true } }, async (session) => {
      for (const rows of [2, 2, 2, 4, 4, 4]) await stretch(session, rows);
    }));

  it('give the shape of a shape into memory of the caller, wherever it is', () =>
    withSession(models.stretch, options, async (session) => {
      for (const memory of ['host', 'pinned', 'device'] as const) {
        const size = int64s(memory);
        const inputs = { x: Tensor.zeros('float32', [1, 3]), shape: BigInt64Array.of(3n, 3n) };
        await session.run(inputs, { outputs: { size } });
        expect([...(await size.read())]).toEqual([3n, 3n]);
        size.dispose();
      }
    }));

  it('choose the profile that was built for them', async () => {
    const two = { ...options, cuda: { profiles: [shapes], shapeValues: [upTo4, from10To12] } };
    const plan = join(place.folder, 'stretch.plan');
    await withSession(models.stretch, two, async (session) => {
      expect(session.details.profiles).toMatchObject([
        [{ name: 'x' }, { name: 'shape', values: { min: [1, 3], opt: [2, 3], max: [4, 3] } }],
        [{ name: 'x' }, { name: 'shape', values: { min: [10, 3], opt: [12, 3], max: [12, 3] } }],
      ]);
      for (const rows of [4, 10, 12, 1]) await stretch(session, rows);
      await session.export(plan);
    });
    await withSession(plan, { device, lanes: 2 }, async (session) => {
      for (const rows of [11, 3, 11]) await stretch(session, rows);
      for (const rows of [5, 13]) {
        const error = await expectError('INVALID_ARGUMENT', () => stretch(session, rows));
        expect(error.message).toContain(`"shape" with the values [${rows}, 3]`);
        expect(error.hint).toContain('[10, 3] to [12, 3]');
      }
      await stretch(session, 4);
    });
  });

  it.each([
    ['MODEL_UNSUPPORTED', undefined, 'must know their range'],
    ['INVALID_ARGUMENT', { shape: { min: [1], max: [4] } }, 'gives it 1 values'],
    ['INVALID_ARGUMENT', { ...upTo4, x: { min: [1, 1], max: [4, 4] } }, 'which decide no shapes'],
    ['INVALID_ARGUMENT', { ...upTo4, z: { min: [1, 1], max: [4, 4] } }, 'no input "z"'],
    ['INVALID_ARGUMENT', [upTo4, from10To12], 'values for 2 optimisation profiles, and there are 1'],
    ['INVALID_ARGUMENT', { shape: { min: [4, 3], max: [1, 3] } }, 'min ≤ opt ≤ max'],
  ] as const)('%s without good bounds when building: %j', async (code, shapeValues, words) => {
    const error = await expectError(code, () => Session.load(models.stretch, { ...options, cuda: { shapeValues } }));
    expect(error.message).toContain(words);
  });

  // Releases before 10.11 are told, and tell, 32 bits of each.
  it.runIf(major === 10)('are told to releases that know numbers of 32 bits only', async () => {
    const { control: of100, env } = makeDoubles(place.folder, major, libraryOf(major));
    of100.set('version', 100000);
    const script = `
      import { Session, Tensor } from 'accelnode';
      const load = (most) =>
        Session.load(process.argv[1], {
          device: 'cuda:0', shapes: { x: [1, 3] }, cuda: { shapeValues: { shape: { min: [1, 3], max: [most, 3] } } },
        });
      const session = await load(4);
      const { y } = await session.run({ x: Tensor.zeros('float32', [1, 3]), shape: BigInt64Array.of(4n, 3n) });
      const { code } = await load(2 ** 32).catch((error) => error);
      console.log(JSON.stringify([y.dims, session.details.profiles[0][1].values.max, code]));
      await session.close();
    `;
    const { stdout, stderr } = await runScript(script, { args: [models.stretch], env });
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toEqual([[4, 3], [4, 3], 'INVALID_ARGUMENT']);
    expect(of100.getText('violation')).toBe('');
  });
});
