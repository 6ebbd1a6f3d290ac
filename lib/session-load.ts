/** A load that the addon makes by itself, as the session sees it. */
import type { Binder, Binding, Inputs, WantedOutputs } from './binding.js';
import { RECORD_SIZE } from './native/addon.js';
import type { NativeLoadReport, NativeGeneratorRequest, NativeSession } from './native/addon.js';

let lastLoadId = 0;

/**
 * The argument blocks of a load: one for each request in flight, or each set of inputs if these are more.
 * @param bindings gets what is to be released when the load is over, also after a refusal
 * @throws `INVALID_ARGUMENT` that names the input or output
 */
export function bindAll(
  binder: Binder,
  native: NativeSession,
  inputs: readonly Inputs[],
  outputs: readonly WantedOutputs[],
  bindings: Binding[],
): Float64Array {
  const size = native.arguments.length - RECORD_SIZE;
  const count = Math.max(inputs.length, outputs.length);
  const blocks = new Float64Array(count * size);
  for (let i = 0; i < count; i++) {
    bindings.push(binder.bind(inputs[i % inputs.length]!, outputs[i] ?? []));
    blocks.set(native.arguments.subarray(0, size), i * size);
  }
  return blocks;
}

/** @param onCounting is called when what counts has begun, in a closed loop with requests in flight, or never will */
export async function runLoad(
  native: NativeSession,
  request: Omit<NativeGeneratorRequest, 'id'>,
  signal: AbortSignal,
  onCounting?: () => void,
): Promise<NativeLoadReport> {
  const id = ++lastLoadId;
  const stop = (): void => native.stopLoad(id);
  signal.addEventListener('abort', stop, { once: true });
  try {
    const loading = native.generateLoad({ ...request, id });
    if (signal.aborted) stop(); // while the model was loaded
    if (onCounting !== undefined) void native.loadCounts(id).then(onCounting, stop);
    return await loading;
  } finally {
    signal.removeEventListener('abort', stop);
    stop(); // the addon forgets it
  }
}
