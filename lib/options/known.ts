import { describe } from '../data-type.js';
import { invalidArgument } from '../errors.js';

/** @throws `INVALID_ARGUMENT` */
export function checkSignal(signal: unknown): void {
  if (signal === undefined || signal instanceof AbortSignal) return;
  throw invalidArgument(`signal must be an AbortSignal, not ${describe(signal)}.`);
}

/**
 * Refuses options that are none, and mistyped ones, which would be passed over in silence.
 * @throws `INVALID_ARGUMENT`
 */
export function checkOptions(options: object, known: ReadonlySet<string>): void {
  if (typeof options !== 'object' || options === null) {
    throw invalidArgument(`The options must be an object, not ${describe(options)}.`);
  }
  for (const name in options) {
    if (!known.has(name)) {
      throw invalidArgument(`There is no option ${describe(name)} here.`, `There are: ${[...known].join(', ')}.`);
    }
  }
}
