/** What makes another TensorRT plan, and what does not. */
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import type { CudaOptions, Device, LoadOptions } from 'accelnode';
import { describe, expect, it } from 'vitest';

import type { NativeRuntime } from '../../dist/native/addon.js';
import { parseLoadOptions } from '../../dist/options/load.js';
import { canonicalJson } from '../../dist/plan-cache/key.js';
import { factsOf, filesOf } from '../../dist/plan-parts.js';
import { modelPath } from '../utils/models.js';
import { temporaryFolder } from '../utils/temporary-folder.js';

describe('what a TensorRT plan depends on', () => {
  const runtime: NativeRuntime = { version: '10.15.1', libraries: [], warnings: [], details: { driver: '13.1' } };
  const device: Device = {
    id: 'cuda:0',
    backend: 'cuda',
    name: 'NVIDIA H200',
    kind: 'gpu',
    arch: 'sm_90',
    automatic: true,
    details: { multiprocessors: 132 },
  };
  const facts = (options: LoadOptions = {}, other: Partial<Device> = {}, version = '10.15.1'): string =>
    canonicalJson(
      factsOf(
        { backend: 'cuda', device: '0', options: parseLoadOptions(options) },
        { ...runtime, version },
        { ...device, ...other },
      ),
    );

  it('are the model, its weights, plugins and ranges', () => {
    const path = modelPath('external-data');
    const ranges = join(temporaryFolder(), 'ranges');
    const options = parseLoadOptions({
      precision: 'int8',
      cuda: { plugins: ['/p/b.so', '/p/a.so'], calibration: { cache: ranges } },
    });
    const files = [path, join(dirname(path), 'external-data.weights'), '/p/b.so', '/p/a.so'];
    expect(filesOf({ format: 'onnx', path }, options)).toEqual(files);
    writeFileSync(ranges, '');
    expect(filesOf({ format: 'onnx', path }, options)).toEqual([...files, ranges]);
    const bytes = new Uint8Array(8);
    expect(filesOf({ format: 'onnx', bytes }, parseLoadOptions({}))).toEqual([bytes]);
  });

  it('are the precision that was asked for, or its default', () => {
    expect(facts()).toBe(facts({ precision: 'fp32' }));
    expect(facts()).not.toBe(facts({ precision: 'fp16' }));
  });

  it.each<[string, Partial<Device>, string]>([
    ['version', {}, '10.15.2'],
    ['architecture', { arch: 'sm_89' }, '10.15.1'],
    ['name', { name: 'NVIDIA H100' }, '10.15.1'],
    ['number of multiprocessors', { details: { multiprocessors: 16 } }, '10.15.1'],
  ])('are the %s', (_what, other, version) => {
    expect(facts({}, other, version)).not.toBe(facts());
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
    calibration: [{ calibration: { cache: '/ranges', algorithm: 'minmax' } }, true],
    graphs: [{ graphs: true }, false],
    sharedMemory: [{ sharedMemory: true }, false],
    engineInspector: [{ engineInspector: true }, true],
  };
  it.each(Object.entries(effects))('%s', (name, [cuda, another]) => {
    const common: LoadOptions = name === 'stronglyTyped' ? {} : { precision: 'int8' };
    expect(facts({ ...common, cuda }) !== facts(common)).toBe(another);
  });
});
