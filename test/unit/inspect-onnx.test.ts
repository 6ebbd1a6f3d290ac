/** What `inspectOnnx` reads from models, and what it says of damaged ones. */
import { mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { AccelError, Tensor, inspectOnnx } from 'accelnode';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { checkExternalFiles } from '../../build-ts/onnx/external-data.js';
import { modelPath } from '../utils/models.js';
import { onnxModel } from '../utils/onnx-model.js';
import { expectError } from '../utils/session.js';
import { temporaryFolder } from '../utils/temporary-folder.js';

const port = (name: string, ...shape: (number | string)[]) => ({ name, type: 'float32' as const, shape });
const weights = Tensor.zeros('float32', [2, 3]);
const constant = (value: Tensor | number) => ({
  op: 'Constant',
  inputs: [],
  outputs: ['w'],
  attributes: { value },
});

const model = onnxModel({
  inputs: [port('x', 'batch', 3)],
  outputs: [port('y', 'batch', 3)],
  initializers: [{ name: 'w', tensor: weights }],
  nodes: [
    { op: 'Relu', inputs: ['x'], outputs: ['a'] },
    { op: 'Add', inputs: ['a', 'w'], outputs: ['b'] },
    { op: 'Add', inputs: ['b', 'w'], outputs: ['y'] },
  ],
});

/** Messages by hand, for what no builder would write. */
const varint = (field: number, value: number): number[] => [field << 3, value];
const tag = (field: number): number[] => (field < 16 ? [(field << 3) | 2] : [((field << 3) & 0x7f) | 0x82, field >> 4]);
const bytes = (field: number, ...content: number[]): number[] => [...tag(field), content.length, ...content];
const text = (field: number, content: string): number[] => bytes(field, ...Buffer.from(content));
const inGraph = (...content: number[]): Uint8Array => Uint8Array.from([...varint(1, 8), ...bytes(7, ...content)]);
const MINUS_ONE = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];

it('tells what a model is', () => {
  expect(inspectOnnx(model)).toEqual({
    format: 'onnx',
    irVersion: 8,
    producer: '',
    graph: 'test',
    documentation: '',
    opsets: { 'ai.onnx': 17 },
    metadata: {},
    inputs: [port('x', 'batch', 3)],
    outputs: [port('y', 'batch', 3)],
    operators: { Add: 2, Relu: 1 },
    parameters: 6,
    externalData: [],
  });
});

it('says the same of a file, its URL and its bytes', () => {
  const path = join(temporaryFolder(), 'a model.onnx');
  writeFileSync(path, model);
  const expected = inspectOnnx(model);
  expect(inspectOnnx(path)).toEqual(expected);
  expect(inspectOnnx(pathToFileURL(path))).toEqual(expected);
  const buffer = Buffer.concat([Buffer.from([1]), model]).subarray(1);
  expect(inspectOnnx(buffer)).toEqual(expected);
});

it('reads large files in windows', () => {
  const large = onnxModel({
    inputs: [port('x', 1)],
    outputs: [port('y', 1)],
    initializers: Array.from({ length: 300 }, (_, i) => ({
      name: `w${i}`,
      tensor: Tensor.zeros('float32', [(i * 7) % 500]),
    })),
    nodes: Array.from({ length: 3000 }, (_, i) => ({ op: `Op${i % 7}`, inputs: [`x${i}`], outputs: [`x${i + 1}`] })),
  });
  const path = join(temporaryFolder(), 'large.onnx');
  writeFileSync(path, large);
  expect(large.length).toBeGreaterThan(3 * 2 ** 16);
  expect(inspectOnnx(path)).toEqual(inspectOnnx(large));
});

it('finds weights in other files', () => {
  const { externalData, parameters } = inspectOnnx(modelPath('external-data'));
  expect(externalData).toEqual(['external-data.weights']);
  expect(parameters).toBeGreaterThan(0);
});

