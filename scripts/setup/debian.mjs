// Files out of Debian packages, without installing any.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { ask } from './process.mjs';

/**
 * Downloads packages with the system's apt, and unpacks them into `<folder>/root`. No root is needed.
 * @param {string} folder exists
 * @param {string[]} packages
 * @param {{ suite?: string }} [options] `suite`: of Debian's, in place of the system's own, from the same source
 * @returns {{ versions: Record<string, string>, bytes: number } | { reason: string }} what was downloaded, or why not
 */
export function unpackDebian(folder, packages, { suite } = {}) {
  if (ask('apt-get', ['--version']) === undefined || ask('dpkg-deb', ['--version']) === undefined) {
    return { reason: 'it comes through apt, which this system does not have' };
  }
  const apt = join(folder, 'apt');
  mkdirSync(join(apt, 'lists', 'partial'), { recursive: true });
  mkdirSync(join(apt, 'cache', 'archives', 'partial'), { recursive: true });
  try {
    const settings = suite === undefined ? ownSettings(apt) : [...ownSettings(apt), ...sourceOf(suite, apt)];
    // One source of several that fails is no reason to stop; the download tells.
    aptGet([...settings, '-qq', 'update'], apt);
    const failure = aptGet([...settings, '-qq', 'download', ...packages], apt);
    const archives = readdirSync(apt).filter((name) => name.endsWith('.deb'));
    if (archives.length < packages.length) return { reason: `apt can't download ${packages.join(', ')}: ${failure}` };
    let bytes = 0;
    const versions = {};
    for (const archive of archives) {
      const unpacked = spawnSync('dpkg-deb', ['-x', archive, join('..', 'root')], { cwd: apt, encoding: 'utf8' });
      if (unpacked.status !== 0) return { reason: `dpkg-deb can't unpack ${archive}: ${unpacked.stderr.trim()}` };
      const [name, version] = archive.split('_');
      versions[name] = decodeURIComponent(version);
      bytes += readFileSync(join(apt, archive)).length;
    }
    return { versions, bytes };
  } catch (error) {
    return { reason: error.message };
  } finally {
    rmSync(apt, { recursive: true, force: true });
  }
}

/** The system's sources and keys, but lists and cache of our own. */
function ownSettings(apt) {
  return toArguments({
    'Dir::State': apt,
    'Dir::State::lists': join(apt, 'lists'),
    'Dir::State::status': '/dev/null',
    'Dir::Cache': join(apt, 'cache'),
    'Acquire::Languages': 'none',
    // As root, apt would download as another user, who may have no access here.
    ...(process.getuid?.() === 0 ? { 'APT::Sandbox::User': 'root' } : {}),
  });
}

/** Another suite, from where the system has its packages; nothing else. */
function sourceOf(suite, apt) {
  const source = join(apt, 'sources.list');
  writeFileSync(source, `deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] ${mirror()} ${suite} main\n`);
  return toArguments({
    'Dir::Etc::sourcelist': source,
    'Dir::Etc::sourceparts': '/dev/null',
    'Dir::Etc::preferencesparts': '/dev/null',
    // Mirrors that are kept for others are often some days behind.
    'Acquire::Check-Valid-Until': 'false',
  });
}

/** Where the first of the system's sources is, as apt itself tells it. */
function mirror() {
  const targets = ask('apt-get', ['indextargets', '--format', '$(SITE)', 'Created-By: Packages']) ?? '';
  const [first] = targets.split('\n').filter((line) => line !== '');
  if (first === undefined) throw new Error('apt has no source of packages');
  return first;
}

function toArguments(options) {
  return Object.entries(options).flatMap(([key, value]) => ['-o', `${key}=${value}`]);
}

/** Returns the last thing that apt-get complained about. */
function aptGet(args, cwd) {
  const { stderr } = spawnSync('apt-get', args, { cwd, encoding: 'utf8' });
  return (stderr ?? '').trim().split('\n').at(-1);
}
