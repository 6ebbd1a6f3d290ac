/**
 * The files that hold weights of an ONNX model, wherever in it they are named: in the bodies of If, Loop and Scan, in
 * functions and attributes too. Numbers are field numbers of onnx.proto.
 */
import { BinaryReader } from '@bufbuild/protobuf/wire';

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

/** In no particular order, each once; relative to the model. */
export function externalFiles(source: ByteSource): Set<string> {
  const files = new Set<string>();
  const walk = (message: Iterable<Field>, holder: Holder, depth: number): void => {
    const holders: Readonly<Record<number, Holder | undefined>> = HOLDERS[holder];
    for (const field of message) {
      const inner = holders[field.number];
      if (inner !== undefined) {
        if (depth === DEEPEST) throw damaged(field.begin, `messages lie ${DEEPEST} deep in one another`);
        walk(fieldsOf(source, field), inner, depth + 1);
      } else if (holder === 'tensor' && field.number === EXTERNAL_DATA) {
        const [key, value] = decode(source, field, readStringPair);
        if (key === 'location') files.add(value);
      }
    }
  };
  walk(fields(source, 0, source.size), 'model', 0);
  return files;
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
