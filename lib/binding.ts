/**
 * The tensors of a run: checks them against what the model declares and writes them into the
 * argument block that the addon reads. The only place where a run's arguments are validated.
 */
import { arrayLength, dataTypes, describe, elementCount, isDataType } from './data-type.js';
import type { DataType, TypedArray } from './data-type.js';
import { invalidArgument } from './errors.js';
import { ARGUMENT_SIZE } from './native/addon.js';
import type { NativeOutcome, NativeProducedOutput, NativeSession, NativeTensorInfo } from './native/addon.js';
import { Tensor, addressOf, isDetached } from './tensor.js';

/** An input or output of a model. */
export interface TensorInfo {
  name: string;
  /** A {@link DataType}; or `string` or `unknown` for types that accelnode can't pass. */
  type: DataType | 'string' | 'unknown';
  /** -1 for a dimension that each run decides; unset when even their number varies. */
  shape?: readonly number[];
  /** Bounds of the dimensions, where a dynamic one has any; -1: no upper bound. */
  min?: readonly number[];
  max?: readonly number[];
  details?: Readonly<Record<string, unknown>>;
}

/**
 * Anything with the three properties that make a tensor, such as onnxruntime's `Tensor`.
 */
export interface TensorLike {
  readonly type: string;
  readonly data: unknown;
  readonly dims: readonly number[];
}

/** The inputs of a run, by name. A bare typed array will do where the model fixes the shape. */
export type Inputs = Readonly<Record<string, Tensor | TensorLike | TypedArray>>;

/** The outputs of a run, by name. */
export type Outputs = Record<string, Tensor>;

/**
 * Which outputs a run shall give: names, or an object of names with the tensors to write to, `null`
 * for a fresh one. Outputs that are not named are not given. Where the run decides the shape, a tensor
 * may be larger than needed; the result is then a view of its first part.
 */
export type WantedOutputs = readonly string[] | Readonly<Record<string, Tensor | null>>;

/** Address fields of outputs that have none. */
const BACKEND_ALLOCATES = 0;
const NOT_WANTED = -1;

/** What a run holds on to: its tensors, so that their memory stays until the lane is done. */
export interface Binding {
  readonly inputs: readonly Tensor[];
  /** By output: the tensor to write to; null when the backend allocates; undefined when not wanted. */
  readonly outputs: readonly (Tensor | null | undefined)[];
}

interface Port extends TensorInfo {
  /** Where it begins in the argument block. */
  readonly at: number;
  readonly dynamic: boolean;
}

export class Binder {
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
  readonly #inputPorts: readonly Port[];
  readonly #outputPorts: readonly Port[];
  readonly #block: Float64Array;

  constructor(native: NativeSession) {
    this.#block = native.arguments;
    this.#inputPorts = native.inputs.map((info, i) => this.#makePort(info, i));
    this.#outputPorts = native.outputs.map((info, i) => this.#makePort(info, native.inputs.length + i));
    this.inputs = this.#inputPorts.map(toInfo);
    this.outputs = this.#outputPorts.map(toInfo);
  }

  /**
   * Writes the argument block, which is valid until the next call.
   * @throws `INVALID_ARGUMENT` that names the input or output
   */
  bind(inputs: Inputs, wanted?: WantedOutputs): Binding {
    return { inputs: this.#bindInputs(inputs), outputs: this.#bindOutputs(wanted) };
  }

  /** The outputs of a finished run, as the caller gets them. */
  collect(binding: Binding, outcome: NativeOutcome): Outputs {
    const outputs: Outputs = {};
    const ports = this.#outputPorts;
    for (let i = 0; i < ports.length; i++) {
      const tensor = binding.outputs[i];
      if (tensor === undefined) continue;
      const port = ports[i]!;
      const produced = outcome?.[i];
      outputs[port.name] = produced === undefined ? tensor! : fromProduced(port.type as DataType, produced, tensor);
    }
    return outputs;
  }

  #makePort(info: NativeTensorInfo, index: number): Port {
    const port = {
      ...info,
      type: info.type as TensorInfo['type'],
      at: index * ARGUMENT_SIZE,
      dynamic: isDynamic(info),
    };
    // What never changes is written once, here.
    if (!port.dynamic && isDataType(port.type)) this.#writeShape(port.at, port.type, info.shape!);
    return port;
  }

