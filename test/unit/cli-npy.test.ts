/** The .npy files that `accelnode run` reads and writes. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { Tensor } from 'accelnode';
import type { DataType } from 'accelnode';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { makeInput } from '../../build-ts/cli/input.js';
import { carrierOf, readNpy, writeNpy } from '../../build-ts/cli/npy.js';
import { arrayLength, dataTypes } from '../../build-ts/data-type.js';
import { expectError } from '../utils/session.js';
import { temporaryFolder } from '../utils/temporary-folder.js';

const types = Object.keys(dataTypes) as DataType[];

/** A tensor of any bits, not at the beginning of its buffer. */
function tensorOf(type: DataType, dims: readonly number[], bits: Uint8Array): Tensor {
  const { array } = dataTypes[type];
  const length = arrayLength(
    type,
    dims.reduce((product, dim) => product * dim, 1),
  );
  const buffer = new ArrayBuffer(8 + length * array.BYTES_PER_ELEMENT);
  const bytes = new Uint8Array(buffer, 8);
  for (let i = 0; i < bytes.length; i++) bytes[i] = bits[i % bits.length] ?? 0;
  return new Tensor(type, new array(buffer, 8, length), dims);
}

function bytesOf({ data }: Tensor): Buffer {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
}

function file(name = 'x.npy'): string {
  return join(temporaryFolder(), name);
}

describe.each(types)('%s', (type) => {
  it('comes back as it was written', async () => {
    const path = file();
    const dims = fc.array(fc.nat(4), { maxLength: 4 });
    const property = fc.asyncProperty(dims, fc.uint8Array({ minLength: 1 }), async (shape, bits) => {
      const tensor = tensorOf(type, shape, bits);
      writeNpy(path, tensor);
      // As an input of this type, whose shape is known where the file does not tell.
      const read = await makeInput({ name: 'x', type, shape }, path, undefined);
      expect([read.type, read.dims]).toEqual([type, shape]);
      expect(bytesOf(read).equals(bytesOf(tensor))).toBe(true);
      // By itself, the integers that hold the bits.
      expect(readNpy(path).type).toBe(carrierOf(type) ?? type);
    });
    await fc.assert(property, { numRuns: 40 });
  });

  it('begins at a multiple of 64 bytes, after a line', () => {
    const path = file();
    for (const shape of [[], [3], [1, 2, 3], Array.from({ length: 8 }, () => 1)]) {
      const tensor = tensorOf(type, shape, Uint8Array.of(7));
      writeNpy(path, tensor);
      const written = readFileSync(path);
      const begin = written.length - tensor.byteLength;
      expect(begin % 64).toBe(0);
      expect(written[begin - 1]).toBe(0x0a);
      expect(written.readUInt16LE(8)).toBe(begin - 10);
    }
  });
});

/** A file with this dictionary. */
function npy(dictionary: string, data = new Uint8Array(0), version = 1): Buffer {
  const header = Buffer.from(`${dictionary}\n`);
  const length = Buffer.alloc(version === 1 ? 2 : 4);
  if (version === 1) length.writeUInt16LE(header.length);
  else length.writeUInt32LE(header.length);
  return Buffer.concat([Buffer.from('\x93NUMPY', 'latin1'), Buffer.from([version, 0]), length, header, data]);
}

function described(descr: string, shape: string, order = 'False'): string {
  return `{'descr': ${descr}, 'fortran_order': ${order}, 'shape': ${shape}, }`;
}

function written(content: Uint8Array): string {
  const path = file();
  writeFileSync(path, content);
  return path;
}

const eight = Uint8Array.of(1, 0, 2, 0, 3, 0, 4, 0);

describe('reads', () => {
  it.each<[string, Buffer, number[]]>([
    ['version 1', npy(described("'<u2'", '(2, 2)'), eight), [2, 2]],
    ['version 2', npy(described("'<u2'", '(2, 2)'), eight, 2), [2, 2]],
    ['version 3', npy(described("'<u2'", '(2, 2)'), eight, 3), [2, 2]],
    ['a vector', npy(described("'<u2'", '(4,)'), eight), [4]],
    ['what Python 2 wrote', npy(described("'<u2'", '(4L,)'), eight), [4]],
    ['without spaces', npy("{'descr':'<u2','fortran_order':False,'shape':(1,4)}", eight), [1, 4]],
    ['in another order', npy("{'shape': (4, 1), 'fortran_order': False, 'descr': '=u2'}", eight), [4, 1]],
  ])('%s', (_, content, dims) => {
    const tensor = readNpy(written(content));
    expect(tensor.dims).toEqual(dims);
    expect(tensor.data).toEqual(Uint16Array.of(1, 2, 3, 4));
  });

  it('a scalar', () => {
    expect(readNpy(written(npy(described("'<f8'", '()'), new Uint8Array(8))))).toMatchObject({ dims: [], size: 1 });
  });
});

