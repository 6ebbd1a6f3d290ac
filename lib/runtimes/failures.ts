import { AccelError } from '../errors.js';

const REASONS: Readonly<Record<string, string | undefined>> = {
  ENOENT: 'there is no such file or folder',
  EISDIR: 'it is a folder',
  EACCES: 'there is no permission',
  EPERM: 'the system does not permit it',
  EROFS: 'it is read-only',
  ENOSPC: 'there is no space left',
  EDQUOT: 'the quota is used up',
  ENOTDIR: 'a part of the path is a file',
  EEXIST: 'a file is in the way',
};

/** Why the system refused something with files, or what an error says, in words without a full stop. */
export function reasonOf(error: unknown): string {
  const { code = '', message } = error as NodeJS.ErrnoException;
  return REASONS[code] ?? message.replace(/\.$/, '');
}

/** What helps where there is no space left for a runtime. */
export const MAKE_ROOM = 'Make room, or set ACCELNODE_RUNTIMES to a folder on another disk.';

export function isFull(code: string | undefined): boolean {
  return code === 'ENOSPC' || code === 'EDQUOT';
}

/** What the system said about the runtimes folder, as an error; other errors as they are. */
export function folderFailure(error: unknown, folder: string): unknown {
  if (!(error instanceof Error) || error instanceof AccelError) return error;
  const { code, syscall }: NodeJS.ErrnoException = error;
  if (code === undefined) return error;
  // Windows lets nobody move a library that a process has loaded.
  if (process.platform === 'win32' && syscall === 'rename' && ['EPERM', 'EBUSY', 'EACCES'].includes(code)) {
    return new AccelError('VENDOR_FAILURE', `${folder} can't be changed: ${error.message}`, {
      hint: 'A process that uses the runtime keeps its files locked. End it, and try again.',
      cause: error,
    });
  }
  // Another folder helps against what is known; the rest is the machine's trouble.
  const blame = REASONS[code] === undefined ? 'VENDOR_FAILURE' : 'INVALID_ARGUMENT';
  return new AccelError(blame, `The runtimes folder ${folder} can't be changed: ${reasonOf(error)}.`, {
    hint: isFull(code) ? MAKE_ROOM : 'Mend that, or set ACCELNODE_RUNTIMES to a folder that this user may write to.',
    cause: error,
  });
}
