import { AccelError } from './errors.js';
import { reasonOf } from './runtimes/failures.js';
import { writeFileAtomic } from './third-party/write-file-atomic.js';

/** Writes all of a file or nothing, in the place of what was there. @throws `INVALID_ARGUMENT` with the system's reason */
export function writeWhole(path: string, contents: string): void {
  try {
    writeFileAtomic.sync(path, contents);
  } catch (cause) {
    throw new AccelError('INVALID_ARGUMENT', `Can't write ${path}: ${reasonOf(cause)}.`, { cause });
  }
}
