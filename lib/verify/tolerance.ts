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
export const tolerances: Readonly<Record<string, Tolerance>> = {
  fp32: { cosine: 0.9999, relative: 1e-3 },
  fp16: { cosine: 0.999, relative: 2e-2 },
  bf16: { cosine: 0.99, relative: 1e-1 },
  int8: { cosine: 0.98, relative: 3e-1 },
};

/** A precision that nobody knows, or the model's own types, is held to float32's. */
export function toleranceFor(precision: string | undefined): Tolerance {
  return tolerances[precision ?? ''] ?? tolerances['fp32']!;
}
