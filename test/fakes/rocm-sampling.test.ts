/** What Linux tells of an AMD GPU while a model is measured: files in a folder, and the doubles of HIP and MIGraphX. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';

import { Session } from '../../build-ts/index.js';
import { noteIdle, sampled } from '../../build-ts/measure/sampling.js';
import type { Sampled } from '../../build-ts/measure/sampling.js';
import type { Results } from '../../build-ts/results/results.js';
import { command, jsonOf } from '../utils/command.js';
import { makeWorkplace } from './openvino/setup.js';
import { missing, openDoubles, takeViolation, writeSystem } from './rocm/setup.js';

describe.skipIf(missing)(`an AMD GPU while a model is measured${missing ?? ''}`, () => {
  const place = makeWorkplace();
  const { control, env, models, root } = openDoubles(place.folder);
  afterAll(() => place.remove());
  beforeEach(() => {
    rmSync(root, { recursive: true });
    writeSystem(root, 2);
    control.set('devices', 2);
  });
  afterEach(() => expect(takeViolation(control)).toBe(''));

  const card = (index: number): string => join(root, `sys/class/drm/card${index}/device`);
  const sensors = (index: number): string => join(card(index), 'hwmon/hwmon3');

  /** What is seen of a session while `work` is done, once in an hour: as it begins, and as it ends. */
  async function see(work: () => void, device = 'rocm:0'): Promise<Sampled<void>> {
    await using session = await Session.load(models.mix, { device, lanes: 1 });
    return await sampled(session, 3_600_000, () => {
      work();
      return Promise.resolve();
    });
  }

  it('has what the files of its PCI address say, as bench prints it', async () => {
    const args = ['bench', models.mix, '-d', 'rocm:1', '-t', '0', '--warmup', '0', '--min-runs', '3'];
    const { rows } = await jsonOf<Results>(command(env), 0, ...args);
    expect(rows).toMatchObject([
      {
        resources: {
          deviceUtilization: 41,
          power: 87.500001,
          temperature: 55,
          deviceMemory: 0,
          deviceMemoryIs: 'difference',
          idle: { deviceMemory: 2 * 2 ** 30, deviceUtilization: 41, power: 87.500001 },
        },
      },
    ]);
  });

  it('takes more memory than before a model was loaded, at most; the means are of what came after the first sample', async () => {
    await noteIdle({ device: 'rocm:0' });
    writeFileSync(join(card(0), 'mem_info_vram_used'), String(5 * 2 ** 30));
    writeFileSync(join(card(0), 'gpu_busy_percent'), '10\n');
    const { resources, problems } = await see(() => {
      writeFileSync(join(card(0), 'mem_info_vram_used'), String(3 * 2 ** 30));
      writeFileSync(join(card(0), 'gpu_busy_percent'), '90\n');
      writeFileSync(join(sensors(0), 'temp1_input'), '30000\n');
    });
    expect(resources).toMatchObject({
      deviceMemory: 4 * 2 ** 30,
      deviceMemoryIs: 'difference',
      deviceUtilization: 90,
      temperature: 54,
      idle: { deviceMemory: 2 ** 30, deviceUtilization: 40, power: 87.5 },
      sampling: { samples: 2 },
    });
    expect(problems).toEqual([]);
  });

  it('reads power where older and newer kernels have it', async () => {
    rmSync(join(sensors(0), 'power1_average'));
    writeFileSync(join(sensors(0), 'power1_input'), '12000000\n');
    expect((await see(() => undefined)).resources.power).toBe(12);
  });

  it.each(['', 'nan', 'inf', '-5', '1e999', 'busy', '\0\u0001\u0002', '-'.repeat(100_000)])(
    'leaves out what files say that is no figure: %j',
    async (text) => {
      for (const file of ['gpu_busy_percent', 'mem_info_vram_used']) writeFileSync(join(card(0), file), text);
      for (const file of ['power1_average', 'temp1_input']) writeFileSync(join(sensors(0), file), text);
      const { resources, problems } = await see(() => undefined);
      for (const name of ['deviceUtilization', 'power', 'temperature'] as const)
        expect(resources[name]).toBeUndefined();
      expect(resources.deviceMemoryIs).not.toBe('difference');
      expect(problems).toEqual([]);
    },
  );

  it('leaves out more than all of the time, folders in place of files, and files that go away', async () => {
    writeFileSync(join(card(0), 'gpu_busy_percent'), '150');
    rmSync(join(sensors(0), 'temp1_input'));
    mkdirSync(join(sensors(0), 'temp1_input'));
    const { resources } = await see(() => rmSync(join(root, 'sys'), { recursive: true }));
    expect(resources.deviceUtilization).toBeUndefined();
    expect(resources.temperature).toBeUndefined();
    expect(resources.power).toBeUndefined(); // the first sample is of the time before
    expect(resources.sampling!.samples).toBe(2);
  });

  it('tells nothing of a GPU that the kernel does not list, nor of the reference target', async () => {
    rmSync(join(root, 'sys/class/drm'), { recursive: true });
    for (const device of ['rocm:0', 'rocm:ref']) {
      const { resources, problems } = await see(() => undefined, device);
      expect(problems).toEqual([]);
      for (const name of ['deviceUtilization', 'power', 'temperature'] as const)
        expect(resources[name]).toBeUndefined();
    }
  });

  it('is no longer looked at when the work has failed', async () => {
    await using session = await Session.load(models.mix, { device: 'rocm:0', lanes: 1 });
    const failed = sampled(session, 10, () => Promise.reject(new Error('as it was told')));
    await expect(failed).rejects.toThrow('as it was told');
  });
});
