// ONNX's own test models with inputs and outputs, from Debian's package libonnx-testdata.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { ask, say, setupFolder } from './process.mjs';

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
  const outcome = download(partial, target);
  if (outcome.reason !== undefined) console.log(`The node models are left out: ${outcome.reason}`);
  writeFileSync(join(partial, 'outcome.json'), JSON.stringify(outcome));
  rmSync(target, { recursive: true, force: true });
  renameSync(partial, target);
  return outcome;
}

function download(partial, target) {
  if (ask('apt-get', ['--version']) === undefined || ask('dpkg-deb', ['--version']) === undefined) {
    return { reason: `${PACKAGE} comes through apt, which this system does not have` };
  }
  // The system's sources and keys, but lists and cache of our own.
  const apt = join(partial, 'apt');
  mkdirSync(join(apt, 'lists', 'partial'), { recursive: true });
  mkdirSync(join(apt, 'cache', 'archives', 'partial'), { recursive: true });
  const options = {
    'Dir::State': apt,
    'Dir::State::lists': join(apt, 'lists'),
    'Dir::State::status': '/dev/null',
    'Dir::Cache': join(apt, 'cache'),
    'Acquire::Languages': 'none',
    // As root, apt would download as another user, who may have no access here.
    ...(process.getuid?.() === 0 ? { 'APT::Sandbox::User': 'root' } : {}),
  };
  const settings = Object.entries(options).flatMap(([key, value]) => ['-o', `${key}=${value}`]);
  // One source of several that fails is no reason to stop; the download tells.
  aptGet([...settings, '-qq', 'update'], partial);
  const failure = aptGet([...settings, '-qq', 'download', PACKAGE], partial);
  const archive = readdirSync(partial).find((name) => name.startsWith(`${PACKAGE}_`) && name.endsWith('.deb'));
  if (archive === undefined) return { reason: `apt can't download ${PACKAGE}: ${failure}` };
  const unpacked = spawnSync('dpkg-deb', ['-x', archive, 'root'], { cwd: partial, encoding: 'utf8' });
  if (unpacked.status !== 0) return { reason: `dpkg-deb can't unpack ${archive}: ${unpacked.stderr.trim()}` };
  rmSync(apt, { recursive: true, force: true });
  rmSync(join(partial, archive));
  const folder = join(target, 'root', 'usr', 'share', PACKAGE, 'data');
  return { folder, version: decodeURIComponent(archive.split('_')[1]) };
}

/** Returns the last thing that apt-get complained about. */
function aptGet(args, cwd) {
  const { stderr } = spawnSync('apt-get', args, { cwd, encoding: 'utf8' });
  return (stderr ?? '').trim().split('\n').at(-1);
}
