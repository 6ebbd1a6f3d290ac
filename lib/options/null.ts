import * as z from '../third-party/zod.js';

import { dataTypes } from '../data-type.js';
import type { DataType } from '../data-type.js';

/** An input or output of a {@link NullModel}. */
export interface NullTensor {
  /** By which a run takes or gives it. */
  name: string;
  /** The element type. */
  type: DataType;
  /** -1 where dynamic. */
  shape: readonly number[];
}

/**
 * A model of the `null` backend, which has no vendor behind it: each output is a copy of the input
 * at the same place. For tests, and to measure what accelnode itself costs. A file that ends in `.null.json` holds one.
 */
export interface NullModel {
  /** `echo` copies; `busy` waits for `durationMs` first. */
  model: 'echo' | 'busy';
  /** What it takes. */
  inputs: readonly NullTensor[];
  /** Default: as many as there are inputs, of the same types and shapes, with the same names. */
  outputs?: readonly NullTensor[] | undefined;
  /** Milliseconds that a run of a `busy` model takes; `input`: the first element of the first input. */
  durationMs?: number | 'input' | undefined;
  /** Milliseconds more for each item of the batch, which is the first dimension of the first input. */
  perSampleMs?: number | undefined;
  /** Lanes of the model that compute at the same time, at most; runs on the others wait. Default: all. */
  saturation?: number | undefined;
  /** Runs of all such models on a device are computed one after the other, first come first served. */
  exclusive?: boolean | undefined;
  /** How a `busy` model waits: `spin` keeps the lane's core busy, as a CPU inference would. */
  wait?: 'spin' | 'sleep' | undefined;
  /** This run of each lane fails with VENDOR_FAILURE; the first is 1. */
  failAt?: number | undefined;
  /** Milliseconds that loading takes. */
  loadMs?: number | undefined;
  /** A load that goes on when it is cancelled, as a vendor's compiler does. */
  stubborn?: boolean | undefined;
  /** Like a CPU's, its runs may be {@link LoadOptions.inline}. A device's never are. */
  computesOnCaller?: boolean | undefined;
  /** What `session.memory()` says. */
  memory?:
    | {
        /** Bytes of the device's memory. */
        device?: number | undefined;
        /** Bytes of it more for each item of the largest batch that was loaded for, or run. */
        devicePerSample?: number | undefined;
        /** A batch that needs more of the device's memory than so many bytes fails with OUT_OF_MEMORY. */
        limit?: number | undefined;
        /** When it fails: as it is loaded, if the batch is known then, or only as it runs. Default: `load`. */
        limitAt?: 'load' | 'run' | undefined;
        /** Bytes of the host's memory. */
        host?: number | undefined;
      }
    | undefined;
  /** What the device is seen doing while the model is loaded; of several models, all together. */
  use?:
    | {
        /** Percent of the device's time for each lane; at most 100 in all. */
        utilization?: number | undefined;
        /** Watts. */
        power?: number | undefined;
        /** Degrees Celsius; of several models, the most. */
        temperature?: number | undefined;
        /** Bytes of the device's memory in use. */
        memory?: number | undefined;
        /** The device can't be looked at for the n-th time in a measurement. */
        failAt?: number | undefined;
      }
    | undefined;
}

const tensor = z.strictObject({
  name: z.string().min(1),
  type: z.enum(Object.keys(dataTypes) as [DataType, ...DataType[]]),
  shape: z.array(z.int().min(-1)),
});

export const nullModel = z
  .strictObject({
    model: z.enum(['echo', 'busy']),
    inputs: z.array(tensor).min(1),
    outputs: z.array(tensor).optional(),
    durationMs: z.union([z.number().nonnegative(), z.literal('input')]).optional(),
    perSampleMs: z.number().nonnegative().optional(),
    saturation: z.int().positive().optional(),
    exclusive: z.boolean().optional(),
    wait: z.enum(['spin', 'sleep']).optional(),
    failAt: z.int().positive().optional(),
    loadMs: z.number().nonnegative().optional(),
    stubborn: z.boolean().optional(),
    computesOnCaller: z.boolean().optional(),
    memory: z
      .strictObject({
        device: z.number().nonnegative().optional(),
        devicePerSample: z.number().nonnegative().optional(),
        limit: z.number().positive().optional(),
        limitAt: z.enum(['load', 'run']).optional(),
        host: z.number().nonnegative().optional(),
      })
      .optional(),
    use: z
      .strictObject({
        utilization: z.number().nonnegative().optional(),
        power: z.number().nonnegative().optional(),
        temperature: z.number().optional(),
        memory: z.number().nonnegative().optional(),
        failAt: z.int().positive().optional(),
      })
      .optional(),
  })
  .refine((spec) => (spec.outputs?.length ?? 0) <= spec.inputs.length, 'there can be no more outputs than inputs')
  .refine(
    ({ durationMs, inputs }) => durationMs !== 'input' || inputs[0]!.type === 'float32',
    'the first input must be float32 to tell the duration',
  )
  .refine(
    ({ exclusive, saturation }) => exclusive !== true || saturation === undefined,
    'an exclusive model has no saturation',
  )
  .transform((spec) => ({ ...spec, outputs: spec.outputs ?? spec.inputs })) satisfies z.ZodType<unknown, NullModel>;
