// The tests' side of the control block of the double of librknnrt.
import { ControlBlock } from '../control-block.mjs';
import { controlLayout } from '../gpu/control-layout.mjs';

/** Names the file in the environment of the process that opens the double. */
export const CONTROL_VARIABLE = 'ACCELNODE_FAKE_RKNN_CONTROL';

const layout = controlLayout(new URL('control_fields.h', import.meta.url));

export class Control extends ControlBlock {
  static create(path) {
    ControlBlock.clear(path);
    return new Control(path);
  }

  constructor(path) {
    super(path, layout);
  }
}
