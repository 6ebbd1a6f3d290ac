/** How much a device may differ from the reference. */

/** What an output must keep to pass: see {@link VerifyOptions.tolerance}. */
export interface Tolerance {
  /** The least cosine of the angle between the outputs as vectors. */
  cosine: number;
  /** The largest difference of an element, by the larger of its expected size and the reference's root mean square. */
  relative: number;
}

/**
 * By what the device computes in. float32 is rounded at some 6e-8 an operation, float16 at 5e-4, bfloat16 at 4e-3, and deep
 * networks add up hundreds of these; int8 has 256 steps for the range of a whole tensor.
 */
const tolerances = {
  fp32: { cosine: 0.9999, relative: 1e-3 },
  fp16: { cosine: 0.999, relative: 2e-2 },
  bf16: { cosine: 0.99, relative: 1e-1 },
  int8: { cosine: 0.98, relative: 3e-1 },
} as const satisfies Record<string, Tolerance>;

/** What vendors call these: `f16`, `FP16`, `fp32 and int8`. The coarsest that is named counts. */
const NAMES: readonly (readonly [RegExp, keyof typeof tolerances])[] = [
  [/\b(int8|i8|u8)\b/i, 'int8'],
  [/\b(bf16|bfloat16)\b/i, 'bf16'],
  [/\b(fp16|f16|float16|half)\b/i, 'fp16'],
];

/** A precision that nobody knows, or the model's own types, is held to float32's. */
export function toleranceFor(precision = ''): Tolerance {
  const known = NAMES.find(([pattern]) => pattern.test(precision))?.[1] ?? 'fp32';
  return tolerances[known];
}
