/**
 * The tensors of a run: checks them against what the model declares and writes them into the
 * argument block that the addon reads. The only place where a run's arguments are validated.
 */
import { arrayLength, dataTypes, describe, elementCount, isDataType } from './data-type.js';
import type { DataType, TypedArray } from './data-type.js';
import { AccelError, invalidArgument } from './errors.js';
import { Storage } from './memory.js';
import type { MemoryKind, Region } from './memory.js';
import { ALLOCATE_DEVICE, ALLOCATE_HOST, ARGUMENT_SIZE, NOT_WANTED, addon } from './native/addon.js';
import type { NativeOutcome, NativeProducedOutput, NativeSession, NativeTensorInfo } from './native/addon.js';
import { Tensor, regionOf } from './tensor.js';

/** An input or output of a model. */
export interface TensorInfo {
  /** Its name in the model, by which {@link Session.run} takes or gives it. */
  name: string;
  /** A {@link DataType}; or `string` or `unknown` for types that accelnode can't pass. */
  type: DataType | 'string' | 'unknown';
  /** -1 for a dimension that each run decides; unset when even their number varies. */
  shape?: readonly number[];
  /** The smallest size of each dimension, where a dynamic one has bounds. */
  min?: readonly number[];
  /** The largest size of each dimension, likewise; -1: no upper bound. */
  max?: readonly number[];
  /** Further facts, as the vendor has them: `scale` and `zeroPoint` of a quantized tensor, say. */
  details?: Readonly<Record<string, unknown>>;
}

/**
 * Anything with the three properties that make a tensor, such as onnxruntime's `Tensor`.
 */
export interface TensorLike {
  /** The name of a {@link DataType}. */
  readonly type: string;
  /** A typed array of that type. */
  readonly data: unknown;
  /** The shape. */
  readonly dims: readonly number[];
}

/** The inputs of a run, by name. A bare typed array will do where the model fixes the shape. */
export type Inputs = Readonly<Record<string, Tensor | TensorLike | TypedArray>>;

/** The outputs of a run, by name. */
export type Outputs = Record<string, Tensor>;

/**
 * Which outputs a run shall give: names, or an object of names with what to write to: a tensor; `null`
 * for a fresh one in host memory; `'device'` for a fresh one that stays in the device's memory, to be
 * an input of another session there. Outputs that are not named are not given. Where the run decides
 * the shape, a tensor may be larger than needed; the result is then a view of its first part.
 */
export type WantedOutputs = readonly string[] | Readonly<Record<string, OutputTarget>>;

/** See {@link WantedOutputs}. */
export type OutputTarget = Tensor | 'device' | null;

/** In place of a handle: the memory is no buffer of the backend's. */
const NO_BUFFER = 0;

/** What a run holds on to: its tensors, so that their memory stays, and stays its own, until the lane is done. */
export class Binding {
  /** By output: the tensor to write to; null when the backend allocates; undefined when not wanted. */
  readonly outputs: readonly (Tensor | null | undefined)[];
  readonly #reads: readonly Region[];
  /** Of the tensors that the caller gave for outputs. */
  readonly #writes: readonly Region[];

  constructor(outputs: readonly (Tensor | null | undefined)[], reads: readonly Region[], writes: readonly Region[]) {
    this.outputs = outputs;
    this.#reads = reads;
    this.#writes = writes;
  }

