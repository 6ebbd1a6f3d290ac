/** Walking a protobuf message field by field, skipping what is not wanted without reading it. */
import { WireType } from '../third-party/protobuf-wire.js';

import { AccelError } from '../errors.js';
import type { ByteSource } from './byte-source.js';

/** A field of a message: its number, and where its value lies. */
export interface Field {
  readonly number: number;
  readonly wireType: WireType;
  /** Where the value begins; for a varint, `value` holds it. */
  readonly begin: number;
  readonly end: number;
  readonly value: number;
}

const MAX_VARINT_BYTES = 10;

/** What is read at once is no larger, in bytes: no text or description is, so that a damaged length takes no memory. */
const MAX_READ = 2 ** 28;

/** By the low three bits of a tag. */
const WIRE_TYPES: readonly (WireType | undefined)[] = [
  WireType.Varint,
  WireType.Bit64,
  WireType.LengthDelimited,
  undefined, // groups, which ONNX does not use
  undefined,
  WireType.Bit32,
];

/**
 * The fields of the message at `begin`…`end`.
 * @throws `MODEL_INVALID`, with the position, when it is no message or is cut off
 */
export function* fields(source: ByteSource, begin: number, end: number): Generator<Field> {
  let at = begin;
  while (at < end) {
    const tag = readVarint(source, at, end);
    const number = Math.floor(tag.value / 8);
    const wireType = WIRE_TYPES[tag.value % 8];
    if (number === 0) throw damaged(at, 'no field begins there');
    at = tag.end;
    let field: Field;
    switch (wireType) {
      case WireType.Varint: {
        const { value, end: after } = readVarint(source, at, end);
        field = { number, wireType, begin: at, end: after, value };
        break;
      }
      case WireType.LengthDelimited: {
        const { value: length, end: after } = readVarint(source, at, end);
        if (length > end - after) {
          throw damaged(at, `a field of ${length} bytes begins there, but only ${end - after} follow`);
        }
        field = { number, wireType, begin: after, end: after + length, value: 0 };
        break;
      }
      case WireType.Bit64:
      case WireType.Bit32: {
        const length = wireType === WireType.Bit64 ? 8 : 4;
        if (length > end - at) throw damaged(at, 'it ends within a number');
        field = { number, wireType, begin: at, end: at + length, value: 0 };
        break;
      }
      default:
        throw damaged(at, `a field of an unknown kind begins there`);
    }
    yield field;
    at = field.end;
  }
}

/** The fields of the message that a field holds. */
export function fieldsOf(source: ByteSource, field: Field): Generator<Field> {
  requireBytes(field);
  return fields(source, field.begin, field.end);
}

/** A small message, as `read` makes it out of its bytes. */
export function decode<T>(source: ByteSource, field: Field, read: (bytes: Uint8Array) => T): T {
  const bytes = new Uint8Array(viewOf(source, field)); // not slice(), which for a Buffer is a view
  try {
    return read(bytes);
  } catch (cause) {
    // A BinaryReader throws errors of many kinds.
    throw damaged(field.begin, 'a damaged message begins there', cause);
  }
}

export function textOf(source: ByteSource, field: Field): string {
  return new TextDecoder().decode(viewOf(source, field));
}

function viewOf(source: ByteSource, field: Field): Uint8Array {
  requireBytes(field);
  const { begin, end } = field;
  if (end - begin > MAX_READ) throw damaged(begin, `a description of ${end - begin} bytes begins there`);
  return source.read(begin, end - begin);
}

function requireBytes({ begin, wireType }: Field): void {
  if (wireType !== WireType.LengthDelimited) throw damaged(begin, 'there is a number in place of a text or message');
}

function readVarint(source: ByteSource, at: number, end: number): { value: number; end: number } {
  const bytes = source.read(at, Math.min(MAX_VARINT_BYTES, end - at));
  let value = 0;
  for (let i = 0; i < bytes.length; i++) {
    // Beyond 2^53 (negative numbers take ten bytes) nothing here needs the exact value.
    value += (bytes[i]! & 0x7f) * 2 ** (7 * i);
    if (bytes[i]! < 0x80) return { value, end: at + i + 1 };
  }
  throw damaged(at, bytes.length === MAX_VARINT_BYTES ? 'no number begins there' : 'it ends within a number');
}

/** An error about the byte at a position of the file. */
export function damaged(at: number, what: string, cause?: unknown): AccelError {
  return new AccelError('MODEL_INVALID', `This is no complete ONNX model: at byte ${at}, ${what}.`, { cause });
}
