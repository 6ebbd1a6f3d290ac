/**
 * What is right when a call of librknnrt fails: the code that the operation rejects with, by function.
 * Written from what librknnrt's statuses are known to mean and what the codes mean to a caller (lib/errors.ts), not from
 * what the addon does.
 */
import type { ErrorCode } from 'accelnode';

/** What a failing call returns, in librknnrt's name. */
export interface Fault {
  readonly status: number;
  readonly text: string;
  readonly name: string;
}

export const timeout: Fault = { status: -2, text: '', name: 'RKNN_ERR_TIMEOUT' };
export const noMemory: Fault = { status: -4, text: '', name: 'RKNN_ERR_MALLOC_FAIL' };
/** It does not say why. Of a run: the NPU does not answer. */
export const failure: Fault = { status: -1, text: '', name: 'RKNN_ERR_FAIL' };
/** There is no NPU, whoever asks. */
export const gone: Fault = { status: -3, text: '', name: 'RKNN_ERR_DEVICE_UNAVAILABLE' };

export const faults: readonly Fault[] = [timeout, noMemory, failure, gone];

/** `tolerated`: the operation succeeds without the call. */
export type Expected = ErrorCode | 'tolerated';

/** What frees can fail, and nothing follows from it. */
const FREES: ReadonlySet<string> = new Set(['rknn_destroy', 'rknn_destroy_mem', 'rknn_outputs_release']);
/** They have no status: memory is there or not. */
export const ALLOCATIONS: ReadonlySet<string> = new Set([
  'rknn_create_mem',
  'rknn_create_mem2',
  'rknn_create_mem_from_fd',
]);

/** What the statuses mean, of whatever function. */
const MEANINGS: Readonly<Record<number, ErrorCode>> = {
  [-2]: 'VENDOR_FAILURE',
  [-3]: 'DEVICE_LOST',
  [-4]: 'OUT_OF_MEMORY',
};
/** What -1 means, function by function: a model that can't be done in this way is no lost NPU. */
const FAILURES: Readonly<Record<string, ErrorCode>> = {
  rknn_init: 'DEVICE_NOT_FOUND', // the device is opened before the model is looked at
  rknn_run: 'DEVICE_LOST',
  rknn_query: 'VENDOR_FAILURE',
  rknn_inputs_set: 'VENDOR_FAILURE',
  rknn_outputs_get: 'VENDOR_FAILURE',
  rknn_set_core_mask: 'VENDOR_FAILURE',
  rknn_set_batch_core_num: 'VENDOR_FAILURE',
  rknn_set_input_shapes: 'VENDOR_FAILURE',
  rknn_set_io_mem: 'VENDOR_FAILURE',
  rknn_mem_sync: 'VENDOR_FAILURE',
};

/** What may come of it; mostly there is one answer. */
export function expectedOf(operation: string, call: string, fault: Fault): readonly Expected[] {
  if (call === '' || FREES.has(call) || operation === 'close') return ['tolerated'];
  // A load only tries whether there is memory that the NPU uses itself.
  if (ALLOCATIONS.has(call)) return [operation.startsWith('load') ? 'tolerated' : 'OUT_OF_MEMORY'];
  // There is another way: weights of the lane's own. Not when there is no memory even for less.
  if (call === 'rknn_dup_context') return [fault === noMemory ? 'OUT_OF_MEMORY' : 'tolerated'];
  if (call === 'rknn_init' && fault === gone) return ['DEVICE_NOT_FOUND'];
  const code = fault === failure ? FAILURES[call]! : MEANINGS[fault.status]!;
  // Versions, sizes and further shapes are only told.
  if (call === 'rknn_query' && operation.startsWith('load')) return ['tolerated', code];
  return [code];
}
