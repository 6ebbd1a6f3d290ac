/** How far the outputs of one device are from those of another. */
import * as z from '../third-party/zod.js';

const amount = z.number().nonnegative();

export const outputDifference = z.strictObject({
  /** The output's name. */
  name: z.string(),
  /** Elements that were compared, over all inputs. */
  elements: z.int().nonnegative(),
  /** Of the angle between the outputs as vectors: 1 is the same direction. Absent where one of them is all zeros. */
  cosine: z.number().min(-1).max(1).optional(),
  /** The largest difference of an element. */
  maxAbsolute: amount,
  /** The largest difference of an element, by the larger of its expected size and the output's root mean square. */
  maxRelative: amount,
  /** Elements that are NaN, or infinite, here and in the reference. */
  nan: z.int().nonnegative(),
  infinite: z.int().nonnegative(),
  referenceNan: z.int().nonnegative(),
  referenceInfinite: z.int().nonnegative(),
  /** Is it within the tolerance? */
  passed: z.boolean(),
  /** Why not, in a sentence. */
  reason: z.string().optional(),
});

export const verification = z.strictObject({
  /** The device that was looked at, and what it computes in. */
  device: z.string(),
  precision: z.string().optional(),
  /** The device that it was compared with, and what that computes in. */
  reference: z.string(),
  referencePrecision: z.string().optional(),
  /** Are all outputs within the tolerance? */
  passed: z.boolean(),
  tolerance: z.strictObject({
    /** The least cosine. */
    cosine: z.number(),
    /** The largest relative difference. */
    relative: amount,
  }),
  /** Sets of inputs that were run. */
  inputs: z.int().positive(),
  outputs: z.array(outputDifference),
});
