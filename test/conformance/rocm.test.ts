/** What every backend must do, on MIGraphX's reference target. */
import type { DataType, NullTensor } from 'accelnode';

import { describeMigraphx } from '../utils/migraphx.js';
import { onnxModel } from '../utils/onnx-model.js';
import type { OnnxNode } from '../utils/onnx-model.js';
import { slowReferenceModel } from '../utils/slow-model.js';
import { describeConformance } from './suite.js';

/** What ONNX's Identity takes and MIGraphX has. */
const types: DataType[] = [
  'float32',
  'float16',
  'bfloat16',
  'float64',
  'int8',
  'uint8',
  'int16',
  'uint16',
  'int32',
  'uint32',
  'int64',
  'uint64',
  'bool',
];

/** `outputs` computed from `inputs` by these nodes, one chain for each input. */
function echo(inputs: readonly NullTensor[], nodesFor: (input: NullTensor) => OnnxNode[]): Uint8Array {
  const values = inputs.map(({ name, type, shape }) => ({
    name,
    type,
    shape: shape.map((dim) => (dim < 0 ? `any ${name}` : dim)),
  }));
  return onnxModel({
    inputs: values,
    outputs: values.map((value) => ({ ...value, name: `${value.name}_out` })),
    nodes: inputs.flatMap(nodesFor),
  });
}

describeMigraphx('conformance', () => {
  const common = {
    device: 'rocm:ref',
    slow: { source: slowReferenceModel.bytes, input: slowReferenceModel.input },
    copies: true,
  };
  describeConformance({
    ...common,
    name: 'outputs that pass an input on',
    types,
    echo: (inputs) => echo(inputs, ({ name }) => [{ op: 'Identity', inputs: [name], outputs: [`${name}_out`] }]),
  });
  describeConformance({
    ...common,
    name: 'outputs that are computed',
    // Negating twice is exact, and there is no Neg for the other types.
    types: ['float32', 'float16', 'float64', 'int8', 'int16', 'int32', 'int64'],
    echo: (inputs) =>
      echo(inputs, ({ name }) => [
        { op: 'Neg', inputs: [name], outputs: [`${name}_negative`] },
        { op: 'Neg', inputs: [`${name}_negative`], outputs: [`${name}_out`] },
      ]),
  });
});
