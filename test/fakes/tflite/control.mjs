// The tests' side of the control block of TFLite's interposer; control.h says what the fields mean.
import { ControlBlock } from '../control-block.mjs';

const layout = {
  numberSize: 4,
  fields: { bytes: 0, kinds: 1, failAt: 2, status: 3, calls: 4, violations: 5, made: 6 },
  texts: { text: [28, 256], failedCall: [284, 128], violation: [412, 256] },
  live: 668,
  nameSize: 24,
};

/** Names the file in the environment of the process that opens the interposer. */
export const CONTROL_VARIABLE = 'ACCELNODE_FAKE_CONTROL';
/** Names the TFLite that the interposer forwards to. */
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
