/** What every backend must do, on Arm NN's backends for CPUs; their slow models are small, as QEMU is slow itself. */
import { describeArmnn } from '../utils/armnn.js';
import { echoTflite, negateTwice, slowTflite } from '../utils/tflite-echo.js';
import { describeConformance } from '../conformance/suite.js';

describeArmnn('conformance on arm64', () => {
  const common = { copies: true, refusesEmpty: true };
  describeConformance({
    ...common,
    name: 'CpuAcc',
    device: 'armnn:CpuAcc',
    // It refuses to load int64.
    types: ['float32', 'int32'],
    slow: slowTflite(4, 384),
    echo: (inputs) => echoTflite(inputs, negateTwice),
  });
  describeConformance({
    ...common,
    name: 'CpuRef',
    device: 'armnn:CpuRef',
    types: ['float32', 'int32'],
    slow: slowTflite(1, 128),
    echo: (inputs) => echoTflite(inputs, negateTwice),
  });
});
