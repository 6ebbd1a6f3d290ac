/** What MIGraphX can't do is said in its own words, with what to do; nothing of it is lost, and nothing ends the process. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { Session, Tensor, devices, diagnose } from 'accelnode';
import type { LoadOptions, ModelSource } from 'accelnode';
import { expect, it } from 'vitest';

import { runCommand, runScript } from '../utils/child.js';
import { describeMigraphx, migraphxVersion } from '../utils/migraphx.js';
import { modelPath } from '../utils/models.js';
import { onnxModel } from '../utils/onnx-model.js';
import { randomTensor } from '../utils/random.js';
import { expectError, withSession } from '../utils/session.js';
import { temporaryFolder } from '../utils/temporary-folder.js';

const device = 'rocm:ref';
const image = randomTensor('float32', [1, 3, 16, 16]);

function load(source: ModelSource, options: LoadOptions = {}): Promise<Session> {
  return Session.load(source, { device, ...options });
}

describeMigraphx('refusals', () => {
  it('of a GPU where the GPU target is not installed, in words that say so', async () => {
    const error = await expectError('DEVICE_NOT_FOUND', () => load(modelPath('mlp'), { device: 'rocm:0' }));
    expect(error.message).toContain('libmigraphx_gpu.so');
    expect(error.hint).toContain('migraphx-tools');
    expect(error.device).toBe('rocm:0');
    await expectError('DEVICE_NOT_FOUND', () => load(modelPath('mlp'), { device: 'rocm' }));
    const report = (await diagnose()).find(({ name }) => name === 'rocm')!;
    expect(report.runtime?.version).toBe(migraphxVersion);
    expect(report.absent).toMatchObject([{ id: 'rocm', reason: error.message, hint: error.hint }]);
  });

  it('to be chosen: the reference target runs only what names it', async () => {
    const reference = (await devices()).find(({ id }) => id === device);
    expect(reference).toMatchObject({ kind: 'cpu', automatic: false });
    const error = await expectError('DEVICE_NOT_FOUND', () => load(modelPath('mlp'), { device: ['rocm:0', 'rocm'] }));
    expect(error.attempts?.map(({ device: each }) => each)).toEqual(['rocm:0', 'rocm']);
  });

  it('of an unknown operator', async () => {
    const error = await expectError('MODEL_UNSUPPORTED', () => load(modelPath('custom-operator')));
    expect(error.message).toContain('Unknown operator: Magic');
    expect(error.call).toBe('migraphx_parse_onnx');
    expect(error.status).toBe(4);
  });

  it.each<[string, () => ModelSource]>([
    ['cut off', () => readFileSync(modelPath('mlp')).subarray(0, 1000)],
    ['junk', () => ({ onnx: Buffer.from('hello world, this is no model') })],
  ])('of an ONNX model that is %s, with where the damage is', async (_what, source) => {
    const error = await expectError('MODEL_INVALID', () => load(source()));
    expect(error.message).toContain('Failed reading onnx file');
    expect(error.hint).toMatch(/\d/);
  });

  it('of shapes that do not fit the model', async () => {
    const shapes = { tokens: [1, 8], mask: [1, 8] };
    const name = await expectError('INVALID_ARGUMENT', () => load(modelPath('encoder'), { shapes: { ids: [1, 8] } }));
    expect(name.hint).toContain('tokens, mask');
    await expectError('INVALID_ARGUMENT', () => load(modelPath('encoder'), { shapes: { ...shapes, mask: [1, 8, 1] } }));
    await expectError('INVALID_ARGUMENT', () => load(modelPath('mlp'), { shapes: { input: [2, 64] } }));
    await withSession(modelPath('encoder'), { device, shapes }, async (session) => {
      expect(session.inputs[0]!.shape).toEqual([1, 8]);
      const wrong = { tokens: Tensor.zeros('int64', [1, 9]), mask: Tensor.zeros('int64', [1, 9]) };
      await expectError('INVALID_ARGUMENT', () => session.run(wrong));
    });
  });

  it('of shapes that the model can not be computed with, when the run comes, and the session goes on', () =>
    withSession(modelPath('encoder'), { device }, async (session) => {
      const wrong = { tokens: Tensor.zeros('int64', [1, 4]), mask: Tensor.zeros('int64', [1, 5]) };
      const error = await expectError('MODEL_UNSUPPORTED', () => session.run(wrong));
      expect(error.message).toContain("can't take the ONNX model");
      const right = { tokens: Tensor.zeros('int64', [1, 4]), mask: Tensor.zeros('int64', [1, 4]) };
      expect((await session.run(right)).pooled!.dims).toEqual([1, 128]);
    }));

  it('of loops whose number of iterations is not bounded: MIGraphX would write beyond its memory', async () => {
    const path = modelPath('control-flow');
    const error = await expectError('MODEL_UNSUPPORTED', () => load(path));
    expect(error.hint).toContain('rocm.loopIterations');
    await withSession(path, { device, rocm: { loopIterations: 16 } }, async (session) => {
      const times = new Tensor('int64', [12n], []);
      const { steps } = await session.run({
        x: Tensor.zeros('float32', [3]),
        times,
        negate: new Tensor('bool', [0], []),
      });
      expect(steps!.dims).toEqual([16, 3]);
    });
  });

  it('of int8 without data, and with data that does not fit', async () => {
    const path = modelPath('image');
    const quantized = (batches: Iterable<Record<string, Tensor>>): Promise<Session> =>
      load(path, { precision: 'int8', rocm: { calibration: { batches } } });
    const without = await expectError('UNSUPPORTED', () => load(path, { precision: 'int8' }));
    expect(without.hint).toContain('rocm.calibration');
    await expectError('INVALID_ARGUMENT', () => load(path, { rocm: { calibration: { batches: [] } } }));
    const none = await expectError('INVALID_ARGUMENT', () => quantized([]));
    expect(none.message).toContain('no batch');
    const wrong = await expectError('INVALID_ARGUMENT', () =>
      quantized([{ image }, { image: randomTensor('float32', [1, 3, 8, 8]) }]),
    );
    expect(wrong.message).toContain('batch 2');
  });

  it('of int8 for other shapes than those of the data', () => {
    const path = modelPath('encoder');
    const sentence = (length: number): Record<string, Tensor> => ({
      tokens: randomTensor('int64', [1, length]),
      mask: new Tensor('int64', new Array<number>(length).fill(1), [1, length]),
    });
    const shape = { min: [1, 1], opt: [1, 4], max: [1, 8] };
    const options: LoadOptions = {
      device,
      precision: 'int8',
      shapes: { tokens: shape, mask: shape },
      rocm: { calibration: { batches: [sentence(4)] } },
    };
    return withSession(path, options, async (session) => {
      expect((await session.run(sentence(4))).pooled!.dims).toEqual([1, 128]);
      const error = await expectError('INVALID_ARGUMENT', () => session.run(sentence(5)));
      expect(error.message).toContain('other shapes');
    });
  });

  it('of an output whose shape MIGraphX does not know', async () => {
    const source = onnxModel({
      inputs: [{ name: 'x', type: 'float32', shape: [4] }],
      nodes: [{ op: 'NonZero', inputs: ['x'], outputs: ['y'] }],
      outputs: [{ name: 'y', type: 'int64', shape: [1, 3] }],
    });
    const error = await expectError('MODEL_UNSUPPORTED', () => load(source));
    expect(error.message).toContain('as [1, 4], and the model says [1, 3]');
  });

  it('of an output with as many elements as the model says, in another order', async () => {
    const source = onnxModel({
      inputs: [{ name: 'x', type: 'float32', shape: [2, 3] }],
      nodes: [{ op: 'Transpose', inputs: ['x'], outputs: ['y'] }],
      outputs: [{ name: 'y', type: 'float32', shape: [2, 3] }],
    });
    const error = await expectError('MODEL_UNSUPPORTED', () => load(source));
    expect(error.message).toContain('as [3, 2], and the model says [2, 3]');
  });

  it('of sizes below zero, at the load or when the run comes', async () => {
    const slice = (size: number | string): ModelSource =>
      onnxModel({
        inputs: [{ name: 'x', type: 'float32', shape: [size] }],
        initializers: [
          { name: 'start', tensor: new Tensor('int64', [5n], [1]) },
          { name: 'end', tensor: new Tensor('int64', [2n], [1]) },
        ],
        nodes: [{ op: 'Slice', inputs: ['x', 'start', 'end'], outputs: ['y'] }],
        outputs: [{ name: 'y', type: 'float32', shape: ['rest'] }],
      });
    const error = await expectError('MODEL_UNSUPPORTED', () => load(slice(8)));
    expect(error.message).toContain('[-3]');
    await withSession(slice('n'), { device }, (session) =>
      expectError('MODEL_UNSUPPORTED', () => session.run({ x: Tensor.zeros('float32', [8]) })),
    );
  });

  it('of memory that the reference target does not have', async () => {
    for (const memory of ['pinned', 'device'] as const) {
      await expectError('UNSUPPORTED', () => Tensor.allocate('float32', [4], { memory, device }));
    }
    await withSession(modelPath('image'), { device }, async (session) => {
      await expectError('UNSUPPORTED', () => session.run({ image }, { outputs: { features: 'device' } }));
      expect(Object.keys(await session.run({ image }))).toEqual(['features']);
    });
  });

  it('to wait: a load that is aborted rejects at once', async () => {
    const controller = new AbortController();
    const loading = load(modelPath('image'), {
      signal: controller.signal,
      onProgress: (phase) => phase === 'compile' && controller.abort(),
    });
    await expectError('CANCELLED', () => loading);
  });
});

describeMigraphx('a process that uses MIGraphX', () => {
  const prelude = `
    import { AccelError, Session, Tensor } from 'accelnode';
    const load = (path, options) => Session.load(path, { device: 'rocm:ref', ...options });
  `;
  const [unknown, slow, loops] = ['custom-operator', 'image', 'control-flow'].map(modelPath);

  it('keeps its stderr to itself: error texts are in the errors, all else comes through', async () => {
    const { stdout, stderr, code } = await runScript(
      `${prelude}
      const error = await load(process.argv[1]).catch((refused) => refused);
      // MIGraphX warns of this one, and goes on.
      await load(process.argv[2], { rocm: { loopIterations: 4 } });
      console.log(error.message);`,
      { args: [unknown!, loops!] },
    );
    expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringContaining('Magic') as string });
    expect(stderr).not.toContain('Magic');
    expect(stderr).toContain('not topologically sorted');
  });

  it.each([
    ['ends by itself after a run', 0, 'const s = await load(process.argv[1]); await s.run({ image });'],
    [
      'ends by itself after closing',
      0,
      'const s = await load(process.argv[1]); await s.run({ image }); await s.close();',
    ],
    [
      'ends at once with runs computing and waiting',
      7,
      `const s = await load(process.argv[1], { lanes: 2 });
       for (let i = 0; i < 8; i++) s.run({ image }).catch(() => {});
       setImmediate(() => process.exit(7));`,
    ],
    [
      'ends at once while a model compiles',
      7,
      `load(process.argv[1], { onProgress: (step) => step === 'compile' && process.exit(7) }).catch(() => {});`,
    ],
  ])('%s', async (_what, wanted, script) => {
    const { stderr, code, signal } = await runScript(
      `${prelude} const image = Tensor.zeros('float32', [1, 3, 16, 16]); ${script}`,
      { args: [slow!] },
    );
    expect({ code, signal, stderr }).toEqual({ code: wanted, signal: null, stderr: '' });
  });

  it('goes on writing to stderr when the only worker that used MIGraphX has ended', async () => {
    // The addon goes with the worker, but for what std::cerr still needs of it.
    const { stdout, stderr, code, signal } = await runScript(
      `import { Worker } from 'node:worker_threads';
       const use = (path) => new Promise((resolve, reject) => {
         const code = "import('accelnode').then(({ Session }) => Session.load(" + JSON.stringify(path) +
           ", { device: 'rocm:ref', rocm: { loopIterations: 4 } })).then((session) => session.close())";
         new Worker(code, { eval: true }).on('exit', resolve).on('error', reject);
       });
       for (let i = 0; i < 3; i++) console.log(await use(process.argv[1]));`,
      { args: [loops!] },
    );
    expect({ code, signal, stdout }).toEqual({ code: 0, signal: null, stdout: '0\n0\n0\n' });
    expect(stderr.match(/not topologically sorted/g)!.length).toBeGreaterThanOrEqual(3);
  });

  it('is the command, which compiles to a file and runs that', async () => {
    const file = join(temporaryFolder(), 'image.mxr');
    const compiled = await runCommand(['compile', slow!, '-d', device, '-p', 'fp16', '-o', file, '--json']);
    expect(JSON.parse(compiled.stdout)).toMatchObject({ device, precision: 'fp16', output: file });
    const ran = await runCommand(['run', file, '-d', device, '-i', 'image=zeros', '--json']);
    expect(ran).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.stringify(JSON.parse(ran.stdout))).toContain('output_0');
  });

  it('is described by the doctor', async () => {
    const { stdout } = await runCommand(['doctor'], { HSA_OVERRIDE_GFX_VERSION: '10.3.0', HSA_USE_SVM: '0' });
    expect(stdout).toContain(`AMD MIGraphX ${migraphxVersion}`);
    expect(stdout).toContain('HSA_OVERRIDE_GFX_VERSION 10.3.0');
    expect(stdout).toContain('HSA_USE_SVM 0');
    expect(stdout).toContain('migraphx-tools');
  });
});
