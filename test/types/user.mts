/** Compiled, never run: what a user writes must have these types, against dist/ as it is published. */
import { AccelError, Session, Tensor, dequantize, devices, diagnose, measure, quantize, runtime } from 'accelnode';
import type { DataType, LoadOptions, Outputs, TensorInfo } from 'accelnode';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function expectType<_T extends true>(): void {
  /* only the type argument matters */
}

const image = new Tensor('float32', new Float32Array(12), [1, 3, 2, 2]);
expectType<Equal<typeof image, Tensor<'float32'>>>();
expectType<Equal<(typeof image)['data'], Float32Array>>();
expectType<Equal<ReturnType<typeof Tensor.zeros<'int64'>>['data'], BigInt64Array>>();

// @ts-expect-error -- the wrong typed array
new Tensor('float32', new Float64Array(1));
// @ts-expect-error -- no such type
new Tensor('float31', new Float32Array(1));
// @ts-expect-error -- dims are read-only
image.dims[0] = 5;

const session = await Session.load('model.onnx', {
  device: ['cuda:0', 'openvino:CPU'],
  lanes: 2,
  signal: AbortSignal.timeout(5),
});
expectType<Equal<typeof session, Session>>();
expectType<Equal<(typeof session)['inputs'], readonly TensorInfo[]>>();
await Session.load(new Uint8Array(1), { shapes: { x: [1, -1, [1, 512]], y: { min: [1], opt: [2], max: [4] } } });
await Session.load({ ir: { xml: 'a.xml', bin: 'a.bin' } }, { openvino: { hint: 'throughput' } });

// @ts-expect-error -- an option that does not exist
await Session.load('model.onnx', { lane: 2 });
// @ts-expect-error -- sessions come from Session.load
new Session();

const outputs = await session.run(
  { image },
  { timeout: 500, outputs: { logits: Tensor.zeros('float32', [1, 1000]), other: null } },
);
expectType<Equal<typeof outputs, Outputs>>();
const { logits } = session.runSync({ image, raw: new Uint8Array(3) });
expectType<Equal<typeof logits, Tensor | undefined>>();
if (logits?.type === 'float32') expectType<Equal<typeof logits.type, DataType & 'float32'>>();
const quantized = quantize(new Float32Array(4), session.inputs[0]!, [2, 2]);
expectType<Equal<typeof quantized, Tensor>>();
const real = dequantize(quantized, session.outputs[0]!);
expectType<Equal<typeof real, Tensor<'float32'>>>();
// @ts-expect-error -- a tensor's info is no scale
quantize([1], 0.5);
await session.close({ cancel: true });

try {
  await runtime('openvino', { library: 'x' });
} catch (error) {
  if (error instanceof AccelError && error.code === 'RUNTIME_NOT_FOUND') {
    for (const { name, error: words } of error.libraries ?? []) console.log(name, words);
  }
}
for (const { memoryTotal } of await devices()) expectType<Equal<typeof memoryTotal, number | undefined>>();
for (const { status } of await diagnose()) expectType<Equal<typeof status, 'PASS' | 'FAIL' | 'ABSENT'>>();
const { latency } = await measure(session, { image }, { concurrency: 8 });
expectType<Equal<typeof latency.p99, number>>();

/** An object that may be undefined in parts, as callers build them. */
export function options(signal: AbortSignal | undefined): LoadOptions {
  return { signal, precision: undefined, openvino: { threads: undefined } };
}
