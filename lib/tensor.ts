import { inspect } from 'node:util';

import { MAX_RANK, addon } from './native/addon.js';
import { arrayLength, dataTypes, describe, elementCount, isDataType } from './data-type.js';
import type { DataType, DataTypeMap } from './data-type.js';
import { AccelError, invalidArgument } from './errors.js';
import { HOST_MEMORY_HINT, Region, Storage, alignedBytes } from './memory.js';
import type { MemoryKind } from './memory.js';
import { checkOptions } from './options/known.js';

const ALLOCATE_OPTIONS: ReadonlySet<string> = new Set(['memory', 'device']);

const Float16ArrayIfAny = (globalThis as { Float16Array?: new () => object }).Float16Array;

// Set by the class below, which alone sees its private fields.
let getRegion: (tensor: Tensor) => Region;

/** Plain values that a tensor can be made of; they are copied into a typed array. */
export type TensorValues = readonly (number | bigint | boolean)[];

/** Options of {@link Tensor.allocate}. */
export interface AllocateOptions {
  /** Default: `host`. */
  memory?: MemoryKind | undefined;
  /** Whose memory: one device, as in `session.device`. For `pinned` and `device`. */
  device?: string | undefined;
}

/**
 * An n-dimensional array in row-major order: a shape, and its elements in a typed array or in a
 * device's memory. The constructor's arguments are in the order of onnxruntime's `Tensor`.
 *
 * A tensor does not copy the typed array that it is made of: what you write into `data` is what the
 * next run reads. While a run is pending, neither write to its inputs nor transfer their buffers to
 * another thread.
 */
export class Tensor<T extends DataType = DataType> {
  // Read-only for JavaScript as well: the addon relies on the size that was checked.
  readonly #type: T;
  readonly #dims: readonly number[];
  readonly #size: number;
  readonly #byteLength: number;
  /** Unset in device memory, and once disposed of. */
  #data: DataTypeMap[T] | undefined;
  /** Set where a backend allocated the memory. */
  readonly #allocated: Storage | undefined;
  /** Does {@link dispose} give the memory back? */
  readonly #owns: boolean = false;
  /** Made when a run first asks. */
  #region: Region | undefined;
  #disposed = false;

  /**
   * @param type the element type
   * @param data a typed array of that type, used as it is; or plain values, which are copied
   * @param dims the shape; by default one dimension
   * @throws {@link AccelError} `INVALID_ARGUMENT` when they do not fit each other, or the buffer is
   * detached or resizable
   */
  constructor(type: T, data: DataTypeMap[T] | TensorValues, dims?: readonly number[]);
  /** @internal In memory that a backend allocated: for this tensor, or for another one that disposes of it. */
  constructor(type: T, data: Storage, dims: readonly number[], ownership?: 'own' | 'borrow');
  constructor(
    type: T,
    data: DataTypeMap[T] | TensorValues | Storage,
    dims?: readonly number[],
    ownership: 'own' | 'borrow' = 'own',
  ) {
    if (!isDataType(type)) throw unknownType(type);
    if (data instanceof Storage) {
      const shape = checkedDims(dims!);
      this.#size = elementCount(shape);
      this.#byteLength = byteLength(type, this.#size);
      this.#allocated = data;
      this.#owns = ownership === 'own';
      const buffer = data.native?.data;
      if (buffer !== undefined)
        this.#data = new dataTypes[type].array(buffer, 0, arrayLength(type, this.#size)) as DataTypeMap[T];
      this.#dims = Object.freeze(shape);
    } else {
      const array = Array.isArray(data)
        ? fromValues(type, data as TensorValues)
        : checkedArray(type, data as DataTypeMap[T]);
      const shape = dims === undefined ? [array.length] : checkedDims(dims);
      const size = elementCount(shape);
      const length = arrayLength(type, size);
      if (array.length !== length) {
        throw invalidArgument(
          `A ${type} tensor of shape [${shape.join(', ')}] has ${size} elements, but its data has ${array.length}` +
            `${length === size ? '' : `, not the ${length} that they pack into`}.`,
        );
      }
      this.#data = array as DataTypeMap[T];
      this.#dims = Object.freeze(shape);
      this.#size = size;
      this.#byteLength = array.byteLength;
    }
    this.#type = type;
  }

