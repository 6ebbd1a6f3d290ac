import type { Client } from './client.js';
import type { ClientName } from './manifest.js';
import { findMaven } from './maven.js';
import { findNpm } from './npm.js';
import { findPip } from './pip.js';

/**
 * The program of the user's that fetches releases of this kind.
 * @param python the only Python to try, for pip
 * @throws `UNSUPPORTED` when it is not there
 */
export function findClient(name: ClientName, python: string | undefined, signal: AbortSignal): Promise<Client> {
  if (name === 'npm') return findNpm(signal);
  if (name === 'maven') return findMaven(signal);
  return findPip(python, signal);
}
