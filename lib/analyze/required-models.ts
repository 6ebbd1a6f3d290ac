import { resolve } from 'node:path';

import { invalidArgument } from '../errors.js';
import { readModelSource } from '../model-source.js';
import { nameOf } from './configuration.js';

/**
 * Looks at the files of models.
 * @returns their absolute paths, so that a later analysis can be told to be the same
 * @throws `MODEL_INVALID` for a file that is missing or empty; `INVALID_ARGUMENT` for two of the same name
 */
export async function requireModels(models: readonly string[]): Promise<string[]> {
  const seen = new Map<string, string>();
  for (const model of models) {
    await readModelSource(model);
    const name = nameOf(model);
    const other = seen.get(name);
    if (other !== undefined) {
      throw invalidArgument(
        resolve(other) === resolve(model) ? `${model} is given twice.` : `${other} and ${model} have the same name.`,
        'Tables and plans tell models apart by their names: give each once, or rename one.',
      );
    }
    seen.set(name, model);
  }
  return models.map((model) => resolve(model));
}
