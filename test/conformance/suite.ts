/**
 * What every backend must do, written once. A backend brings models that give back their inputs.
 */
import fc from 'fast-check';
import { Session, Tensor } from 'accelnode';
import type { DataType, LoadOptions, ModelSource, NullTensor, Outputs } from 'accelnode';
import { describe, expect, it } from 'vitest';

import { expectError, withSession } from '../utils/session.js';

export interface Subject {
  /** Of the test report. */
  name: string;
  device: string;
  /** A model whose outputs equal its inputs, with the names `<input>_out`. */
  echo: (inputs: readonly NullTensor[]) => ModelSource;
  /** Element types that `echo` can be made of. */
  types: readonly DataType[];
  /** Runs of this model take long enough to be met under way. */
  slow: { source: ModelSource; input: Tensor };
  options?: LoadOptions;
  /** Further options that a model with these inputs needs. */
  optionsFor?: (inputs: readonly NullTensor[]) => LoadOptions;
  /** Must its outputs be copied, because the vendor leaves the caller's memory unwritten? */
  copies?: boolean;
  /** Does the vendor refuse tensors without elements? */
  refusesEmpty?: boolean;
  /**
   * Can `echo` leave a dimension open? `listed`: only for some sizes, of which none is 0. `no`: what needs it is left out,
   * and the rest runs with fixed shapes. Default: for any size.
   */
  open?: 'listed' | 'no';
  /** Kinds of memory that the device has of its own. */
  memories?: readonly ('pinned' | 'device')[];
}

export function describeConformance(subject: Subject): void {
  describe(subject.name, () => {
    describeValues(subject);
    describeShapes(subject);
    describeMemory(subject);
    describeConcurrency(subject);
    describeEnds(subject);
  });
}

const FLOATS: NullTensor = { name: 'x', type: 'float32', shape: [2, 3] };
const DYNAMIC: NullTensor = { name: 'x', type: 'float32', shape: [-1, 3] };

/** With an open dimension, where there can be one. */
const varied = ({ open }: Subject): NullTensor => (open === 'no' ? FLOATS : DYNAMIC);

function load<T>(
  subject: Subject,
  inputs: readonly NullTensor[],
  use: (session: Session) => Promise<T> | T,
  options: LoadOptions = {},
): Promise<T> {
  const { device, optionsFor } = subject;
  return withSession(subject.echo(inputs), { device, ...optionsFor?.(inputs), ...subject.options, ...options }, use);
}

/** Different numbers at each place and for each seed, valid for every type. */
function filled<T extends DataType>(type: T, dims: readonly number[], seed = 1): Tensor<T> {
  const tensor = Tensor.zeros(type, dims);
  const data = tensor.data as { length: number; [i: number]: number | bigint };
  for (let i = 0; i < data.length; i++) {
    const value = (i * 7 + seed * 13) % 101;
    if (typeof data[i] === 'bigint') data[i] = BigInt(value);
    else if (type === 'bool') data[i] = value % 2;
    else if (type === 'float16') data[i] = 0x3c00 + value;
    else if (type === 'bfloat16') data[i] = 0x3f80 + value;
    else data[i] = type.startsWith('float') ? value / 4 - 10 : value;
  }
  return tensor;
}

function expectEcho(outputs: Outputs, x: Tensor): void {
  expect(outputs.x_out).toMatchObject({ type: x.type, dims: x.dims, data: x.data });
}

function describeValues(subject: Subject): void {
  describe('values', () => {
    it.each(subject.types)('of type %s come out as they went in', (type) =>
      load(subject, [{ name: 'x', type, shape: [2, 3] }], async (session) => {
        const x = filled(type, [2, 3]);
        expect(session.inputs).toEqual([{ name: 'x', type, shape: [2, 3] }]);
        expect(session.outputs).toEqual([{ name: 'x_out', type, shape: [2, 3] }]);
        expectEcho(await session.run({ x }), x);
        expectEcho(session.runSync({ x }), x);
      }),
    );

    it('of several inputs and outputs stay apart', () =>
      load(
        subject,
        [FLOATS, { name: 'y', type: 'int32', shape: [4] }, { name: 'z', type: 'float32', shape: [1] }],
        async (session) => {
          const inputs = { z: filled('float32', [1], 3), x: filled('float32', [2, 3], 1), y: filled('int32', [4], 2) };
          const outputs = await session.run(inputs);
          for (const [name, tensor] of Object.entries(inputs))
            expect(outputs[`${name}_out`]!.data).toEqual(tensor.data);
          expect(Object.keys(await session.run(inputs, { outputs: ['y_out'] }))).toEqual(['y_out']);
          expect(session.runSync(inputs, { outputs: [] })).toEqual({});
          expect((await session.run(inputs)).x_out!.data).toEqual(inputs.x.data);
        },
      ));
  });
}