  /**
   * A tensor of zeros.
   * @param dims the shape
   * @throws {@link AccelError} `INVALID_ARGUMENT` for a shape that is none; `OUT_OF_MEMORY`
   */
  static zeros<T extends DataType>(type: T, dims: readonly number[]): Tensor<T> {
    if (!isDataType(type)) throw unknownType(type);
    const length = arrayLength(type, elementCount(checkedDims(dims)));
    const TypedArrayOfType = dataTypes[type].array as unknown as new (length: number) => DataTypeMap[T];
    let data;
    try {
      data = new TypedArrayOfType(length);
    } catch (cause) {
      throw new AccelError('OUT_OF_MEMORY', `There is no memory for a ${type} tensor of shape [${dims.join(', ')}].`, {
        hint: HOST_MEMORY_HINT,
        cause,
      });
    }
    return new Tensor(type, data, dims);
  }

  /**
   * A tensor in memory of a chosen kind. `host` and `pinned` memory comes as zeros, `device` memory as
   * it is. `session.allocate` chooses the kind that suits the session.
   *
   * The device's runtime must be in use already: by a session, or after `await runtime(…)`.
   * @param dims the shape
   * @throws {@link AccelError} `INVALID_ARGUMENT`; `OUT_OF_MEMORY`; `UNSUPPORTED` where the device, or
   * the program that Node is embedded in, has no such memory
   */
  static allocate<T extends DataType>(type: T, dims: readonly number[], options: AllocateOptions = {}): Tensor<T> {
    if (!isDataType(type)) throw unknownType(type);
    checkOptions(options, ALLOCATE_OPTIONS);
    const { memory = 'host', device } = options;
    if (memory === 'host' && device !== undefined) {
      throw invalidArgument(
        'Host memory belongs to no device.',
        'Leave the device out, or name another kind of memory.',
      );
    }
    const shape = checkedDims(dims);
    const size = elementCount(shape);
    if (memory === 'host') {
      const { array } = dataTypes[type];
      const { buffer, byteOffset } = alignedBytes(byteLength(type, size));
      return new Tensor(type, new array(buffer, byteOffset, arrayLength(type, size)) as DataTypeMap[T], shape);
    }
    if (memory !== 'pinned' && memory !== 'device') {
      throw invalidArgument(`memory must be "host", "pinned" or "device", not ${describe(memory)}.`);
    }
    if (typeof device !== 'string') {
      throw invalidArgument(
        `The device that ${memory} memory belongs to is missing.`,
        'Name it: { device: "cuda:0" }, or session.device.',
      );
    }
    return new Tensor(type, Storage.allocate(memory, byteLength(type, size), device), shape);
  }

  /** The element type. */
  get type(): T {
    return this.#type;
  }

  /** The shape. */
  get dims(): readonly number[] {
    return this.#dims;
  }

  /** The number of elements. */
  get size(): number {
    return this.#size;
  }

  /** The bytes that the elements take. */
  get byteLength(): number {
    return this.#byteLength;
  }

  /**
   * The elements. Writing to it changes what the next run reads.
   * @throws {@link AccelError} `INVALID_ARGUMENT` in device memory, which only {@link read} and
   * {@link write} reach, and after {@link dispose}
   */
  get data(): DataTypeMap[T] {
    const data = this.#data;
    if (data === undefined) throw this.#noData();
    return data;
  }

  /** Where the elements lie. */
  get memory(): MemoryKind {
    return this.#storage().kind;
  }

  /** The device whose memory it is, e.g. `cuda:0`; unset for host memory. */
  get device(): string | undefined {
    return this.#storage().device;
  }

  /** Has {@link dispose} been called? */
  get disposed(): boolean {
    return this.#disposed;
  }

