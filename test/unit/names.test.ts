/** Lists that are written down in C++ and in TypeScript must be the same. */
import { createRequire } from 'node:module';

import { expect, it } from 'vitest';

const require = createRequire(import.meta.url);
const { addon, MAX_RANK } = require('../../build-ts/native/addon.js') as {
  addon: { backends: string[]; errorCodes: string[]; dataTypes: string[]; maxRank: number };
  MAX_RANK: number;
};
const { dataTypes } = require('../../build-ts/data-type.js') as { dataTypes: Record<string, unknown> };
const { backendNames } = require('../../build-ts/backends.js') as { backendNames: string[] };

/** Spelled out with the type, so that the compiler keeps it complete. */
const errorCodes: Record<import('accelnode').ErrorCode, true> = {
  RUNTIME_NOT_FOUND: true,
  RUNTIME_INCOMPATIBLE: true,
  DEVICE_NOT_FOUND: true,
  MODEL_INVALID: true,
  MODEL_UNSUPPORTED: true,
  OUT_OF_MEMORY: true,
  DEVICE_LOST: true,
  UNSUPPORTED: true,
  INVALID_ARGUMENT: true,
  CLOSED: true,
  CANCELLED: true,
  TIMEOUT: true,
  QUEUE_FULL: true,
  VENDOR_FAILURE: true,
};

it('has the same backends, in the same order', () => expect(backendNames).toEqual(addon.backends));
it('has the same error codes', () => expect(Object.keys(errorCodes)).toEqual(addon.errorCodes));
it('has the same number of dimensions', () => expect(MAX_RANK).toBe(addon.maxRank));
it('has the same data types', () => {
  expect([...Object.keys(dataTypes), 'string', 'unknown']).toEqual(addon.dataTypes);
});
