/** onnxruntime, which says what outputs should be. */
import type { DataType, Tensor as OurTensor, TensorLike } from 'accelnode';
import { InferenceSession, Tensor } from 'onnxruntime-node';

const sessions = new Map<string, Promise<InferenceSession>>();

/** Runs an ONNX model in onnxruntime; a model is loaded once. The outputs come in the model's order. */
export async function runOnnxruntime(
  path: string,
  inputs: Readonly<Record<string, OurTensor>>,
): Promise<Record<string, TensorLike>> {
  let loading = sessions.get(path);
  if (loading === undefined) {
    loading = InferenceSession.create(path, { executionProviders: ['cpu'], logSeverityLevel: 3 });
    sessions.set(path, loading);
  }
  const session = await loading;
  const feeds = Object.fromEntries(session.inputNames.map((name) => [name, toOnnxruntime(inputs[name]!)]));
  const outputs = await session.run(feeds);
  return Object.fromEntries(session.outputNames.map((name) => [name, outputs[name] as TensorLike]));
}

/** Frees all models that {@link runOnnxruntime} has loaded. */
export async function releaseOnnxruntime(): Promise<void> {
  for (const session of sessions.values()) await (await session).release();
  sessions.clear();
}

function toOnnxruntime({ type, data, dims }: OurTensor): Tensor {
  return new Tensor(type as Exclude<DataType, 'bfloat16' | 'float8e4m3' | 'float8e5m2'>, data as never, dims);
}
