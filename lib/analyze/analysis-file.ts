/** The file that an analysis is kept in. */
import { readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';

import { AccelError, invalidArgument } from '../errors.js';
import { reasonOf } from '../runtimes/failures.js';
import { FORMAT, VERSION, analysis } from './analysis.js';
import type { Analysis, LoadSettings, Question } from './analysis.js';
import type { Limits } from './objective.js';

/**
 * Reads an analysis.
 * @throws `INVALID_ARGUMENT` for a file that is none, of another version, or damaged
 */
export function readAnalysis(path: string): Analysis {
  const value = readJson(path);
  const { format, version } = (value ?? {}) as Record<string, unknown>;
  if (format !== FORMAT) throw invalidArgument(`${path} is no analysis: it has no "format": "${FORMAT}".`);
  if (version !== VERSION) {
    throw invalidArgument(
      `${path} is of version ${String(version)} of this format, and this accelnode reads version ${VERSION}.`,
      'Analyze again, or use the accelnode that wrote it.',
    );
  }
  const parsed = analysis.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const where = issue!.path.map(String).join('.');
  throw invalidArgument(`${path} is damaged: ${where === '' ? '' : `${where}: `}${issue!.message}.`);
}

/**
 * The analysis to go on with. How long a configuration may take is no part of the answer, and may be another.
 * @throws `INVALID_ARGUMENT` where it answers another question, or a model is not the one any more that it was about
 */
export function readToResume(path: string, question: Question): Analysis {
  const earlier = readAnalysis(path);
  const differing = (Object.keys({ ...earlier.question, ...question }) as (keyof Question)[]).filter(
    (key) => key !== 'timeout' && !isDeepStrictEqual(earlier.question[key], question[key]),
  );
  if (differing.length === 0) return earlier;
  if (differing.every((key) => key === 'contents')) {
    const changed = question.models.filter((model) => earlier.question.contents[model] !== question.contents[model]);
    throw invalidArgument(
      `${changed.join(', ')} has changed since ${path} was written.`,
      'Its figures are of the model as it was: analyze anew, with another --output.',
    );
  }
  const flags = differing
    // Of other models, they are others anyway.
    .filter((key) => key !== 'contents' || !differing.includes('models'))
    .flatMap((key) => flagsOf(key, earlier.question, question));
  throw invalidArgument(
    `${path} is of another question: it differs in ${flags.join(', ')}.`,
    'Give the same options as before, or another --output.',
  );
}

const FLAGS: Readonly<Partial<Record<keyof Question, string>>> = {
  models: 'the models',
  contents: "the models' files",
  devices: '--device',
  precisions: '--precision',
  batch: '--batch',
  lanes: '--lanes',
  concurrency: '--concurrency',
  shapes: '--shape',
  search: '--search',
  objectives: '--objective',
  duration: '--duration',
  warmup: '--warmup',
  minRuns: '--min-runs',
  sampleInterval: '--sample-interval',
  reference: '--verify',
};

const LIMIT_FLAGS: Readonly<Record<keyof Limits, string>> = {
  latencyBudget: '--latency-budget',
  maxMemory: '--max-memory',
  maxUtilization: '--max-utilization',
  minThroughput: '--min-throughput',
};

const LOAD_FLAGS: Readonly<Record<keyof LoadSettings, string>> = {
  hint: '--hint',
  graphs: '--graphs',
  cache: '--cache',
};

/** What a part of the question is called by those who ask it. */
function flagsOf(key: keyof Question, a: Question, b: Question): string[] {
  if (key === 'load') {
    const settings = Object.keys(LOAD_FLAGS) as (keyof LoadSettings)[];
    return settings.filter((name) => a.load?.[name] !== b.load?.[name]).map((name) => LOAD_FLAGS[name]);
  }
  if (key !== 'limits') return [FLAGS[key] ?? key];
  const limits = Object.keys(LIMIT_FLAGS) as (keyof Limits)[];
  return limits.filter((limit) => a.limits[limit] !== b.limits[limit]).map((limit) => LIMIT_FLAGS[limit]);
}

function readJson(path: string): unknown {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new AccelError('INVALID_ARGUMENT', `Can't read ${path}: ${reasonOf(cause)}.`, { cause });
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new AccelError('INVALID_ARGUMENT', `${path} is damaged: it is no JSON.`, { cause });
  }
}
