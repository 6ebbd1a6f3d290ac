/** The folder that the package is installed in. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Where it is, were this file in its place; in a bundle it is not, and in one of ES modules there is no `__dirname`. */
const folder = typeof __dirname === 'undefined' ? undefined : join(__dirname, '..');

/** The path of a file of the package. */
export function packageFile(...names: string[]): string {
  return join(folder ?? '', ...names);
}

/** The folder; undefined when this code was moved out of it, by a bundler. */
export function packageFolder(): string | undefined {
  if (folder === undefined) return undefined;
  try {
    const { name } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { name?: unknown };
    return name === 'accelnode' ? folder : undefined;
  } catch {
    return undefined;
  }
}
