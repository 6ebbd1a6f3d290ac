// Copies that builds can be made of again and again.
import { mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Makes a copy of a file, or of a folder with all in it, or brings one up to date. What is the same already keeps its
 * time, so that it is not compiled again. All else gets the time of now, not the original's: what was compiled from
 * what stood there before may be younger than that, and would be taken for up to date.
 */
export function mirror(from, to) {
  if (!statSync(from).isDirectory()) {
    const bytes = readFileSync(from);
    if (!isFile(to)) rmSync(to, { recursive: true, force: true });
    else if (readFileSync(to).equals(bytes)) return;
    writeFileSync(to, bytes);
    return;
  }
  if (isFile(to)) rmSync(to);
  mkdirSync(to, { recursive: true });
  const names = readdirSync(from);
  for (const name of readdirSync(to)) {
    if (!names.includes(name)) rmSync(join(to, name), { recursive: true });
  }
  for (const name of names) mirror(join(from, name), join(to, name));
}

function isFile(path) {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}
