// The models that tests and benchmarks run, made by test/models.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { root, say, setupFolder } from './process.mjs';
import { runPython } from './python.mjs';

/** What makeModels makes; beside it the folder of scripts/setup/ocr-models.mjs. */
export const modelsFolder = join(setupFolder, 'models');

/** Makes the models of test/models/make.py in .setup/models, when the script or its packages have changed. */
export function makeModels() {
  const scripts = join(root, 'test', 'models');
  const sources = readdirSync(scripts).filter((name) => name.endsWith('.py'));
  const hash = createHash('sha256').update(readFileSync(join(root, 'scripts', 'setup', 'models.txt')));
  for (const name of sources.sort()) hash.update(name).update(readFileSync(join(scripts, name)));
  const wanted = hash.digest('hex');
  const stamp = join(modelsFolder, '.complete');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;

  say('Making test models');
  mkdirSync(modelsFolder, { recursive: true });
  rmSync(stamp, { force: true });
  for (const entry of readdirSync(modelsFolder, { withFileTypes: true })) {
    if (entry.isFile()) rmSync(join(modelsFolder, entry.name));
  }
  runPython('models', join('test', 'models', 'make.py'), [modelsFolder]);
  writeFileSync(stamp, wanted);
}
