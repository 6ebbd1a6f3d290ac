import { createHash } from 'node:crypto';
import { resolve } from 'node:path';

import { AccelError, invalidArgument } from '../errors.js';
import { filesOf } from '../model-files.js';
import { readModelSource } from '../model-source.js';
import { digestOf } from '../plan-cache/key.js';
import { reasonOf } from '../runtimes/failures.js';
import type { Question } from './analysis.js';
import { nameOf } from './configuration.js';

/**
 * Looks at the files of models.
 * @returns their absolute paths and what is in them, so that a later analysis can be told to be the same
 * @throws `MODEL_INVALID` for a file that is missing, empty or can't be read; `INVALID_ARGUMENT` for two of the same name
 */
export async function requireModels(models: readonly string[]): Promise<Pick<Question, 'models' | 'contents'>> {
  const names = new Map<string, string>();
  const contents: Record<string, string> = {};
  for (const model of models) {
    const files = await modelFiles(model);
    const name = nameOf(model);
    const other = names.get(name);
    if (other !== undefined) {
      throw invalidArgument(
        resolve(other) === resolve(model) ? `${model} is given twice.` : `${other} and ${model} have the same name.`,
        'Tables and plans tell models apart by their names: give each once, or rename one.',
      );
    }
    names.set(name, model);
    contents[resolve(model)] = await digestOfAll(files);
  }
  return { models: Object.keys(contents), contents };
}

async function modelFiles(model: string): Promise<string[]> {
  const files = Object.values(await readModelSource(model)).flatMap(filesOf);
  // A description for the null backend has been read, and tells of no file.
  return files.length === 0 ? [resolve(model)] : files;
}

/** Of one file, its own. Weights that are missing are the load's to refuse. */
async function digestOfAll([model, ...weights]: readonly string[]): Promise<string> {
  const own = await digestOf(model!).catch((cause: unknown) => {
    throw new AccelError('MODEL_INVALID', `Can't read the model ${model!}: ${reasonOf(cause)}.`, { cause });
  });
  if (weights.length === 0) return own;
  const others: string[] = [];
  for (const file of weights) others.push(await digestOf(file).catch(() => 'absent'));
  return createHash('sha256')
    .update([own, ...others].join())
    .digest('hex');
}
