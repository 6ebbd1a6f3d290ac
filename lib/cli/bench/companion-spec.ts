/** What `--with` takes: a model, and the load that it is under. */
import { LEAST_RATE, MOST_PENDING, MOST_RATE } from '../../measure/options.js';
import { InvalidArgumentError } from '../../third-party/commander.js';

/** As the command line names it. */
export interface CompanionSpec {
  model: string;
  /** Requests a second, of an open loop. */
  rate?: number;
  /** In flight, of a closed loop. */
  concurrency?: number;
}

/** "model.onnx", "model.onnx@20rps" or "model.onnx@4x", after those before it. An "@" in a folder or before an ending is the file's. */
export function parseCompanion(text: string, before: readonly CompanionSpec[] = []): CompanionSpec[] {
  const [, model, load] = /^(.*)@([^@/\\]*)$/.exec(text) ?? [];
  const isFile = load === undefined || /\.[a-z]/i.test(load);
  if (isFile && text !== '') return [...before, { model: text, concurrency: 1 }];
  if (isFile || model === undefined || model === '') throw new InvalidArgumentError('It names no model.');
  return [...before, { model, ...parseLoad(load) }];
}

function parseLoad(text: string): Pick<CompanionSpec, 'rate' | 'concurrency'> {
  const [, amount, unit] = /^(.*?)(rps|x)$/.exec(text) ?? [];
  const value = amount === undefined || amount.trim() === '' ? NaN : Number(amount);
  if (unit === 'rps' && value >= LEAST_RATE && value <= MOST_RATE) return { rate: value };
  if (unit === 'x' && Number.isInteger(value) && value >= 1 && value <= MOST_PENDING) return { concurrency: value };
  if (unit === 'rps') throw new InvalidArgumentError(`A rate is from ${LEAST_RATE} to ${MOST_RATE} requests a second.`);
  if (unit === 'x') throw new InvalidArgumentError('In flight are a whole number of at least 1.');
  throw new InvalidArgumentError(
    'It must be like model.onnx, model.onnx@20rps (a second) or model.onnx@4x (in flight).',
  );
}
