/** What goes on at once in one session, on the double of the TensorRT that the project names: calls of TensorRT's are held meanwhile. */
import { join } from 'node:path';

import { Tensor } from 'accelnode';
import type { Session } from 'accelnode';
import { afterAll, afterEach, describe, expect, it } from 'vitest';

import { expectError, withNull, withSession } from '../utils/session.js';
import { missing, openDoubles, reaches, rowsFrom1To8 } from './cuda/setup.js';
import { makeWorkplace } from './openvino/setup.js';

describe.skipIf(missing)(`at once${missing ?? ''}`, () => {
  const place = makeWorkplace();
  const { control, models } = openDoubles(place.folder);
  afterAll(() => place.remove());
  afterEach(() => {
    for (const field of ['hold', 'holdCalls']) control.set(field, 0);
    expect(control.getText('violation')).toBe('');
  });

  const device = 'cuda:0';
  const plan = join(place.folder, 'exported.plan');
  const withGraphs = { device, shapes: rowsFrom1To8, cuda: { graphs: true } };

  const run = (session: Session, rows: number, signal?: AbortSignal): Promise<unknown> =>
    session.run({ x: Tensor.zeros('float32', [rows, 3]) }, { signal });

  /** From now on calls of this method wait. */
  const holdCalls = (method: string): void => {
    control.setText('heldCall', method);
    control.set('holdCalls', 1);
  };

  /** Longer than what is wrongly not held needs to come forward. */
  const elsewhere = (): Promise<unknown> => withNull({}, (session) => session.run({ x: new Float32Array(4) }));

  it('a run is given up, and others go on, while its context is made', () =>
    withSession(models.rows, { ...withGraphs, lanes: 1 }, async (session) => {
      await run(session, 1);
      const shapes = control.get('setShapes');
      holdCalls('createExecutionContext');
      const abort = new AbortController();
      const first = expectError('CANCELLED', () => run(session, 2, abort.signal));
      await reaches(control, 'heldCalls', 1);
      const second = run(session, 1);
      abort.abort(); // would never return
      control.set('holdCalls', 0);
      await first;
      await second;
      expect(control.get('setShapes')).toBe(shapes); // the first went no further
      await run(session, 2);
    }));

  it('a run is given up while it waits for memory that another lane uses', () =>
    withSession(models.mix, { device, lanes: 2, cuda: { sharedMemory: true } }, async (session) => {
      const inputs = { a: new Float32Array(4), b: new Float32Array(4) };
      control.set('hold', 1);
      const first = session.run(inputs);
      await reaches(control, 'held', 1);
      const abort = new AbortController();
      const second = session.run(inputs, { signal: abort.signal });
      while (session.stats().busyLanes < 2) await new Promise(setImmediate);
      abort.abort();
      await expectError('CANCELLED', () => second);
      control.set('hold', 0);
      await first;
      await session.run(inputs);
    }));

  it('lanes make their contexts in turn', () =>
    withSession(models.rows, { ...withGraphs, lanes: 2 }, async (session) => {
      control.set('hold', 1);
      const first = [run(session, 1), run(session, 1)];
      await reaches(control, 'held', 2);
      control.set('hold', 0);
      await Promise.all(first);
      holdCalls('createExecutionContext');
      const second = [run(session, 2), run(session, 3)];
      await reaches(control, 'heldCalls', 1);
      await elsewhere();
      control.set('holdCalls', 0);
      await Promise.all(second);
    }));

  it('plans are written, and contexts made, in turn', () =>
    withSession(models.rows, { ...withGraphs, lanes: 1 }, async (session) => {
      await run(session, 1);
      holdCalls('serialize');
      const exports = [session.export(plan), session.export(`${plan}.other`)];
      await reaches(control, 'heldCalls', 1);
      const other = run(session, 2);
      await elsewhere();
      control.set('holdCalls', 0);
      await Promise.all([...exports, other]);
    }));

  it('a session is closed when its model is gone, after an export too', () =>
    withSession(models.mix, { device, lanes: 1 }, async (session) => {
      holdCalls('serialize');
      const exported = session.export(plan);
      await reaches(control, 'heldCalls', 1);
      const left = session.close().then(() => control.live());
      await elsewhere();
      control.set('holdCalls', 0);
      await exported;
      expect(await left).not.toHaveProperty('engine');
    }));
});
