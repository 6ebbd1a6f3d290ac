// What a program sees of the package when its addon can't be loaded: everything that needs none, and the reason.
import {
  AccelError,
  Session,
  Tensor,
  devices,
  diagnose,
  inspectOnnx,
  runtime,
  runtimes,
  runtimesFolder,
} from 'accelnode';

const model = new Tensor('float32', Float32Array.of(1, 2), [2]);
const [shape, folder] = [model.dims, typeof runtimesFolder()];
const inspected = await settle(() => inspectOnnx(new Uint8Array([1])));

const refusals = {};
for (const [name, use] of Object.entries({
  load: () => Session.load('model.onnx'),
  allocate: () => Tensor.allocate('float32', [1], { memory: 'pinned', device: 'null:0' }),
  runtime: () => runtime('openvino'),
  runtimes,
  devices,
  diagnose,
})) {
  refusals[name] = await settle(use);
}
console.log(JSON.stringify({ shape, folder, inspected: inspected.code, refusals }));

async function settle(use) {
  try {
    return { value: await use() };
  } catch (error) {
    if (!(error instanceof AccelError)) throw error;
    const { code, message, hint, libraries, backend } = error;
    return { code, message, hint, libraries, backend, cause: error.cause !== undefined };
  }
}
