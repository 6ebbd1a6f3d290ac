/** Packs and installs the package once for all of these tests. */
import { cpSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import type { TestProject } from 'vitest/node';

import { bareEnvironment, emptyFolder, installPackage, packPackage } from '../../scripts/setup/package.mjs';

/** The package as it was packed, and as it is installed. */
export interface PackedPackage {
  tarball: string;
  /** Bytes of the tarball. */
  size: number;
  files: { path: string; size: number }[];
  /** Where it is installed: the folder that has its node_modules. */
  project: string;
  /** What a user's program finds in its environment, to be added to `process.env`. */
  env: NodeJS.ProcessEnv;
}

declare module 'vitest' {
  export interface ProvidedContext {
    package: PackedPackage;
  }
}

export default function install({ provide }: TestProject): () => void {
  const folder = emptyFolder();
  const project = join(folder, 'project');
  mkdirSync(project);
  const packed = packPackage(folder);
  const env = bareEnvironment(folder);
  installPackage(project, packed.tarball, env);
  cpSync(join(import.meta.dirname, 'programs'), project, { recursive: true });
  provide('package', { ...packed, project, env });
  return () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}
