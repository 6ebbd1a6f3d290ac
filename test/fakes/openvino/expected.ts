/**
 * What is right when a call of OpenVINO fails: the code that the operation rejects with, by function.
 * Written from what the codes mean to a caller (lib/errors.ts), not from what the addon does.
 */
import type { ErrorCode } from 'accelnode';

/** What a failing call returns, and what OpenVINO then says. */
export interface Fault {
  readonly status: number;
  readonly text: string;
}

/** The library's words, among lines that only its authors need. */
export const failure: Fault = {
  status: -1,
  text: "Exception from src/inference/src/cpp/core.cpp:1:\nCheck 'ready' failed at src/core.cpp:2:\nWhat the matter is.\n",
};
/** Refused by the C layer, which sets no text: the last one is of an earlier failure. */
export const refusal: Fault = { status: -14, text: 'Words of another failure.' };
/** An inference that was cancelled, or so OpenVINO says; without a text. */
export const cancellation: Fault = { status: -13, text: '' };
export const noMemory: Fault = { status: -1, text: 'std::bad_alloc' };

export const faults: readonly Fault[] = [failure, refusal, cancellation, noMemory];

/** `tolerated`: what the call tells is good to know, but the operation succeeds without. */
export type Expected = ErrorCode | 'tolerated';

/** The functions whose failure says more than that OpenVINO failed. */
const CODES: Readonly<Record<string, ErrorCode>> = {
  ov_core_read_model: 'MODEL_INVALID',
  ov_core_read_model_from_memory_buffer: 'MODEL_INVALID',
  ov_core_import_model: 'MODEL_INVALID',
  ov_core_compile_model: 'MODEL_UNSUPPORTED',
  // What the caller asked for is wrong, or does not fit the model.
  ov_layout_create: 'INVALID_ARGUMENT',
  ov_model_reshape: 'INVALID_ARGUMENT',
  ov_preprocess_prepostprocessor_build: 'INVALID_ARGUMENT',
};

/** Facts about a device or a model that are shown to the user, and the number of lanes by default. */
const TOLERATED = [
  'ov_core_get_property CPU FULL_DEVICE_NAME',
  'ov_core_get_property CPU DEVICE_ARCHITECTURE',
  'ov_core_get_property CPU OPTIMIZATION_CAPABILITIES',
  'ov_compiled_model_get_property',
  // A port need not have a name, and then this is what fails.
  'ov_port_get_any_name',
  // The run then ends by itself.
  'ov_infer_request_cancel',
];

const OPENING = ['ov_get_openvino_version', 'ov_tensor_create', 'ov_tensor_get_byte_size'];

/** `call` is the function, and its texts where it was given any. */
export function expectedOf(operation: string, call: string, fault: Fault): Expected {
  const [name = '', ...texts] = call.split(' ');
  if (operation === 'open' && OPENING.includes(name)) return 'RUNTIME_INCOMPATIBLE';
  if (texts[1] === 'AVAILABLE_DEVICES') return expectedOfDevice(operation, texts[0]!);
  // Asked for by name, a precision is not left to chance.
  const needed = operation.includes('in a named precision') && texts[1] === 'OPTIMIZATION_CAPABILITIES';
  if (!needed && TOLERATED.some((each) => call.startsWith(each))) return 'tolerated';
  if (fault === noMemory) return 'OUT_OF_MEMORY';
  // A call that OpenVINO's C layer refuses says nothing about the model or the arguments.
  if (fault === refusal) return 'VENDOR_FAILURE';
  if (fault === cancellation && name === 'ov_infer_request_infer') return 'CANCELLED';
  return CODES[name] ?? 'VENDOR_FAILURE';
}

/** A device that can't be listed is not there; the others are. */
function expectedOfDevice(operation: string, device: string): Expected {
  return device === 'CPU' && operation !== 'look round' ? 'DEVICE_NOT_FOUND' : 'tolerated';
}

/** The words of the error: OpenVINO's own where it has any for this failure. */
export function expectedWords({ status, text }: Fault, call: string): string {
  if (status === failure.status) return text === failure.text ? 'What the matter is.' : text;
  return `${call.split(' ')[0]} failed: `;
}
