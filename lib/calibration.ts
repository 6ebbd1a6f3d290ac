/** Calibration data of a load, batch by batch, from the caller's iterator to the addon. */
import { resolve } from 'node:path';

import type { NativeCalibrationTensor } from './native/addon.js';
import { dataTypes, describe, isDataType } from './data-type.js';
import type { TypedArray } from './data-type.js';
import { entryOf } from './entry-of.js';
import { AccelError, invalidArgument } from './errors.js';
import { beginsWith, checkKeptFile } from './kept-file.js';
import type { Region } from './memory.js';
import type { OnnxTensorInfo } from './onnx/inspect.js';
import type { CalibrationBatch } from './options/cuda.js';
import type { ParsedShapes } from './options/shapes.js';
import { Tensor, regionOf } from './tensor.js';

export type CalibrationBatches = AsyncIterable<CalibrationBatch> | Iterable<CalibrationBatch>;

/** What the addon is told: tensors in the order of the model's inputs; null when there are no more; what is wrong. */
export type CalibrationAnswer = NativeCalibrationTensor[] | null | AccelError;

/** An input of the model, with the shape that its calibration data must have; -1 where nothing tells. */
interface ExpectedInput {
  name: string;
  type: OnnxTensorInfo['type'];
  shape: number[] | undefined;
}

/** How a file of ranges begins: the version of TensorRT and the algorithm follow. */
const RANGES_BEGIN = 'TRT-';

/**
 * Whether a calibration can come to anything, before minutes are spent on it.
 * @param option its name, e.g. `cuda.calibration`
 * @throws `INVALID_ARGUMENT` when there are neither ranges nor data, or the ranges could not be read or written
 */
export function checkCalibration(
  option: string,
  { batches, cache }: { batches?: CalibrationBatches | undefined; cache?: string | undefined },
): void {
  if (cache === undefined) return;
  const path = resolve(cache);
  const hint = 'It is a file of ranges, or where to write one: in a folder that is there and can be written to.';
  const size = checkKeptFile(`${option}.cache`, path, hint);
  if (size === undefined || size === 0) {
    if (batches !== undefined) return;
    throw invalidArgument(
      `${option}: ${path} ${size === undefined ? 'is not there' : 'is empty'}, and no data is given to make it from.`,
      `Name a file of ranges that an earlier calibration has written, or give ${option}.batches as well.`,
    );
  }
  // TensorRT would replace what it does not know for one.
  if (!beginsWith(path, RANGES_BEGIN)) {
    throw invalidArgument(`${option}.cache: ${path} is no file of ranges, and would be overwritten.`, hint);
  }
}

/** Asks the caller's iterator for batches, one at a time, and checks them. */
export class Calibration {
  /** Why the load has to be given up. */
  error: AccelError | undefined;
  /** What messages call the batches. */
  readonly #what: string;
  readonly #batches: CalibrationBatches;
  readonly #inputs: readonly ExpectedInput[];
  readonly #answer: (answer: CalibrationAnswer) => void;
  #iterator: AsyncIterator<CalibrationBatch> | Iterator<CalibrationBatch> | undefined;
  /** The iterator is between a call of `next` and its outcome. */
  #asking = false;
  /** The iterator has said that it is done, has thrown, or was told to stop. */
  #over = false;
  #closed = false;
  #count = 0;
  /** The memory of the batch that the addon has; kept until it asks for the next. */
  #held: Region[] = [];

  /**
   * @param option the option that has the batches, e.g. `cuda.calibration`
   * @param inputs of the model, in its order
   * @param shapes of the first profile: open dimensions are calibrated with its `opt`
   * @param answer to the addon
   */
  constructor(
    option: string,
    batches: CalibrationBatches,
    inputs: readonly OnnxTensorInfo[],
    shapes: ParsedShapes | undefined,
    answer: (answer: CalibrationAnswer) => void,
  ) {
    this.#what = `${option}.batches`;
    this.#batches = batches;
    this.#inputs = inputs.map((info) => ({ name: info.name, type: info.type, shape: shapeOf(info, shapes) }));
    this.#answer = answer;
  }

  /** The addon wants a batch. It gets one answer, later. */
  readonly next = (): void => {
    void this.#next();
  };

  async #next(): Promise<void> {
    this.#release();
    let answer: CalibrationAnswer;
    try {
      const batch = await this.#ask();
      // When the load was given up meanwhile, nobody would let go of the batch's memory.
      answer = batch === undefined || this.#closed ? null : this.#check(batch);
      if (answer === null && this.#count === 0 && !this.#closed) throw this.#noData();
    } catch (error) {
      answer = this.error ??= error as AccelError;
    }
    this.#answer(answer);
  }