describe('weights in other files', () => {
  const tensor = (file: string) => [...text(8, 'w'), ...bytes(13, ...text(1, 'location'), ...text(2, file))];
  const initializer = bytes(5, ...tensor('a.bin'));
  const node = (...attribute: number[]) => bytes(1, ...text(4, 'Op'), ...bytes(5, ...text(1, 'a'), ...attribute));
  /** Content of the graph, and of a function beside it. */
  const places: [where: string, graph: number[], func: number[]][] = [
    ['initializers', initializer, []],
    ['values of sparse initializers', bytes(15, ...bytes(1, ...tensor('a.bin'))), []],
    ['indices of sparse initializers', bytes(15, ...bytes(2, ...tensor('a.bin'))), []],
    ['an attribute', node(...bytes(5, ...tensor('a.bin'))), []],
    ['a list in an attribute', node(...bytes(10, ...tensor('a.bin'))), []],
    ['a sparse attribute', node(...bytes(22, ...bytes(1, ...tensor('a.bin')))), []],
    ['a list in a sparse attribute', node(...bytes(23, ...bytes(1, ...tensor('a.bin')))), []],
    ['the body of a loop', node(...bytes(6, ...initializer)), []],
    ['bodies within bodies', node(...bytes(6, ...node(...bytes(6, ...initializer)))), []],
    ['a list of bodies', node(...bytes(11, ...initializer)), []],
    ['a function', [], bytes(7, ...text(4, 'Op'), ...bytes(5, ...bytes(5, ...tensor('a.bin'))))],
    ['the default of an attribute of a function', [], bytes(11, ...bytes(5, ...tensor('a.bin')))],
  ];
  it.each(places)('are found in %s', (_where, graph, func) => {
    const model = Uint8Array.from([...inGraph(...graph), ...bytes(25, ...func)]);
    expect(inspectOnnx(model).externalData).toEqual(['a.bin']);
  });

  it('are each named once', () => {
    expect(inspectOnnx(inGraph(...initializer, ...initializer)).externalData).toEqual(['a.bin']);
  });

  it('must be as long as the model says', async () => {
    const external = (key: string, value: string) => bytes(13, ...text(1, key), ...text(2, value));
    const weight = (offset: string) => [
      ...external('location', 'a.bin'),
      ...external('offset', offset),
      ...external('length', '8'),
    ];
    const content = inGraph(...bytes(5, ...weight('16')), ...bytes(5, ...weight('0')));
    const path = join(temporaryFolder(), 'a.onnx');
    const weightsFile = join(path, '..', 'a.bin');
    writeFileSync(path, content);
    const refusal = async () => (await expectError('MODEL_INVALID', () => checkExternalFiles(path))).message;
    expect(await refusal()).toContain(`${weightsFile} with weights of the model is not there`);
    writeFileSync(weightsFile, new Uint8Array(23));
    expect(await refusal()).toContain('has 23 bytes, but must have 24');
    writeFileSync(weightsFile, new Uint8Array(24));
    checkExternalFiles(path);
    const error = await expectError('MODEL_INVALID', () => checkExternalFiles(content));
    expect(error.message).toContain('bytes have no folder');
  });

  it('do not lie deeper than any reader goes', async () => {
    // Attribute in node in graph in attribute …, lengths as varints of five bytes.
    let graph: number[] = [];
    const wrap = (field: number, content: number[]): number[] => [
      (field << 3) | 2,
      ...[0, 7, 14, 21].map((shift) => ((content.length >> shift) & 0x7f) | 0x80),
      0,
      ...content,
    ];
    for (let i = 0; i < 40; i++) graph = wrap(1, wrap(5, wrap(6, graph)));
    const error = await expectError('MODEL_INVALID', () => inspectOnnx(Uint8Array.from(wrap(7, graph))));
    expect(error.message).toContain('100 deep');
  });
});

describe('parameters', () => {
  it('are those of Constant nodes too', () => {
    const nodes = [constant(weights), constant(Tensor.zeros('int64', [5])), constant(7)];
    expect(inspectOnnx(onnxModel({ inputs: [], outputs: [], nodes })).parameters).toBe(11);
  });

  it('are not tensors of other nodes', () => {
    const fill = { op: 'ConstantOfShape', inputs: ['s'], outputs: ['y'], attributes: { value: weights } };
    expect(inspectOnnx(onnxModel({ inputs: [], outputs: [], nodes: [fill] })).parameters).toBe(0);
  });

  it('are counted whether dimensions are packed or not', () => {
    const one = bytes(5, ...varint(1, 4), ...varint(1, 5));
    const packed = bytes(5, ...bytes(1, 4, 5));
    expect(inspectOnnx(inGraph(...one)).parameters).toBe(20);
    expect(inspectOnnx(inGraph(...packed)).parameters).toBe(20);
  });

  it('of a weight that is listed as an input do not make it one', () => {
    const old = inGraph(...bytes(5, ...varint(1, 4), ...text(8, 'w')), ...bytes(11, ...text(1, 'w')));
    expect(inspectOnnx(old)).toMatchObject({ inputs: [], parameters: 4 });
  });
});

it('keeps names that mean something to JavaScript', () => {
  const names = ['__proto__', 'constructor', 'toString'];
  const nodes = names.flatMap((name) => [...bytes(1, ...text(4, name)), ...bytes(1, ...text(4, name))]);
  const metadata = names.flatMap((name) => bytes(14, ...text(1, name), ...text(2, 'value')));
  const info = inspectOnnx(Uint8Array.from([...inGraph(...nodes), ...metadata]));
  expect(Object.entries(info.operators)).toEqual(names.map((name) => [name, 2]));
  expect(Object.entries(info.metadata)).toEqual(names.map((name) => [name, 'value']));
});

