/** Running the `accelnode` command and reading what it says. */
import { expect } from 'vitest';

import { runCommand } from './child.js';
import type { ChildResult } from './child.js';

/** What commands print with --json when they fail. */
export interface JsonError {
  error: { code: string; message: string; hint?: string; attempts?: { device: string; code: string }[] };
}

/** The command with variables of the environment set, or with `undefined` unset. */
export type Accelnode = (...args: string[]) => Promise<ChildResult>;

export function command(env: NodeJS.ProcessEnv = {}): Accelnode {
  return (...args) => runCommand(args, { FORCE_COLOR: undefined, NO_COLOR: undefined, ...env });
}

/** Expects the command to end so, to have printed plain lines, and to have shown no trace of the stack. */
export function expectPlain({ code, signal, stdout, stderr }: ChildResult, expected: number): void {
  expect({ code, signal }, stderr === '' ? stdout : stderr).toEqual({ code: expected, signal: null });
  for (const text of [stdout, stderr]) {
    // eslint-disable-next-line no-control-regex -- what a terminal would obey
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f]/);
    expect(text).not.toMatch(/^\s+at .*:\d+:\d+\)?$/m);
    for (const line of text.split('\n')) expect(line).toBe(line.trimEnd());
  }
}

/** Runs the command with --json, and returns what it printed: one JSON value, and nothing to stderr. */
export async function jsonOf<T>(accelnode: Accelnode, expected: number, ...args: string[]): Promise<T> {
  const result = await accelnode(...args, '--json');
  expectPlain(result, expected);
  expect(result.stderr).toBe('');
  return JSON.parse(result.stdout) as T;
}

/** Expects the command to fail in the same way with --json and without, and returns the error. */
export async function failureOf(accelnode: Accelnode, expected: 1 | 2, ...args: string[]): Promise<JsonError['error']> {
  const [{ error }, plain] = await Promise.all([jsonOf<JsonError>(accelnode, expected, ...args), accelnode(...args)]);
  expectPlain(plain, expected);
  expect(plain.stdout).toBe('');
  expect(plain.stderr).toContain(error.message.split('\n')[0]);
  if (plain.stderr.startsWith(`error ${error.code}`) && error.hint !== undefined) {
    expect(plain.stderr).toContain(`hint: ${error.hint}`);
  }
  return error;
}