  #noData(): AccelError {
    return invalidArgument(
      `${this.#what} has no batch in it.`,
      'A generator can be read once: by the first device of a list, or by an earlier load. Give something that can be ' +
        'read again, such as an array, or an object whose [Symbol.asyncIterator] begins anew.',
    );
  }

  async #ask(): Promise<CalibrationBatch | undefined> {
    if (this.#over) return undefined;
    this.#asking = true;
    try {
      this.#iterator ??= iteratorOf(this.#batches);
      const result = await this.#iterator.next();
      if (typeof result !== 'object' || result === null) {
        throw new TypeError(`its next() gave ${describe(result)} in place of a result`);
      }
      if (result.done !== true) return result.value;
      this.#over = true;
      return undefined;
    } catch (cause) {
      this.#over = true;
      throw new AccelError(
        'INVALID_ARGUMENT',
        `${this.#what}: ${batchName(this.#count)} could not be had: ${String(cause)}`,
        { cause },
      );
    } finally {
      this.#asking = false;
    }
  }

  #check(batch: CalibrationBatch): NativeCalibrationTensor[] {
    const what = `${this.#what}: ${batchName(this.#count++)}`;
    if (typeof batch !== 'object' || batch === null) {
      throw invalidArgument(`${what} must be an object of tensors by input name, not ${describe(batch)}.`);
    }
    const unknown = Object.keys(batch).find((name) => !this.#inputs.some((input) => input.name === name));
    if (unknown !== undefined) {
      const names = this.#inputs.map(({ name }) => name).join(', ');
      throw invalidArgument(`${what}: the model has no input "${unknown}".`, `Its inputs: ${names}.`);
    }
    return this.#inputs.map((input) => {
      const given = entryOf(batch, input.name);
      const tensor = checkedTensor(`${what}, input "${input.name}"`, input, given);
      const region = regionOf(tensor);
      if (!region.acquire(false)) {
        throw invalidArgument(`${what}, input "${input.name}" is being written by a pending run.`);
      }
      this.#held.push(region);
      return { address: region.address, bytes: region.bytes, dims: [...tensor.dims] };
    });
  }

  /**
   * The load has ended or been given up: the iterator is told to stop, unless it has ended by itself. An iterator that is in the
   * middle of something is told, but not waited for.
   */
  async close(): Promise<void> {
    this.#closed = true;
    if (this.#over || this.#iterator === undefined) return;
    this.#over = true;
    try {
      const stopping = this.#iterator.return?.();
      if (this.#asking) void Promise.resolve(stopping).catch(() => undefined);
      else await stopping;
    } catch (cause) {
      this.error ??= new AccelError('INVALID_ARGUMENT', `${this.#what}: it could not be stopped: ${String(cause)}`, {
        cause,
      });
    }
  }

  /** The last batch's memory is not needed any more: the load has ended, not merely been given up. */
  release(): void {
    this.#release();
  }

  #release(): void {
    for (const region of this.#held.splice(0)) region.release(false);
  }
}

function batchName(index: number): string {
  return `batch ${index + 1}`;
}

function iteratorOf(batches: CalibrationBatches): AsyncIterator<CalibrationBatch> | Iterator<CalibrationBatch> {
  return Symbol.asyncIterator in batches ? batches[Symbol.asyncIterator]() : batches[Symbol.iterator]();
}

function shapeOf({ name, shape }: OnnxTensorInfo, shapes: ParsedShapes | undefined): number[] | undefined {
  const bounds = shapes === undefined ? undefined : entryOf(shapes, name);
  if (shape === undefined) return bounds?.map(([, , opt]) => opt);
  return shape.map((dim, i) => (typeof dim === 'number' ? dim : (bounds?.[i]?.[2] ?? -1)));
}

function checkedTensor(what: string, { type, shape }: ExpectedInput, given: Tensor | TypedArray | undefined): Tensor {
  if (given === undefined) throw invalidArgument(`${what} is missing.`);
  if (!isDataType(type))
    throw new AccelError('UNSUPPORTED', `${what} has the element type ${type}, which can't be passed.`);
  if (given instanceof Tensor) {
    if (given.type !== type) throw invalidArgument(`${what} must be ${type}, not ${given.type}.`);
    const { dims } = given;
    if (
      shape !== undefined &&
      (shape.length !== dims.length || shape.some((dim, i) => dim !== -1 && dim !== dims[i]))
    ) {
      throw invalidArgument(
        `${what} must have the shape [${shape.map((dim) => (dim === -1 ? '?' : dim)).join(', ')}], not ` +
          `[${dims.join(', ')}].`,
        'Calibration data has exactly the shape that the first profile is tuned for: shapes, opt.',
      );
    }
    if (given.memory === 'device') {
      throw invalidArgument(`${what} lies in the memory of ${String(given.device)}; it must be the host's.`);
    }
    return given;
  }
  if (!ArrayBuffer.isView(given)) {
    throw invalidArgument(`${what} must be a Tensor or a ${dataTypes[type].array.name}, not ${describe(given)}.`);
  }
  if (shape === undefined || shape.includes(-1)) {
    throw invalidArgument(
      `${what} is a typed array, but the model leaves its shape open.`,
      'Give a Tensor, which has a shape, or bound the shape with the option shapes.',
    );
  }
  try {
    return new Tensor(type, given, shape);
  } catch (cause) {
    throw new AccelError('INVALID_ARGUMENT', `${what}: ${(cause as Error).message}`, { cause });
  }
}