  /**
   * A copy of the elements, from whatever memory they lie in.
   * @param target a typed array to copy them into; until the promise settles, no run may use it, and
   * its buffer must not be transferred to another thread
   * @throws {@link AccelError} `INVALID_ARGUMENT` while a run writes to the tensor, and after
   * {@link dispose}; `VENDOR_FAILURE`
   */
  async read(target?: DataTypeMap[T]): Promise<DataTypeMap[T]> {
    const length = arrayLength(this.type, this.size);
    const copy =
      target === undefined
        ? (new dataTypes[this.type].array(new ArrayBuffer(this.byteLength)) as DataTypeMap[T])
        : checkedArray(this.type, target);
    if (copy.length !== length) {
      throw invalidArgument(`The array to read into has ${copy.length} items; the tensor has ${length}.`);
    }
    const native = this.#requireMemory().native;
    await new Tensor(this.type, copy, this.#dims).#use(true, () =>
      this.#use(false, async () => {
        if (this.#data !== undefined) setArray(copy, this.#data);
        else await native!.read(copy);
      }),
    );
    return copy;
  }

  /**
   * Copies elements into the tensor, whatever memory it lies in.
   * @param source a typed array of as many elements; until the promise settles, no run may write it, and
   * its buffer must not be transferred to another thread
   * @throws {@link AccelError} `INVALID_ARGUMENT` while a run uses the tensor, and after
   * {@link dispose}; `VENDOR_FAILURE`
   */
  async write(source: DataTypeMap[T]): Promise<void> {
    const data = checkedArray(this.type, source);
    const length = arrayLength(this.type, this.size);
    if (data.length !== length) {
      throw invalidArgument(`The array to write has ${data.length} items; the tensor has ${length}.`);
    }
    const native = this.#requireMemory().native;
    await new Tensor(this.type, data, this.#dims).#use(false, () =>
      this.#use(true, async () => {
        if (this.#data !== undefined) setArray(this.#data, data);
        else await native!.write(data);
      }),
    );
  }

  /**
   * Copies the elements into another tensor of the same type and shape; on one device, without
   * touching the host.
   * @throws {@link AccelError} as {@link read} and {@link write}
   */
  async copyTo(target: Tensor<T>): Promise<void> {
    if (!(target instanceof Tensor)) throw invalidArgument(`The target must be a Tensor, not ${describe(target)}.`);
    if (target.type !== this.type || String(target.dims) !== String(this.dims)) {
      throw invalidArgument(
        `A ${this.type} tensor of shape [${this.dims.join(', ')}] can't be copied to one that is ` +
          `${target.type} of shape [${target.dims.join(', ')}].`,
      );
    }
    const from = this.#requireMemory();
    const to = target.#requireMemory();
    if (target === this) return;
    if (this.#data !== undefined) {
      await this.#use(false, () => target.write(this.#data!));
    } else if (target.#data !== undefined) {
      await target.#use(true, async () => {
        await this.#use(false, () => from.native!.read(target.#data!));
      });
    } else if (from.device === to.device) {
      await target.#use(true, async () => {
        await this.#use(false, () => from.native!.copyTo(to.native!, this.byteLength));
      });
    } else {
      await target.write(await this.read());
    }
  }

  /**
   * Gives pinned or device memory back at once, instead of when the garbage collector finds it; or as
   * soon as the pending runs that use it have ended. The tensor can't be used any more, and typed arrays
   * over its memory have no elements. For a tensor in ordinary memory, only the former.
   */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#data = undefined;
    if (this.#owns) this.#allocated!.dispose();
  }

  /** For `using`. */
  [Symbol.dispose](): void {
    this.dispose();
  }

  /** @internal For console.log. */
  [inspect.custom](): object {
    const { type, dims } = this;
    if (this.#disposed) return { type, dims, disposed: true };
    return this.#data === undefined
      ? { type, dims, memory: this.memory, device: this.device }
      : { type, dims, data: this.#data };
  }

  static {
    getRegion = (tensor) => tensor.#getRegion();
  }

  #getRegion(): Region {
    const region = this.#region;
    const data = this.#data;
    if (
      region !== undefined &&
      (data === undefined ? !this.#disposed && !region.storage.disposed : data.byteLength === this.byteLength)
    )
      return region;
    return (this.#region = this.#makeRegion());
  }

  #makeRegion(): Region {
    const storage = this.#requireMemory();
    const data = this.#data;
    if (data === undefined) return new Region(storage, storage.native!.address, this.byteLength);
    return new Region(storage, this.byteLength === 0 ? 0 : addon.addressOf(data), this.byteLength, data);
  }

  #storage(): Storage {
    return this.#allocated ?? (this.#data === undefined ? new Storage() : Storage.of(this.#data.buffer));
  }

  #requireMemory(): Storage {
    if (this.#disposed) throw this.#noData();
    if (this.#data !== undefined && this.#data.byteLength !== this.byteLength) {
      throw invalidArgument('The buffer of the tensor is detached: it was transferred elsewhere, or disposed of.');
    }
    const storage = this.#storage();
    if (storage.disposed) throw invalidArgument('The memory of the tensor was disposed of.');
    return storage;
  }

  /** Does `work` while no run gets at the elements. */
  async #use(write: boolean, work: () => Promise<void>): Promise<void> {
    const region = this.#getRegion();
    if (!region.acquire(write)) {
      throw invalidArgument(
        `The tensor is being ${write ? 'used' : 'written'} by a pending run or copy.`,
        'Wait for it to end.',
      );
    }
    try {
      await work();
    } finally {
      region.release(write);
    }
  }

  #noData(): AccelError {
    return this.#disposed
      ? invalidArgument('The tensor was disposed of.')
      : invalidArgument(`The tensor lies in the memory of ${this.device}.`, 'Call read() for a copy of its elements.');
  }
}

