import type { Inputs, Outputs } from '../binding.js';
import { AccelError, invalidArgument } from '../errors.js';
import type { ModelSource } from '../model-source.js';
import type { LoadOptions } from '../options/load.js';
import { Session } from '../session.js';
import type { Tensor } from '../tensor.js';
import { compareTensors, worse } from './compare.js';
import type { Difference } from './compare.js';
import { seededInputs } from './random-inputs.js';
import { toleranceFor } from './tolerance.js';
import type { Tolerance } from './tolerance.js';

/** Options of {@link verify}. */
export interface VerifyOptions {
  /** How to load the model that is looked at: its device, precision and so on. Default: as {@link Session.load} does. */
  load?: LoadOptions | undefined;
  /** The device to compare with, which computes in float32 if it can. Default: `openvino:CPU`. */
  reference?: string | undefined;
  /** Sets of inputs to run, besides the random ones. */
  inputs?: readonly Inputs[] | undefined;
  /** How many sets of random inputs to run. Default: 3; 0 where `inputs` are given. */
  random?: number | undefined;
  /** What the random inputs follow from. Default: 1. */
  seed?: number | undefined;
  /** Shapes of random inputs, by name. Default: the model's, with 1 for open dimensions. */
  shapes?: Readonly<Record<string, readonly number[]>> | undefined;
  /**
   * What an output must keep to pass. Default: by what the device computes in,
   *
   * | precision | least cosine | largest relative difference |
   * | --------- | ------------ | --------------------------- |
   * | `fp32`    | 0.9999       | 0.001                       |
   * | `fp16`    | 0.999        | 0.02                        |
   * | `bf16`    | 0.99         | 0.1                         |
   * | `int8`    | 0.98         | 0.3                         |
   *
   * and float32's where that is not known.
   */
  tolerance?: Partial<Tolerance> | undefined;
}

/** How far one output is from the reference's, over all inputs. */
export interface OutputDifference {
  /** The output's name. */
  name: string;
  /** Elements that were compared. */
  elements: number;
  /** The least cosine of the angle between the outputs as vectors: 1 is the same direction. Unset where all are zeros. */
  cosine?: number;
  /** The largest difference of an element. */
  maxAbsolute: number;
  /** The largest difference of an element, by the larger of its expected size and the reference's root mean square. */
  maxRelative: number;
  /** Elements that are not a number. */
  nan: number;
  /** Elements that are infinite. */
  infinite: number;
  /** Elements of the reference that are not a number. */
  referenceNan: number;
  /** Elements of the reference that are infinite. */
  referenceInfinite: number;
  /** Is it within the tolerance? */
  passed: boolean;
  /** Why not, in a sentence. */
  reason?: string;
}

/** What {@link verify} found. */
export interface Verification {
  /** The device that was looked at. */
  device: string;
  /** What it computes in, where the vendor tells. */
  precision?: string;
  /** The device that it was compared with. */
  reference: string;
  /** What that computes in, where the vendor tells. */
  referencePrecision?: string;
  /** Are all outputs within the tolerance? */
  passed: boolean;
  /** What they had to keep. */
  tolerance: Tolerance;
  /** Sets of inputs that were run. */
  inputs: number;
  /** Each output. */
  outputs: OutputDifference[];
}

/**
 * Runs a model on a device and on a reference, on the same inputs, and compares the outputs.
 * @throws {@link AccelError} `INVALID_ARGUMENT`, and as {@link Session.load} and {@link Session.run}; `MODEL_INVALID` where
 * the two have different outputs
 */
export async function verify(model: ModelSource, options: VerifyOptions = {}): Promise<Verification> {
  checkOptions(options);
  await using session = await Session.load(model, options.load);
  return await verifySession(session, model, options);
}

/** The same for a session that is loaded already, and stays so. */
export async function verifySession(
  session: Session,
  model: ModelSource,
  options: Omit<VerifyOptions, 'load'> & { load?: LoadOptions | undefined } = {},
): Promise<Verification> {
  const { inputs = [], shapes = {}, seed = 1, random = inputs.length === 0 ? 3 : 0 } = options;
  const { reference: device = 'openvino:CPU', load } = options;
  await using reference = await loadReference(model, device, load);
  // Made when their turn comes: all at once may be more than there is memory for.
  function* sets(): Generator<Inputs> {
    yield* inputs;
    for (let i = 0; i < random; i++) yield seededInputs(session.inputs, shapes, seed, i);
  }

  const differences = new Map<string, Difference>();
  for (const set of sets()) {
    const runs = await Promise.allSettled([session.run(set), runReference(reference, set)]);
    // Where both fail, as with wrong inputs, it is the device that is told of.
    for (const run of runs) if (run.status === 'rejected') throw run.reason;
    const [actual, expected] = runs.map((run) => (run as PromiseFulfilledResult<Outputs>).value) as [Outputs, Outputs];
    for (const [name, difference] of compareOutputs(actual, expected)) {
      const before = differences.get(name);
      differences.set(name, before === undefined ? difference : worse(before, difference));
    }
  }
  const tolerance = { ...toleranceFor(session.precision), ...options.tolerance };
  const outputs = [...differences].map(([name, difference]) => judge(name, difference, tolerance));
  return {
    device: session.device,
    ...(session.precision === undefined ? {} : { precision: session.precision }),
    reference: reference.device,
    ...(reference.precision === undefined ? {} : { referencePrecision: reference.precision }),
    passed: outputs.every(({ passed }) => passed),
    tolerance,
    inputs: inputs.length + random,
    outputs,
  };
}

