/**
 * What is right when a call of HIP or MIGraphX fails: the code that the operation rejects with, by function.
 * Written from what the codes mean to a caller (lib/errors.ts), not from what the addon does.
 */
import type { ErrorCode } from 'accelnode';

/** What a failing call of HIP returns, and what MIGraphX prints before it returns 4. */
export interface Fault {
  readonly status: number;
  readonly text: string;
  readonly code: ErrorCode;
  /** HIP's name of the status. */
  readonly name: string;
}

export const failure: Fault = {
  status: 1,
  text: 'Gpu copy failed: invalid argument',
  code: 'VENDOR_FAILURE',
  name: 'hipErrorInvalidValue',
};
export const noMemory: Fault = {
  status: 2,
  text: 'Gpu allocation failed: out of memory',
  code: 'OUT_OF_MEMORY',
  name: 'hipErrorOutOfMemory',
};
/** From then on every call that needs the device returns it. */
export const lost: Fault = {
  status: 700,
  text: 'Failed to launch kernel: an illegal memory access was encountered',
  code: 'DEVICE_LOST',
  name: 'hipErrorIllegalAddress',
};

export const faults: readonly Fault[] = [failure, noMemory, lost];

/** `tolerated`: the operation succeeds without the call. */
export type Expected = ErrorCode | 'tolerated';

/** The functions whose failure says more than that MIGraphX failed. */
const CODES: Readonly<Record<string, ErrorCode>> = {
  migraphx_parse_onnx: 'MODEL_UNSUPPORTED',
  migraphx_parse_onnx_buffer: 'MODEL_UNSUPPORTED',
  migraphx_program_compile: 'MODEL_UNSUPPORTED',
  migraphx_load: 'MODEL_INVALID',
};

/** What frees can fail, and nothing follows from it; unless the device is lost, which the next call tells. */
const FREES = /^(hip(Free|HostFree|StreamDestroy|EventDestroy)|migraphx_\w+_destroy)$/;
/** A MIGraphX without a device is of use too. */
const OPTIONAL = /^(migraphx_target_create|hip\w+)$/;
/** Operations that compile or read compiled models. */
const LOADING = /^(load|run with shapes that change)/;

/** What may come of it; mostly there is one answer. */
export function expectedOf(operation: string, call: string, fault: Fault): readonly Expected[] {
  if (call === '') return ['tolerated'];
  if (operation === 'open') return OPTIONAL.test(call) || FREES.test(call) ? ['tolerated'] : ['RUNTIME_INCOMPATIBLE'];
  // A device that can't be asked is absent; a session can always be closed.
  if (['look round', 'close'].includes(operation)) return ['tolerated'];
  // No count, no device.
  if (call === 'hipGetDeviceCount') return ['DEVICE_NOT_FOUND'];
  if (fault === lost) return FREES.test(call) ? ['tolerated', 'DEVICE_LOST', 'DEVICE_NOT_FOUND'] : ['DEVICE_LOST'];
  if (FREES.test(call)) return ['tolerated'];
  // A thread that only frees says on which device, too.
  if (call === 'hipSetDevice') return [fault.code, 'tolerated'];
  if (fault === failure && LOADING.test(operation) && call.startsWith('migraphx_')) {
    // What is asked of MIGraphX on the way may be its refusal of the model or not.
    const refusal = operation === 'load a .mxr' ? 'MODEL_INVALID' : 'MODEL_UNSUPPORTED';
    return call in CODES ? [CODES[call]!] : [refusal, 'VENDOR_FAILURE'];
  }
  return [fault.code];
}