  #writeShape(at: number, type: DataType, dims: readonly number[]): void {
    const block = this.#block;
    const bytes = arrayLength(type, elementCount(dims)) * dataTypes[type].array.BYTES_PER_ELEMENT;
    block[at + 1] = bytes;
    block[at + 2] = dims.length;
    for (let i = 0; i < dims.length; i++) block[at + 3 + i] = dims[i]!;
  }

  #bindInputs(inputs: Inputs): Tensor[] {
    if (inputs === null || typeof inputs !== 'object') {
      throw invalidArgument(`The inputs of a run are an object of tensors by name, not ${describe(inputs)}.`);
    }
    const ports = this.#inputPorts;
    const tensors = new Array<Tensor>(ports.length);
    for (let i = 0; i < ports.length; i++) {
      const port = ports[i]!;
      const tensor = toTensor(port, inputs[port.name]);
      checkTensor(port, tensor, 'input');
      this.#block[port.at] = addressOf(tensor);
      if (port.dynamic) this.#writeShape(port.at, tensor.type, tensor.dims);
      tensors[i] = tensor;
    }
    let given = 0;
    for (const name in inputs) given += Object.hasOwn(inputs, name) ? 1 : 0;
    if (given !== ports.length) throw unknownName('input', Object.keys(inputs), ports);
    return tensors;
  }

  #bindOutputs(wanted: WantedOutputs | undefined): (Tensor | null | undefined)[] {
    const ports = this.#outputPorts;
    const tensors = new Array<Tensor | null | undefined>(ports.length);
    const choices = wanted === undefined ? undefined : readWanted(wanted, ports);
    for (let i = 0; i < ports.length; i++) {
      const port = ports[i]!;
      const choice = choices === undefined ? null : choices.get(port.name);
      if (choice === undefined) {
        this.#block[port.at] = NOT_WANTED;
      } else if (choice !== null) {
        checkTensor(port, choice, 'output');
        this.#block[port.at] = addressOf(choice);
        if (port.dynamic) this.#writeShape(port.at, choice.type, choice.dims);
        tensors[i] = choice;
      } else if (port.dynamic) {
        checkedType(port, 'output');
        this.#block[port.at] = BACKEND_ALLOCATES;
        tensors[i] = null;
      } else {
        const tensor = Tensor.zeros(checkedType(port, 'output'), port.shape!);
        this.#block[port.at] = addressOf(tensor);
        tensors[i] = tensor;
      }
    }
    return tensors;
  }
}

function isDynamic(info: NativeTensorInfo): boolean {
  return info.shape === undefined || info.shape.some((dim) => dim < 0);
}

function toInfo({ name, type, shape, min, max, details }: Port): TensorInfo {
  return Object.freeze({
    name,
    type,
    ...(shape && { shape: Object.freeze([...shape]) }),
    ...(min && max && { min: Object.freeze([...min]), max: Object.freeze([...max]) }),
    ...(details && { details }),
  });
}

function toTensor(port: Port, value: Inputs[string] | undefined): Tensor {
  if (value instanceof Tensor) return value;
  if (value === undefined) {
    throw invalidArgument(`The input "${port.name}" is missing.`, `It is ${describePort(port)}.`);
  }
  if (ArrayBuffer.isView(value)) {
    if (port.dynamic) {
      throw invalidArgument(
        `The input "${port.name}" needs a shape: ${describePort(port)}.`,
        `Give a Tensor: new Tensor('${port.type}', data, [...]).`,
      );
    }
    return new Tensor(checkedType(port, 'input'), value, port.shape);
  }
  if (typeof value === 'object' && value !== null && 'type' in value && 'data' in value && 'dims' in value) {
    return new Tensor(value.type as DataType, value.data as TypedArray, value.dims);
  }
  throw invalidArgument(`The input "${port.name}" must be a Tensor, not ${describe(value)}.`);
}

