/** ONNX's own test models: a model and one set of inputs and outputs in each folder. */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { AccelError, Tensor } from 'accelnode';
import type { LoadOptions, Outputs, Session, TensorInfo, TensorLike } from 'accelnode';

import { inspectOnnx } from '../../lib/onnx/inspect.js';
import { TOLERANCE, expectClose } from './compare.js';
import { runOnnxruntime } from './onnxruntime.js';
import { readTensorFile } from './tensor-proto.js';
import { withSession } from './session.js';

/** Folders of the data set; the one it also has, `real`, only names models to be downloaded. */
const FOLDERS = ['node', 'pytorch-converted', 'pytorch-operator', 'simple'];

/** What came of running a model. */
export type Outcome =
  | { kind: 'agrees' }
  /** It runs, but its outputs are other ones. */
  | { kind: 'differs'; message: string }
  /** The load or the run failed. */
  | { kind: 'refused'; code: string; message: string }
  /** The data set's tensors are of a kind that no tensor of ours is. */
  | { kind: 'unreadable'; message: string };

/** Names such as `node/test_abs`, of the models with exactly one set of data. */
export function nodeModels(data: string): string[] {
  return FOLDERS.flatMap((folder) =>
    readdirSync(join(data, folder))
      .sort()
      .filter((name) => !existsSync(join(data, folder, name, 'test_data_set_1')))
      .map((name) => `${folder}/${name}`),
  );
}

/**
 * Loads a model, runs it and compares its outputs.
 * @param judge what says how they should be: the data set or, where its numbers are poor, onnxruntime
 * @param options of the load
 */
export async function tryNodeModel(
  data: string,
  name: string,
  judge: 'data set' | 'onnxruntime',
  options: LoadOptions = { device: 'openvino:CPU' },
): Promise<Outcome> {
  const folder = join(data, name);
  const path = join(folder, 'model.onnx');
  const { inputs, outputs } = inspectOnnx(path);
  let given: Record<string, Tensor>, expected: Record<string, TensorLike>;
  try {
    given = readSet(folder, 'input', inputs);
    expected = judge === 'data set' ? readSet(folder, 'output', outputs) : await runOnnxruntime(path, given);
  } catch (error) {
    // Sequences and optional values are no TensorProto at all, and strings have no tensor of ours.
    const refusal = await loadAndRun(path, {}, options).catch((refused: unknown) => refused);
    if (isRefusalOfLoad(refusal)) return refused(refusal);
    return { kind: 'unreadable', message: (error as Error).message };
  }
  let actual: Outputs;
  try {
    actual = await loadAndRun(path, given, options);
  } catch (error) {
    return refused(error as AccelError);
  }
  try {
    for (const { name: output } of outputs) {
      if (actual[output] === undefined) throw new Error(`The output "${output}" is missing.`);
      expectClose(actual[output], retyped(expected[output]!, actual[output]), TOLERANCE, `The output "${output}"`);
    }
    return { kind: 'agrees' };
  } catch (error) {
    return { kind: 'differs', message: (error as Error).message };
  }
}

function loadAndRun(path: string, given: Record<string, Tensor>, options: LoadOptions): Promise<Outputs> {
  return withSession(path, { ...options, lanes: 1 }, (session) => session.run(feedsOf(session, given)));
}

/** The tensors that a session wants; OpenVINO drops inputs that make no difference. */
function feedsOf(session: Session, given: Record<string, Tensor>): Record<string, TensorLike> {
  const wanted = session.inputs.filter(({ name }) => given[name] !== undefined);
  return Object.fromEntries(wanted.map((input) => [input.name, retyped(given[input.name]!, input)]));
}

/** The data set was written with NumPy, which has no bfloat16: it calls their bits uint16. */
function retyped(
  { type, data, dims }: TensorLike,
  { type: wanted }: Pick<TensorInfo, 'type'> | TensorLike,
): TensorLike {
  return { type: type === 'uint16' && wanted === 'bfloat16' ? wanted : type, data, dims };
}

function readSet(
  folder: string,
  role: 'input' | 'output',
  ports: readonly { name: string; type: string }[],
): Record<string, Tensor> {
  const tensors: Record<string, Tensor> = {};
  ports.forEach(({ name, type }, i) => {
    if (type === 'unknown' || type === 'string') throw new TypeError(`${name} is no tensor of numbers`);
    tensors[name] = readTensorFile(join(folder, 'test_data_set_0', `${role}_${i}.pb`));
  });
  return tensors;
}

function isRefusalOfLoad(outcome: unknown): outcome is AccelError {
  return outcome instanceof AccelError && outcome.code !== 'INVALID_ARGUMENT';
}

function refused({ code, message }: AccelError): Outcome {
  return { kind: 'refused', code, message };
}

/** test/real/node-models.json: the models that don't simply agree. */
export interface NodeModelList {
  /** What it was made with; it is held to be exact for these only. */
  dataSet: string;
  releases: string[];
  groups: NodeModelGroup[];
}

export interface NodeModelGroup {
  /** Why. */
  reason: string;
  /** `not run`: it would read memory that is not its own. `random`: outputs are random numbers. */
  outcome: Exclude<Outcome['kind'], 'agrees'> | 'not run' | 'random' | 'agrees with onnxruntime';
  /** The code of a refusal. Default: MODEL_UNSUPPORTED. */
  code?: string;
  /** The OpenVINO releases on which it is so. Default: all. */
  releases?: string[];
  models: string[];
}

export function readNodeModelList(path: string): NodeModelList {
  return JSON.parse(readFileSync(path, 'utf8')) as NodeModelList;
}