function describeShapes(subject: Subject): void {
  describe('shapes', () => {
    it.each([[[]], [[1]], [[7]], [[2, 1, 3, 1, 2]]])('[%s]', (shape) =>
      load(subject, [{ ...FLOATS, shape }], async (session) => {
        const x = filled('float32', shape);
        expectEcho(await session.run({ x }), x);
      }),
    );

    it.skipIf(subject.open === 'no')('may change from run to run', () =>
      load(subject, [DYNAMIC], async (session) => {
        for (const rows of [1, 5, 2, 5, 1, 100, 1]) {
          const x = filled('float32', [rows, 3], rows);
          expectEcho(await session.run({ x }), x);
          expectEcho(session.runSync({ x }), x);
        }
      }),
    );

    it.skipIf(subject.open !== undefined)('may have no elements', () =>
      load(subject, [DYNAMIC], async (session) => {
        const empty = Tensor.zeros('float32', [0, 3]);
        const x = filled('float32', [2, 3]);
        if (subject.refusesEmpty === true) {
          await expectError('UNSUPPORTED', () => session.run({ x: empty }));
          expectEcho(await session.run({ x }), x);
          return;
        }
        expectEcho(await session.run({ x: empty }), empty);
        expectEcho(await session.run({ x }), x);
        expectEcho(session.runSync({ x: empty }), empty);
      }),
    );

    it('that do not fit are refused, and the session goes on', () =>
      load(subject, [FLOATS], async (session) => {
        await expectError('INVALID_ARGUMENT', () => session.run({ x: filled('float32', [3, 2]) }));
        await expectError('INVALID_ARGUMENT', () => session.run({ x: filled('float32', [2, 3, 1]) }));
        await expectError('INVALID_ARGUMENT', () => session.run({ x: filled('int32', [2, 3]) }));
        const x = filled('float32', [2, 3]);
        expectEcho(await session.run({ x }), x);
      }));
  });
}

