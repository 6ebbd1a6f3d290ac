/**
 * Whether one run of a model takes about as long as another, as far as its file shows: only then may
 * runs stay on the thread that asks for them.
 */
import type { NativeModelSource } from '../native/addon.js';
import { inspectOnnx } from './inspect.js';

/** Operators that make a run's duration depend on its data: by their own work, or by shapes that they decide. */
const DATA_DEPENDENT = new Set([
  'Loop',
  'If',
  'Scan',
  'SequenceMap',
  'NonZero',
  'Unique',
  'NonMaxSuppression',
  'Compress',
]);

export function takesAlwaysAsLong({ format, path, bytes }: NativeModelSource): boolean {
  if (format !== 'onnx') return format === 'null';
  try {
    const operators = Object.keys(inspectOnnx(path ?? bytes!).operators);
    // Those of another domain may be functions, with anything in them.
    return !operators.some((name) => DATA_DEPENDENT.has(name) || name.includes('.'));
  } catch {
    return false;
  }
}
