// Writes the model files that the double of librknnrt reads; model.cc is the other side. The numbers of types and formats
// are those of the measured table.
import { readFileSync } from 'node:fs';

const numbers = Object.fromEntries(
  readFileSync(new URL('rknn_abi.csv', import.meta.url), 'utf8')
    .trim()
    .split('\n')
    .map((line) => line.split(','))
    .filter(([kind]) => kind === 'enum')
    .map(([, , name, , value]) => [name, Number(value)]),
);

/**
 * @typedef {object} Port
 * @property {string} name
 * @property {string} [type] of an element, as accelnode calls it; default: float32
 * @property {'NHWC' | 'NCHW'} [layout]
 * @property {number} [scale] it is quantized so
 * @property {number} [zeroPoint]
 * @property {number} [fractionBits]
 * @property {number} [widthStride]
 * @property {readonly number[]} dims
 */

/**
 * @typedef {object} Model
 * @property {string} [target]
 * @property {string} [toolkit]
 * @property {number} [weights] bytes
 * @property {number} [internal] bytes
 * @property {number} [work] microseconds that a run takes
 * @property {readonly Port[]} inputs
 * @property {readonly (Port & { input?: number, factor?: number, offset?: number })[]} outputs input * factor + offset
 * @property {readonly (readonly (readonly number[])[])[]} [shapes] sets of the inputs' shapes
 */

/**
 * @param {Model} model
 * @returns {Buffer}
 */
export function rknnModel(model) {
  const { target = 'rk3588', toolkit = '1.4.0', weights = 1_000_000, internal = 50_000, work = 0 } = model;
  const lines = [
    `target ${target}`,
    `toolkit ${toolkit}`,
    `weights ${weights}`,
    `internal ${internal}`,
    `work ${work}`,
    ...model.inputs.map((port) => `input ${portText(port)}`),
    ...model.outputs.map((port) => {
      const { input = 0, factor = 1, offset = 0 } = port;
      return `output ${portText(port)} ${input} ${factor} ${offset}`;
    }),
    ...(model.shapes ?? []).map((set) => `shapes ${set.map(dimsText).join(' ')}`),
  ];
  const text = Buffer.from(`${lines.join('\n')}\n`);
  const header = Buffer.alloc(24);
  header.write('RKNN', 0, 'latin1');
  header.writeBigUInt64LE(6n, 8);
  header.writeBigUInt64LE(BigInt(text.length), 16);
  return Buffer.concat([header, text]);
}

function portText({ name, type = 'float32', layout, scale, zeroPoint = 0, fractionBits, widthStride = 0, dims }) {
  const kind = scale !== undefined ? 'AFFINE_ASYMMETRIC' : fractionBits !== undefined ? 'DFP' : 'NONE';
  return [
    name,
    numberOf(`RKNN_TENSOR_${type.toUpperCase()}`),
    numberOf(`RKNN_TENSOR_${layout ?? 'UNDEFINED'}`),
    numberOf(`RKNN_TENSOR_QNT_${kind}`),
    zeroPoint,
    scale ?? 1,
    fractionBits ?? 0,
    widthStride,
    dimsText(dims),
  ].join(' ');
}

function dimsText(dims) {
  return dims.length === 0 ? '-' : dims.join(',');
}

function numberOf(name) {
  const number = numbers[name];
  if (number === undefined) throw new Error(`The measured table has no ${name}.`);
  return number;
}
