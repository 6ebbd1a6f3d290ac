/** What every backend must do, on Arm NN's reference backend; what it does not have runs on TFLite's own kernels. */
import type { DataType } from 'accelnode';

import { describeArmnn } from '../utils/armnn.js';
import { echoTflite, negateTwice, reshape, slowTflite } from '../utils/tflite-echo.js';
import { describeConformance } from './suite.js';

/** Of those without a scale; Arm NN takes uint8 only with one. */
const types: DataType[] = ['float32', 'float16', 'int8', 'int16', 'int32', 'int64', 'bool'];

describeArmnn('conformance', () => {
  const common = { device: 'armnn:CpuRef', slow: slowTflite(1), copies: true, refusesEmpty: true };
  describeConformance({
    ...common,
    name: 'Arm NN, outputs that pass an input on',
    types,
    echo: (inputs) => echoTflite(inputs, reshape),
  });
  describeConformance({
    ...common,
    name: 'Arm NN, outputs that are computed',
    types: ['float32', 'int32'],
    echo: (inputs) => echoTflite(inputs, negateTwice),
  });
});
