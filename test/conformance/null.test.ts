import { Tensor } from 'accelnode';
import type { DataType, NullModel } from 'accelnode';

import { describeConformance } from './suite.js';
import type { Subject } from './suite.js';

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
  'int4',
  'uint4',
  'float8e4m3',
  'float8e5m2',
];

const subject: Subject = {
  name: 'null',
  device: 'null:0',
  types,
  memories: ['pinned', 'device'],
  echo: (inputs) => ({
    null: { model: 'echo', inputs, outputs: inputs.map((input) => ({ ...input, name: `${input.name}_out` })) },
  }),
  slow: {
    source: {
      null: {
        model: 'busy',
        durationMs: 50,
        wait: 'sleep',
        inputs: [{ name: 'x', type: 'float32', shape: [1] }],
        outputs: [{ name: 'x_out', type: 'float32', shape: [1] }],
      },
    },
    input: new Tensor('float32', [1]),
  },
};

describeConformance(subject);
describeConformance({
  ...subject,
  name: 'null, as if on a CPU',
  types: ['float32'],
  echo: (inputs) => {
    const { null: spec } = subject.echo(inputs) as { null: NullModel };
    return { null: { ...spec, computesOnCaller: true } };
  },
});
