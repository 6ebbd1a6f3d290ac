/** What a compiled model depends on, on each backend whose compiled models accelnode keeps. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';

import type { NativeModelSource, NativeRuntime } from './native/addon.js';
import type { Device } from './devices.js';
import type { LoadTarget } from './load-native.js';
import { inspectOnnx } from './onnx/inspect.js';
import type { ParsedLoadOptions } from './options/load.js';
import { weightFiles } from './plan-cache/key.js';
import type { KeyFile } from './plan-cache/key.js';

/** The model with its weights, plugins, and the calibration's ranges if there are any yet. */
export function filesOf({ path, bytes }: NativeModelSource, { cuda }: ParsedLoadOptions): KeyFile[] {
  const weights = path === undefined ? [] : weightFiles(path, inspectOnnx(path).externalData);
  const ranges = cuda?.calibration?.cache;
  return [
    path ?? bytes!,
    ...weights,
    ...(cuda?.plugins ?? []).map((plugin) => resolve(plugin)),
    ...(ranges !== undefined && existsSync(ranges) ? [resolve(ranges)] : []),
  ];
}

/** What, besides files, makes another plan. */
export function factsOf(
  { backend, options }: LoadTarget,
  runtime: NativeRuntime,
  device: Device,
): Readonly<Record<string, unknown>> {
  const { precision = 'fp32', shapes, profiling } = options;
  return {
    backend,
    version: runtime.version,
    platform: `${process.platform}-${process.arch}`,
    ...deviceFacts(device, options.cuda?.hardwareCompatibility),
    driver: majorOf(runtime.details?.['driver']),
    precision,
    shapes,
    profiling,
    ...(backend === 'cuda' ? cudaFacts(options) : {}),
  };
}

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

/** The options that building reads. The others are about where things lie, and about running. */
function cudaFacts({ cuda = {} }: ParsedLoadOptions): Readonly<Record<string, unknown>> {
  const {
    library: _library,
    timingCache: _timingCache,
    plugins = [],
    graphs: _graphs,
    sharedMemory: _sharedMemory,
    calibration,
    ...building
  } = cuda;
  return {
    ...building,
    // How many of the files are plugins, and is there a file of ranges?
    plugins: plugins.length,
    calibration: calibration && {
      algorithm: calibration.algorithm ?? 'entropy2',
      ranges: calibration.cache !== undefined && existsSync(calibration.cache),
    },
  };
}
