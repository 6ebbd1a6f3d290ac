/**
 * What is right when a call of librknnrt fails: the code that the operation rejects with, by function.
 * Written from what the codes mean to a caller (lib/errors.ts), not from what the addon does.
 */
import type { ErrorCode } from 'accelnode';

/** What a failing call returns, in librknnrt's name and in ours. */
export interface Fault {
  readonly status: number;
  readonly text: string;
  readonly code: ErrorCode;
  readonly name: string;
}

export const failure: Fault = { status: -2, text: '', code: 'VENDOR_FAILURE', name: 'RKNN_ERR_TIMEOUT' };
export const noMemory: Fault = { status: -4, text: '', code: 'OUT_OF_MEMORY', name: 'RKNN_ERR_MALLOC_FAIL' };
/** The NPU does not answer. */
export const lost: Fault = { status: -1, text: '', code: 'DEVICE_LOST', name: 'RKNN_ERR_FAIL' };

export const faults: readonly Fault[] = [failure, noMemory, lost];

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

/** What may come of it; mostly there is one answer. */
export function expectedOf(operation: string, call: string, fault: Fault): readonly Expected[] {
  if (call === '' || FREES.has(call) || operation === 'close') return ['tolerated'];
  if (ALLOCATIONS.has(call)) return ['OUT_OF_MEMORY'];
  // There is another way: weights of the lane's own. Not when there is no memory even for less.
  if (call === 'rknn_dup_context') return fault === noMemory ? ['OUT_OF_MEMORY'] : ['tolerated'];
  if (call === 'rknn_init' && fault === lost) return ['DEVICE_NOT_FOUND'];
  // Versions and sizes are only told.
  if (call === 'rknn_query' && operation.startsWith('load')) return ['tolerated', fault.code];
  return [fault.code];
}
