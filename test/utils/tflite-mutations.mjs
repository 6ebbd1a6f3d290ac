// Damaged TFLite models, the same for the same seed: what a file may be that was cut off, overwritten, or made to do
// harm. Where the offsets, lengths and numbers of a model lie is found by a walk of its own, which knows TensorFlow's
// schema.fbs by the numbers of fields.

/** Kinds of fields: a number of so many bytes, text, a vector of numbers, or of tables. */
const MODEL = { 0: 4, 1: ['CODE'], 2: ['GRAPH'], 3: 'bytes', 4: ['BUFFER'], 6: ['METADATA'], 7: ['SIGNATURE'] };
const SCHEMA = {
  CODE: { 0: 1, 1: 'bytes', 2: 4, 3: 4 },
  GRAPH: { 0: ['TENSOR'], 1: 'words', 2: 'words', 3: ['OPERATOR'], 4: 'bytes' },
  BUFFER: { 0: 'blob', 1: 8, 2: 8 },
  METADATA: { 0: 'bytes', 1: 4 },
  SIGNATURE: { 0: ['MAP'], 1: ['MAP'], 2: 'bytes', 4: 4 },
  MAP: { 0: 'bytes', 1: 4 },
  TENSOR: { 0: 'words', 1: 1, 2: 4, 3: 'bytes', 4: 'QUANTIZATION', 5: 1, 6: 'SPARSITY', 7: 'words', 8: 1 },
  QUANTIZATION: { 0: 'words', 1: 'words', 2: 'words', 3: 'longs', 6: 4 },
  SPARSITY: { 0: 'words', 1: 'words', 2: ['DIMENSION'] },
  DIMENSION: { 0: 1, 1: 4, 2: 1, 4: 1 },
  OPERATOR: { 0: 4, 1: 'words', 2: 'words', 3: 1, 4: 'OPTIONS', 5: 'bytes', 6: 1, 7: 'bytes', 8: 'words' },
  // Of any operator: bytes or words, there is no telling.
  OPTIONS: Object.fromEntries(Array.from({ length: 8 }, (_, field) => [field, 4])),
};
const WIDTHS = { bytes: 1, words: 4, longs: 8 };

/** Where each kind of place lies: [at, bytes]. */
function findPlaces(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const places = { offset: [[0, 4]], length: [], number: [], list: [] };
  const vector = (at, width) => {
    const length = view.getUint32(at, true);
    places.length.push([at, 4]);
    for (let i = 0; width > 0 && i < Math.min(length, 64); i++) places.number.push([at + 4 + i * width, width]);
    return length;
  };
  const follow = (at) => {
    places.offset.push([at, 4]);
    return at + view.getUint32(at, true);
  };
  const walk = (table, at) => {
    const list = at - view.getInt32(at, true);
    places.offset.push([at, 4]);
    const size = view.getUint16(list, true);
    for (let i = 0; i < size; i += 2) places.list.push([list + i, 2]);
    for (const [field, kind] of Object.entries(table)) {
      const entry = 4 + 2 * Number(field);
      const offset = entry < size ? view.getUint16(list + entry, true) : 0;
      if (offset === 0) continue;
      if (typeof kind === 'number') places.number.push([at + offset, kind]);
      else if (typeof kind === 'object') {
        const begin = follow(at + offset);
        const length = vector(begin, 0);
        for (let i = 0; i < length; i++) walk(SCHEMA[kind[0]], follow(begin + 4 + 4 * i));
      } else if (kind in SCHEMA) walk(SCHEMA[kind], follow(at + offset));
      else vector(follow(at + offset), WIDTHS[kind] ?? 0);
    }
  };
  walk(MODEL, view.getUint32(0, true));
  return places;
}

/** Numbers in [0, 1), by the generator splitmix32; as in random.ts. */
function randomNumbers(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = state ^ (state >>> 16);
    mixed = Math.imul(mixed, 0x21f0aaad);
    mixed ^= mixed >>> 15;
    mixed = Math.imul(mixed, 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
  };
}

const ODD = [0, 1, 2, 3, 4, 5, 7, 8, 16, 64, 127, 128, 255, 256, 65535, 65536, 2 ** 24, 2 ** 30, 2 ** 31 - 1, 2 ** 31];
const NEGATIVE = [-1, -2, -3, -4, -8, -128, -65536];

/**
 * @param {Uint8Array} bytes a good model
 * @param {number} seed
 * @returns {{ bytes: Uint8Array, what: string }}
 */
export function mutate(bytes, seed) {
  const next = randomNumbers(seed);
  const below = (limit) => Math.floor(next() * limit);
  const pick = (items) => items[below(items.length)];
  const places = findPlaces(bytes);
  const damaged = Uint8Array.from(bytes);
  const view = new DataView(damaged.buffer);
  const overwrite = (kind) => {
    const [at, size] = pick(places[kind]);
    const old = size === 1 ? view.getInt8(at) : size === 2 ? view.getInt16(at, true) : view.getInt32(at, true);
    const value = pick([pick(ODD), pick(NEGATIVE), old + pick([1, -1, 2, 4, -4, 8]), Math.floor(next() * 2 ** 32)]) | 0;
    if (size === 1) view.setInt8(at, value);
    else if (size === 2) view.setInt16(at, value, true);
    else if (size === 4) view.setInt32(at, value, true);
    else view.setBigInt64(at, BigInt(value), true);
    return `the ${kind} at ${at} is ${value}, not ${old}`;
  };
  const kinds = {
    flip: () => {
      const at = below(damaged.length);
      damaged[at] ^= 1 << below(8);
      return `a bit at ${at} is flipped`;
    },
    overwrite: () => Array.from({ length: 1 + below(3) }, () => overwrite(pick(Object.keys(places)))).join('; '),
    number: () => Array.from({ length: 1 + below(2) }, () => overwrite('number')).join('; '),
    offset: () => overwrite('offset'),
    length: () => overwrite('length'),
    // Most of a large model is weights; the rest lies elsewhere in each file.
    flipNumber: () => {
      const [at, size] = pick(places[pick(Object.keys(places))]);
      damaged[at + below(size)] ^= 1 << below(8);
      return `a bit of ${at} is flipped`;
    },
    swap: () => {
      const [[a], [b]] = [pick(places.offset), pick(places.offset)];
      const old = view.getUint32(a, true);
      view.setUint32(a, view.getUint32(b, true), true);
      view.setUint32(b, old, true);
      return `the offsets at ${a} and ${b} are swapped`;
    },
  };
  if (next() < 0.1) {
    const end = below(bytes.length);
    return { bytes: damaged.subarray(0, end), what: `cut off at ${end}` };
  }
  return { what: pick(Object.values(kinds))(), bytes: damaged };
}
