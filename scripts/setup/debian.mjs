// Files out of Debian packages, without installing any.
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

import { ask } from './process.mjs';

/**
 * Downloads packages with the system's apt, and unpacks them into `<folder>/root`. No root is needed.
 * @param {string} folder exists
 * @param {string[]} packages
 * @param {{ suite?: string, architecture?: string, source?: string }} [options] `suite`: of Debian's, in place of the
 *   system's own, from the same source; `architecture`: as Debian calls it, in place of the system's own, only with
 *   `suite`; `source`: a source package, whose upstream archive is put into `folder`, only with `suite`
 * @returns {{ versions: Record<string, string>, bytes: number, archive?: string } | { reason: string }} what was
 *   downloaded, or why not; `archive`: the one of `source`
 */
export function unpackDebian(folder, packages, { suite, architecture, source } = {}) {
  if (ask('apt-get', ['--version']) === undefined || ask('dpkg-deb', ['--version']) === undefined) {
    return { reason: 'it comes through apt, which this system does not have' };
  }
  const apt = join(folder, 'apt');
  mkdirSync(join(apt, 'lists', 'partial'), { recursive: true });
  mkdirSync(join(apt, 'cache', 'archives', 'partial'), { recursive: true });
  try {
    const settings = [
      ...ownSettings(apt),
      ...(suite === undefined ? [] : sourceOf(suite, apt)),
      ...(architecture === undefined ? [] : ofArchitecture(architecture)),
    ];
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
    mergeUsr(join(folder, 'root'));
    return { versions, bytes, ...(source === undefined ? {} : downloadSource(settings, source, apt, folder)) };
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
  const rest = `[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] ${mirror()} ${suite} main\n`;
  writeFileSync(source, `deb ${rest}deb-src ${rest}`);
  return toArguments({
    'Dir::Etc::sourcelist': source,
    'Dir::Etc::sourceparts': '/dev/null',
    'Dir::Etc::preferencesparts': '/dev/null',
    // Mirrors that are kept for others are often some days behind.
    'Acquire::Check-Valid-Until': 'false',
  });
}

function ofArchitecture(architecture) {
  return ['-o', `APT::Architecture=${architecture}`, '-o', `APT::Architectures::=${architecture}`];
}

/** Only what upstream has published: mirrors drop Debian's own part, which names a revision, when the next one comes. */
function downloadSource(settings, source, apt, folder) {
  const failure = aptGet([...settings, '-qq', '--download-only', '--tar-only', 'source', source], apt);
  const archive = readdirSync(apt).find((name) => name.startsWith(`${source}_`) && name.includes('.orig.tar.'));
  if (archive === undefined) return { reason: `apt can't download the sources of ${source}: ${failure}` };
  renameSync(join(apt, archive), join(folder, archive));
  return { archive: join(folder, archive) };
}

/** Some packages still have files in /lib, which is a link to /usr/lib where they are installed. */
function mergeUsr(root) {
  for (const name of ['lib', 'lib64']) {
    const [outer, inner] = [join(root, name), join(root, 'usr', name)];
    if (existsSync(outer) && !lstatSync(outer).isSymbolicLink()) {
      cpSync(outer, inner, { recursive: true, verbatimSymlinks: true });
      rmSync(outer, { recursive: true });
    }
    if (existsSync(inner) && !existsSync(outer)) symlinkSync(join('usr', name), outer);
  }
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
