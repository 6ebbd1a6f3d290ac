/** Running programs in the folder that the package is installed in, or in a copy of it that is spoilt. */
import { cpSync, existsSync, readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';

import { expect, inject } from 'vitest';

import { runProgram } from '../utils/child.js';
import type { ChildResult } from '../utils/child.js';

export const { project, env, tarball, files, size } = inject('package');

export const packageFolder = join(project, 'node_modules', 'accelnode');

const programs = join(import.meta.dirname, 'programs');

export interface RunOptions {
  /** Where to run, and to find the package from. */
  folder?: string;
  /** Another Node. */
  node?: string;
  env?: NodeJS.ProcessEnv | undefined;
  /** What programs/pretend.cjs, which is preloaded, makes this machine look like. */
  pretend?: { platform?: string; arch?: string; glibc?: string } | undefined;
}

/** Runs a program of programs/ where the package is installed. */
export function runHere(program: string, options: RunOptions = {}): Promise<ChildResult> {
  const { folder = project } = options;
  const file = join(folder, program);
  // Modules are looked for from where the file lies. The project has them already: other tests are running theirs.
  if (!existsSync(file)) cpSync(join(programs, program), file);
  return runNode([file], options);
}

/** What a program printed as JSON; it must have ended well and said nothing else. */
export async function outputOf<T>(result: Promise<ChildResult>): Promise<T> {
  const { code, signal, stdout, stderr } = await result;
  expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr: '' });
  return JSON.parse(stdout) as T;
}

/** Runs the installed command. */
export function accelnode(args: string[], options: RunOptions = {}): Promise<ChildResult> {
  const { folder = project } = options;
  return runNode([join(folder, 'node_modules', 'accelnode', 'dist', 'cli.js'), ...args], options);
}

export function runNode(args: string[], options: RunOptions = {}): Promise<ChildResult> {
  const { folder = project, node = process.execPath, env: more = {}, pretend } = options;
  const preload = pretend === undefined ? [] : ['--require', join(programs, 'pretend.cjs')];
  const settings = {
    PRETEND_PLATFORM: pretend?.platform,
    PRETEND_ARCH: pretend?.arch,
    PRETEND_GLIBC: pretend?.glibc,
  };
  return runProgram(node, [...preload, ...args], { ...env, ...settings, ...more }, folder);
}

/** Makes a folder a project with a copy of the package, which it returns, to be spoilt. */
export function copyProject(folder: string): string {
  const modules = join(folder, 'node_modules');
  const copy = join(modules, 'accelnode');
  cpSync(packageFolder, copy, { recursive: true });
  for (const name of readdirSync(join(project, 'node_modules'))) {
    if (name === 'accelnode' || name.startsWith('.')) continue;
    symlinkSync(join(project, 'node_modules', name), join(modules, name), 'junction');
  }
  return copy;
}
