/** How a process ends while OpenVINO computes or compiles: its static destructors must meet no running thread. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { runtime } from 'accelnode';
import { afterAll, describe, expect, it } from 'vitest';

import { runScript } from '../utils/child.js';
import { slowModel } from '../utils/slow-model.js';

const found = await runtime('openvino').catch((error: unknown) => error as Error);
const reason = found instanceof Error ? ` (skipped: ${found.message})` : '';

const folder = mkdtempSync(join(tmpdir(), 'accelnode-exit-'));
const model = join(folder, 'slow.onnx');
writeFileSync(model, slowModel.bytes);
afterAll(() => rmSync(folder, { recursive: true }));

const PRELUDE = `
import { Session, Tensor } from 'accelnode';
const model = ${JSON.stringify(model)};
const inputs = { x: Tensor.zeros('float32', [768, 768]) };
const load = (options) => Session.load(model, { device: 'openvino:CPU', lanes: 2, ...options });
const ignore = (promise) => void promise.catch(() => {});
`;

describe.skipIf(reason !== '')(`a process that uses OpenVINO${reason}`, () => {
  it.each([
    ['ends by itself after a run', 0, `const session = await load(); await session.run(inputs);`],
    [
      'ends by itself after closing',
      0,
      `const session = await load(); await session.run(inputs); await session.close();`,
    ],
    [
      'ends at once with runs computing and waiting',
      7,
      `const session = await load(); for (let i = 0; i < 8; i++) ignore(session.run(inputs)); setImmediate(() => process.exit(7));`,
    ],
    [
      'ends at once while a model compiles',
      7,
      `ignore(load({ onProgress: (step) => step === 'compile' && process.exit(7) }));`,
    ],
    [
      'ends at once while devices are listed',
      7,
      `const { devices } = await import('accelnode'); ignore(devices()); setImmediate(() => process.exit(7));`,
    ],
    [
      'ends with an exception that nobody catches',
      1,
      `const session = await load(); ignore(session.run(inputs)); setImmediate(() => { throw new Error('oh'); });`,
    ],
  ])('%s', async (_what, code, script) => {
    const result = await runScript(PRELUDE + script);
    expect(result).toMatchObject({ code, signal: null });
  });

  // Without the exit handler of lib/native/addon.ts about one process in seven crashed here.
  it('ends at once while several models compile, again and again', async () => {
    for (let exitAt = 1; exitAt <= 16; exitAt++) {
      const result = await runScript(`${PRELUDE}
        let steps = 0;
        const onProgress = () => ++steps === ${exitAt} && process.exit(7);
        for (let i = 0; i < 8; i++) ignore(load({ onProgress }));`);
      expect(result).toMatchObject({ code: 7, signal: null });
    }
  });

  it('lets workers be terminated while they compute, and goes on', async () => {
    const worker = `
      ${PRELUDE.replace("'accelnode'", JSON.stringify(import.meta.resolve('accelnode')))}
      import { parentPort } from 'node:worker_threads';
      const session = await load();
      for (let i = 0; i < 4; i++) ignore(session.run(inputs));
      parentPort.postMessage('busy');`;
    const script = `
      import { Worker } from 'node:worker_threads';
      import { once } from 'node:events';
      ${PRELUDE}
      const text = ${JSON.stringify(worker)};
      for (let round = 0; round < 3; round++) {
        const workers = [1, 2].map(() => new Worker(new URL('data:text/javascript,' + encodeURIComponent(text))));
        await Promise.all(workers.map((worker) => once(worker, 'message')));
        await Promise.all(workers.map((worker) => worker.terminate()));
      }
      const session = await load();
      await session.run(inputs);
      console.log('main goes on');`;
    expect(await runScript(script)).toMatchObject({ code: 0, signal: null, stdout: 'main goes on\n' });
  });
});
