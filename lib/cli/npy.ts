/** NumPy's .npy files: "NumPy Enhancement Proposal 1", versions 1.0 to 3.0, row-major arrays. */
import { readFileSync, writeFileSync } from 'node:fs';

import { AccelError, Tensor } from '../index.js';
import type { DataType, TypedArray } from '../index.js';

const MAGIC = '\x93NUMPY';
/** Where the array begins is a multiple of this. */
const ALIGNMENT = 64;

const DESCRIPTORS: Readonly<Partial<Record<DataType, string>>> = {
  float32: '<f4',
  float16: '<f2',
  float64: '<f8',
  int8: '|i1',
  uint8: '|u1',
  int16: '<i2',
  uint16: '<u2',
  int32: '<i4',
  uint32: '<u4',
  int64: '<i8',
  uint64: '<u8',
  bool: '|b1',
};

const ARRAYS: Readonly<Record<string, [DataType, new (buffer: ArrayBuffer) => TypedArray]>> = {
  f4: ['float32', Float32Array],
  f2: ['float16', Uint16Array],
  f8: ['float64', Float64Array],
  i1: ['int8', Int8Array],
  u1: ['uint8', Uint8Array],
  i2: ['int16', Int16Array],
  u2: ['uint16', Uint16Array],
  i4: ['int32', Int32Array],
  u4: ['uint32', Uint32Array],
  i8: ['int64', BigInt64Array],
  u8: ['uint64', BigUint64Array],
  b1: ['bool', Uint8Array],
};

/** @throws `INVALID_ARGUMENT` for a file that is no .npy, or of a kind that no tensor can hold */
export function readNpy(path: string): Tensor {
  const file = readFileSync(path);
  if (file.toString('latin1', 0, 6) !== MAGIC) throw invalid(path, 'it is no .npy file');
  const longHeader = file[6]! >= 2;
  const headerAt = longHeader ? 12 : 10;
  const headerLength = longHeader ? file.readUInt32LE(8) : file.readUInt16LE(8);
  const header = file.toString('utf8', headerAt, headerAt + headerLength);
  const descriptor = /'descr':\s*'([^']*)'/.exec(header)?.[1];
  const order = /'fortran_order':\s*(True|False)/.exec(header)?.[1];
  const shape = /'shape':\s*\(([^)]*)\)/.exec(header)?.[1];
  if (descriptor === undefined || order === undefined || shape === undefined)
    throw invalid(path, 'its header is damaged');
  if (order === 'True') throw invalid(path, 'it is in column-major order');
  const array = ARRAYS[descriptor.slice(1)];
  if (array === undefined || descriptor.startsWith('>'))
    throw invalid(path, `tensors can't hold elements of the kind ${descriptor}`);
  const dims = shape
    .split(',')
    .filter((dim) => dim.trim() !== '')
    .map(Number);
  const data = file.subarray(headerAt + headerLength);
  const [type, TypedArrayOfType] = array;
  // A copy, which starts at an aligned address.
  const aligned = new Uint8Array(data).buffer;
  try {
    return new Tensor(type, new TypedArrayOfType(aligned), dims);
  } catch (cause) {
    throw new AccelError('INVALID_ARGUMENT', `Can't read ${path}: its data does not fit its shape.`, { cause });
  }
}

/** Types that NumPy lacks are written as the integers that hold their bits. */
export function writeNpy(path: string, { type, data, dims }: Tensor): void {
  const descriptor = DESCRIPTORS[type] ?? (data instanceof Uint16Array ? '<u2' : '|u1');
  const shape = DESCRIPTORS[type] === undefined && type.endsWith('int4') ? [data.length] : dims;
  const tuple = shape.length === 1 ? `${shape[0]!},` : shape.join(', ');
  const dictionary = `{'descr': '${descriptor}', 'fortran_order': False, 'shape': (${tuple}), }`;
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

function invalid(path: string, what: string): AccelError {
  return new AccelError('INVALID_ARGUMENT', `Can't read ${path}: ${what}.`);
}
