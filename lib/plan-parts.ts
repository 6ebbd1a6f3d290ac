/** What a compiled model depends on, on each backend whose compiled models accelnode keeps. */
import type { BackendName } from './backends.js';
import type { Device } from './devices.js';
import type { LoadTarget } from './load-native.js';
import type { NativeModelSource, NativeRuntime } from './native/addon.js';
import { inspectOnnx } from './onnx/inspect.js';
import { weightFiles } from './plan-cache/key.js';
import type { KeyParts } from './plan-cache/key.js';
import { armnnRules } from './plan-rules/armnn.js';
import { cudaRules } from './plan-rules/cuda.js';
import { rocmRules } from './plan-rules/rocm.js';
import type { PlanRules } from './plan-rules/rules.js';

/** Of each backend with a `planFormat` in lib/backends.ts. */
const rules: Partial<Record<BackendName, PlanRules>> = {
  cuda: cudaRules,
  rocm: rocmRules,
  armnn: armnnRules,
};

export function rulesOf(backend: BackendName): PlanRules {
  return rules[backend]!;
}

/**
 * Everything but the ranges of a calibration, which building may write.
 * @throws what the system said about the model; `MODEL_INVALID` when it is damaged
 */
export function partsOf(
  { backend, options }: LoadTarget,
  { format, path, bytes }: NativeModelSource,
  runtime: NativeRuntime,
  device: Device,
): KeyParts {
  const { precision = 'fp32', shapes = {}, profiling } = options;
  const { facts, files } = rulesOf(backend);
  const weights = format !== 'onnx' || path === undefined ? [] : weightFiles(path, inspectOnnx(path).externalData);
  return {
    files: [path ?? bytes!, ...weights, ...(files?.(options) ?? [])],
    facts: {
      backend,
      version: runtime.version,
      platform: `${process.platform}-${process.arch}`,
      precision,
      shapes,
      profiling,
      ...facts(options, runtime, device),
    },
  };
}
