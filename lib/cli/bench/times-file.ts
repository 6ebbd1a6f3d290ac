import { appendFileSync, statSync, truncateSync } from 'node:fs';

import type { Measurement } from '../../index.js';
import { AccelError } from '../../errors.js';
import { reasonOf } from '../../runtimes/failures.js';
import { writeWhole } from '../../write-whole.js';

/** A CSV file with the times of the requests of all configurations, which the first column numbers from 1. */
export class TimesFile {
  readonly #path: string;
  #configurations = 0;

  constructor(path: string) {
    this.#path = path;
  }

  /** @throws `INVALID_ARGUMENT` with the system's reason */
  add({ times }: Measurement): void {
    if (times === undefined) return;
    // An earlier file stays until there is something to put in its place.
    if (this.#configurations === 0) writeWhole(this.#path, 'Configuration,Due (ms),Started (ms),Ended (ms)\n');
    const number = ++this.#configurations;
    const { due, started, ended } = times;
    const lines = Array.from(due, (time, i) => `${number},${time},${started?.[i] ?? ''},${ended[i]!}\n`);
    let size: number | undefined;
    try {
      ({ size } = statSync(this.#path));
      appendFileSync(this.#path, lines.join(''));
    } catch (cause) {
      // A line that is cut off would be a false number.
      if (size !== undefined) truncateSync(this.#path, size);
      throw new AccelError('INVALID_ARGUMENT', `Can't write ${this.#path}: ${reasonOf(cause)}.`, { cause });
    }
  }
}