/**
 * The memory that a tensor lies in, for a run.
 * @throws `INVALID_ARGUMENT` when it was disposed of or transferred elsewhere
 */
export function regionOf(tensor: Tensor): Region {
  return getRegion(tensor);
}

function byteLength(type: DataType, size: number): number {
  return arrayLength(type, size) * dataTypes[type].array.BYTES_PER_ELEMENT;
}

function setArray(target: DataTypeMap[DataType], source: DataTypeMap[DataType]): void {
  (target as Uint8Array).set(source as Uint8Array);
}

function unknownType(type: unknown): AccelError {
  return invalidArgument(
    `There is no data type ${describe(type)}.`,
    `There are: ${Object.keys(dataTypes).join(', ')}.`,
  );
}

function checkedDims(dims: readonly number[]): number[] {
  if (!Array.isArray(dims)) throw invalidArgument(`dims must be an array of numbers, not ${describe(dims)}.`);
  if (dims.length > MAX_RANK) throw invalidArgument(`A tensor has at most ${MAX_RANK} dimensions, not ${dims.length}.`);
  return [...(dims as number[])];
}

function fromValues(type: DataType, values: TensorValues): DataTypeMap[DataType] {
  const { array, bits } = dataTypes[type];
  if (bits === 4 || type === 'float16' || type === 'bfloat16' || type.startsWith('float8')) {
    throw invalidArgument(
      `A ${type} tensor can't be made of plain values.`,
      `Give its bit patterns in a ${array.name}.`,
    );
  }
  const wide = type === 'int64' || type === 'uint64';
  const items = [...values].map((value: unknown): number | bigint => {
    if (typeof value !== 'number' && typeof value !== 'bigint' && typeof value !== 'boolean') {
      throw invalidArgument(`Tensor values must be numbers, bigints or booleans, not ${describe(value)}.`);
    }
    if (!wide) return Number(value);
    if (typeof value === 'number' && !Number.isSafeInteger(value)) {
      throw invalidArgument(`${value} can't be an element of an ${type} tensor.`);
    }
    return BigInt(value);
  });
  return new (array as unknown as new (items: (number | bigint)[]) => DataTypeMap[DataType])(items);
}

function checkedArray<T extends DataType>(type: T, data: DataTypeMap[T]): DataTypeMap[T] {
  const { array } = dataTypes[type];
  const fits =
    data instanceof array ||
    (type === 'float16' && Float16ArrayIfAny !== undefined && data instanceof Float16ArrayIfAny);
  if (!fits) throw invalidArgument(`The data of a ${type} tensor must be a ${array.name}, not ${describe(data)}.`);
  const buffer = data.buffer as { resizable?: boolean; growable?: boolean; detached?: boolean };
  if (buffer.resizable === true || buffer.growable === true) {
    throw invalidArgument(
      'The buffer of a tensor must not be resizable: its memory could move while a run uses it.',
      'Make the ArrayBuffer without maxByteLength.',
    );
  }
  if (buffer.detached === true)
    throw invalidArgument('The buffer of the tensor is detached: it was transferred elsewhere.');
  return data;
}
