// What lib/third-party/ takes from npm, put into dist/: the installed package needs next to no other package then, which
// makes installing it quick. Licences and the bill of materials say what is inside.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { root } from './process.mjs';

const sources = join(root, 'lib', 'third-party');

/**
 * Replaces the compiled modules of lib/third-party/ by ones that have the packages inside.
 * @param {string} [dist] without it, nothing is written
 * @returns {Promise<{ name: string, version: string, folder: string, files: string[] }[]>} the packages, by name
 */
export async function bundleThirdParty(dist) {
  // Imported here, because the first scripts run before anything is installed.
  const { build } = await import('esbuild');
  const names = readdirSync(sources);
  const { metafile } = await build({
    entryPoints: names.map((name) => join(sources, name)),
    outdir: join(dist ?? root, 'third-party'),
    write: dist !== undefined,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    minify: true,
    legalComments: 'none',
    metafile: true,
    absWorkingDir: root,
    logLevel: 'warning',
  });
  const used = Object.values(metafile.outputs).flatMap(({ inputs }) =>
    Object.keys(inputs).filter((path) => inputs[path].bytesInOutput > 0),
  );
  const files = [...new Set(used)].filter((path) => path.startsWith('node_modules/')).sort();
  const packages = [...new Set(files.map(packageFolder))]
    .map((folder) => ({
      name: folder.slice(folder.lastIndexOf('node_modules/') + 'node_modules/'.length),
      version: JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')).version,
      folder: join(root, folder),
      files: files.filter((path) => packageFolder(path) === folder).map((path) => join(root, path)),
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  // npm may have put the same release in several places.
  return packages.filter(
    ({ name, version }, i) => name !== packages[i - 1]?.name || version !== packages[i - 1]?.version,
  );
}

/** The folder of the package that a file belongs to: some packages have a nameless package.json further in. */
function packageFolder(path) {
  const parts = path.split('/');
  const at = parts.lastIndexOf('node_modules') + 1;
  const scoped = parts[at].startsWith('@');
  return parts.slice(0, at + (scoped ? 2 : 1)).join('/');
}

/**
 * @param {{ name: string, folder: string, files: string[] }} packaged
 * @returns {string} the text of its licence; where the package has no such file, what its sources say
 */
export function licenceOf({ name, folder, files }) {
  const names = readdirSync(folder);
  const file = names.find((each) => /^licen[cs]e/i.test(each));
  // Apache's licence wants the notices of the work to be kept with it.
  const texts = [file, names.find((each) => /^notice/i.test(each))].filter((each) => each !== undefined);
  if (file !== undefined) return texts.map((each) => readFileSync(join(folder, each), 'utf8').trim()).join('\n\n');
  const { license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const notices = files.flatMap((each) => readFileSync(each, 'utf8').match(/^(\/\/.*\n)+/gm) ?? []);
  const copyrights = new Set(
    notices.filter((text) => text.includes('Copyright')).map((text) => text.replaceAll(/^\/\/ ?/gm, '')),
  );
  if (license === undefined || copyrights.size === 0) throw new Error(`What is the licence of the package ${name}?`);
  return [`Licence: ${license}`, ...copyrights].join('\n\n').trim();
}
