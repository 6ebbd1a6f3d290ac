/** One thing to measure. */
import { basename } from 'node:path';

import * as z from '../third-party/zod.js';

const count = z.int().positive();

export const precisions = ['fp32', 'fp16', 'bf16', 'int8', 'auto'] as const;

export const configuration = z.strictObject({
  /** The model's file. */
  model: z.string().min(1),
  /** As in `Session.load`. */
  device: z.string().min(1),
  precision: z.enum(precisions),
  /** The first dimension of every input. */
  batch: count,
  lanes: count,
  /** Requests in flight at all times. */
  concurrency: count,
});

export type Configuration = z.output<typeof configuration>;

/** The same for the same configuration, and for no other. */
export function keyOf({ model, device, precision, batch, lanes, concurrency }: Configuration): string {
  return JSON.stringify([model, device, precision, batch, lanes, concurrency]);
}

/** What stays when only the number of requests in flight changes. */
export function keyWithoutLoad(configuration: Configuration): string {
  return keyOf({ ...configuration, concurrency: 1 });
}

/** Is it what a program gets that loads the model without options and has one request after the other? */
export function isDefault({ batch, lanes, concurrency }: Configuration): boolean {
  return batch === 1 && lanes === 1 && concurrency === 1;
}

export function describeConfiguration({ batch, lanes, concurrency }: Configuration): string {
  return `batch ${batch} on ${lanes} ${lanes === 1 ? 'lane' : 'lanes'} with ${concurrency} in flight`;
}

/** A model's name: its file's, without folders and ending. */
export function nameOf(model: string): string {
  return basename(model).replace(/(\.null)?\.\w+$/, '');
}
