import { invalidArgument } from './errors.js';
import type { ModelFormat } from './model-source.js';

/** The name of a backend. */
export type BackendName = 'cuda' | 'rknn' | 'rocm' | 'openvino' | 'armnn' | 'null';

interface BackendInfo {
  /** The vendor's product. */
  readonly product: string;
  /** What it can load, most wanted first. */
  readonly formats: readonly ModelFormat[];
  /**
   * The format of its compiled models, which accelnode keeps for it (lib/plan-cache/), as others do by themselves. Arm NN's,
   * the kernels that GpuAcc has compiled, are of no use without the model.
   */
  readonly planFormat?: ModelFormat | 'clnet';
  /** Are its devices named by their numbers? */
  readonly numbered?: true;
}

/** In the order in which `device: 'auto'` prefers them, which is the order of native/backends.cc. */
export const backends: Readonly<Record<BackendName, BackendInfo>> = {
  cuda: { product: 'NVIDIA TensorRT', formats: ['plan', 'onnx'], planFormat: 'plan', numbered: true },
  rknn: { product: 'Rockchip RKNN', formats: ['rknn'] },
  rocm: { product: 'AMD MIGraphX', formats: ['mxr', 'onnx'], planFormat: 'mxr', numbered: true },
  openvino: { product: 'Intel OpenVINO', formats: ['blob', 'ir', 'onnx', 'tflite', 'paddle'] },
  armnn: { product: 'Arm NN', formats: ['tflite'], planFormat: 'clnet' },
  null: { product: 'no vendor', formats: ['null'] },
};

export const backendNames = Object.keys(backends) as BackendName[];

/** All but the null backend, which has no vendor and is used only when it is named. */
export const vendorNames = backendNames.filter((name) => name !== 'null');

export function isBackendName(name: unknown): name is BackendName {
  return typeof name === 'string' && Object.hasOwn(backends, name);
}

/**
 * "cuda:0" as its parts; "cuda", which leaves the device open, has no name.
 * @throws `INVALID_ARGUMENT`
 */
export function splitDevice(device: string): { backend: BackendName; name: string | undefined } {
  const colon = device.indexOf(':');
  const backend = colon < 0 ? device : device.slice(0, colon);
  if (!isBackendName(backend)) {
    throw invalidArgument(
      `There is no backend "${backend}" for the device "${device}".`,
      `A device is named like "openvino:CPU". Backends: ${backendNames.join(', ')}.`,
    );
  }
  const name = colon < 0 ? undefined : device.slice(colon + 1);
  // Their numbers: "cuda:00" would be taken for cuda:0, and yet be no device of that name.
  if (backends[backend].numbered === true && name !== undefined && /^[+-]?0+\d+$|^[+-]0$/.test(name)) {
    throw invalidArgument(
      `There is no device "${device}".`,
      `Devices of ${backends[backend].product} are ${backend}:0, ${backend}:1, …`,
    );
  }
  if (name === '') throw invalidArgument(`The device "${device}" has no name after the colon.`);
  return { backend, name };
}
