import { invalidArgument } from '../errors.js';

const DEFAULT_LIMIT = 10e9;
const UNITS: Readonly<Record<string, number>> = { '': 1, K: 1e3, M: 1e6, G: 1e9, T: 1e12 };

/**
 * Most bytes of the plans in a cache folder: `ACCELNODE_CACHE_LIMIT`, in bytes or like `500MB` and `20GB`, else 10 GB.
 * @throws `INVALID_ARGUMENT`
 */
export function cacheLimit(): number {
  const text = process.env['ACCELNODE_CACHE_LIMIT'];
  if (text === undefined || text === '') return DEFAULT_LIMIT;
  const match = /^(\d+(?:\.\d+)?) ?([KMGT]?)B?$/i.exec(text.trim());
  if (match === null) {
    throw invalidArgument(
      `ACCELNODE_CACHE_LIMIT is ${JSON.stringify(text)}, which is no size.`,
      'It is a number of bytes, or one like 500MB or 20GB.',
    );
  }
  return Number(match[1]) * UNITS[match[2]!.toUpperCase()]!;
}
