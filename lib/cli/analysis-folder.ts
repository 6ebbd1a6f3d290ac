/** Where `accelnode analyze` keeps an analysis. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { readToResume } from '../analyze/analysis-file.js';
import type { Analysis, Question } from '../analyze/analysis.js';
import { requireSameMachine } from '../analyze/environment.js';
import { AccelError } from '../index.js';
import { tryLock } from '../lock-folder.js';
import { makeFolder } from '../make-folder.js';
import { toCsv } from '../report/columns.js';
import { toHtml } from '../report/html.js';
import type { Environment } from '../results/environment.js';
import { writeResults } from '../results/results.js';
import type { Results } from '../results/results.js';
import { reasonOf } from '../runtimes/failures.js';
import { writeWhole } from '../write-whole.js';

/** A folder that an analysis grows in, one process' alone. Each file in it is whole at all times. */
export class AnalysisFolder implements AsyncDisposable {
  /** What there is to go on with. */
  readonly earlier: Analysis | undefined;
  readonly #path: string;
  readonly #lock: Lock;

  private constructor(path: string, lock: Lock, earlier: Analysis | undefined) {
    this.#path = path;
    this.#lock = lock;
    this.earlier = earlier;
  }

  /**
   * Opens a folder, and makes it unless it is to be gone on with. What can't be written to is known before anything is
   * measured: the lock is written.
   * @throws `INVALID_ARGUMENT` for a folder that has an analysis already or, with `resume`, none of this question and
   * machine; that another process is at; that can't be written to
   */
  static async open(path: string, question: Question, now: Environment, resume: boolean): Promise<AnalysisFolder> {
    // Before anything is made, and again when nobody else can write.
    readEarlier(path, question, now, resume);
    const lock = await Lock.take(path);
    try {
      return new AnalysisFolder(path, lock, readEarlier(path, question, now, resume));
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  /** @throws `VENDOR_FAILURE` when another process has taken the folder over; `INVALID_ARGUMENT` with the system's reason */
  save(analysis: Analysis): void {
    this.#lock.requireHeld();
    writeWhole(jsonIn(this.#path), `${JSON.stringify(analysis, null, 2)}\n`);
  }

  /** The same for other programs and for people. */
  async finish(analysis: Analysis, results: Results): Promise<void> {
    this.save(analysis);
    writeResults(join(this.#path, 'results.json'), results);
    writeWhole(join(this.#path, 'analysis.csv'), toCsv(analysis.measurements));
    writeWhole(this.report, await toHtml(analysis));
  }

  get report(): string {
    return join(this.#path, 'report.html');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#lock.release();
  }
}

function jsonIn(folder: string): string {
  return join(folder, 'analysis.json');
}

function readEarlier(path: string, question: Question, now: Environment, resume: boolean): Analysis | undefined {
  if (resume) {
    const earlier = readToResume(jsonIn(path), question);
    requireSameMachine(jsonIn(path), earlier.environment, now);
    return earlier;
  }
  if (!existsSync(jsonIn(path))) return undefined;
  throw new AccelError('INVALID_ARGUMENT', `There is an analysis in ${path} already.`, {
    hint: 'Add --resume to go on with it, or name another folder.',
  });
}

/** Keeps other processes away from a folder. */
class Lock {
  #lost = false;
  #release: () => Promise<void> = () => Promise.resolve();

  private constructor(private readonly folder: string) {}

  static async take(folder: string): Promise<Lock> {
    const lock = new Lock(folder);
    const release = await lock.#try();
    if (release === undefined) {
      throw new AccelError('INVALID_ARGUMENT', `Another process writes an analysis to ${folder}.`, {
        hint: 'Wait until it has ended, or name another folder.',
      });
    }
    lock.#release = release;
    return lock;
  }

  async #try(): ReturnType<typeof tryLock> {
    try {
      makeFolder(this.folder);
      return await tryLock(join(this.folder, '.lock'), () => (this.#lost = true));
    } catch (cause) {
      throw new AccelError('INVALID_ARGUMENT', `Can't write to the folder ${this.folder}: ${reasonOf(cause)}.`, {
        cause,
      });
    }
  }

  requireHeld(): void {
    if (!this.#lost) return;
    throw new AccelError('VENDOR_FAILURE', `Another process took over ${this.folder} while this one did not answer.`, {
      hint: 'Analyze into another folder.',
    });
  }

  release(): Promise<void> {
    return this.#release();
  }
}
