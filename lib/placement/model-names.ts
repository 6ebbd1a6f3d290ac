/** What models of tables are called. */
import { nameOf } from '../analyze/configuration.js';
import { invalidArgument } from '../errors.js';
import type { ReadModel } from './read-measured.js';
import type { PlacementModel } from './types.js';

/**
 * Models with names of their own: those that are named after files of the same name get as much of their folders as tells
 * them apart, such as `a/1/model.onnx` and `b/1/model.onnx`.
 * @throws `INVALID_ARGUMENT` for a name that is there twice all the same
 */
export function withNames(models: readonly ReadModel[]): PlacementModel[] {
  const named = models.map(({ table, file, ...model }) => {
    const alike = models.filter(({ name }) => name === model.name).map((each) => each.file);
    const name = file === undefined || alike.length === 1 ? model.name : shortest(file, alike);
    return { table, model: { ...model, name } };
  });
  const seen = new Map<string, string>();
  for (const { table, model } of named) {
    const before = seen.get(model.name);
    if (before !== undefined) {
      throw invalidArgument(
        `The model "${model.name}" is in ${before} and in ${table}.`,
        'Leave one of the tables out, or give the model another name in one of them. Configurations of one model go in one table.',
      );
    }
    seen.set(model.name, table);
  }
  return named.map(({ model }) => model);
}

/** The end of a path that none of the others has; all of it where there is none. */
function shortest(file: string, all: readonly (string | undefined)[]): string {
  const partsOf = (path: string): string[] => path.split(/[\\/]/);
  const endOf = (path: string, length: number): string => partsOf(path).slice(-length).join('/');
  const most = partsOf(file).length;
  const others = all.filter((other) => other !== undefined);
  for (let length = 2; length < most; length++) {
    const end = endOf(file, length);
    if (others.filter((other) => endOf(other, length) === end).length === 1) return end;
  }
  return partsOf(file).join('/');
}

/**
 * The model that is meant: by its name; else by its name without the file's ending, as `accelnode analyze` has it, where
 * only one is called so. Undefined where there is none.
 */
export function modelNamed(text: string, names: readonly string[]): string | undefined {
  if (names.includes(text)) return text;
  const meant = names.filter((name) => withoutEnding(name) === text);
  return meant.length === 1 ? meant[0] : undefined;
}

function withoutEnding(name: string): string {
  const folders = name.slice(0, name.lastIndexOf('/') + 1);
  return folders + nameOf(name);
}
