/** Aborting a run at any moment: also between a lane's taking it and the context's beginning. */
import { expect, it } from 'vitest';

import { expectError, withNull } from '../utils/session.js';

it.each([1, 4])('loses no abort of an endless run with %i lanes', async (lanes) => {
  const random = new Int32Array([20_261]);
  const below = (limit: number) => {
    random[0] = Math.imul(random[0]!, 1_103_515_245) + 12_345;
    return (random[0] >>> 8) % limit;
  };
  await withNull(
    { model: 'busy', durationMs: 1e9, wait: 'sleep' },
    async (session) => {
      const x = session.allocate('x');
      for (let run = 0; run < 20_000; run++) {
        const abort = new AbortController();
        const running = session.run({ x }, { signal: abort.signal });
        // From before a lane has woken until after its context waits: 0 to some 50 µs.
        for (let steps = below(50_000); steps > 0; steps--);
        abort.abort();
        await expectError('CANCELLED', () => running);
      }
      expect(session.stats().busyLanes).toBe(0);
    },
    { lanes },
  );
});
