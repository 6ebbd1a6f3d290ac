/** What a TensorRT plan says without TensorRT. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

import { AccelError } from './errors.js';

/** What {@link inspectPlan} tells. */
export interface PlanInfo {
  /** Always `plan`. */
  format: 'plan';
  /** Bytes. */
  size: number;
  /** The first four bytes: as text where they are letters, else in hexadecimal. */
  tag: string;
  /** Is it a tag that TensorRT's plans are known to begin with? Others may be damaged, encrypted or wrapped. */
  knownTag: boolean;
}

/**
 * What can be told of a plan from its file: little, because NVIDIA does not document the format.
 * @throws {@link AccelError} `MODEL_INVALID`
 */
export function inspectPlan(path: string): PlanInfo {
  let file: number | undefined;
  try {
    file = openSync(path, 'r');
    const info = fstatSync(file);
    if (!info.isFile()) throw new AccelError('MODEL_INVALID', `The model ${path} is not a file.`);
    if (info.size === 0) throw new AccelError('MODEL_INVALID', `The model ${path} is empty.`);
    const bytes = Buffer.alloc(4);
    const length = readSync(file, bytes, 0, 4, 0);
    const text = bytes.toString('latin1', 0, length);
    const tag = /^[\w-]{4}$/.test(text) ? text : bytes.toString('hex', 0, length);
    return { format: 'plan', size: info.size, tag, knownTag: isPlanTag(text) };
  } catch (cause) {
    if (cause instanceof AccelError) throw cause;
    const { code, message } = cause as NodeJS.ErrnoException;
    throw new AccelError('MODEL_INVALID', `Can't read the model ${path}: ${code ?? message}.`, {
      hint: code === 'ENOENT' ? 'There is no such file.' : undefined,
      cause,
    });
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/** The first four bytes of TensorRT's plans, which NVIDIA does not document. */
export function isPlanTag(tag: string): boolean {
  return tag === 'ftrt' || tag === 'ptrt';
}
