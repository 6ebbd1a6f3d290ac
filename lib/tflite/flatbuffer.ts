/**
 * Reading a flatbuffer that may be damaged: every offset is looked at before it is followed. The layout is that of
 * flatbuffers' "Internals" page.
 */
import { AccelError } from '../errors.js';
import type { ByteSource } from '../onnx/byte-source.js';

export function damaged(at: number, what: string): AccelError {
  return new AccelError('MODEL_INVALID', `The file is damaged at byte ${at}: ${what}.`);
}

/** As many as TFLite's own verifier lets pass. */
const MOST_TABLES = 1_000_000;
/** What has been read of each file, counted in tables: offsets that lead to the same place again can make much of little. */
const spent = new WeakMap<ByteSource, number>();

function spend(source: ByteSource, tables: number, most: number): void {
  const sum = (spent.get(source) ?? 0) + tables;
  if (sum > most) throw damaged(0, 'more is read of it than a model has');
  spent.set(source, sum);
}

/** A table: fields by number, most of them optional. */
export class Table {
  readonly #source: ByteSource;
  readonly #at: number;
  readonly #fields: number;
  /** Of its list of fields, in bytes. */
  readonly #length: number;

  constructor(source: ByteSource, at: number) {
    spend(source, 1, MOST_TABLES);
    this.#source = source;
    this.#at = at;
    this.#fields = at - view(source, at, 4).getInt32(0, true);
    this.#length = view(source, this.#fields, 2).getUint16(0, true);
    if (this.#length < 4) throw damaged(this.#fields, 'a table has no list of fields');
  }

  /** The table that the file begins with. */
  static root(source: ByteSource): Table {
    return new Table(source, view(source, 0, 4).getUint32(0, true));
  }

  uint8(field: number, otherwise = 0): number {
    return this.#scalar(field, 1)?.getUint8(0) ?? otherwise;
  }

  int8(field: number, otherwise = 0): number {
    return this.#scalar(field, 1)?.getInt8(0) ?? otherwise;
  }

  int32(field: number, otherwise = 0): number {
    return this.#scalar(field, 4)?.getInt32(0, true) ?? otherwise;
  }

  uint32(field: number, otherwise = 0): number {
    return this.#scalar(field, 4)?.getUint32(0, true) ?? otherwise;
  }

  uint64(field: number, otherwise = 0n): bigint {
    return this.#scalar(field, 8)?.getBigUint64(0, true) ?? otherwise;
  }

  text(field: number): string {
    const vector = this.#vector(field, 1);
    return vector === undefined ? '' : Buffer.from(read(this.#source, vector.at, vector.length)).toString('utf8');
  }

  table(field: number): Table | undefined {
    const at = this.#reference(field);
    return at === undefined ? undefined : new Table(this.#source, at);
  }

  tables(field: number): Table[] {
    const vector = this.#vector(field, 4);
    if (vector === undefined) return [];
    return Array.from({ length: vector.length }, (_, i) => {
      const at = vector.at + 4 * i;
      return new Table(this.#source, at + view(this.#source, at, 4).getUint32(0, true));
    });
  }

  int32s(field: number): number[] {
    return this.#numbers(field, 4, (bytes, at) => bytes.getInt32(at, true));
  }

  int64s(field: number): bigint[] {
    return this.#numbers(field, 8, (bytes, at) => bytes.getBigInt64(at, true));
  }

  float32s(field: number): number[] {
    return this.#numbers(field, 4, (bytes, at) => bytes.getFloat32(at, true));
  }

  /** How many elements of `size` bytes a vector has; undefined without one. */
  lengthOf(field: number, size: number): number | undefined {
    return this.#vector(field, size)?.length;
  }

  #numbers<T>(field: number, size: number, at: (bytes: DataView, at: number) => T): T[] {
    const vector = this.#vector(field, size);
    if (vector === undefined) return [];
    spend(this.#source, vector.length / 16, MOST_TABLES);
    const bytes = view(this.#source, vector.at, vector.length * size);
    return Array.from({ length: vector.length }, (_, i) => at(bytes, i * size));
  }

  #scalar(field: number, size: number): DataView | undefined {
    const at = this.#placeOf(field);
    return at === undefined ? undefined : view(this.#source, at, size);
  }

  #vector(field: number, size: number): { at: number; length: number } | undefined {
    const reference = this.#reference(field);
    if (reference === undefined) return undefined;
    const length = view(this.#source, reference, 4).getUint32(0, true);
    const at = reference + 4;
    if (at + length * size > this.#source.size) throw damaged(reference, `a vector of ${length} elements has no room`);
    return { at, length };
  }

  #reference(field: number): number | undefined {
    const at = this.#placeOf(field);
    return at === undefined ? undefined : at + view(this.#source, at, 4).getUint32(0, true);
  }

  #placeOf(field: number): number | undefined {
    const entry = 4 + 2 * field;
    if (entry + 2 > this.#length) return undefined;
    const offset = view(this.#source, this.#fields + entry, 2).getUint16(0, true);
    return offset === 0 ? undefined : this.#at + offset;
  }
}

function read(source: ByteSource, at: number, length: number): Uint8Array {
  if (at < 0 || at + length > source.size) throw damaged(at, `the file ends after ${source.size} bytes`);
  return source.read(at, length);
}

function view(source: ByteSource, at: number, length: number): DataView {
  const { buffer, byteOffset, byteLength } = read(source, at, length);
  return new DataView(buffer, byteOffset, byteLength);
}
