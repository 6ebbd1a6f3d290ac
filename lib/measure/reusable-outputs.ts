import type { OutputTarget, WantedOutputs } from '../binding.js';
import { isDataType } from '../data-type.js';
import type { MemoryKind } from '../memory.js';
import type { Session } from '../session.js';
import { Tensor } from '../tensor.js';

/**
 * Tensors for the outputs of so many runs at once, so that the loop measures inference and not allocation. A tensor that two
 * runs write to at once would be no fair measure, so each in flight has its own.
 */
export function reusableOutputs(session: Session, memory: MemoryKind, inFlight: number): WantedOutputs[] {
  return Array.from({ length: inFlight }, () => outputsOf(session, memory));
}

function outputsOf(session: Session, memory: MemoryKind): WantedOutputs {
  return Object.fromEntries<OutputTarget>(
    session.outputs.map(({ name, type, shape }): [string, OutputTarget] => {
      const fixed = shape?.every((dim) => dim >= 0) === true && isDataType(type);
      if (!fixed) return [name, memory === 'device' ? 'device' : null];
      return [name, memory === 'host' ? Tensor.zeros(type, shape) : session.allocate(name, shape, { memory })];
    }),
  );
}
