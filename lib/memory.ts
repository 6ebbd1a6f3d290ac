/**
 * The memory that tensors lie in: which kind it is, who uses it at the moment, and when it is freed.
 */
import { addon, requireAddon } from './native/addon.js';
import type { NativeBuffer } from './native/addon.js';
import { splitDevice } from './backends.js';
import { AccelError, invalidArgument, withContext } from './errors.js';

/**
 * Where a tensor's elements lie.
 *
 * - `host`: ordinary memory.
 * - `pinned`: memory of the host that a device reads and writes by itself (page-locked for CUDA and HIP,
 *   shared for RKNN), so that a run moves it in one step.
 * - `device`: the device's own. It has no `data`; `read`, `write` and `copyTo` move its contents.
 */
export type MemoryKind = 'host' | 'pinned' | 'device';

/** What TFLite's kernels want of their tensors; native/tensor.h has the same. */
const HOST_ALIGNMENT = 64;

/** Storage of ArrayBuffers that tensors have been made of. */
const storages = new WeakMap<ArrayBufferLike, Storage>();

/** One piece of memory, with everything that pending runs and copies do in it. */
export class Storage {
  readonly kind: MemoryKind;
  /** Which device it belongs to, e.g. `cuda:0`; unset for host memory. */
  readonly device: string | undefined;
  /** Unset for memory that JavaScript allocated. */
  readonly native: NativeBuffer | undefined;
  /** What is being read or written. */
  readonly inUse: Region[] = [];
  #disposed = false;

  constructor(kind: MemoryKind = 'host', device?: string, native?: NativeBuffer) {
    this.kind = kind;
    this.device = device;
    this.native = native;
  }

  static of(buffer: ArrayBufferLike): Storage {
    let storage = storages.get(buffer);
    if (storage === undefined) storages.set(buffer, (storage = new Storage()));
    return storage;
  }

  /** @throws `OUT_OF_MEMORY`, `UNSUPPORTED`, `INVALID_ARGUMENT` */
  static allocate(kind: 'pinned' | 'device', bytes: number, device: string): Storage {
    const { backend, name } = splitDevice(device);
    requireAddon();
    if (name === undefined) {
      throw invalidArgument(`Memory is allocated on one device, like "cuda:0", not on "${device}".`);
    }
    try {
      // Some vendors refuse to allocate nothing.
      const native = addon.allocate(backend, name, kind, Math.max(1, bytes));
      const storage = new Storage(kind, device, native);
      if (native.data !== undefined) storages.set(native.data, storage);
      return storage;
    } catch (error) {
      throw withContext(error, backend, device);
    }
  }

  get disposed(): boolean {
    return this.#disposed;
  }

  /** Gives the memory back; when it is in use, as soon as it is not any more. */
  dispose(): void {
    this.#disposed = true;
    if (this.inUse.length === 0) this.native?.dispose();
  }

  /** Called when a region of it is not in use any more. */
  released(region: Region): void {
    const { inUse } = this;
    const last = inUse.pop()!;
    if (last !== region) inUse[inUse.indexOf(region)] = last; // the order does not matter
    if (this.#disposed && inUse.length === 0) this.native?.dispose();
  }
}

/** The part of a storage that one tensor lies in. */
export class Region {
  readonly storage: Storage;
  /** Of the first byte, in the device's address space where it is device memory; 0 without bytes. */
  readonly address: number;
  readonly bytes: number;
  /** Keeps the memory alive where JavaScript allocated it. */
  readonly data: ArrayBufferView | undefined;
  #readers = 0;
  /** At most one, but for a region without bytes, which is in nobody's way. */
  #writers = 0;

  constructor(storage: Storage, address: number, bytes: number, data?: ArrayBufferView) {
    this.storage = storage;
    this.address = address;
    this.bytes = bytes;
    this.data = data;
  }

  /**
   * Announces that it is going to be read or written, until {@link release}.
   * @returns false when that would meet another's writing, or the other way round
   */
  acquire(write: boolean): boolean {
    const { inUse } = this.storage;
    for (const other of inUse) {
      if ((write || other.#writers > 0) && this.#overlaps(other)) return false;
    }
    if (this.#readers + this.#writers === 0) inUse.push(this);
    if (write) this.#writers++;
    else this.#readers++;
    return true;
  }

  release(write: boolean): void {
    if (write) this.#writers--;
    else this.#readers--;
    if (this.#readers + this.#writers === 0) this.storage.released(this);
  }

  #overlaps(other: Region): boolean {
    return this.address < other.address + other.bytes && other.address < this.address + this.bytes;
  }
}

/** For `OUT_OF_MEMORY` of the host. */
export const HOST_MEMORY_HINT = 'Free memory of this process or machine, or use smaller shapes.';

/** Bytes of zeros whose address is a multiple of 64. */
export function alignedBytes(bytes: number): Uint8Array<ArrayBuffer> {
  let memory;
  try {
    memory = new Uint8Array(bytes + HOST_ALIGNMENT);
  } catch (cause) {
    throw new AccelError('OUT_OF_MEMORY', `There is no memory for ${bytes} bytes.`, {
      hint: HOST_MEMORY_HINT,
      cause,
    });
  }
  const over = addon.addressOf(memory) % HOST_ALIGNMENT;
  return memory.subarray(over === 0 ? 0 : HOST_ALIGNMENT - over).subarray(0, bytes);
}
