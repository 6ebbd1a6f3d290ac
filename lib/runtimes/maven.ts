/** Fetching a jar with the user's own Maven, which knows the repositories, the mirror and the proxy to use. */
import { join } from 'node:path';

import { readJar, unpackMembers } from './archive.js';
import { OFFLINE, checkHash, fetchFailure } from './client.js';
import type { Client, KnownFailure } from './client.js';
import { sizeOf } from './npm.js';
import { runProgram, versionOf } from './python.js';

/** The one that Maven takes by itself; newer ones fail on packages whose parent is nowhere. */
const COPY = 'org.apache.maven.plugins:maven-dependency-plugin:2.8:copy';

const SETTINGS = 'Maven reads its mirror and proxy from ~/.m2/settings.xml.';

const KNOWN_FAILURES: readonly KnownFailure[] = [
  {
    pattern: /No space left|Disk quota exceeded/i,
    code: 'INVALID_ARGUMENT',
    message: 'There is no space left for what Maven downloads.',
    hint: 'Make room in ~/.m2, or set ACCELNODE_RUNTIMES to a folder on another disk.',
  },
  {
    pattern: /PKIX path|SSLHandshakeException|certificate/i,
    code: 'RUNTIME_NOT_FOUND',
    message: 'Maven does not trust the certificate of its repository.',
    hint: `Behind a proxy that has a certificate of its own, Java's trust store needs that. ${SETTINGS}`,
  },
  {
    pattern: /status code: 40[137]|Not authorized|authentication failed|Unauthorized|Forbidden/i,
    code: 'RUNTIME_NOT_FOUND',
    message: 'The repository or the proxy turned Maven away.',
    hint: `Check the user name and password that Maven has. ${SETTINGS}`,
  },
  {
    pattern:
      /offline mode|UnknownHost|Unknown host|Name or service not known|Temporary failure in name|Connect(ion)? (to .* failed|refused|timed out|reset)|Network is unreachable|Premature end|timed out/i,
    code: 'RUNTIME_NOT_FOUND',
    message: 'Maven could not reach its repository, or lost it on the way.',
    hint: `Check the network and the proxy. ${SETTINGS} ${OFFLINE}`,
  },
  {
    pattern: /Could not find artifact|was not found in|Unable to find artifact/i,
    code: 'RUNTIME_NOT_FOUND',
    message: "Maven's repository does not have the file.",
    hint: `A mirror may lack it. ${SETTINGS}`,
  },
];

/** @throws `UNSUPPORTED` without Maven */
export async function findMaven(signal: AbortSignal): Promise<Client> {
  const hint = 'Install Maven (on Debian and Ubuntu: apt install maven), or take tflite@2.9.0, which npm fetches.';
  const version = await versionOf('mvn', signal, hint);
  return { name: `Maven ${version}`, download, unpack };
}

const download: Client['download'] = async ({ archive }, folder, signal, onBytes) => {
  const classifier = archive.file.slice(0, -'.jar'.length).split(`${archive.packageVersion!}-`)[1]!;
  const artifact = `${archive.package}:${archive.packageVersion!}:jar:${classifier}`;
  const ended = await runProgram(
    'mvn',
    ['-B', '-q', '-Dstyle.color=never', COPY, `-Dartifact=${artifact}`, `-DoutputDirectory=${folder}`],
    // Maven would take a project in the current folder, so it is one that is empty.
    { cwd: folder, signal },
  );
  const file = join(folder, archive.file);
  const size = await sizeOf(file);
  if (ended.status !== 0 || size === undefined) {
    throw fetchFailure('Maven', KNOWN_FAILURES, ended, archive, `Try by hand: mvn ${COPY} -Dartifact=${artifact}`);
  }
  await checkHash('Maven', file, archive);
  onBytes(size);
  return file;
};

const unpack: Client['unpack'] = (archive, file, folder, _signal, onBytes) =>
  unpackMembers(archive, readJar(file, archive.members), folder, onBytes);
