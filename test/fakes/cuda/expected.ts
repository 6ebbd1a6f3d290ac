/**
 * What is right when a call of CUDA or TensorRT fails: the code that the operation rejects with, by function.
 * Written from what the codes mean to a caller (lib/errors.ts), not from what the addon does.
 */
import type { ErrorCode } from 'accelnode';

/** What a failing call of CUDA returns, and what TensorRT logs before it returns null or false. */
export interface Fault {
  readonly status: number;
  readonly text: string;
  readonly code: ErrorCode;
  /** CUDA's name of the status. */
  readonly name: string;
}

export const failure: Fault = {
  status: 1,
  text: 'Error Code 1: Cuda Runtime (invalid argument)',
  code: 'VENDOR_FAILURE',
  name: 'cudaErrorInvalidValue',
};
export const noMemory: Fault = {
  status: 2,
  text: 'Error Code 2: OutOfMemory (Requested size was 4096 bytes.)',
  code: 'OUT_OF_MEMORY',
  name: 'cudaErrorMemoryAllocation',
};
/** From then on every call returns it. */
export const lost: Fault = {
  status: 700,
  text: 'Error Code 1: Cuda Runtime (an illegal memory access was encountered)',
  code: 'DEVICE_LOST',
  name: 'cudaErrorIllegalAddress',
};

export const faults: readonly Fault[] = [failure, noMemory, lost];

/** `tolerated`: the operation succeeds without the call. */
export type Expected = ErrorCode | 'tolerated';

/** The functions whose failure says more than that TensorRT failed. */
const CODES: Readonly<Record<string, ErrorCode>> = {
  parse: 'MODEL_INVALID',
  parseFromFile: 'MODEL_INVALID',
  buildSerializedNetwork: 'MODEL_UNSUPPORTED',
  deserializeCudaEngine: 'MODEL_INVALID',
  // What the caller asked for does not fit the model.
  setTacticSources: 'INVALID_ARGUMENT',
  createTimingCache: 'INVALID_ARGUMENT',
  setTimingCache: 'INVALID_ARGUMENT',
  setDimensions: 'INVALID_ARGUMENT',
  addOptimizationProfile: 'INVALID_ARGUMENT',
  setInputShape: 'INVALID_ARGUMENT',
};

/** What frees can fail, and nothing follows from it; unless the device is lost, which the next call tells. */
const FREES = /^cuda(Free|FreeAsync|FreeHost|(Stream|Event|Graph|GraphExec)Destroy)$/;
/** Measured times of kernels are good to have, but can be measured again. */
const TIMING_CACHE = 'ITimingCache::';
/** What can't be recorded is run without. */
const CAPTURE = /^(cudaStreamBeginCapture|cudaStreamEndCapture|cudaGraphInstantiate|enqueueV3)$/;

/** What may come of it; mostly there is one answer. */
export function expectedOf(operation: string, call: string, fault: Fault): readonly Expected[] {
  if (call === '') return ['tolerated'];
  // A device that can't be asked is absent; a session can always be closed.
  if (['open', 'look round', 'close'].includes(operation)) return ['tolerated'];
  // Whoever gave up is told so, whatever failed as well.
  if (operation.startsWith('give up')) return ['tolerated', fault.code, CODES[call] ?? fault.code, 'DEVICE_NOT_FOUND'];
  // What calibration used is freed in the middle of a load, which says first on which device.
  if (operation === 'load ONNX with calibration' && call === 'cudaSetDevice') return ['tolerated', fault.code];
  // No count, no device.
  if (call === 'cudaGetDeviceCount') return ['DEVICE_NOT_FOUND'];
  if (fault === lost) return FREES.test(call) ? ['tolerated', 'DEVICE_LOST', 'DEVICE_NOT_FOUND'] : ['DEVICE_LOST'];
  if (FREES.test(call) || call.includes(TIMING_CACHE)) return ['tolerated'];
  // The file that was named is read before the build, and again after it, when the engine is there.
  if (call === 'createTimingCache') return ['tolerated', fault === failure ? 'INVALID_ARGUMENT' : fault.code];
  // A context for further shapes is good to have: without it, another records anew.
  if (operation === 'run as CUDA graphs of several shapes') return ['tolerated', CODES[call] ?? fault.code, fault.code];
  if (operation === 'run as a CUDA graph' && CAPTURE.test(call)) {
    // The first run enqueues without recording.
    return call === 'enqueueV3' ? ['tolerated', fault.code] : ['tolerated'];
  }
  return [fault === failure ? (CODES[call] ?? fault.code) : fault.code];
}

/** The function that the error blames; empty where the loss of the device is told only by the next call. */
export function blamed(call: string, fault: Fault): readonly string[] {
  if (fault === lost && (call.includes('TimingCache') || (CAPTURE.test(call) && call !== 'enqueueV3'))) return [];
  if (call === 'parseFromFile') return ['parse', 'parseFromFile'];
  if (call === 'setDimensions') return ['setDimensions', 'addOptimizationProfile'];
  if (call === 'createEngineInspector') return ['createEngineInspector', 'getEngineInformation'];
  return [call.replace(/^.*::/, '')];
}
