/** How a process ends, whatever is under way. Each case runs in a process of its own. */
import { describe, expect, it } from 'vitest';

import { runScript } from '../utils/child.js';

/** In each script: `load(spec, options)` and runs that never end (`FOREVER`) or soon do (`BRIEFLY`). */
const PRELUDE = `
import { Session } from 'accelnode';
const inputs = [{ name: 'x', type: 'float32', shape: [1] }];
const load = (spec = {}, options = {}) =>
  Session.load({ null: { model: 'busy', durationMs: 'input', inputs, ...spec } }, { device: 'null', lanes: 2, ...options });
const FOREVER = { x: new Float32Array([1e9]) };
const BRIEFLY = { x: new Float32Array([10]) };
const ignore = (promise) => void promise.catch(() => {});
`;

async function script(text: string): Promise<{ code: number | null; signal: string | null; stdout: string }> {
  const { code, signal, stdout, stderr } = await runScript(PRELUDE + text);
  if (signal !== null) expect(stderr).toBe(`ended by ${signal}`);
  return { code, signal, stdout };
}

describe('without process.exit', () => {
  it('ends by itself while a session is open', async () => {
    expect(await script(`await load();`)).toMatchObject({ code: 0, signal: null });
  });

  it('stays until what is pending has ended', async () => {
    const text = `const session = await load(); session.run(BRIEFLY).then(() => console.log('done'));`;
    expect(await script(text)).toMatchObject({ code: 0, stdout: 'done\n' });
  });

  it('stays until a load has ended', async () => {
    expect(await script(`load({ loadMs: 30 }).then(() => console.log('loaded'));`)).toMatchObject({
      code: 0,
      stdout: 'loaded\n',
    });
  });

  it('stays until a session is closed', async () => {
    const text = `const session = await load(); ignore(session.run(BRIEFLY)); session.close().then(() => console.log('closed'));`;
    expect(await script(text)).toMatchObject({ code: 0, stdout: 'closed\n' });
  });
});

describe.each(['spin', 'sleep'])('process.exit, where runs %s', (wait) => {
  it('ends with runs computing and waiting', async () => {
    const text = `
      const session = await load({ wait: '${wait}' });
      for (let i = 0; i < 20; i++) ignore(session.run(FOREVER));
      setImmediate(() => process.exit(7));`;
    expect(await script(text)).toMatchObject({ code: 7, signal: null });
  });

  it('ends while a session closes', async () => {
    const text = `
      const session = await load({ wait: '${wait}' });
      ignore(session.run(FOREVER));
      ignore(session.close());
      setImmediate(() => process.exit(7));`;
    expect(await script(text)).toMatchObject({ code: 7, signal: null });
  });
});

describe('process.exit', () => {
  it('ends while a model loads', async () => {
    expect(await script(`ignore(load({ loadMs: 1e9 }, { onProgress: () => process.exit(7) }));`)).toMatchObject({
      code: 7,
      signal: null,
    });
  });

  it('ends while a model loads that can not be stopped', async () => {
    const text = `ignore(load({ loadMs: 1e9, stubborn: true }, { onProgress: () => process.exit(7) }));`;
    expect(await script(text)).toMatchObject({ code: 7, signal: null });
  });

  it('takes an exit code that is a string', async () => {
    const text = `ignore(load({ loadMs: 1e9, stubborn: true }, { onProgress: () => process.exit('7') }));`;
    expect(await script(text)).toMatchObject({ code: 7, signal: null });
  });

  it('ends at an exception that nobody catches', async () => {
    const text = `const session = await load(); ignore(session.run(FOREVER)); setImmediate(() => { throw new Error('oh'); });`;
    expect(await script(text)).toMatchObject({ code: 1, signal: null });
  });

  it('refuses work in later exit handlers', async () => {
    const text = `
      const session = await load();
      process.on('exit', () => {
        try { session.runSync(BRIEFLY); } catch (error) { console.log(error.code); }
        ignore(session.close());
      });
      process.exit(7);`;
    expect(await script(text)).toMatchObject({ code: 7, signal: null, stdout: 'CLOSED\n' });
  });
});

