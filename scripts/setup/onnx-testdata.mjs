// ONNX's own test models with inputs and outputs, from Debian's package libonnx-testdata.
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { unpackDebian } from './debian.mjs';
import { say, setupFolder } from './process.mjs';

const PACKAGE = 'libonnx-testdata';

/**
 * Unpacks the package into .setup/onnx-testdata; nothing is installed, and no root is needed. What
 * came of it, also when it can't be had here, is written to outcome.json there, for the tests.
 * @returns {{ folder: string, version: string } | { reason: string }}
 */
export function unpackOnnxTestdata() {
  const target = join(setupFolder, 'onnx-testdata');
  const outcomeFile = join(target, 'outcome.json');
  if (existsSync(outcomeFile)) {
    const outcome = JSON.parse(readFileSync(outcomeFile, 'utf8'));
    if (outcome.folder !== undefined && existsSync(outcome.folder)) return outcome;
  }
  say(`Unpacking ${PACKAGE}`);
  const partial = `${target}.partial`;
  rmSync(partial, { recursive: true, force: true });
  mkdirSync(partial, { recursive: true });
  const unpacked = unpackDebian(partial, [PACKAGE]);
  const outcome =
    unpacked.reason === undefined
      ? { folder: join(target, 'root', 'usr', 'share', PACKAGE, 'data'), version: unpacked.versions[PACKAGE] }
      : unpacked;
  if (outcome.reason !== undefined) console.log(`The node models are left out: ${outcome.reason}`);
  writeFileSync(join(partial, 'outcome.json'), JSON.stringify(outcome));
  rmSync(target, { recursive: true, force: true });
  renameSync(partial, target);
  return outcome;
}
