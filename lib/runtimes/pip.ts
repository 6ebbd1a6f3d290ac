/** Fetching a wheel with the user's own pip, which knows the index, the mirror, the proxy and the cache to use. */
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';

import { AccelError } from '../errors.js';
import { packageFile } from '../package-folder.js';
import type { Client, KnownFailure } from './client.js';
import { MAKE_ROOM } from './failures.js';
import { findPython, runProgram } from './python.js';
import type { Ended, PythonInfo } from './python.js';
import type { Archive, Release } from './manifest.js';

/** pip's words for the Python that the wheels are for; any would do, for only their libraries are used. */
const TAGS = ['--python-version', '312', '--implementation', 'cp', '--abi', 'cp312'];

/** How often the progress of a download is looked at, in milliseconds. */
const POLL = 200;

// Every pip from 20.3 on, which is the one of Debian 11, takes these.
const ARGUMENTS = [
  ...['download', '--no-input', '--no-color', '--disable-pip-version-check', '--progress-bar', 'off'],
  ...['--no-deps', '--only-binary', ':all:', '--require-hashes'],
];

/** The pip of a Python. */
export async function findPip(named: string | undefined, signal: AbortSignal): Promise<Client> {
  const python = await findPython(named, signal);
  return {
    name: `pip ${python.pip} of Python ${python.version} (${python.executable})`,
    python,
    download: (release, folder, stop, onBytes) => downloadWheel(python, release, folder, stop, onBytes),
    unpack: (wheel, file, folder, stop, onBytes) => unpackWheel(python, wheel, file, folder, stop, onBytes),
  };
}

/**
 * Downloads the wheel of a release into `<folder>/wheel`, and checks its hash.
 * @param folder an empty folder, which also takes pip's temporary files
 * @param onBytes told the bytes that have come, now and then
 * @returns the wheel's file
 */
async function downloadWheel(
  python: PythonInfo,
  { version, archive: wheel }: Release,
  folder: string,
  signal: AbortSignal,
  onBytes: (bytes: number) => void,
): Promise<string> {
  const requirements = join(folder, 'requirements.txt');
  const log = join(folder, 'pip.log');
  await writeFile(requirements, `${wheel.package}==${version} --hash=sha256:${wheel.sha256}\n`);
  let done = false;
  const look = async (): Promise<void> => {
    const bytes = await partialSize(folder);
    if (!done && bytes > 0) onBytes(Math.min(bytes, wheel.size));
  };
  const poll = setInterval(() => void look(), POLL);
  let ended: Ended;
  try {
    ended = await runProgram(
      python.executable,
      [
        ...['-m', 'pip', ...ARGUMENTS, '--log', log],
        ...['--requirement', requirements, '--dest', join(folder, 'wheel')],
        ...['--platform', wheel.platform, ...TAGS],
      ],
      // Python would import from the current folder, so it is one that is empty.
      { cwd: folder, env: environment(folder), signal },
    );
  } finally {
    done = true;
    clearInterval(poll);
  }
  const files = await readdir(join(folder, 'wheel')).catch(() => []);
  const file = files.find((each) => each.endsWith('.whl'));
  if (ended.status !== 0 || file === undefined) {
    throw pipFailure(ended, await readFile(log, 'utf8').catch(() => ''), wheel);
  }
  return join(folder, 'wheel', file);
}

function environment(folder: string): NodeJS.ProcessEnv {
  return {
    ...process.env,
    TMPDIR: folder,
    TEMP: folder,
    TMP: folder,
    PYTHONIOENCODING: 'utf-8',
    // Nothing is installed into that Python, so whether it is a virtual environment does not matter.
    PIP_REQUIRE_VIRTUALENV: 'false',
    // An error is told in pip's words.
    PIP_QUIET: '0',
  };
}

/** The size of what pip has got of the wheel, which it keeps in a temporary folder until it is complete. */
async function partialSize(folder: string): Promise<number> {
  try {
    const names = await readdir(folder, { recursive: true });
    const sizes = names.filter((name) => name.endsWith('.whl')).map(async (name) => stat(join(folder, name)));
    return Math.max(0, ...(await Promise.all(sizes)).map(({ size }) => size));
  } catch {
    return 0; // pip moves its files while we look
  }
}

const CONFIGURATION = '`python -m pip config list` shows what is set.';