  /** The run has ended. */
  release(): void {
    for (const region of this.#reads) region.release(false);
    for (const region of this.#writes) region.release(true);
  }
}

interface Port extends TensorInfo {
  /** Where it begins in the argument block. */
  readonly at: number;
  readonly dynamic: boolean;
}

export class Binder {
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
  readonly #device: string;
  readonly #inputPorts: readonly Port[];
  readonly #outputPorts: readonly Port[];
  #block: Float64Array;

  constructor(native: NativeSession, device: string) {
    this.#device = device;
    this.#block = native.arguments;
    this.#inputPorts = native.inputs.map((info, i) => this.#makePort(info, i));
    this.#outputPorts = native.outputs.map((info, i) => this.#makePort(info, native.inputs.length + i));
    this.inputs = this.#inputPorts.map(toInfo);
    this.outputs = this.#outputPorts.map(toInfo);
  }

  /**
   * Goes over to the same model, loaded again.
   * @throws `MODEL_INVALID` when it is another one
   */
  attach(native: NativeSession): void {
    const ports = [...this.#inputPorts, ...this.#outputPorts];
    const found = [...native.inputs, ...native.outputs];
    const same = ({ name, type, shape }: TensorInfo, other: NativeTensorInfo | undefined): boolean =>
      name === other?.name && type === other.type && String(shape) === String(other.shape);
    if (found.length !== ports.length || !ports.every((port, i) => same(port, found[i]))) {
      throw new AccelError('MODEL_INVALID', 'The model has other inputs or outputs than when it was first loaded.');
    }
    this.#block = native.arguments;
    for (const port of ports) this.#writeFixedShape(port);
  }

  /**
   * Writes the argument block, which is valid until the next call, and keeps other runs away from the
   * tensors until the binding is released.
   * @throws `INVALID_ARGUMENT` that names the input or output
   */
  bind(inputs: Inputs, wanted?: WantedOutputs): Binding {
    // The caller's getters run here and could start other runs, so nothing is written before they are done.
    const tensors = this.#readInputs(inputs);
    const targets = wanted === undefined ? undefined : readTargets(wanted, this.#outputPorts);
    const reads: Region[] = [];
    const writes: Region[] = [];
    for (let i = 0; i < tensors.length; i++) reads.push(this.#bindTensor(this.#inputPorts[i]!, tensors[i]!, 'input'));
    const outputs = this.#bindOutputs(targets, writes);
    this.#acquire(reads, writes, outputs);
    return new Binding(outputs, reads, writes);
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
      outputs[port.name] = produced === undefined ? tensor! : this.#produced(port, produced, tensor);
    }
    return outputs;
  }

  /**
   * A tensor for an input or output of the model.
   * @throws `INVALID_ARGUMENT`, and what {@link Tensor.allocate} throws
   */
  allocate(name: string, dims: readonly number[] | undefined, memory: MemoryKind): Tensor {
    const isInput = this.#inputPorts.some((port) => port.name === name);
    const port = (isInput ? this.#inputPorts : this.#outputPorts).find((each) => each.name === name);
    if (port === undefined) throw unknownName('input or output', [name], [...this.#inputPorts, ...this.#outputPorts]);
    const role = isInput ? 'input' : 'output';
    const type = checkedType(port, role);
    if (dims === undefined && port.dynamic) {
      throw invalidArgument(`The ${role} "${name}" needs a shape: ${describePort(port)}.`);
    }
    const shape = dims ?? port.shape!;
    if (!Array.isArray(shape)) throw invalidArgument(`dims must be an array of numbers, not ${describe(shape)}.`);
    if (!shapeFits(port, shape)) {
      throw invalidArgument(`The ${role} "${name}" is ${describePort(port)}, not of shape [${shape.join(', ')}].`);
    }
    return Tensor.allocate(type, shape, memory === 'host' ? {} : { memory, device: this.#device });
  }

  #makePort(info: NativeTensorInfo, index: number): Port {
    const port = {
      ...info,
      type: info.type as TensorInfo['type'],
      at: index * ARGUMENT_SIZE,
      dynamic: isDynamic(info),
    };
    this.#writeFixedShape(port);
    return port;
  }

  /** What never changes is written once. */
  #writeFixedShape({ at, type, shape, dynamic }: Port): void {
    if (!dynamic && isDataType(type)) this.#writeShape(at, type, shape!);
  }

  #writeShape(at: number, type: DataType, dims: readonly number[]): void {
    const block = this.#block;
    const bytes = arrayLength(type, elementCount(dims)) * dataTypes[type].array.BYTES_PER_ELEMENT;
    block[at + 2] = bytes;
    block[at + 3] = dims.length;
    for (let i = 0; i < dims.length; i++) block[at + 4 + i] = dims[i]!;
  }

  #readInputs(inputs: Inputs): Tensor[] {
    if (inputs === null || typeof inputs !== 'object') {
      throw invalidArgument(`The inputs of a run are an object of tensors by name, not ${describe(inputs)}.`);
    }
    const ports = this.#inputPorts;
    const tensors: Tensor[] = [];
    for (const port of ports) tensors.push(toTensor(port, inputs[port.name]));
    let given = 0;
    for (const name in inputs) given += Object.hasOwn(inputs, name) ? 1 : 0;
    if (given !== ports.length) throw unknownName('input', Object.keys(inputs), ports);
    return tensors;
  }

  #bindOutputs(
    targets: readonly (OutputTarget | undefined)[] | undefined,
    writes: Region[],
  ): (Tensor | null | undefined)[] {
    const ports = this.#outputPorts;
    const tensors = new Array<Tensor | null | undefined>(ports.length);
    for (let i = 0; i < ports.length; i++) {
      const port = ports[i]!;
      const choice = targets === undefined ? null : targets[i];
      if (choice === undefined) {
        this.#block[port.at] = NOT_WANTED;
      } else if (choice === 'device' || (choice === null && port.dynamic)) {
        checkedType(port, 'output');
        this.#block[port.at] = choice === null ? ALLOCATE_HOST : ALLOCATE_DEVICE;
        tensors[i] = null;
      } else if (choice === null) {
        // Nobody else knows of it yet, so there is nothing to be kept away.
        const tensor = Tensor.zeros(checkedType(port, 'output'), port.shape!);
        this.#block[port.at] = tensor.byteLength === 0 ? ALLOCATE_HOST : addon.addressOf(tensor.data);
        this.#block[port.at + 1] = NO_BUFFER;
        tensors[i] = tensor;
      } else {
        writes.push(this.#bindTensor(port, choice, 'output'));
        tensors[i] = choice;
      }
    }
    return tensors;
  }

  #bindTensor(port: Port, tensor: Tensor, role: 'input' | 'output'): Region {
    checkTensor(port, tensor, role);
    const region = checkedRegion(port, tensor, role);
    const block = this.#block;
    block[port.at] = region.address;
    block[port.at + 1] = region.storage.kind === 'host' ? NO_BUFFER : this.#handleOf(region.storage, port, role);
    if (port.dynamic) this.#writeShape(port.at, tensor.type, tensor.dims);
    return region;
  }

  #handleOf(storage: Storage, port: Port, role: 'input' | 'output'): number {
    if (storage.device === this.#device) return storage.native!.handle;
    if (storage.kind === 'pinned') return NO_BUFFER; // of another device: ordinary memory to this one
    throw invalidArgument(
      `The tensor for the ${role} "${port.name}" lies in the memory of ${storage.device}, but the session runs on ${this.#device}.`,
      'Copy it: tensor.read(), or copyTo() a tensor of session.allocate().',
    );
  }

  #acquire(reads: readonly Region[], writes: readonly Region[], outputs: Binding['outputs']): void {
    for (let i = 0; i < reads.length; i++) {
      if (reads[i]!.acquire(false)) continue;
      new Binding([], reads.slice(0, i), []).release();
      throw inUse('input', this.#inputPorts[i]!);
    }
    for (let i = 0; i < writes.length; i++) {
      if (writes[i]!.acquire(true)) continue;
      new Binding([], reads, writes.slice(0, i)).release();
      throw inUse(
        'output',
        this.#outputPorts[outputs.findIndex((tensor) => tensor && regionOf(tensor) === writes[i])]!,
      );
    }
  }

  /** An output in the backend's memory; or in the caller's, which is larger than the run needed. */
  #produced(port: Port, { data, buffer, dims }: NativeProducedOutput, given: Tensor | null): Tensor {
    const type = port.type as DataType;
    const { array } = dataTypes[type];
    if (buffer !== undefined) return new Tensor(type, new Storage('device', this.#device, buffer), dims);
    if (data !== undefined) return new Tensor(type, new array(data), dims);
    const { storage } = regionOf(given!);
    if (storage.kind === 'device') return new Tensor(type, storage, dims, 'borrow');
    const { buffer: memory, byteOffset } = given!.data;
    return new Tensor(type, new array(memory, byteOffset, arrayLength(type, elementCount(dims))), dims);
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
}

function checkedRegion(port: Port, tensor: Tensor, role: 'input' | 'output'): Region {
  try {
    return regionOf(tensor);
  } catch (error) {
    throw invalidArgument(`The ${role} "${port.name}": ${(error as Error).message}`);
  }
}

function inUse(role: 'input' | 'output', { name }: Port): Error {
  return invalidArgument(
    role === 'input'
      ? `The tensor for the input "${name}" lies in memory that a pending run or copy writes to.`
      : `The tensor for the output "${name}" lies in memory that this run, or a pending run or copy, uses already.`,
    'Give each run that is under way memory of its own, or wait for the other.',
  );
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

/** The caller's choice for each output; undefined for one that is not wanted. */
function readTargets(wanted: WantedOutputs, ports: readonly Port[]): (OutputTarget | undefined)[] {
  if (wanted === null || typeof wanted !== 'object') {
    throw invalidArgument(`outputs must be names, or an object of tensors by name, not ${describe(wanted)}.`);
  }
  const targets = new Array<OutputTarget | undefined>(ports.length);
  let given = 0;
  const names = Array.isArray(wanted) ? new Set(wanted as string[]) : undefined;
  for (let i = 0; i < ports.length; i++) {
    const { name } = ports[i]!;
    if (names === undefined ? !Object.hasOwn(wanted, name) : !names.has(name)) continue;
    given++;
    const target = names === undefined ? (wanted as Record<string, OutputTarget>)[name]! : null;
    if (target !== null && target !== 'device' && !(target instanceof Tensor)) {
      throw invalidArgument(
        `The target of the output "${name}" must be a Tensor, null (for a new one) or 'device', not ${describe(target)}.`,
      );
    }
    targets[i] = target;
  }
  const all = names ?? Object.keys(wanted);
  if ((names?.size ?? (all as string[]).length) !== given) throw unknownName('output', [...all], ports);
  return targets;
}

function unknownName(
  role: 'input' | 'output' | 'input or output',
  names: readonly string[],
  ports: readonly Port[],
): Error {
  const unknown = names.find((name) => !ports.some((port) => port.name === name));
  return invalidArgument(
    `The model has no ${role} ${describe(unknown)}.`,
    `It has: ${ports.map((port) => `"${port.name}"`).join(', ') || 'none'}.`,
  );
}
