/**
 * Run neural networks directly on NVIDIA TensorRT, AMD MIGraphX, Intel OpenVINO, Arm NN and Rockchip
 * RKNN.
 *
 * @packageDocumentation
 */
export { Session } from './session.js';
export type { LayerProfile, MemoryUse, SessionStats } from './session-stats.js';
export type {
  CloseOptions,
  ExportOptions,
  ReloadOptions,
  RunOptions,
  RunSyncOptions,
  SessionAllocateOptions,
} from './session.js';
export { Tensor } from './tensor.js';
export type { AllocateOptions, TensorValues } from './tensor.js';
export { dequantize, quantize } from './quantize.js';
export type { QuantizedInfo, QuantizedType } from './quantize.js';
export type { MemoryKind } from './memory.js';
export type { DataType, DataTypeMap, TypedArray } from './data-type.js';
export type { Inputs, OutputTarget, Outputs, TensorInfo, TensorLike, WantedOutputs } from './binding.js';
export type { LoadOptions } from './options/load.js';
export type { DimensionRange, ShapeOption } from './options/shapes.js';
export type { ArmnnOptions, ArmnnTuning } from './options/armnn.js';
export type { CalibrationBatch, CudaCalibration, CudaOptions, ShapeValues, TacticSource } from './options/cuda.js';
export type { RknnInput, RknnOptions, RknnOutput } from './options/rknn.js';
export type { RocmCalibration, RocmOptions } from './options/rocm.js';
export type { OpenvinoOptions, OpenvinoPreprocess } from './options/openvino.js';
export type { NullModel, NullTensor } from './options/null.js';
export type { ModelFile, ModelFiles, ModelFormat, ModelSource } from './model-source.js';
export type { RknnTarget } from './rknn-source.js';
export type { BackendName } from './backends.js';
export { devices, diagnose, runtime, runtimes } from './devices.js';
export type { AbsentDevice, BackendReport, Device, Runtime, RuntimeOptions, SystemCheck } from './devices.js';
export { inspectOnnx } from './onnx/inspect.js';
export type { OnnxInfo, OnnxTensorInfo } from './onnx/inspect.js';
export { inspectTflite } from './tflite/inspect.js';
export type { TfliteInfo, TfliteTensorInfo } from './tflite/inspect.js';
export { inspectPlan } from './plan-file.js';
export type { PlanInfo } from './plan-file.js';
export { cacheEntries, clearCache } from './plan-cache/manage.js';
export type { ClearCacheOptions } from './plan-cache/manage.js';
export type { CacheEntry, PlanDescription } from './plan-cache/folder.js';
export type { CacheOutcome } from './plan-cache/cached-load.js';
export { measure } from './measure/measure.js';
export type {
  Companion,
  Latencies,
  LatencyParts,
  MeasureApi,
  MeasureOptions,
  Measurement,
  RequestTimes,
  Windows,
} from './measure/options.js';
export { placeModels } from './placement/place.js';
export type {
  DeviceKind,
  LimitNeed,
  ModelConfiguration,
  PlacedDevice,
  PlacedModel,
  Placement,
  PlacementGoal,
  PlacementModel,
  PlacementProgress,
  PlacementRequest,
} from './placement/types.js';
export { verify } from './verify/verify.js';
export type { OutputDifference, Verification, VerifyOptions } from './verify/verify.js';
export type { Tolerance } from './verify/tolerance.js';
export { cacheFolder, installedRuntimes, runtimesFolder } from './runtimes/folder.js';
export type { InstalledRuntime } from './runtimes/folder.js';
export { installRuntime, removeRuntime } from './runtimes/install.js';
export type { InstallOptions, InstallProgress, InstallResult } from './runtimes/install.js';
export type { PythonInfo } from './runtimes/python.js';
export { runtimeReleases } from './runtimes/releases.js';
export type { RuntimeRelease } from './runtimes/releases.js';
export { AccelError } from './errors.js';
export type { AccelErrorDetails, DeviceAttempt, ErrorCode, LibraryAttempt } from './errors.js';
