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

/** What the system said about the runtimes folder, as an error; other errors as they are. */
export function folderFailure(error: unknown, folder: string): unknown {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  if (error instanceof AccelError || code === undefined) return error;
  // Windows lets nobody move or remove a library that a process has loaded.
  if (process.platform === 'win32' && (code === 'EPERM' || code === 'EBUSY' || code === 'EACCES')) {
    return new AccelError('VENDOR_FAILURE', `${folder} can't be changed: ${(error as Error).message}`, {
      hint: 'A process that uses the runtime keeps its files locked. End it, and try again.',
      cause: error,
    });
  }
  return new AccelError('VENDOR_FAILURE', `The runtimes folder ${folder} can't be changed: ${reasonOf(error)}.`, {
    hint: 'Mend that, or set ACCELNODE_RUNTIMES to another folder.',
    cause: error,
  });
}