// In order: that no version was found is what pip also prints when it could not ask.
const KNOWN_FAILURES: readonly KnownFailure[] = [
  {
    pattern: /DO NOT MATCH THE HASHES/,
    code: 'RUNTIME_INCOMPATIBLE',
    message: 'What pip was given is not the file that accelnode knows, so it was not installed.',
    hint:
      'A download cut short looks like this to an older pip: try again. If it stays so, the index or mirror that ' +
      `pip uses serves another file under this name. ${CONFIGURATION}`,
  },
  {
    pattern: /\[Errno (28|122)\]|\[WinError 112\]/,
    code: 'INVALID_ARGUMENT',
    message: 'There is no space left for what pip downloads.',
    hint: MAKE_ROOM,
  },
  {
    pattern: /confirming the ssl certificate|CERTIFICATE_VERIFY_FAILED|SSLError/,
    code: 'RUNTIME_NOT_FOUND',
    message: 'pip does not trust the certificate of its package index.',
    hint: `Behind a proxy that has a certificate of its own, set PIP_CERT to that. ${CONFIGURATION}`,
  },
  {
    pattern: /40[137] Client Error|HTTP error 40[137]|ProxyError|Tunnel connection failed/,
    code: 'RUNTIME_NOT_FOUND',
    message: 'The package index or the proxy turned pip away.',
    hint: `Check the proxy (HTTPS_PROXY), and the user name and password that pip has. ${CONFIGURATION}`,
  },
  {
    pattern:
      /connection error:|Max retries exceeded|NewConnectionError|timed out|Connection (broken|aborted|reset)|incomplete-download|IncompleteRead/,
    code: 'RUNTIME_NOT_FOUND',
    message: 'pip could not reach its package index, or lost it on the way.',
    hint:
      `Check the network and the proxy (HTTPS_PROXY). ${CONFIGURATION} Without a network, put the file into a ` +
      'folder, and set PIP_NO_INDEX=1 and PIP_FIND_LINKS to that folder.',
  },
  {
    pattern: /No matching distribution found/,
    code: 'RUNTIME_NOT_FOUND',
    message: "pip's package index does not have the file.",
    hint: `A mirror may lack it. ${CONFIGURATION}`,
  },
];

function pipFailure({ output, status }: Ended, log: string, { file, package: name }: Archive): AccelError {
  // pip prints that it found nothing; why it found nothing is in its log alone, after a time stamp.
  const reasons = [...log.matchAll(/^\S+ +(Could not fetch URL .*|There was a problem confirming .*)$/gm)]
    .map((match) => match[1]!)
    .slice(-3);
  const said = output.trim() === '' ? [`It ended with ${String(status)} and said nothing.`] : lastWords(output);
  const words = [...reasons, ...said];
  const known = KNOWN_FAILURES.find(
    ({ pattern }) => pattern.test(output) || reasons.some((line) => pattern.test(line)),
  );
  const message = known?.message ?? 'pip failed.';
  return new AccelError(
    known?.code ?? 'VENDOR_FAILURE',
    [message, `  file: ${file}`, ...words.map((line) => `  pip: ${line}`)].join('\n'),
    { hint: known?.hint ?? `Try by hand: python -m pip download --no-deps ${name}. ${CONFIGURATION}` },
  );
}

/** From the first error on; of a long trace only how it ends. */
function lastWords(output: string): string[] {
  const lines = output.split(/\r?\n/).filter((line) => line.trim() !== '');
  const error = lines.findIndex((line) => /^error\b/i.test(line));
  const words = lines.slice(error === -1 ? 0 : error);
  return words.length > 10 ? words.slice(-5) : words;
}

async function unpackWheel(
  python: PythonInfo,
  wheel: Archive,
  file: string,
  folder: string,
  signal: AbortSignal,
  onBytes: (bytes: number) => void,
): Promise<void> {
  const list = `${file}.json`;
  await writeFile(list, JSON.stringify(wheel.members.map((member) => [member, installedPath(member)])));
  const { status, output } = await runProgram(
    python.executable,
    [packageFile('dist', 'unpack_wheel.py'), file, folder, list],
    {
      signal,
      env: { ...process.env, PYTHONIOENCODING: 'utf-8' },
      onLine: (line) => onBytes(Number(line)),
    },
  );
  if (status === 0) return;
  const words = output.trim().split('\n').at(-1)!;
  const full = /\[Errno (28|122)\]|\[WinError 112\]/.test(words);
  throw new AccelError(
    full ? 'INVALID_ARGUMENT' : 'VENDOR_FAILURE',
    `${wheel.file} could not be unpacked: ${words || `ended with ${String(status)}`}`,
    { hint: full ? MAKE_ROOM : undefined },
  );
}

/** Where a file of the wheel goes: the libraries beside one another, the licences in a folder of their own. */
function installedPath(member: string): string {
  const licence = /\.dist-info\/(?:licenses\/)?(.+)$/.exec(member);
  return licence === null ? basename(member) : join('licenses', licence[1]!);
}
