import { mkdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/**
 * Makes a folder and those above it that are missing. Node's own way, `recursive`, says that there is no such file where
 * the file system is read-only, and does not end at all in /proc.
 * @returns the first folder that was not there; undefined when all were
 * @throws what the system said about the folder that can't be made
 */
export function makeFolder(path: string): string | undefined {
  const missing = missingFolders(resolve(path));
  for (const folder of missing) makeOne(folder);
  // A file may be in its place.
  if (missing.length === 0) makeOne(path);
  return missing[0];
}

/** The highest first. */
function missingFolders(path: string): string[] {
  const missing: string[] = [];
  const isMissing = (folder: string): boolean => statSync(folder, { throwIfNoEntry: false }) === undefined;
  // Windows may lack even the drive.
  for (let folder = path; folder !== dirname(folder) && isMissing(folder); folder = dirname(folder)) {
    missing.unshift(folder);
  }
  return missing;
}

function makeOne(path: string): void {
  try {
    mkdirSync(path);
  } catch (error) {
    // Another process may have been as quick.
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) throw error;
  }
}