describe('worker threads', () => {
  const WORKER = `
    import { Worker } from 'node:worker_threads';
    import { once } from 'node:events';
    const start = (text) => new Worker(new URL('data:text/javascript,' + encodeURIComponent(text)));
  `;
  /** A data: URL can't import 'accelnode'; it imports the file that the name resolves to. */
  const prelude = `\${${JSON.stringify(PRELUDE)}.replace("'accelnode'", JSON.stringify(import.meta.resolve('accelnode')))}`;
  const worker = (text: string): string => `start(\`${prelude}
    import { parentPort } from 'node:worker_threads';
    ${text}\`)`;

  it('run sessions of their own, several at once', async () => {
    const text = `${WORKER}
      const workers = Array.from({ length: 4 }, () => ${worker(`
        const session = await load();
        for (let i = 0; i < 100; i++) await session.run({ x: new Float32Array([0]) });
        await session.close();
        parentPort.postMessage('done');`)});
      const exits = workers.map((worker) => once(worker, 'exit'));
      const messages = await Promise.all(workers.map((worker) => once(worker, 'message')));
      await Promise.all(exits);
      console.log(messages.length);`;
    expect(await script(text)).toMatchObject({ code: 0, signal: null, stdout: '4\n' });
  });

  it('can be terminated with runs computing and waiting, again and again', async () => {
    const text = `${WORKER}
      for (let round = 0; round < 5; round++) {
        const workers = Array.from({ length: 3 }, () => ${worker(`
          const session = await load();
          for (let i = 0; i < 10; i++) ignore(session.run(FOREVER));
          parentPort.postMessage('busy');`)});
        await Promise.all(workers.map((worker) => once(worker, 'message')));
        await Promise.all(workers.map((worker) => worker.terminate()));
      }
      const session = await load();
      await session.run(BRIEFLY);
      console.log('main goes on');`;
    expect(await script(text)).toMatchObject({ code: 0, signal: null, stdout: 'main goes on\n' });
  });

  it('can be terminated while they load and close', async () => {
    const text = `${WORKER}
      const workers = [
        ${worker(`ignore(load({ loadMs: 1e9 }, { onProgress: () => parentPort.postMessage('busy') }));`)},
        ${worker(`ignore(load({ loadMs: 100, stubborn: true }, { onProgress: () => parentPort.postMessage('busy') }));`)},
        ${worker(`const session = await load(); ignore(session.run(BRIEFLY)); ignore(session.close()); parentPort.postMessage('busy');`)},
      ];
      await Promise.all(workers.map((worker) => once(worker, 'message')));
      await Promise.all(workers.map((worker) => worker.terminate()));
      console.log('ended');`;
    expect(await script(text)).toMatchObject({ code: 0, signal: null, stdout: 'ended\n' });
  });

  it('do not hold up process.exit by a load that can not be stopped', async () => {
    const text = `${WORKER}
      const worker = ${worker(`ignore(load({ loadMs: 1e9, stubborn: true }, { onProgress: () => parentPort.postMessage('busy') }));`)};
      worker.once('message', () => process.exit(7));`;
    expect(await script(text)).toMatchObject({ code: 7, signal: null });
  });

  it('can call process.exit, which ends only them', async () => {
    const text = `${WORKER}
      const worker = ${worker(`const session = await load(); ignore(session.run(FOREVER)); process.exit(3);`)};
      const [code] = await once(worker, 'exit');
      console.log(code);`;
    expect(await script(text)).toMatchObject({ code: 0, signal: null, stdout: '3\n' });
  });

  it('do not hold up process.exit of the main thread', async () => {
    const text = `${WORKER}
      const worker = ${worker(`const session = await load(); ignore(session.run(FOREVER)); parentPort.postMessage('busy');`)};
      await once(worker, 'message');
      process.exit(7);`;
    expect(await script(text)).toMatchObject({ code: 7, signal: null });
  });
});
