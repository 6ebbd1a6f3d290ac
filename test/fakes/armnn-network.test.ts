/**
 * What GpuAcc compiles is kept for the next process. The delegate is the stub of test/fakes/tflite, the GPU one that the
 * OpenCL of test/fakes/armnn tells of.
 */
import { copyFileSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { LoadOptions } from 'accelnode';
import { beforeEach, describe, expect, it } from 'vitest';

import { fakesFolder } from '../../scripts/setup/fakes.mjs';
import { runScript } from '../utils/child.js';
import { command } from '../utils/command.js';
import { temporaryFolder } from '../utils/temporary-folder.js';
import { sampleModels } from '../utils/tflite-samples.js';
import { DELEGATE_VARIABLE, DelegateControl } from './tflite/delegate.mjs';
import { missing } from './tflite/setup.js';

interface Loaded {
  device: string;
  cache?: { hit: boolean; stored: boolean; file?: string; reason?: string };
  /** What the delegate was told. */
  options: string;
  /** By this load. */
  compiled: number;
  y: number[];
}

interface Failed {
  code: string;
  message: string;
  hint?: string;
}

let folder: string;
let file: string;
let control: DelegateControl;
let env: NodeJS.ProcessEnv;

/** Loads the model in a process of its own, runs it, and tells what was done. */
async function load(options: LoadOptions, others: NodeJS.ProcessEnv = {}): Promise<Loaded & Failed> {
  const before = control.get('compiled');
  const script = `
    import { Session } from 'accelnode';
    try {
      const session = await Session.load(process.argv[1], JSON.parse(process.argv[2]));
      const runs = Array.from({ length: 30 }, () => session.run({ x: new Float32Array([-2, 5, -1, 4]) }));
      const [{ y }] = await Promise.all(runs);
      console.log(JSON.stringify({ device: session.device, cache: session.details.cache, y: [...y.data] }));
      await session.close();
    } catch ({ code, message, hint }) {
      console.log(JSON.stringify({ code, message, hint }));
    }`;
  const given: LoadOptions = { device: 'armnn:GpuAcc', lanes: 1, cache: join(folder, 'cache'), ...options };
  const { stdout, stderr } = await runScript(script, {
    args: [file, JSON.stringify(given)],
    env: { ...env, ...others },
  });
  expect(stderr).toBe('');
  const told = JSON.parse(stdout) as Loaded & Failed;
  return { ...told, options: control.getText('options'), compiled: control.get('compiled') - before };
}

describe.skipIf(missing)(`what GpuAcc has compiled${missing ?? ''}`, () => {
  beforeEach(() => {
    folder = temporaryFolder();
    file = join(folder, 'model.tflite');
    writeFileSync(file, sampleModels.relu);
    control = DelegateControl.create(join(folder, 'control'));
    env = {
      [DELEGATE_VARIABLE]: join(folder, 'control'),
      ACCELNODE_ARMNN_DELEGATE: join(fakesFolder, 'armnn_delegate', 'libarmnnDelegate.so'),
      ACCELNODE_CACHE: join(folder, 'own'),
      LD_LIBRARY_PATH: join(fakesFolder, 'opencl'),
      FAKE_OPENCL: 'gpu',
    };
    return () => expect(control.getText('violation')).toBe('');
  });

  it('is used by the next process', async () => {
    const first = await load({});
    expect(first).toMatchObject({ device: 'armnn:GpuAcc', cache: { hit: false, stored: true }, compiled: 1 });
    expect(first.options).toContain('save-cached-network=true');
    const second = await load({});
    expect(second).toMatchObject({ cache: { hit: true, stored: false }, compiled: 0, y: first.y });
    expect(second.options).toContain('save-cached-network=false');
    expect(second.options).toContain(`cached-network-filepath=${second.cache!.file!}`);
    const { stdout } = await command(env)('cache', 'list', '--cache-dir', join(folder, 'cache'));
    expect(stdout).toContain('armnn');
  });

  // The delegate also sees to it that they do not compute at once.
  it('is compiled once for all lanes', async () => {
    expect(await load({ lanes: 3 })).toMatchObject({ cache: { stored: true }, compiled: 1 });
    expect(await load({ lanes: 3 })).toMatchObject({ cache: { hit: true }, compiled: 0 });
  });

  it('is compiled each time without a cache', async () => {
    for (let i = 0; i < 2; i++) {
      const loaded = await load({ cache: false });
      expect(loaded.compiled).toBe(1);
      expect(loaded.options).not.toContain('cached-network');
    }
  });

  it('is for a list of backends with GpuAcc in it, and for no other device', async () => {
    expect(await load({ device: 'armnn:GpuAcc,CpuRef' })).toMatchObject({ cache: { stored: true }, compiled: 1 });
    const other = await load({ device: 'armnn:CpuRef' });
    expect(other.compiled).toBe(0);
    expect(other.cache).toBeUndefined();
  });

  it('is for one model, GPU, driver, Arm NN and way to compute', async () => {
    await load({});
    const again = { cache: { hit: false, stored: true }, compiled: 1 };
    expect(await load({}, { FAKE_OPENCL_DRIVER: '4.0' })).toMatchObject(again);
    const upgraded = join(folder, 'libarmnnDelegate.so');
    copyFileSync(env.ACCELNODE_ARMNN_DELEGATE!, upgraded);
    expect(await load({}, { ACCELNODE_ARMNN_DELEGATE: upgraded })).toMatchObject(again);
    expect(await load({ armnn: { fastMath: false } })).toMatchObject(again);
    expect(await load({ precision: 'fp16' })).toMatchObject(again);
    writeFileSync(file, Buffer.concat([sampleModels.relu, Buffer.from('other')]));
    expect(await load({})).toMatchObject(again);
    writeFileSync(file, sampleModels.relu);
    expect(await load({})).toMatchObject({ cache: { hit: true }, compiled: 0 });
  });

  it.each<[string, (network: string) => void]>([
    ['is cut off', (network) => writeFileSync(network, readFileSync(network).subarray(0, 10))],
    ['is of another kind', (network) => copyFileSync(file, network)],
  ])('is compiled anew where what was kept %s', async (_what, damage) => {
    const { cache } = await load({});
    damage(cache!.file!);
    const loaded = await load({});
    expect(loaded).toMatchObject({ cache: { hit: false, stored: true }, compiled: 1 });
    expect(loaded.cache!.reason).toMatch(/could not be used/);
    expect(await load({})).toMatchObject({ cache: { hit: true }, compiled: 0 });
  });

  it('is kept with a delegate that only the load names', async () => {
    const delegate = env.ACCELNODE_ARMNN_DELEGATE;
    const nowhere = { ACCELNODE_ARMNN_DELEGATE: '' };
    for (const device of ['armnn:GpuAcc', 'armnn']) {
      const cache = join(folder, device.replace(':', '-'));
      const options = { device, cache, armnn: { delegate } };
      expect(await load(options, nowhere)).toMatchObject({ device: 'armnn:GpuAcc', cache: { stored: true } });
      expect(await load(options, nowhere)).toMatchObject({ device: 'armnn:GpuAcc', cache: { hit: true } });
    }
  });

  it('is not kept where there is nothing, and leaves nothing behind', async () => {
    control.behave('rejectAll');
    const { cache, compiled } = await load({});
    expect({ ...cache, compiled }).toMatchObject({ hit: false, stored: false, compiled: 0 });
    expect(cache!.reason).toMatch(/compiled nothing/);
    expect(readdirSync(join(folder, 'cache')).filter((name) => !name.endsWith('.lock'))).toEqual([]);
  });

  it('is not kept where the folder can not be one', async () => {
    writeFileSync(join(folder, 'cache'), 'a file');
    const loaded = await load({});
    expect(loaded).toMatchObject({ cache: { hit: false, stored: false }, compiled: 1, y: [0, 3, 2, 0] });
    expect(loaded.cache!.reason).toMatch(/cache/);
  });

  it('is tuned into one file for all models', async () => {
    const { options } = await load({ armnn: { tuning: {} } });
    expect(options).toContain('gpu-tuning-level=2\n');
    expect(options).toContain(`gpu-tuning-file=${join(folder, 'own', 'armnn', 'tuning.csv')}\n`);
    mkdirSync(join(folder, 'other'));
    const mine = await load({ armnn: { tuning: { level: 3, file: join(folder, 'other', 'mine.csv') } } });
    expect(mine.options).toContain(`gpu-tuning-level=3\ngpu-tuning-file=${join(folder, 'other', 'mine.csv')}\n`);
    expect(await load({ armnn: { tuning: { level: 0 } } })).toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  it('is not tuned where no file can be kept, and says what to do', async () => {
    writeFileSync(join(folder, 'own'), 'a file');
    const failed = await load({ armnn: { tuning: {} } });
    expect(failed).toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(failed.message).toContain("tuning.csv can't be written: a part of the path is a file.");
    expect(failed.hint).toContain('armnn.tuning.file');
  });
});
