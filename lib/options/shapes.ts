import * as z from '../third-party/zod.js';

/** One dimension: its size; -1 for any; or the smallest and largest size that will come. */
export type DimensionRange = number | readonly [min: number, max: number];

/** The shapes of an input that a session shall take. */
export type ShapeOption =
  | readonly DimensionRange[]
  | {
      /** The smallest size of each dimension. */
      min: readonly number[];
      /** The shape to tune for, where the device tunes. Default: `max`. */
      opt?: readonly number[] | undefined;
      /** The largest size of each dimension. */
      max: readonly number[];
    };

/** A dimension as the addon reads it; all three are -1 for any size. */
type ParsedRange = [min: number, max: number, opt: number];

const size = z.int().min(-1);
const range = z
  .union([size, z.tuple([z.int().nonnegative(), z.int().positive()])])
  .transform((dim): ParsedRange => (typeof dim === 'number' ? [dim, dim, dim] : [dim[0], dim[1], dim[1]]))
  .refine(([min, max]) => min <= max, 'the smallest size is larger than the largest');
const sizes = z.array(z.int().nonnegative());
const shape = z.union([
  z.array(range),
  z
    .strictObject({ min: sizes, opt: sizes.optional(), max: sizes })
    .refine(
      ({ min, opt, max }) =>
        min.length === max.length &&
        min.every((dim, i) => dim <= max[i]!) &&
        (opt === undefined || (opt.length === min.length && opt.every((dim, i) => dim >= min[i]! && dim <= max[i]!))),
      'min ≤ opt ≤ max must hold in every dimension',
    )
    .transform(({ min, opt, max }) => min.map((dim, i): ParsedRange => [dim, max[i]!, (opt ?? max)[i]!])),
]);

/** Shapes by input name: one optimisation profile. */
export const shapes = z.record(z.string(), shape);

/** {@link ShapeOption}s as one [min, max, opt] for each dimension. */
export type ParsedShapes = z.output<typeof shapes>;
