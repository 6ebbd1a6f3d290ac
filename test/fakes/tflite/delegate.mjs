// The tests' side of the control block of the stub of Arm NN's delegate; delegate.h says what the fields mean.
import { ControlBlock } from '../control-block.mjs';

const layout = {
  numberSize: 4,
  fields: { bytes: 0, kinds: 1, behaviour: 2, made: 3, claimed: 4, violations: 5 },
  texts: { options: [24, 1024], violation: [1048, 256] },
  live: 1304,
  nameSize: 24,
};

/** Names the file in the environment of the process that opens the delegate. */
export const DELEGATE_VARIABLE = 'ACCELNODE_FAKE_DELEGATE';

/** What it does, by number. */
export const behaviours = [
  'acceptAll',
  'rejectAll',
  'half',
  'failPrepare',
  'failInvoke',
  'throwCreate',
  'throwPrepare',
  'throwInvoke',
  'throwOddly',
];

export class DelegateControl extends ControlBlock {
  static create(path) {
    ControlBlock.clear(path);
    return new DelegateControl(path);
  }

  constructor(path) {
    super(path, layout);
  }

  /** @param {string} name */
  behave(name) {
    this.set('behaviour', behaviours.indexOf(name));
  }
}
