// Folders in .setup that are made once, and say themselves what came of it.
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { say } from './process.mjs';

/**
 * Makes `folder`, whole or not at all, unless it was made from the same before. What came of it, also when it can't be
 * had here, is written to outcome.json there, for the tests. What can't be had is tried again the next time.
 * @template {object} Outcome
 * @param {string} folder
 * @param {{ what: string, stamp: string }} wanted `what`: its name; `stamp`: changes when it has to be made anew
 * @param {(partial: string) => Outcome | { reason: string }} make fills the folder that it is given, which will be
 *   `folder`, and returns paths in `folder`
 * @returns {Outcome | { reason: string }}
 */
export function makeOnce(folder, { what, stamp }, make) {
  const known = outcomeOf(folder);
  if (known?.reason === undefined && known?.stamp === stamp) return known;
  say(`Making ${what} ready`);
  const partial = `${folder}.partial`;
  rmSync(partial, { recursive: true, force: true });
  mkdirSync(partial, { recursive: true });
  const began = performance.now();
  const outcome = { ...attempt(() => make(partial)), stamp };
  const seconds = Math.round((performance.now() - began) / 1000);
  if (outcome.reason !== undefined) console.log(`${what} is left out: ${outcome.reason}`);
  else console.log(`${(outcome.bytes / 1e6).toFixed(0)} MB of packages in ${seconds} s`);
  writeFileSync(join(partial, 'outcome.json'), JSON.stringify(outcome, null, 2));
  rmSync(folder, { recursive: true, force: true });
  renameSync(partial, folder);
  return outcome;
}

/** What {@link makeOnce} has left there; undefined when nothing. */
export function outcomeOf(folder) {
  const file = join(folder, 'outcome.json');
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
}

function attempt(make) {
  try {
    return make();
  } catch (error) {
    return { reason: error.message };
  }
}
