/** Aborting runs at any moment: OpenVINO forgets a cancel that comes just before it begins. */
import { expect, it } from 'vitest';

import { describeOpenvino } from '../utils/openvino.js';
import { expectError, withSession } from '../utils/session.js';
import { slowModel } from '../utils/slow-model.js';

describeOpenvino('a run that was aborted', () => {
  it('is never computed to its end', { timeout: 300_000 }, () =>
    withSession(slowModel.bytes, { device: 'openvino:CPU', lanes: 1 }, async (session) => {
      for (let i = 0; i < 8000; i++) {
        const abort = new AbortController();
        const running = session.run({ x: slowModel.input }, { signal: abort.signal });
        // 0 to some 60 µs, in which the lane takes the run and hands it to OpenVINO.
        for (let steps = (i * 7919) % 60_000; steps > 0; steps--);
        abort.abort();
        await expectError('CANCELLED', () => running);
      }
      expect(session.stats()).toMatchObject({ runs: 0, failed: 8000 });
    }),
  );
});
