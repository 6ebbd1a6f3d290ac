/** Sessions that nobody closes, and memory over many runs and loads. Each case in a process of its own. */
import { expect, it } from 'vitest';

import { runScript } from '../utils/child.js';

const linux = process.platform === 'linux';

/** Waits, without a time limit of its own, until a condition that garbage collection brings about holds. */
const UNTIL = `
import { readFileSync } from 'node:fs';
const threads = () => Number(/^Threads:\\s+(\\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))[1]);
const until = async (condition) => {
  while (!condition()) { gc(); await new Promise((resolve) => setImmediate(resolve)); }
};
`;

it.skipIf(!linux)('ends the lanes of sessions that were collected', async () => {
  const { code, stdout, stderr } = await runScript(
    `${UNTIL}
    import { Session } from 'accelnode';
    const load = () => Session.load({ null: { model: 'echo', inputs: [{ name: 'x', type: 'float32', shape: [1] }] } }, { device: 'null', lanes: 4 });
    await (await load()).close();
    const before = threads();
    let most = 0;
    for (let i = 0; i < 20; i++) { await (await load()).run({ x: new Float32Array(1) }); most = Math.max(most, threads()); }
    await until(() => threads() <= before + 1);
    console.log(most >= before + 20 ? 'started and ended' : most - before);`,
    { nodeArgs: ['--expose-gc'] },
  );
  expect(stderr).toBe('');
  expect({ code, stdout }).toEqual({ code: 0, stdout: 'started and ended\n' });
});

it('does not collect a session whose run is pending', async () => {
  const { code, stdout } = await runScript(
    `
    import { Session } from 'accelnode';
    const inputs = [{ name: 'x', type: 'float32', shape: [1] }];
    const run = async () => (await Session.load({ null: { model: 'busy', durationMs: 30, inputs } }, { device: 'null' })).run({ x: new Float32Array([5]) });
    const running = run();
    const timer = setInterval(gc, 1);
    console.log((await running).x.data[0]);
    clearInterval(timer);`,
    { nodeArgs: ['--expose-gc'] },
  );
  expect({ code, stdout }).toEqual({ code: 0, stdout: '5\n' });
});

it('frees memory that the backend allocated for outputs', async () => {
  // 20,000 dynamic outputs of 64 KB are 1.2 GB; the process must stay far below that.
  const { code, stdout } = await runScript(
    `
    import { Session, Tensor } from 'accelnode';
    const session = await Session.load({ null: { model: 'echo', inputs: [{ name: 'x', type: 'float32', shape: [-1] }] } }, { device: 'null' });
    const x = Tensor.zeros('float32', [16384]);
    for (let i = 0; i < 20000; i++) await session.run({ x });
    console.log(process.resourceUsage().maxRSS < 600 * 1024);`,
  );
  expect({ code, stdout }).toEqual({ code: 0, stdout: 'true\n' });
});