describe('damage', () => {
  it.each<[string, Uint8Array, RegExp]>([
    ['no bytes', new Uint8Array(0), /no graph/],
    ['text', new TextEncoder().encode('hello, world'), /at byte \d+/],
    ['two graphs', Uint8Array.from([...inGraph(), ...inGraph()]), /2 graphs/],
    ['a number for a graph', Uint8Array.from(varint(7, 1)), /at byte 1, there is a number in place of/],
    ['a number for a text', Uint8Array.from([...inGraph(), ...varint(2, 1)]), /a number in place of a text/],
    ['packed dimensions that are cut off', inGraph(...bytes(5, ...bytes(1, 4, 0x80))), /at byte 8, a damaged message/],
    ['a dimension below zero', inGraph(...bytes(5, 1 << 3, ...MINUS_ONE)), /a dimension of no tensor/],
    ['a packed dimension below zero', inGraph(...bytes(5, ...bytes(1, ...MINUS_ONE))), /a dimension of no tensor/],
    [
      'more elements than can be counted',
      inGraph(...bytes(5, ...Array.from({ length: 9 }, () => varint(1, 127)).flat())),
      /a dimension of no tensor/,
    ],
    ['a damaged input', inGraph(...bytes(11, ...bytes(2, ...bytes(1, ...bytes(2, 0x0a, 9))))), /at byte 6, a damaged/],
    ['a damaged operator set', Uint8Array.from([...inGraph(), ...bytes(8, 0x10)]), /a damaged message/],
    ['a field that is longer than the file', Uint8Array.from([0x3a, 100, 1]), /100 bytes.*only 1 follow/],
    ['a group', Uint8Array.from([0x3b]), /unknown kind/],
    ['a number without an end', Uint8Array.from(MINUS_ONE.map(() => 0xff)), /no number begins/],
  ])('%s', async (_, damaged, message) => {
    const error = await expectError('MODEL_INVALID', () => inspectOnnx(damaged));
    expect(error.message).toMatch(message);
  });

  it('anywhere gives no other error, and is no endless loop', () => {
    const rich = Uint8Array.from([
      ...onnxModel({
        inputs: [port('x', 'n', 3)],
        outputs: [port('y', 'n', 3)],
        initializers: [{ name: 'w', tensor: weights }],
        nodes: [constant(weights)],
      }),
      ...bytes(14, ...text(1, 'key'), ...text(2, 'value')),
      ...text(6, 'about'),
    ]);
    const byte = fc.record({ at: fc.nat(rich.length - 1), value: fc.integer({ min: 0, max: 255 }) });
    const property = fc.property(fc.array(byte, { maxLength: 4 }), fc.nat(rich.length), (changes, cut) => {
      const damaged = rich.slice(0, rich.length - (cut % 3 === 0 ? cut : 0));
      for (const { at, value } of changes) damaged[at % damaged.length] = value;
      try {
        inspectOnnx(damaged);
      } catch (error) {
        expect(error).toBeInstanceOf(AccelError);
        expect((error as AccelError).code).toBe('MODEL_INVALID');
      }
    });
    fc.assert(property, { numRuns: 3000 });
  });

  it('in bytes that are nothing at all gives no other error', () => {
    const property = fc.property(fc.uint8Array({ maxLength: 64 }), (nothing) => {
      expect(() => inspectOnnx(nothing)).toThrow(AccelError);
    });
    fc.assert(property, { numRuns: 1000 });
  });
});

describe('files', () => {
  it.each<[string, (folder: string) => string | URL, RegExp]>([
    ['a folder', (folder) => folder, /is not a file/],
    ['a folder with the ending', (folder) => made(join(folder, 'model.onnx')), /is not a file/],
    ['a device', () => (process.platform === 'win32' ? '\\\\.\\NUL' : '/dev/null'), /is not a file|Can't read/],
    ['a missing file', (folder) => join(folder, 'none.onnx'), /ENOENT/],
    ['a missing file by URL', (folder) => pathToFileURL(join(folder, 'none.onnx')), /ENOENT/],
    ['an empty file', (folder) => written(join(folder, 'empty.onnx'), new Uint8Array(0)), /no graph/],
    [
      'a text of 3 GB, all zeros', // which is a sparse file
      (folder) => {
        const path = written(join(folder, 'sparse.onnx'), Uint8Array.from([0x12, 0x80, 0x80, 0x80, 0x80, 0x0c]));
        truncateSync(path, 3 * 2 ** 30 + 6);
        return path;
      },
      /a description of 3221225472 bytes/,
    ],
  ])('%s', async (_, make, message) => {
    const error = await expectError('MODEL_INVALID', () => inspectOnnx(make(temporaryFolder())));
    expect(error.message).toMatch(message);
  });

  it.each<[string, unknown, RegExp]>([
    ['a number', 5, /not 5/],
    ['null', null, /not null/],
    ['an ArrayBuffer', new ArrayBuffer(1), /ArrayBuffer/],
    ['a web address', new URL('https://example.com/model.onnx'), /file: URL/],
    ['a path with a zero byte', 'a\0b', /zero byte/],
  ])('%s is no model', async (_, source, message) => {
    const error = await expectError('INVALID_ARGUMENT', () => inspectOnnx(source as string));
    expect(error.message).toMatch(message);
  });
});

function made(folder: string): string {
  mkdirSync(folder);
  return folder;
}

function written(path: string, content: Uint8Array): string {
  writeFileSync(path, content);
  return path;
}
