// The models that tests and benchmarks run, made by test/models.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { root, say, setupFolder } from './process.mjs';
import { runPython } from './python.mjs';

/** What makeModels makes; in folders of their own those of ocr-models.mjs and makeBenchModels. */
export const modelsFolder = join(setupFolder, 'models');

/** Too large for the tests: what makeBenchModels makes. */
export const benchModelsFolder = join(modelsFolder, 'bench');

/** Makes the models that the tests run, when the scripts in test/models or their packages have changed. */
export function makeModels() {
  make('Making test models', modelsFolder, []);
}

/** Makes the models that only benchmarks run, likewise. */
export function makeBenchModels() {
  make('Making models for benchmarks', benchModelsFolder, ['minilm']);
}

function make(headline, folder, names) {
  const scripts = join(root, 'test', 'models');
  const sources = readdirSync(scripts).filter((name) => name.endsWith('.py'));
  const hash = createHash('sha256').update(readFileSync(join(root, 'scripts', 'setup', 'models.txt')));
  for (const name of sources.sort()) hash.update(name).update(readFileSync(join(scripts, name)));
  const wanted = hash.digest('hex');
  const stamp = join(folder, '.complete');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;

  say(headline);
  mkdirSync(folder, { recursive: true });
  rmSync(stamp, { force: true });
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isFile()) rmSync(join(folder, entry.name));
  }
  runPython('models', join('test', 'models', 'make.py'), [folder, ...names]);
  writeFileSync(stamp, wanted);
}
