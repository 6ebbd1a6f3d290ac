/**
 * The files that hold weights of an ONNX model, wherever in it they are named: in the bodies of If, Loop and Scan, in
 * functions and attributes too. Numbers are field numbers of onnx.proto.
 */
import { statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

import { BinaryReader } from '../third-party/protobuf-wire.js';

import { AccelError } from '../errors.js';
import { FileSource, MemorySource } from './byte-source.js';
import type { ByteSource } from './byte-source.js';
import { damaged, decode, fields, fieldsOf } from './message.js';
import type { Field } from './message.js';

/** By message, those of its fields that tensors lie in, with what these are. */
const HOLDERS = {
  model: { 7: 'graph', 25: 'function' },
  graph: { 1: 'node', 5: 'tensor', 15: 'sparseTensor' },
  function: { 7: 'node', 11: 'attribute' },
  node: { 5: 'attribute' },
  attribute: { 5: 'tensor', 6: 'graph', 10: 'tensor', 11: 'graph', 22: 'sparseTensor', 23: 'sparseTensor' },
  sparseTensor: { 1: 'tensor', 2: 'tensor' },
  tensor: {},
} as const satisfies Record<string, Readonly<Record<number, string>>>;
type Holder = keyof typeof HOLDERS;

/** TensorProto.external_data */
const EXTERNAL_DATA = 13;

/** protobuf's own readers go no deeper. */
const DEEPEST = 100;

/** Each file, relative to the model, with how many bytes it must have at least. */
export function externalFiles(source: ByteSource): Map<string, number> {
  const files = new Map<string, number>();
  const walk = (message: Iterable<Field>, holder: Holder, depth: number): void => {
    const holders: Readonly<Record<number, Holder | undefined>> = HOLDERS[holder];
    const external = new Map<string, string>();
    for (const field of message) {
      const inner = holders[field.number];
      if (inner !== undefined) {
        if (depth === DEEPEST) throw damaged(field.begin, `messages lie ${DEEPEST} deep in one another`);
        walk(fieldsOf(source, field), inner, depth + 1);
      } else if (holder === 'tensor' && field.number === EXTERNAL_DATA) {
        external.set(...decode(source, field, readStringPair));
      }
    }
    const location = external.get('location');
    if (location === undefined) return;
    const end = Number(external.get('offset') ?? 0) + Number(external.get('length') ?? 0);
    files.set(location, Math.max(files.get(location) ?? 0, end));
  };
  walk(fields(source, 0, source.size), 'model', 0);
  return files;
}

/**
 * Whether the files with the weights of a model are complete. Not every runtime looks: NVIDIA's parser takes a file that
 * was cut off, and the weights are then whatever was in memory.
 * @param model a path; bytes lie in no folder, so that all their weights must be in them
 * @throws `MODEL_INVALID` for a file that is missing or too short, and for a damaged model
 */
export function checkExternalFiles(model: string | Uint8Array): void {
  for (const [name, bytes] of readExternalFiles(model)) {
    if (typeof model !== 'string') {
      throw new AccelError('MODEL_INVALID', `The model has weights in ${name}, but bytes have no folder to look in.`, {
        hint: 'Give the path of the model, or save it with its weights in it.',
      });
    }
    const file = resolve(dirname(model), name);
    const size = sizeOf(file);
    if (size !== undefined && size >= bytes) continue;
    const what = size === undefined ? 'is not there' : `has ${size} bytes, but must have ${bytes}`;
    throw new AccelError('MODEL_INVALID', `The file ${file} with weights of the model ${what}.`, {
      hint: 'It belongs beside the model, under the name that the model has for it: copy it again.',
    });
  }
}

function sizeOf(file: string): number | undefined {
  try {
    return statSync(file).size;
  } catch {
    return undefined;
  }
}

function readExternalFiles(model: string | Uint8Array): Map<string, number> {
  if (typeof model !== 'string') return externalFiles(new MemorySource(model));
  using source = new FileSource(model);
  return externalFiles(source);
}

/** StringStringEntryProto */
export function readStringPair(bytes: Uint8Array): [key: string, value: string] {
  const pair: [string, string] = ['', ''];
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    if (field === 1 || field === 2) pair[field - 1] = reader.string();
    else reader.skip(wireType, field);
  }
  return pair;
}