function describeMemory(subject: Subject): void {
  describe('memory', () => {
    it('of inputs is read where it is, whatever changed since the last run', () =>
      load(subject, [FLOATS], async (session) => {
        const [a, b] = [filled('float32', [2, 3], 1), filled('float32', [2, 3], 2)];
        for (const x of [a, a, b, a, b, b]) {
          x.data[0] = x.data[0]! + 1;
          expectEcho(await session.run({ x }), x);
        }
      }));

    it('of outputs is the one that is given', () =>
      load(subject, [FLOATS], async (session) => {
        const [a, b] = [Tensor.zeros('float32', [2, 3]), Tensor.zeros('float32', [2, 3])];
        for (const [i, mine] of [a, a, b, a].entries()) {
          const x = filled('float32', [2, 3], i);
          const outputs =
            i % 2 === 0
              ? await session.run({ x }, { outputs: { x_out: mine } })
              : session.runSync({ x }, { outputs: { x_out: mine } });
          expect(outputs.x_out).toBe(mine);
          expect(mine.data).toEqual(x.data);
        }
        const untouched = Float32Array.from(a.data);
        await session.run({ x: filled('float32', [2, 3], 9) });
        await session.run({ x: filled('float32', [2, 3], 8) }, { outputs: [] });
        expect(a.data).toEqual(untouched);
      }));

    it.skipIf(subject.open === 'no')('of dynamic outputs is the one that is given, where it is large enough', () =>
      load(subject, [DYNAMIC], async (session) => {
        const mine = Tensor.zeros('float32', [4, 3]);
        for (const rows of [4, 1, 3, 4]) {
          const x = filled('float32', [rows, 3], rows);
          const outputs = await session.run({ x }, { outputs: { x_out: mine } });
          expectEcho(outputs, x);
          expect(outputs.x_out!.data.buffer).toBe(mine.data.buffer);
        }
        const x = filled('float32', [5, 3]);
        const error = await expectError('INVALID_ARGUMENT', () => session.run({ x }, { outputs: { x_out: mine } }));
        expect(error.message).toContain('too small');
        expectEcho(await session.run({ x }), x);
      }),
    );

    it.skipIf(subject.open === 'no')(
      'of dynamic outputs stays valid while later runs go on, and after the session is closed',
      async () => {
        const kept = await load(subject, [DYNAMIC], async (session) => {
          const outputs: [Outputs, Tensor][] = [];
          for (let i = 1; i <= 10; i++) {
            const x = filled('float32', [i, 3], i);
            outputs.push([await session.run({ x }), x]);
          }
          return outputs;
        });
        for (const [outputs, x] of kept) expectEcho(outputs, x);
      },
    );

    it('may be shared, and begin anywhere in its buffer', () =>
      load(subject, [FLOATS], async (session) => {
        for (const buffer of [new SharedArrayBuffer(256), new ArrayBuffer(256)]) {
          for (const offset of [0, 4, 20, 100]) {
            const x = new Tensor('float32', new Float32Array(buffer, offset, 6), [2, 3]);
            x.data.set(filled('float32', [2, 3], offset).data);
            const mine = new Tensor('float32', new Float32Array(buffer, offset + 28, 6), [2, 3]);
            await session.run({ x }, { outputs: { x_out: mine } });
            expect([...mine.data]).toEqual([...x.data]);
          }
        }
      }));

    it.each([1, 3, 8])('of any kind gives right results, whatever the shape and the way to run, on %i lanes', (lanes) =>
      load(
        subject,
        [varied(subject)],
        async (session) => {
          const memories = ['ours', 'chosen', 'shared', 'in the middle', ...(subject.memories ?? [])] as const;
          const make = (memory: (typeof memories)[number], dims: number[]): Tensor<'float32'> => {
            const length = dims.reduce((a, b) => a * b, 1);
            switch (memory) {
              case 'ours':
                return Tensor.zeros('float32', dims);
              case 'chosen':
                return session.allocate('x', dims) as Tensor<'float32'>;
              case 'shared':
                return new Tensor('float32', new Float32Array(new SharedArrayBuffer(length * 4)), dims);
              case 'in the middle':
                return new Tensor('float32', new Float32Array(new ArrayBuffer(length * 4 + 64), 12, length), dims);
              default:
                return Tensor.allocate('float32', dims, { memory, device: session.device });
            }
          };
          const run = fc.record({
            rows:
              subject.open === 'no'
                ? fc.constant(2)
                : fc.integer({ min: subject.open === undefined && subject.refusesEmpty !== true ? 0 : 1, max: 8 }),
            from: fc.constantFrom(...memories),
            to: fc.constantFrom(...memories, 'fresh', 'nowhere'),
            spare: fc.integer({ min: 0, max: subject.open === 'no' ? 0 : 2 }), // rows that the output's tensor has too many
            sync: fc.boolean(),
            seed: fc.integer({ min: 0, max: 100 }),
          });
          await fc.assert(
            fc.asyncProperty(fc.array(run, { minLength: 1, maxLength: 16 }), async (runs) => {
              await Promise.all(
                runs.map(async ({ rows, from, to, spare, sync, seed }) => {
                  const expected = filled('float32', [rows, 3], seed);
                  const x = make(from, [rows, 3]);
                  await x.write(expected.data);
                  const outputs =
                    to === 'fresh' ? { x_out: null } : to === 'nowhere' ? [] : { x_out: make(to, [rows + spare, 3]) };
                  const { x_out: y } = sync
                    ? session.runSync({ x }, { outputs })
                    : await session.run({ x }, { outputs });
                  if (to === 'nowhere') expect(y).toBeUndefined();
                  else {
                    expect(y!.dims).toEqual([rows, 3]);
                    expect(await y!.read()).toEqual(expected.data);
                  }
                  x.dispose();
                  y?.dispose();
                }),
              );
            }),
            { seed: 1, numRuns: 40 },
          );
          expect(session.stats().failed).toBe(0);
          if (!subject.copies) expect(session.stats().bytesCopied).toBe(0);
        },
        { lanes },
      ),
    );
  });
}