function checkTensor(port: Port, tensor: Tensor, role: 'input' | 'output'): void {
  if (!(tensor instanceof Tensor)) {
    throw invalidArgument(`The tensor for the ${role} "${port.name}" must be a Tensor, not ${describe(tensor)}.`);
  }
  if (tensor.type !== port.type) {
    throw invalidArgument(`The ${role} "${port.name}" is ${checkedType(port, role)}, not ${tensor.type}.`);
  }
  if (!shapeFits(port, tensor.dims)) {
    throw invalidArgument(
      `The ${role} "${port.name}" is ${describePort(port)}, not of shape [${tensor.dims.join(', ')}].`,
    );
  }
  if (isDetached(tensor)) {
    throw invalidArgument(
      `The buffer of the tensor for the ${role} "${port.name}" is detached: it was transferred elsewhere.`,
    );
  }
}

function shapeFits({ shape, min, max }: Port, dims: readonly number[]): boolean {
  if (shape === undefined) return true;
  if (dims.length !== shape.length) return false;
  for (let i = 0; i < dims.length; i++) {
    const dim = dims[i]!;
    if (shape[i]! >= 0 ? dim !== shape[i] : max !== undefined && (dim < min![i]! || (max[i]! >= 0 && dim > max[i]!))) {
      return false;
    }
  }
  return true;
}

function describePort({ type, shape, min, max }: TensorInfo): string {
  if (shape === undefined) return `${type} of any shape`;
  const dims = shape.map((dim, i) => {
    if (dim >= 0) return String(dim);
    return max === undefined || max[i]! < 0 ? 'any' : `${min![i]}…${max[i]}`;
  });
  return `${type} of shape [${dims.join(', ')}]`;
}

/** The port's type, when tensors of it exist. */
function checkedType(port: Port, role: 'input' | 'output'): DataType {
  if (isDataType(port.type)) return port.type;
  throw invalidArgument(`The ${role} "${port.name}" has the element type ${port.type}, which accelnode can't pass.`);
}

function readWanted(wanted: WantedOutputs, ports: readonly Port[]): Map<string, Tensor | null> {
  if (wanted === null || typeof wanted !== 'object') {
    throw invalidArgument(`outputs must be names, or an object of tensors by name, not ${describe(wanted)}.`);
  }
  const choices = new Map<string, Tensor | null>(
    Array.isArray(wanted)
      ? wanted.map((name: string) => [name, null])
      : Object.entries(wanted as Record<string, Tensor | null>),
  );
  for (const name of choices.keys()) {
    if (!ports.some((port) => port.name === name)) throw unknownName('output', [name], ports);
  }
  return choices;
}

function unknownName(role: 'input' | 'output', names: readonly string[], ports: readonly Port[]): Error {
  const unknown = names.find((name) => !ports.some((port) => port.name === name));
  return invalidArgument(
    `The model has no ${role} ${describe(unknown)}.`,
    `Its ${role}s: ${ports.map((port) => `"${port.name}"`).join(', ') || 'none'}.`,
  );
}

/** An output in the backend's memory; or in the caller's, which is larger than the run needed. */
function fromProduced(type: DataType, { data, dims }: NativeProducedOutput, given: Tensor | null): Tensor {
  const { array } = dataTypes[type];
  if (data !== undefined) return new Tensor(type, new array(data), dims);
  const { buffer, byteOffset } = given!.data;
  return new Tensor(type, new array(buffer, byteOffset, arrayLength(type, elementCount(dims))), dims);
}
