/** How the commands print: tables and progress bars on a terminal, plain lines or JSON otherwise. */
import { Presets, SingleBar } from '../third-party/cli-progress.js';

import { AccelError } from '../index.js';

export { formatTable } from './table.js';

/** Exit codes: 0 done, 1 failed, 2 wrong usage. */
export const EXIT_FAILED = 1;
export const EXIT_USAGE = 2;

export function print(text = ''): void {
  process.stdout.write(`${text}\n`);
}

export function printJson(value: unknown): void {
  print(JSON.stringify(value, (_key, item: unknown) => (typeof item === 'bigint' ? item.toString() : item), 2));
}

/** " in fp16", to follow the name of a device; nothing when the vendor does not tell. */
export function inPrecision(precision: string | undefined): string {
  if (precision === undefined) return '';
  return precision === 'typed' ? " in the model's own types" : ` in ${precision}`;
}

/** Text under a heading, each line moved in. */
export function indent(text: string, by = '  '): string {
  return text
    .split('\n')
    .map((line) => by + line)
    .join('\n');
}

/** Names with commas between them, over as many lines of `width` columns as they take. A name is never broken. */
export function foldList(names: readonly string[], width: number): string {
  const lines: string[] = [];
  for (const name of names) {
    const longer = lines.length === 0 ? name : `${lines.at(-1)!}, ${name}`;
    // After each but the last one there is a comma.
    if (longer.length < width) lines.splice(-1, 1, longer);
    else lines.push(name);
  }
  return lines.join(',\n');
}

/** 1536 → "1.5 KB" */
export function formatBytes(bytes: number): string {
  const units = ['B', 'KB', 'MB', 'GB', 'TB'];
  let unit = 0;
  let value = bytes;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]!}`;
}

/** Shows how far something has come: a bar on a terminal, a line for each step elsewhere. */
export class Progress {
  readonly #bar: SingleBar | undefined;
  #step = '';

  constructor(quiet = false) {
    if (quiet || !process.stderr.isTTY) {
      this.#bar = undefined;
      this.#step = quiet ? 'quiet' : '';
      return;
    }
    this.#bar = new SingleBar(
      {
        format: '{step} [{bar}] {percentage}% {duration_formatted}',
        stream: process.stderr,
        hideCursor: true,
        clearOnComplete: true,
      },
      Presets.legacy,
    );
  }

  /** `done` of `total` of a step. */
  update(step: string, done: number, total: number): void {
    if (this.#bar === undefined) {
      if (this.#step !== 'quiet' && this.#step !== step) process.stderr.write(`${step}…\n`);
      if (this.#step !== 'quiet') this.#step = step;
      return;
    }
    if (this.#step === '') this.#bar.start(total, done, { step });
    else {
      this.#bar.setTotal(total);
      this.#bar.update(done, { step });
    }
    this.#step = step;
  }

  stop(): void {
    if (this.#bar === undefined || this.#step === '') return;
    this.#bar.stop();
    this.#step = '';
  }
}

/**
 * What messages and hints of the library say, and what a command calls it. An option of a backend may have `options.` before
 * it. In this order: a later pattern may find what an earlier one has left.
 */
const WORDS: readonly (readonly [api: RegExp, command: string])[] = [
  [/\bwas aborted by its signal\b/g, 'was interrupted'],
  [/\bThe signal was aborted before the run began\b/g, 'It was interrupted before the run began'],
  [/\{ cuda: \{ versionCompatible: true \} \}/g, '--version-compatible'],
  [/\{ shapes: \{ "([^"]+)": \{ min, opt, max \} \} \}/g, '-s $1=<dims>'],
  [/\bprecision: '(\w+)'/g, '--precision $1'],
  [/`precision`/g, '--precision'],
  [/\bmemory "(host|pinned|device)"/g, '--memory $1'],
  [/\boptions\.device(\.\d+)?\b/g, '--device'],
  [/\boptions\.cache\b/g, '--cache-dir'],
  // The queue of `bench` has room for what is in flight.
  [/\boptions\.(maxQueue|concurrency)\b/g, '--concurrency'],
  [/\boptions\.rate\b/g, '--request-rate'],
  [/\boptions\.minRuns\b/g, '--min-runs'],
  [/\boptions\.maxDuration\b/g, '--max-duration'],
  [/\boptions\.(lanes|precision|warmup|tolerance)\b/g, '--$1'],
  [/\brequest\.pins\./g, '--pin '],
  [/(?:\boptions\.)?\bopenvino\.(hint|streams|threads)\b/g, '--$1'],
  [/(?:\boptions\.)?\b(?:cuda|rocm|openvino|armnn|rknn)\.library\b/g, '--library'],
  [/(?:\boptions\.)?\bcuda\.(graphs|workspace|refittable)\b/g, '--$1'],
  [/(?:\boptions\.)?\bcuda\.stronglyTyped\b/g, '--strongly-typed'],
  [/(?:\boptions\.)?\bcuda\.timingCache\b/g, '--timing-cache'],
  [/(?:\boptions\.)?\bcuda\.calibration(\.cache)?\b/g, '--calibration-cache'],
  [/(?:\boptions\.)?\bcuda\.plugins(\.\d+)?\b/g, '--plugin'],
];

/** A message or hint of the library for a person at a terminal, who knows the flags. */
export function inFlags(text: string): string {
  return WORDS.reduce((said, [api, command]) => said.replace(api, command), text);
}

/** Prints an error as a person wants it, and returns the exit code. */
export function reportError(error: unknown, json: boolean): number {
  if (!(error instanceof AccelError)) {
    // A mistake in accelnode, which only its trace helps to find.
    const trace = error instanceof Error ? (error.stack ?? error.message) : String(error);
    if (json) printJson({ error: { code: 'INTERNAL', message: trace } });
    else process.stderr.write(`${trace}\n`);
    return EXIT_FAILED;
  }
  const message = inFlags(error.message);
  const hint = error.hint === undefined ? undefined : inFlags(error.hint);
  if (json) {
    const { code, backend, device, call, status, libraries, attempts } = error;
    printJson({ error: { code, message, hint, backend, device, call, status, libraries, attempts } });
  } else {
    const where = error.device ?? error.backend;
    process.stderr.write(`error ${error.code}${where === undefined ? '' : ` (${where})`}: ${message}\n`);
    if (hint !== undefined) process.stderr.write(`hint: ${hint}\n`);
  }
  return error.code === 'INVALID_ARGUMENT' ? EXIT_USAGE : EXIT_FAILED;
}
