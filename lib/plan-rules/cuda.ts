/** What a TensorRT plan depends on. */
import { resolve } from 'node:path';

import { checkCalibration } from '../calibration.js';
import type { Device } from '../devices.js';
import { checkKeptFile } from '../kept-file.js';
import type { ParsedCudaOptions } from '../options/cuda.js';
import type { PlanRules } from './rules.js';

export const cudaRules: PlanRules = {
  facts: ({ cuda = {}, precision = 'fp32' }, runtime, device) => ({
    // Strongly typed, the model's own types decide, whichever of the two that leave it to them was asked for.
    precision: precision === 'auto' && isTyped(cuda, majorOf(runtime.version)) ? 'fp32' : precision,
    parser: runtime.details?.['parser'],
    driver: majorOf(runtime.details?.['driver']),
    ...deviceFacts(device, cuda.hardwareCompatibility),
    ...buildingFacts(cuda, majorOf(runtime.version)),
  }),
  files: ({ cuda }) => (cuda?.plugins ?? []).map((plugin) => resolve(plugin)),
  ranges: ({ cuda }) => (cuda?.calibration?.cache === undefined ? undefined : resolve(cuda.calibration.cache)),
  unkept: ({ cuda }) =>
    cuda?.calibration !== undefined && cuda.calibration.cache === undefined
      ? 'Calibration batches can not be told apart. With cuda.calibration.cache, the plan is kept.'
      : undefined,
  checkFiles: ({ cuda: { timingCache, calibration } = {} }) => {
    if (typeof timingCache === 'string') {
      const hint = 'It is a file of measured times, or where to write one: in a folder that is there.';
      checkKeptFile('cuda.timingCache', resolve(timingCache), hint);
    }
    if (calibration !== undefined) checkCalibration('cuda.calibration', calibration);
  },
  // Times of one model of GPU would mislead the builder on another of the same architecture.
  timingCache: ({ version }, { arch, name }) =>
    `timing-${[version, arch, name].map((part) => (part ?? 'any').replaceAll(/[^\w.+]+/g, '-')).join('-')}.cache`,
  opensWith: 'IRuntime::deserializeCudaEngine',
};

/** A plan is tuned for one model of GPU, with as many multiprocessors as it has, unless it was asked to suit others. */
function deviceFacts({ arch, name, details }: Device, compatibility = 'none'): Readonly<Record<string, unknown>> {
  if (compatibility === 'amperePlus') return {};
  if (compatibility === 'sameComputeCapability') return { arch };
  return { arch, device: name, multiprocessors: details?.['multiprocessors'] };
}

/** Kernels of another CUDA major may be missing in a driver; within one, drivers take what earlier ones took. */
function majorOf(version: unknown): string | undefined {
  return typeof version === 'string' ? version.split('.')[0] : undefined;
}

function isTyped({ stronglyTyped }: ParsedCudaOptions, major: string | undefined): boolean {
  return stronglyTyped === true || major !== '10';
}

/** The options that building reads. The others are about where things lie, and about running. */
function buildingFacts(cuda: ParsedCudaOptions, major: string | undefined): Readonly<Record<string, unknown>> {
  const {
    library: _library,
    timingCache: _timingCache,
    graphs: _graphs,
    sharedMemory: _sharedMemory,
    tacticSources,
    plugins = [],
    profiles = [],
    shapeValues = [],
    calibration,
    ...others
  } = cuda;
  return {
    ...Object.fromEntries(Object.entries(others).filter(([name, value]) => value !== DEFAULTS[name as Defaulted])),
    // TensorRT 11 knows nothing else.
    stronglyTyped: (others.stronglyTyped === true && major === '10') || undefined,
    tacticSources: tacticSources && [...new Set(tacticSources)].sort(),
    // How many of the files are plugins?
    plugins: plugins.length,
    profiles,
    shapeValues,
    calibration: calibration && (calibration.algorithm ?? 'entropy2'),
  };
}

/** Those options' defaults: who writes one out gets the same plan. */
const DEFAULTS = {
  optimizationLevel: 3,
  tf32: false,
  stronglyTyped: false,
  sparseWeights: false,
  versionCompatible: false,
  excludeLeanRuntime: false,
  hardwareCompatibility: 'none',
  refittable: false,
  engineInspector: false,
} as const satisfies ParsedCudaOptions;
type Defaulted = keyof typeof DEFAULTS;
