/** What the snippets of the documentation use without saying where it comes from. */
import type * as accelnode from 'accelnode';
import type { Worker as NodeWorker } from 'node:worker_threads';

declare global {
  const AccelError: typeof accelnode.AccelError;
  const Session: typeof accelnode.Session;
  const Tensor: typeof accelnode.Tensor;
  type Tensor<T extends accelnode.DataType = accelnode.DataType> = accelnode.Tensor<T>;
  const devices: typeof accelnode.devices;
  type Inputs = accelnode.Inputs;
  type Outputs = accelnode.Outputs;

  const session: accelnode.Session;
  const backbone: accelnode.Session;
  const head: accelnode.Session;
  /** An input, and many of them. */
  const image: accelnode.Tensor<'float32'>;
  const images: accelnode.Tensor<'float32'>[];
  const logits: accelnode.Tensor<'float32'>;
  const pixels: Float32Array;
  const values: Float32Array;
  const frame: Float32Array;
  const frames: AsyncIterable<Float32Array>;
  const photographs: AsyncIterable<Float32Array>;
  const signal: AbortSignal;
  const worker: NodeWorker;
}
