/** The user's Python: finding one that has pip, and running it. */
import { spawn } from 'node:child_process';
import { resolve, sep } from 'node:path';

import { AccelError } from '../errors.js';

/** A Python that has pip. */
export interface PythonInfo {
  /** The interpreter's file. */
  executable: string;
  /** Its version, e.g. `3.11.2`. */
  version: string;
  /** The version of its pip. */
  pip: string;
}

/** How a program ended. */
export interface Ended {
  /** The exit code, or the signal that ended it. */
  status: number | NodeJS.Signals | null;
  /** What it printed, both streams; only the last of it when that is long. */
  output: string;
}

export interface RunOptions {
  cwd?: string | undefined;
  env?: NodeJS.ProcessEnv | undefined;
  signal?: AbortSignal | undefined;
  /** Told each line of standard output. */
  onLine?: ((line: string) => void) | undefined;
  /** Milliseconds after which the program is ended. */
  timeout?: number | undefined;
}

const OUTPUT_KEPT = 64 * 1024;
const OLDEST = [3, 9] as const;

/** Far more than an interpreter needs to start, on the slowest disk. */
const PROBE_TIMEOUT = 60_000;

// Any Python can run this, so that one that is too old can still say what it is. The current folder may hold
// anything, so nothing is imported from there.
const PROBE = `
import sys
sys.path = [folder for folder in sys.path if folder]
import json
answer = {'executable': sys.executable, 'version': list(sys.version_info[:3])}
try:
    import pip
    answer['pip'] = pip.__version__
except Exception:
    answer['error'] = str(sys.exc_info()[1])
print('accelnode:' + json.dumps(answer))
`;

/**
 * Finds a Python to run pip with.
 *
 * One that the user named, by the option or by `ACCELNODE_PYTHON`, is the only one tried.
 * @throws `UNSUPPORTED` with each one tried and why it won't do
 */
export async function findPython(named: string | undefined, signal?: AbortSignal): Promise<PythonInfo> {
  const refusals: string[] = [];
  for (const [command, ...args] of candidates(named)) {
    const found = await probe(command, args, signal);
    if (typeof found !== 'string') return found;
    refusals.push(`${[command, ...args].join(' ')}: ${found}`);
  }
  throw new AccelError(
    'UNSUPPORTED',
    `There is no Python ${OLDEST.join('.')} or later with pip, which fetches runtimes. Tried:\n` +
      refusals.map((line) => `  ${line}`).join('\n'),
    {
      hint:
        'Install Python with pip (on Debian and Ubuntu: apt install python3-pip), or set ACCELNODE_PYTHON to an ' +
        'interpreter that has it.',
    },
  );
}

function candidates(named: string | undefined): [string, ...string[]][] {
  const wanted = named ?? process.env['ACCELNODE_PYTHON'];
  if (wanted !== undefined && wanted !== '') {
    // pip runs in a folder of its own, so a path must not depend on the current one.
    return [[wanted.includes('/') || wanted.includes(sep) ? resolve(wanted) : wanted]];
  }
  return process.platform === 'win32' ? [['python3'], ['python'], ['py', '-3']] : [['python3'], ['python']];
}

/** The Python behind a command, or why it won't do. */
async function probe(command: string, args: readonly string[], signal?: AbortSignal): Promise<PythonInfo | string> {
  let ended: Ended;
  try {
    ended = await runProgram(command, [...args, '-c', PROBE], { signal, timeout: PROBE_TIMEOUT });
  } catch (error) {
    if (error instanceof AccelError) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' ? 'not found' : `can't be started (${code ?? message})`;
  }
  const answer = /^accelnode:(.*)$/m.exec(ended.output)?.[1];
  if (ended.status !== 0 || answer === undefined) {
    return `does not run: ${ended.output.trim() || `it ended with ${String(ended.status)}`}`;
  }
  const { executable, version, pip, error } = JSON.parse(answer) as {
    executable: string | null;
    version: [number, number, number];
    pip?: string;
    error?: string;
  };
  const [major, minor] = version;
  if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])) return `is Python ${version.join('.')}, too old`;
  if (pip === undefined) return `Python ${version.join('.')} has no pip (${error ?? 'no reason given'})`;
  // A launcher or shim would stand between us and the interpreter, and be ended in its place.
  return {
    executable: executable === null || executable === '' ? command : executable,
    version: version.join('.'),
    pip,
  };
}

/**
 * The first version number that a program prints when it is asked for it.
 * @throws `UNSUPPORTED` with why it won't do
 */
export async function versionOf(command: string, signal: AbortSignal, hint: string): Promise<string> {
  let reason: string;
  try {
    const { status, output } = await runProgram(command, ['--version'], { signal, timeout: PROBE_TIMEOUT });
    const version = /\d+(\.\d+)+/.exec(output)?.[0];
    if (status === 0 && version !== undefined) return version;
    reason = `does not run: ${output.trim() || `it ended with ${String(status)}`}`;
  } catch (error) {
    signal.throwIfAborted();
    const { code, message } = error as NodeJS.ErrnoException;
    reason = code === 'ENOENT' ? 'was not found.' : `can't be started (${code ?? message}).`;
  }
  throw new AccelError('UNSUPPORTED', `${command}, which fetches this runtime, ${reason}`, { hint });
}

/**
 * Runs a program to its end.
 * @throws what the system says when it can't be started; the signal's reason when that is aborted
 */
export async function runProgram(command: string, args: readonly string[], options: RunOptions = {}): Promise<Ended> {
  const { signal, onLine } = options;
  signal?.throwIfAborted();
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: options.env,
    stdio: ['ignore', 'pipe', 'pipe'],
    windowsHide: true,
  });
  // There is nothing that it could tidy up: all it writes is in a folder that is removed.
  const kill = (): void => void child.kill('SIGKILL');
  signal?.addEventListener('abort', kill);
  process.once('exit', kill);
  // Not spawn's own timeout: that of a program that can't be started keeps the process alive until it has passed.
  const timer = options.timeout === undefined ? undefined : setTimeout(kill, options.timeout);

  let output = '';
  let line = '';
  const collect = (text: string): void => {
    output = (output + text).slice(-OUTPUT_KEPT);
  };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    collect(text);
    const lines = (line + text).split('\n');
    line = lines.pop()!;
    if (onLine !== undefined) lines.forEach(onLine);
  });
  child.stderr.setEncoding('utf8').on('data', collect);

  try {
    const status = await new Promise<Ended['status']>((done, failed) => {
      child.once('error', failed);
      // Whatever it started may hold its streams open for longer; that matters only for what it says.
      child.once('exit', (code, signalName) => signal?.aborted === true && done(code ?? signalName));
      child.once('close', (code, signalName) => done(code ?? signalName));
    });
    signal?.throwIfAborted();
    return { status, output };
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', kill);
    process.removeListener('exit', kill);
  }
}
