/**
 * What is right when a call of TFLite fails: the code that the operation rejects with, by function. Written from
 * what the codes mean to a caller (lib/errors.ts), not from what the addon does.
 */
import type { ErrorCode } from 'accelnode';

/** What a failing call returns where that is a status, and what TFLite reports before. */
export interface Fault {
  readonly status: number;
  readonly text: string;
}

export const failure: Fault = { status: 1, text: 'Node number 7 (CONV_2D) failed to prepare.' };
/** Not a word. */
export const silence: Fault = { status: 1, text: '' };
/** An operator that this TFLite lacks: what it then says, and returns. */
export const unresolved: Fault = { status: 6, text: "Didn't find op for builtin opcode 'CONV_2D' version '9'." };
/** `std::bad_alloc`, of which C functions can tell no one. */
export const noMemory: Fault = { status: -1, text: '' };

export const faults: readonly Fault[] = [failure, silence, unresolved, noMemory];

/** `tolerated`: the operation succeeds without the call. */
export type Expected = ErrorCode | 'tolerated';

/** Without them a load or run is slower, or can't be cancelled, but right. */
const OPTIONAL = [
  'TfLiteInterpreterOptionsEnableCancellation',
  'TfLiteInterpreterSetCustomAllocationForTensor',
  'TfLiteInterpreterCancel',
];

/** What may come of it; mostly there is one answer. */
export function expectedOf(operation: string, call: string, fault: Fault): readonly Expected[] {
  if (call === '') return ['tolerated'];
  // Memory that TFLite has taken over once can't be given up: then it must take other memory.
  const taken = call === 'TfLiteInterpreterSetCustomAllocationForTensor' && operation === 'run in memory of our own';
  if (OPTIONAL.includes(call) && fault !== noMemory) return taken ? ['tolerated', codeOf(call, fault)] : ['tolerated'];
  // A dynamic output has no data before it was computed: one without is taken for such, and loaded again it is another.
  if (call === 'TfLiteTensorData' && fault !== noMemory && operation.startsWith('load')) {
    return ['tolerated', 'OUT_OF_MEMORY', ...(operation === 'load again' ? (['MODEL_INVALID'] as const) : [])];
  }
  return [codeOf(call, fault)];
}

function codeOf(call: string, fault: Fault): ErrorCode {
  if (fault === noMemory) return 'OUT_OF_MEMORY';
  // They return a pointer: null says nothing but that there is no memory, or that the model is no good.
  if (call === 'TfLiteInterpreterOptionsCreate' || call === 'TfLiteTensorData') return 'OUT_OF_MEMORY';
  if (call === 'TfLiteModelCreate') return 'MODEL_INVALID';
  // The model has the signature, as lib/tflite has read in the file.
  if (call === 'TfLiteInterpreterGetSignatureRunner') return 'VENDOR_FAILURE';
  if (!returnsWords(call)) return 'VENDOR_FAILURE';
  if (fault === unresolved) return 'MODEL_UNSUPPORTED';
  if (call === 'TfLiteInterpreterCreate') return 'MODEL_INVALID';
  // Shapes that TFLite refuses are the caller's.
  return call.endsWith('ResizeInputTensor') ? 'INVALID_ARGUMENT' : 'VENDOR_FAILURE';
}

/** Functions that report what the matter is. */
export const returnsWords = (call: string): boolean =>
  /(InterpreterCreate|GetSignatureRunner|ResizeInputTensor|AllocateTensors|Invoke|CustomAllocationForTensor)$/.test(call);
