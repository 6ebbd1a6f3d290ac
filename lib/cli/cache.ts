import { resolve } from 'node:path';

import type { Command } from '../third-party/commander.js';

import { cacheEntries, cacheFolder, clearCache } from '../index.js';
import type { CacheEntry } from '../index.js';
import { parseAmount } from './options.js';
import { formatBytes, formatTable, print, printJson } from './output.js';

interface CacheCommandOptions {
  cacheDir?: string;
  json?: true;
}

/** `accelnode cache list | clear` */
export function addCacheCommand(program: Command): void {
  const command = program.command('cache').description('the compiled models that `cache` and --cache have kept');
  command
    .command('list')
    .description('what is kept, the one that was used last first')
    .option('--cache-dir <folder>', 'of this folder, as given to --cache-dir when it was kept')
    .option('--json', 'print JSON')
    .action(list);
  command
    .command('clear')
    .description('remove what is kept')
    .option('--older-than <days>', 'only what was not used for so long', parseAmount)
    .option('--cache-dir <folder>', 'in this folder, as given to --cache-dir when it was kept')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nWhat another process is making at the moment stays.')
    .action(clear);
}

async function list({ cacheDir, json }: CacheCommandOptions): Promise<void> {
  const entries = await cacheEntries(cacheDir);
  const folder = folderOf(cacheDir);
  const size = totalOf(entries);
  if (json) {
    printJson({ folder, size, entries });
    return;
  }
  if (entries.length > 0) {
    const rows = entries.map((entry) => [
      entry.key.slice(0, 12),
      entry.backend,
      versionOf(entry),
      entry.model,
      formatBytes(entry.size),
      dateOf(entry.created),
      dateOf(entry.lastUsed),
    ]);
    print(formatTable(['key', 'backend', 'version', 'model', 'size', 'made', 'last used'], rows));
    print();
  }
  print(`${countOf(entries)}, ${formatBytes(size)} in ${folder}`);
}

async function clear({ cacheDir, json, olderThan }: CacheCommandOptions & { olderThan?: number }): Promise<void> {
  const removed = await clearCache({ folder: cacheDir, olderThan });
  const folder = folderOf(cacheDir);
  const size = totalOf(removed);
  if (json) printJson({ folder, size, removed });
  else print(`${countOf(removed)} removed, ${formatBytes(size)}, from ${folder}`);
}

function folderOf(cacheDir: string | undefined): string {
  return cacheDir === undefined ? cacheFolder() : resolve(cacheDir);
}

function versionOf({ facts: { version } }: CacheEntry): string {
  return typeof version === 'string' ? version : '';
}

function totalOf(entries: readonly CacheEntry[]): number {
  return entries.reduce((sum, { size }) => sum + size, 0);
}

function countOf({ length }: readonly CacheEntry[]): string {
  return `${length} compiled ${length === 1 ? 'model' : 'models'}`;
}

/** 2026-11-21 19:05, of this place */
function dateOf(date: Date): string {
  return date.toLocaleString('sv').slice(0, 16);
}
