/** The file that an analysis is kept in. */
import { readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';

import { AccelError, invalidArgument } from '../errors.js';
import { reasonOf } from '../runtimes/failures.js';
import { FORMAT, VERSION, analysis } from './analysis.js';
import type { Analysis, Question } from './analysis.js';

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
  throw invalidArgument(
    `${path} is of another question: it differs in ${differing.join(', ')}.`,
    'Give the same options as before, or another --output.',
  );
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
