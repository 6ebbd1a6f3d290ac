// The tests' side of the control block of the doubles of CUDA and TensorRT.
import { deviceControl } from '../gpu/control.mjs';

/** Names the file in the environment of the process that opens the doubles. */
export const CONTROL_VARIABLE = 'ACCELNODE_FAKE_CUDA_CONTROL';

export class Control extends deviceControl(new URL('control_fields.h', import.meta.url)) {}
