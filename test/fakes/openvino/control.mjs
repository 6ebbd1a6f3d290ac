// The tests' side of the control block of the OpenVINO double; control.h says what the fields mean.
import { ControlBlock } from '../control-block.mjs';

const layout = {
  numberSize: 4,
  fields: { bytes: 0, kinds: 1, failAt: 2, status: 3, hold: 4, numbering: 5, calls: 6, held: 7, violations: 8 },
  texts: { text: [36, 256], version: [292, 128], failedCall: [420, 128], violation: [548, 256] },
  live: 804,
  nameSize: 24,
};

/** Numberings of element types that the double can play. */
export const numberings = { real: 0, before2024_2: 1, typeAdded: 2, typeRemoved: 3 };

/** Names the file in the environment of the process that opens the double. */
export const CONTROL_VARIABLE = 'ACCELNODE_FAKE_CONTROL';
/** Names the libopenvino_c that the double forwards to. */
export const REAL_VARIABLE = 'ACCELNODE_FAKE_REAL';

export class Control extends ControlBlock {
  static create(path) {
    ControlBlock.clear(path);
    return new Control(path);
  }

  constructor(path) {
    super(path, layout);
  }
}
