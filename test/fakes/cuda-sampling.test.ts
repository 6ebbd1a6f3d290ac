/** What NVML tells while a model is measured: on the doubles of NVML, CUDA and the TensorRT that the project names. */
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { Results } from '../../build-ts/results/results.js';
import { runScript } from '../utils/child.js';
import { command, jsonOf } from '../utils/command.js';
import { libraryOf, majorOf, makeDoubles, missing, writeModels } from './cuda/setup.js';
import { makeWorkplace } from './openvino/setup.js';

describe.skipIf(missing)(`NVML while a model is measured${missing ?? ''}`, () => {
  const place = makeWorkplace();
  const models = writeModels(place.folder);
  const major = majorOf(process.env.ACCELNODE_CUDA_LIBRARY!);
  const { control, env } = makeDoubles(place.folder, major, libraryOf(major));
  const accelnode = command(env);
  afterAll(() => place.remove());
  beforeEach(() => control.set('nvmlInits', 0));
  afterEach(() => {
    for (const field of ['nvmlStatus', 'nvmlAnswer', 'nvmlIdle', 'nvmlReadings', 'mig', 'hidden', 'lost'])
      control.set(field, 0);
    control.setText('nvmlCall', '');
    expect(control.takeViolation()).toBe('');
  });

  /** Readings before a model is measured: two of the idle device, and one of it for the record. */
  const BEFORE = 3;

  type Row = Results['rows'][number];
  async function bench(...more: string[]): Promise<Row[]> {
    const args = ['bench', models.mix, '-d', 'cuda:0', '-t', '0', '--warmup', '0', '--min-runs', '3', ...more];
    return (await jsonOf<Results>(accelnode, 0, ...args)).rows;
  }
  const aboutSampling = ({ warnings = [] }: Row): string[] => warnings.filter((each) => /nvml|NVML/.test(each));

  it('has the means, the highest temperature, and what the idle device did', async () => {
    // The first sample while a model is measured tells of the time before.
    control.set('nvmlIdle', BEFORE + 1);
    const rows = await bench();
    expect(rows).toMatchObject([
      {
        resources: {
          deviceUtilization: 37,
          power: 123.5,
          temperature: 54,
          deviceMemoryIs: 'counted',
          idle: { deviceMemory: 0, deviceUtilization: 0, power: 20 },
        },
      },
    ]);
    expect(aboutSampling(rows[0]!)).toEqual([]);
    expect(control.get('nvmlReadings')).toBe(BEFORE + rows[0]!.resources.sampling!.samples);
  });

  it('looks at the device that CUDA means, opens NVML once, and at the idle device once', async () => {
    control.set('hidden', 1);
    const rows = await bench('-l', '1,2', '-c', '1,2');
    expect(rows).toHaveLength(4);
    const samples = rows.map(({ resources }) => resources.sampling!.samples);
    expect(control.get('nvmlReadings')).toBe(BEFORE + samples.reduce((sum, each) => sum + each));
    expect(control.get('nvmlInits')).toBe(1);
    for (const { resources } of rows) expect(resources.idle).toMatchObject({ deviceMemory: 0 });
  });

  const functions = [
    ['nvmlDeviceGetTemperature', 'temperature'],
    ['nvmlDeviceGetUtilizationRates', 'deviceUtilization'],
    ['nvmlDeviceGetPowerUsage', 'power'],
    ['nvmlDeviceGetMemoryInfo', undefined],
  ] as const;
  const figures = ['temperature', 'deviceUtilization', 'power'] as const;

  it.each(functions)(
    '%s that does not know such a device leaves its figure out, and only that',
    async (name, field) => {
      control.setText('nvmlCall', name);
      control.set('nvmlAnswer', 3); // NVML_ERROR_NOT_SUPPORTED
      const [row] = await bench();
      expect(figures.filter((each) => row!.resources[each] === undefined)).toEqual(field === undefined ? [] : [field]);
      expect(row!.resources.idle?.deviceMemory).toBe(field === undefined ? undefined : 0);
      expect(aboutSampling(row!)).toEqual([]);
    },
  );

  it.each(functions)('%s that fails is told once, and the measurement goes on', async (name, field) => {
    control.setText('nvmlCall', name);
    for (const status of [15, 999]) {
      control.set('nvmlAnswer', status); // NVML_ERROR_GPU_IS_LOST, NVML_ERROR_UNKNOWN
      const [row] = await bench('--sample-interval', '10', '-t', '0.1');
      expect(aboutSampling(row!)).toEqual([`${name} returned ${status}.`]);
      expect(figures.filter((each) => row!.resources[each] === undefined)).toEqual(field === undefined ? [] : [field]);
      expect(row!.requests).toBeGreaterThanOrEqual(3);
    }
  });

  it.each([
    ['nvmlDeviceGetHandleByPciBusId_v2', 6, 'NVML does not know the GPU at 0000:01:00.0.'],
    ['nvmlInit_v2', 9, "NVML can't be used, so utilisation, power and temperature are not known."],
  ])('without %s, a measurement says that nothing is known', async (name, status, words) => {
    if (name === 'nvmlInit_v2') control.set('nvmlStatus', status);
    control.setText('nvmlCall', name);
    control.set('nvmlAnswer', status);
    const [row] = await bench();
    expect(aboutSampling(row!)).toEqual([words]);
    for (const each of [...figures, 'idle'] as const) expect(row!.resources[each]).toBeUndefined();
    expect(row!.resources).toMatchObject({ deviceMemoryIs: 'counted', sampling: { interval: 100 } });
  });

  it.each([1, 2])('of an instance of a divided card, only what is its own is told (%d)', async (mig) => {
    control.set('mig', mig);
    const [row] = await bench();
    expect(row!.resources.deviceUtilization).toBeUndefined();
    expect(row!.resources.power).toBeUndefined();
    expect(row!.resources.idle?.deviceMemory).toBe(mig === 1 ? 0 : undefined);
    expect(aboutSampling(row!)).toEqual([expect.stringContaining('divided into instances (MIG)')]);
    expect(control.get('nvmlReadings')).toBe(0);
  });

  it('goes on while JavaScript does not', async () => {
    const { stdout, stderr, code } = await runScript(
      `
      import { Session } from './build-ts/index.js';
      import { sampled } from './build-ts/measure/sampling.js';
      import { Control } from './test/fakes/cuda/control.mjs';
      const [model, path] = process.argv.slice(1);
      const control = new Control(path);
      const session = await Session.load(model, { device: 'cuda:0' });
      const { resources } = await sampled(session, 10, async () => {
        // Nothing else happens in this thread until NVML has been asked five times more.
        const until = control.get('nvmlReadings') + 5;
        while (control.get('nvmlReadings') < until);
      });
      console.log(resources.sampling.samples >= 7, resources.power);
      await session.close();
    `,
      { args: [models.mix, env.ACCELNODE_FAKE_CUDA_CONTROL!], env },
    );
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: 'true 123.5\n', stderr: '' });
  });
});
