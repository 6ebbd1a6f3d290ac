/** NumPy's .npy files: "NumPy Enhancement Proposal 1", versions 1.0 to 3.0, row-major arrays. */
import { readFileSync, writeFileSync } from 'node:fs';

import { arrayLength, dataTypes, elementCount } from '../data-type.js';
import { AccelError, Tensor } from '../index.js';
import type { DataType } from '../index.js';
import { reasonOf } from '../runtimes/failures.js';

const MAGIC = '\x93NUMPY';
/** Where the array begins is a multiple of this. */
const ALIGNMENT = 64;

/** NumPy's letters for the element types that it has, and their bytes. */
const DESCRIPTORS: Readonly<Partial<Record<DataType, string>>> = {
  float32: 'f4',
  float16: 'f2',
  float64: 'f8',
  int8: 'i1',
  uint8: 'u1',
  int16: 'i2',
  uint16: 'u2',
  int32: 'i4',
  uint32: 'u4',
  int64: 'i8',
  uint64: 'u8',
  bool: 'b1',
};

const TYPES = new Map(Object.entries(DESCRIPTORS).map(([type, letters]) => [letters, type as DataType]));

/**
 * The type of the integers that hold the bits of elements of `type` in a .npy file, when NumPy lacks it; packed
 * ones are an array of one dimension. Undefined for types that it has.
 */
export function carrierOf(type: DataType): 'uint8' | 'uint16' | undefined {
  if (type in DESCRIPTORS) return undefined;
  return dataTypes[type].array.BYTES_PER_ELEMENT === 2 ? 'uint16' : 'uint8';
}

/** @throws `INVALID_ARGUMENT` for a file that is no .npy, or of a kind that no tensor can hold */
export function readNpy(path: string): Tensor {
  const file = readFile(path);
  const { descriptor, dims, dataAt } = readHeader(path, file);
  const type = TYPES.get(descriptor.slice(1));
  if (type === undefined || !'<|='.includes(descriptor[0]!)) {
    throw invalid(path, `tensors can't hold elements of the kind ${descriptor}`, 'Convert it: array.astype("<f4")');
  }
  const bytes = arrayLength(type, elementCount(dims)) * dataTypes[type].array.BYTES_PER_ELEMENT;
  if (file.length - dataAt !== bytes) {
    const shape = `[${dims.join(', ')}]`;
    throw invalid(path, `its shape ${shape} takes ${bytes} bytes, but it holds ${file.length - dataAt}`);
  }
  // A copy, which starts at an aligned address.
  const aligned = new Uint8Array(file.subarray(dataAt)).buffer;
  return new Tensor(type, new dataTypes[type].array(aligned), dims);
}

/**
 * Types that NumPy lacks are written as the integers that hold their bits.
 * @throws what the system throws
 */
export function writeNpy(path: string, { type, data, dims }: Tensor): void {
  const letters = DESCRIPTORS[carrierOf(type) ?? type]!;
  const shape = dataTypes[type].bits < 8 ? [data.length] : dims;
  const tuple = shape.length === 1 ? `${shape[0]!},` : shape.join(', ');
  const dictionary = `{'descr': '${letters.endsWith('1') ? '|' : '<'}${letters}', 'fortran_order': False, 'shape': (${tuple}), }`;
  const unpadded = 10 + dictionary.length + 1;
  const header = `${dictionary}${' '.repeat((ALIGNMENT - (unpadded % ALIGNMENT)) % ALIGNMENT)}\n`;
  const prefix = Buffer.alloc(10);
  prefix.write(MAGIC, 'latin1');
  prefix[6] = 1;
  prefix.writeUInt16LE(header.length, 8);
  writeFileSync(
    path,
    Buffer.concat([prefix, Buffer.from(header), Buffer.from(data.buffer, data.byteOffset, data.byteLength)]),
  );
}

function readFile(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new AccelError('INVALID_ARGUMENT', `Can't read ${path}: ${reasonOf(cause)}.`, { cause });
  }
}

interface Header {
  /** Such as `<f4`. */
  descriptor: string;
  dims: number[];
  /** Where the elements begin. */
  dataAt: number;
}

function readHeader(path: string, file: Buffer): Header {
  if (file.toString('latin1', 0, 6) !== MAGIC) throw invalid(path, 'it is no .npy file');
  const version = file[6] ?? 0;
  const headerAt = version === 1 ? 10 : 12;
  if (file.length < headerAt) throw invalid(path, 'it ends within its header');
  if (version < 1 || version > 3) throw invalid(path, `it has the unknown version ${version}`);
  const dataAt = headerAt + (version === 1 ? file.readUInt16LE(8) : file.readUInt32LE(8));
  if (file.length < dataAt) throw invalid(path, 'it ends within its header');
  const header = file.toString('utf8', headerAt, dataAt);
  if (/'descr':\s*\[/.test(header)) throw invalid(path, "tensors can't hold elements with fields");
  const descriptor = /'descr':\s*'([^']+)'/.exec(header)?.[1];
  const order = /'fortran_order':\s*(True|False)/.exec(header)?.[1];
  // () and (5,) and (5, 6); Python 2 wrote (5L,).
  const shape = /'shape':\s*\(\s*((?:\d+L?\s*,\s*)*(?:\d+L?\s*)?)\)/.exec(header)?.[1];
  if (descriptor === undefined || order === undefined || shape === undefined) {
    throw invalid(path, 'its header is damaged');
  }
  if (order === 'True') throw invalid(path, 'it is in column-major order', 'Save numpy.ascontiguousarray(array).');
  return { descriptor, dims: (shape.match(/\d+/g) ?? []).map(Number), dataAt };
}

function invalid(path: string, what: string, hint?: string): AccelError {
  return new AccelError('INVALID_ARGUMENT', `Can't read ${path}: ${what}.`, { hint });
}