/** Whatever the device under test computes in, the reference computes in what it does by itself: float32 where it can. */
async function loadReference(model: ModelSource, device: string, load: LoadOptions = {}): Promise<Session> {
  const { shapes, signal } = load;
  try {
    return await Session.load(model, { device, shapes, signal });
  } catch (error) {
    throw ofReference(`The reference ${device} can't be loaded`, error);
  }
}

async function runReference(reference: Session, inputs: Inputs): Promise<Outputs> {
  try {
    return await reference.run(inputs);
  } catch (error) {
    throw ofReference(`The reference ${reference.device} can't be run`, error);
  }
}

/** Whoever reads of it must not blame the device that is looked at. */
function ofReference(what: string, error: unknown): unknown {
  if (!(error instanceof AccelError)) return error;
  const { code, message, hint, backend, device } = error;
  return new AccelError(code, `${what}: ${message}`, { hint, backend, device, cause: error });
}

function compareOutputs(actual: Outputs, expected: Outputs): [name: string, difference: Difference][] {
  return Object.entries(expected).map(([name, tensor]) => {
    const own: Tensor | undefined = actual[name];
    if (own?.type !== tensor.type || own.dims.join() !== tensor.dims.join()) {
      const found = own === undefined ? 'is missing' : `is ${own.type} [${own.dims.join(', ')}]`;
      const message = `The output "${name}" ${found}; the reference's is ${tensor.type} [${tensor.dims.join(', ')}].`;
      throw new AccelError('MODEL_INVALID', message, { hint: 'Are these two forms of the same model?' });
    }
    return [name, compareTensors(own, tensor)];
  });
}

function judge(name: string, difference: Difference, tolerance: Tolerance): OutputDifference {
  const { cosine, incomparable: _shown, ...figures } = difference;
  const reason = failureOf(difference, tolerance);
  return {
    name,
    ...figures,
    ...(cosine === undefined ? {} : { cosine }),
    passed: reason === undefined,
    ...(reason === undefined ? {} : { reason }),
  };
}

function failureOf(difference: Difference, tolerance: Tolerance): string | undefined {
  const { elements, cosine, maxRelative, incomparable, nan, infinite } = difference;
  if (elements === 0)
    return 'There is not a single element to compare. Inputs of another shape or with other values may give some.';
  if (incomparable > 0) {
    return `${incomparable} ${incomparable === 1 ? 'element is' : 'elements are'} NaN or infinite in only one of the two.`;
  }
  if (nan + infinite === elements) {
    return 'No element is a number in either of the two, so that nothing could be compared. Other inputs may give some.';
  }
  if (cosine !== undefined && cosine < tolerance.cosine) {
    return `The cosine is ${cosine.toPrecision(6)}, less than ${tolerance.cosine}.`;
  }
  if (maxRelative > tolerance.relative) {
    return `An element is off by ${maxRelative.toPrecision(3)} of its size, more than ${tolerance.relative}.`;
  }
  return undefined;
}

function checkOptions({ random, seed, tolerance, reference, inputs }: VerifyOptions): void {
  const whole = (value: number | undefined): boolean =>
    value === undefined || (Number.isSafeInteger(value) && value >= 0);
  if (!whole(random)) throw invalidArgument('options.random must be a whole number of at least 0.');
  if (!whole(seed)) throw invalidArgument('options.seed must be a whole number of at least 0.');
  if (reference !== undefined && (typeof reference !== 'string' || reference === '')) {
    throw invalidArgument('options.reference must be a device, such as openvino:CPU.');
  }
  if (inputs !== undefined && !Array.isArray(inputs)) throw invalidArgument('options.inputs must be an array.');
  if (random === 0 && (inputs ?? []).length === 0) {
    throw invalidArgument('There is nothing to run: options.random is 0, and options.inputs has none.');
  }
  for (const [name, value] of Object.entries(tolerance ?? {})) {
    if (!Number.isFinite(value)) throw invalidArgument(`options.tolerance.${name} must be a number.`);
  }
}
