// dist/, of few files: installing a package costs npm far more time by the file than by the byte.
import { chmodSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

import { root } from './process.mjs';

/** What is started by itself, as it is called in dist/, and the module that it is made of. */
const ENTRIES = {
  index: 'index.ts',
  cli: 'cli/main.ts',
  'analyze-child': 'analyze/child.ts',
  'analyze-guard': 'analyze/guard.ts',
  'placement-worker': 'placement/worker.ts',
};

/**
 * Makes one module of lib/ for each of {@link ENTRIES}, beside those that {@link bundleThirdParty} makes.
 * @param {string} dist
 */
export async function bundleModules(dist) {
  // Imported here, because the first scripts run before anything is installed.
  const { build } = await import('esbuild');
  await build({
    entryPoints: Object.entries(ENTRIES).map(([out, path]) => ({ in: join(root, 'lib', path), out })),
    outdir: dist,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    // The names in a stack trace are worth more than the bytes.
    minify: false,
    // Else a class that names itself would be called otherwise.
    keepNames: true,
    packages: 'external',
    plugins: [{ name: 'beside', setup: leaveBeside }],
    absWorkingDir: root,
    logLevel: 'warning',
  });
  chmodSync(join(dist, 'cli.js'), 0o755);
}

/** These stay files of their own: the packages, for they are loaded when they are needed, and what npm reads. */
function leaveBeside({ onResolve }) {
  onResolve({ filter: /\/third-party\/[\w-]+\.js$/ }, ({ path }) => ({
    path: `./third-party/${path.split('/').at(-1)}`,
    external: true,
  }));
  onResolve({ filter: /\/package\.json$/ }, () => ({ path: '../package.json', external: true }));
}

/**
 * Makes one source of each folder of native/, with its headers inside: what node-gyp compiles where there is no addon for
 * the platform.
 * @param {string} folder for `addon.cc`, `cuda.cc` and so on
 */
export function amalgamateNative(folder) {
  const native = join(root, 'native');
  const folders = readdirSync(native, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  writeFileSync(join(folder, 'addon.cc'), amalgamate(native));
  for (const { name } of folders) writeFileSync(join(folder, `${name}.cc`), amalgamate(join(native, name)));
}

/** The sources of a folder, one after the other; headers where they are first included. CMake's unity builds do the same. */
function amalgamate(folder) {
  const seen = new Set();
  const sources = readdirSync(folder).filter((name) => name.endsWith('.cc'));
  return sources
    .sort()
    .map((name) => insert(join(folder, name), seen))
    .join('\n');
}

function insert(file, seen) {
  if (seen.has(file)) return '';
  seen.add(file);
  const name = relative(root, file).replaceAll('\\', '/');
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  const inserted = lines.map((line, i) => {
    const [, included] = line.match(/^#include "(.+)"/) ?? [];
    if (included !== undefined) {
      return `${insert(resolve(dirname(file), included), seen)}#line ${i + 2} "${name}"`;
    }
    return line.startsWith('#pragma once') ? '' : line;
  });
  return [`#line 1 "${name}"`, ...inserted, ''].join('\n');
}
