/** What makes another TensorRT plan, and what does not. */
import { dirname, join } from 'node:path';

import type { CudaCalibration, CudaOptions, Device, LoadOptions, TacticSource } from 'accelnode';
import { describe, expect, it } from 'vitest';

import type { NativeModelSource, NativeRuntime } from '../../build-ts/native/addon.js';
import { parseLoadOptions } from '../../build-ts/options/load.js';
import { canonicalJson } from '../../build-ts/plan-cache/key.js';
import { partsOf, rulesOf } from '../../build-ts/plan-parts.js';
import { modelPath } from '../utils/models.js';

describe('what a TensorRT plan depends on', () => {
  const runtime: NativeRuntime = {
    version: '10.15.1',
    libraries: [],
    warnings: [],
    details: { driver: '13.1', parser: '10.15.1' },
  };
  const device: Device = {
    id: 'cuda:0',
    backend: 'cuda',
    name: 'NVIDIA H200',
    kind: 'gpu',
    arch: 'sm_90',
    automatic: true,
    details: { multiprocessors: 132 },
  };
  const parts = (
    source: NativeModelSource,
    options: LoadOptions = {},
    other: Partial<Device> = {},
    machine = runtime,
  ) =>
    partsOf({ backend: 'cuda', device: '0', options: parseLoadOptions(options) }, source, machine, {
      ...device,
      ...other,
    });
  const bytes = new Uint8Array(8);
  const facts = (options: LoadOptions = {}, other: Partial<Device> = {}, machine = runtime): string =>
    canonicalJson(parts({ format: 'onnx', bytes }, options, other, machine).facts);

  it('are the model, its weights and plugins', () => {
    const path = modelPath('external-data');
    const plugins = { cuda: { plugins: ['/p/b.so', '/p/a.so'] } };
    expect(parts({ format: 'onnx', path }, plugins).files).toEqual([
      path,
      join(dirname(path), 'external-data.weights'),
      '/p/b.so',
      '/p/a.so',
    ]);
    expect(parts({ format: 'onnx', bytes }).files).toEqual([bytes]);
  });

  it('are the ranges of a calibration, which data without them has none of', () => {
    const { ranges, unkept } = rulesOf('cuda');
    const options = (calibration: CudaCalibration) => parseLoadOptions({ precision: 'int8', cuda: { calibration } });
    expect(ranges!(options({ cache: '/m/ranges' }))).toBe('/m/ranges');
    expect(ranges!(parseLoadOptions({}))).toBeUndefined();
    expect(unkept!(options({ batches: [] }))).toContain('cuda.calibration.cache');
    expect(unkept!(options({ batches: [], cache: '/m/ranges' }))).toBeUndefined();
  });

  it.each<[string, Partial<NativeRuntime>]>([
    ['version of TensorRT', { version: '10.15.2' }],
    ['version of the ONNX parser', { details: { ...runtime.details, parser: '10.16.0' } }],
    ['major of CUDA that the driver has', { details: { ...runtime.details, driver: '12.9' } }],
  ])('are the %s', (_what, other) => {
    expect(facts({}, {}, { ...runtime, ...other })).not.toBe(facts());
  });

  it('are not the minor of CUDA that the driver has', () => {
    expect(facts({}, {}, { ...runtime, details: { ...runtime.details, driver: '13.0' } })).toBe(facts());
  });

  it('are the precision that was asked for, or its default', () => {
    expect(facts()).toBe(facts({ precision: 'fp32' }));
    expect(facts()).not.toBe(facts({ precision: 'fp16' }));
  });

  it.each<[string, Partial<Device>]>([
    ['architecture', { arch: 'sm_89' }],
    ['name', { name: 'NVIDIA H100' }],
    ['number of multiprocessors', { details: { multiprocessors: 16 } }],
  ])('are the %s of the device', (_what, other) => {
    expect(facts({}, other)).not.toBe(facts());
  });

  it('are not the driver, the memory or the place of a device', () => {
    expect(facts({}, { id: 'cuda:1', uuid: 'GPU-2', driver: '590.1', memoryFree: 1 })).toBe(facts());
  });

  it.each<[LoadOptions['cuda'] & object, boolean, boolean]>([
    [{}, false, false],
    [{ hardwareCompatibility: 'none' }, false, false],
    [{ hardwareCompatibility: 'sameComputeCapability' }, true, false],
    [{ hardwareCompatibility: 'amperePlus' }, true, true],
  ])('with %j, another GPU of the kind %j, and another kind %j', (cuda, sameKind, otherKind) => {
    const options = { cuda };
    expect(facts(options, { name: 'NVIDIA H100' }) === facts(options)).toBe(sameKind);
    expect(facts(options, { name: 'NVIDIA L4', arch: 'sm_89' }) === facts(options)).toBe(otherKind);
  });

  /** Each with whether it makes another plan; spelled out with the type, so that the compiler keeps it complete. */
  const effects: Record<keyof CudaOptions, [cuda: CudaOptions, another: boolean]> = {
    library: [{ library: '/other/libnvinfer.so.10' }, false],
    workspace: [{ workspace: 1 }, true],
    optimizationLevel: [{ optimizationLevel: 1 }, true],
    tf32: [{ tf32: true }, true],
    stronglyTyped: [{ stronglyTyped: true }, true],
    sparseWeights: [{ sparseWeights: true }, true],
    tacticSources: [{ tacticSources: ['cublas'] }, true],
    timingCache: [{ timingCache: '/times' }, false],
    versionCompatible: [{ versionCompatible: true }, true],
    excludeLeanRuntime: [{ versionCompatible: true, excludeLeanRuntime: true }, true],
    hardwareCompatibility: [{ hardwareCompatibility: 'amperePlus' }, true],
    refittable: [{ refittable: true }, true],
    plugins: [{ plugins: ['/p/a.so'] }, true],
    maxAuxStreams: [{ maxAuxStreams: 0 }, true],
    profiles: [{ profiles: [{ x: [1] }] }, true],
    shapeValues: [{ shapeValues: { x: { min: [1], opt: [2], max: [3] } } }, true],
    calibration: [{ calibration: { cache: '/ranges', algorithm: 'minmax' } }, true],
    graphs: [{ graphs: true }, false],
    sharedMemory: [{ sharedMemory: true }, false],
    engineInspector: [{ engineInspector: true }, true],
  };
  it.each(Object.entries(effects))('%s', (name, [cuda, another]) => {
    const common: LoadOptions = name === 'stronglyTyped' ? {} : { precision: 'int8' };
    expect(facts({ ...common, cuda }) !== facts(common)).toBe(another);
  });

  it.each<LoadOptions>([
    { precision: 'fp32', profiling: false, shapes: {} },
    { cuda: {} },
    { cuda: { optimizationLevel: 3, tf32: false, stronglyTyped: false, sparseWeights: false, refittable: false } },
    { cuda: { versionCompatible: false, excludeLeanRuntime: false, hardwareCompatibility: 'none' } },
    { cuda: { engineInspector: false, plugins: [], profiles: [], shapeValues: [] } },
  ])('are not defaults that are written out: %j', (options) => {
    expect(facts(options)).toBe(facts());
  });

  it('are what the calibration does by default', () => {
    const calibrated = (calibration: CudaCalibration): string => facts({ precision: 'int8', cuda: { calibration } });
    expect(calibrated({ cache: '/r', algorithm: 'entropy2' })).toBe(calibrated({ cache: '/r' }));
  });

  it('are strong types on TensorRT 10, as 11 has no others', () => {
    const typed: LoadOptions = { cuda: { stronglyTyped: true } };
    const eleven = { ...runtime, version: '11.2.0' };
    expect(facts(typed)).not.toBe(facts());
    expect(facts(typed, {}, eleven)).toBe(facts({}, {}, eleven));
    expect(facts({ precision: 'auto' }, {}, eleven)).toBe(facts({}, {}, eleven));
    expect(facts({ precision: 'auto', ...typed })).toBe(facts(typed));
    expect(facts({ precision: 'auto' })).not.toBe(facts());
  });

  it('are sources of kernels, in any order', () => {
    const from = (...tacticSources: TacticSource[]): string => facts({ cuda: { tacticSources } });
    expect(from('cublas', 'cudnn')).toBe(from('cudnn', 'cublas', 'cudnn'));
    expect(from('cublas')).not.toBe(from());
  });

  it('measured times are those of one release and one model of GPU', () => {
    const name = (version: string, gpu: string, arch = 'sm_90'): string =>
      rulesOf('cuda').timingCache!({ ...runtime, version }, { ...device, name: gpu, arch });
    expect(name('10.15.1', 'NVIDIA H200')).toBe('timing-10.15.1-sm_90-NVIDIA-H200.cache');
    const all = [name('10.15.1', 'NVIDIA H100'), name('10.15.2', 'NVIDIA H200'), name('10.15.1', 'NVIDIA H200', 'x')];
    expect(new Set([...all, name('10.15.1', 'NVIDIA H200')]).size).toBe(4);
    expect(name('10.15.1', 'Odd/GPU: "1"')).toMatch(/^timing-[\w.+-]+\.cache$/);
  });
});