describe('refuses', () => {
  const good = npy(described("'<u2'", '(4,)'), eight);

  it.each<[string, Uint8Array, RegExp]>([
    ['an empty file', new Uint8Array(0), /no \.npy file/],
    ['a text', Buffer.from('hello, world'), /no \.npy file/],
    ['six bytes', good.subarray(0, 6), /ends within its header/],
    ['ten bytes', good.subarray(0, 10), /ends within its header/],
    ['half a header', good.subarray(0, 40), /ends within its header/],
    ['a version to come', npy(described("'<u2'", '(4,)'), eight, 4), /unknown version 4/],
    ['version 0', npy(described("'<u2'", '(4,)'), eight, 0), /unknown version 0/],
    ['no dictionary', npy('hello', eight), /header is damaged/],
    ['a shape without an end', npy("{'descr': '<u2', 'fortran_order': False, 'shape': (4", eight), /damaged/],
    ['a negative dimension', npy(described("'<u2'", '(-4,)'), eight), /damaged/],
    ['a missing dimension', npy(described("'<u2'", '(2,,2)'), eight), /damaged/],
    ['a dimension that is none', npy(described("'<u2'", '(4.0,)'), eight), /damaged/],
    ['too little data', good.subarray(0, good.length - 1), /takes 8 bytes, but it holds 7/],
    ['too much data', Buffer.concat([good, eight]), /takes 8 bytes, but it holds 16/],
    ['more elements than there are', npy(described("'<u2'", '(9007199254740993,)')), /whole numbers/],
    [
      'more dimensions than there are',
      npy(described("'|u1'", `(${'1, '.repeat(99)})`), Uint8Array.of(1)),
      /dimensions/,
    ],
    ['column-major order', npy(described("'<u2'", '(2, 2)', 'True'), eight), /column-major/],
    ['big-endian numbers', npy(described("'>u2'", '(4,)'), eight), /elements of the kind >u2/],
    ['complex numbers', npy(described("'<c8'", '(1,)'), eight), /elements of the kind <c8/],
    ['text', npy(described("'<U2'", '(1,)'), eight), /elements of the kind <U2/],
    ['Python objects', npy(described("'|O'", '(1,)'), eight), /elements of the kind \|O/],
    ['fields', npy(described("[('a', '<u2')]", '(4,)'), eight), /elements with fields/],
  ])('%s', async (_, content, message) => {
    const path = written(content);
    const error = await expectError('INVALID_ARGUMENT', () => readNpy(path));
    expect(error.message).toMatch(message);
  });

  it('what is not there, and what is a folder', async () => {
    const path = file();
    const missing = await expectError('INVALID_ARGUMENT', () => readNpy(path));
    expect(missing.message).toBe(`Can't read ${path}: there is no such file or folder.`);
    mkdirSync(path);
    const folder = await expectError('INVALID_ARGUMENT', () => readNpy(path));
    expect(folder.message).toBe(`Can't read ${path}: it is a folder.`);
  });

  it('damage anywhere with no other error', async () => {
    const path = file();
    const change = fc.record({ at: fc.nat(good.length - 1), value: fc.nat(255) });
    const property = fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 4 }), async (changes) => {
      const damaged = Buffer.from(good);
      for (const { at, value } of changes) damaged[at] = value;
      writeFileSync(path, damaged);
      const outcome = await new Promise((resolve) => resolve(readNpy(path))).catch((error: unknown) => error);
      if (!(outcome instanceof Tensor)) expect(outcome).toMatchObject({ code: 'INVALID_ARGUMENT' });
    });
    await fc.assert(property, { numRuns: 1000 });
  });
});

/** With the NumPy that the test models are made with. */
const packages = join(import.meta.dirname, '..', '..', '.setup', 'python', 'models');
const env = { ...process.env, PYTHONPATH: packages, PYTHONDONTWRITEBYTECODE: '1' };
const hasNumpy = spawnSync('python3', ['-c', 'import numpy'], { env }).status === 0;

it.skipIf(!hasNumpy)('is what NumPy reads and writes', () => {
  const folder = temporaryFolder();
  for (const type of types) writeNpy(join(folder, `${type}.npy`), tensorOf(type, [2, 3], Uint8Array.of(1, 0, 1)));
  const script = `
import numpy, sys, os
for name in sys.argv[2:]:
    array = numpy.load(os.path.join(sys.argv[1], name + '.npy'))
    numpy.save(os.path.join(sys.argv[1], name + '-again.npy'), array)
    print(name, array.dtype, array.shape)
`;
  const { stdout, stderr } = spawnSync('python3', ['-c', script, folder, ...types], { env, encoding: 'utf8' });
  expect(stderr).toBe('');
  expect(stdout.trim().split('\n')).toHaveLength(types.length);
  expect(stdout).toContain('int64 int64 (2, 3)\n');
  for (const type of types) {
    expect(readNpy(join(folder, `${type}-again.npy`))).toEqual(readNpy(join(folder, `${type}.npy`)));
  }
});