function describeConcurrency(subject: Subject): void {
  describe('one after the other', () => {
    // Short ones on a CPU stay on this thread after a while.
    it('runs that change their memory, or not, give what went in', () =>
      load(subject, [FLOATS], async (session) => {
        const kept = filled('float32', [2, 3]);
        const given = Tensor.zeros('float32', [2, 3]);
        for (let i = 0; i < 300; i++) {
          const x = i % 3 === 0 ? filled('float32', [2, 3], i) : kept;
          const outputs = await session.run({ x }, i % 2 === 0 ? {} : { outputs: { x_out: given } });
          expectEcho(outputs, x);
        }
        expect(session.stats()).toMatchObject({ runs: 300, failed: 0, busyLanes: 0 });
      }));
  });

  describe('several at once', () => {
    it.each([1, 3, 8])('runs on %i lanes give each caller its own result', (lanes) =>
      load(
        subject,
        [varied(subject)],
        async (session) => {
          expect(session.lanes).toBe(lanes);
          await Promise.all(
            Array.from({ length: 200 }, async (_, i) => {
              const x = filled('float32', [subject.open === 'no' ? 2 : 1 + (i % 5), 3], i);
              expectEcho(await session.run({ x }), x);
            }),
          );
          expect(session.stats()).toMatchObject({ runs: 200, failed: 0 });
        },
        { lanes },
      ),
    );

    it('sessions do not disturb each other, and one may end while others run', async () => {
      const sessions = await Promise.all(
        [1, 2, 3, 4].map(() => Session.load(subject.echo([FLOATS]), { device: subject.device, ...subject.options })),
      );
      const work = sessions.map(async (session, i) => {
        const x = filled('float32', [2, 3], i);
        for (let n = 0; n < 20; n++) expectEcho(await session.run({ x }), x);
        await session.close();
      });
      await Promise.all(work);
    });

    it('synchronous and asynchronous runs mix', () =>
      load(subject, [FLOATS], async (session) => {
        const pending = [];
        for (let i = 0; i < 50; i++) {
          const [a, b] = [filled('float32', [2, 3], i), filled('float32', [2, 3], i + 50)];
          pending.push(session.run({ x: a }).then((outputs) => expectEcho(outputs, a)));
          expectEcho(session.runSync({ x: b }), b);
        }
        await Promise.all(pending);
      }));
  });
}

function describeEnds({ device, slow, options, ...subject }: Subject): void {
  const inputs = { x: slow.input };
  const withSlow = <T>(use: (session: Session) => Promise<T>): Promise<T> =>
    withSession(slow.source, { device, lanes: 1, ...options }, use);

  describe('ends', () => {
    it('of a run by its signal, while it waits and while it is computed', () =>
      withSlow(async (session) => {
        const controllers = [new AbortController(), new AbortController()];
        const runs = controllers.map(({ signal }) => expectError('CANCELLED', () => session.run(inputs, { signal })));
        const last = session.run(inputs);
        for (const controller of controllers.reverse()) controller.abort();
        await Promise.all(runs);
        expect(Object.keys(await last)).toEqual(['x_out']);
      }));

    it('of a run by its time-out', () =>
      withSlow(async (session) => {
        await expectError('TIMEOUT', () => session.run(inputs, { timeout: 1 }));
        expect(Object.keys(await session.run(inputs))).toEqual(['x_out']);
      }));

    it('of a session with runs pending, which finish', async () => {
      const session = await Session.load(slow.source, { device, lanes: 2, ...options });
      const runs = [1, 2, 3].map(() => session.run(inputs));
      await session.close();
      expect(await Promise.all(runs)).toHaveLength(3);
      await expectError('CLOSED', () => session.run(inputs));
    });

    it('of a session with runs pending, which are cancelled', async () => {
      const session = await Session.load(slow.source, { device, lanes: 2, ...options });
      const settled = Promise.allSettled([1, 2, 3, 4, 5, 6].map(() => session.run(inputs)));
      await session.close({ cancel: true });
      const codes = (await settled).map((result) =>
        result.status === 'rejected' ? (result.reason as { code: string }).code : 'done',
      );
      for (const code of codes.slice(2)) expect(['CLOSED', 'CANCELLED']).toContain(code);
    });

    it('of many sessions, one after the other', async () => {
      for (let i = 0; i < 10; i++) {
        const session = await Session.load(subject.echo([FLOATS]), { device, ...options });
        const x = filled('float32', [2, 3], i);
        expectEcho(await session.run({ x }), x);
        await Promise.all([session.close(), session.close()]);
      }
    });
  });
}
