// Whether an addon will load on the systems that it is for, as far as its file tells. What runs on others than this one
// is run by `npm run test:platforms`; for macOS this is all there is.
import { readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, relative } from 'node:path';

import nodeApiHeaders from 'node-api-headers';
import semver from 'semver';

import { ask, root } from '../setup/process.mjs';
import { installPython, python } from '../setup/python.mjs';

/** What the addon may need of each kind of system, which every installation of it has. */
const ALLOWED = {
  // libgcc_s comes with the C++ library that Node itself needs.
  glibc: /^(lib(c|m|dl|pthread|rt|gcc_s)\.so\.\d|ld-linux-(x86-64|aarch64)\.so\.\d)$/,
  musl: /^libc\.so$/,
  win32: /^(NODE\.EXE|KERNEL32\.dll|ntdll\.dll|api-ms-win-crt-[a-z]+-l1-1-0\.dll)$/i,
  darwin: /^\/usr\/lib\/libSystem\.B\.dylib$/,
};
const MACHINES = {
  ELF: { x64: 'X86_64', arm64: 'AARCH64' },
  PE: { x64: 'AMD64' },
  'Mach-O': { x64: 'X86_64', arm64: 'ARM64' },
};
const FORMATS = { linux: 'ELF', win32: 'PE', darwin: 'Mach-O' };
const OLDEST_MACOS = '11.0';
const NEWEST_GLIBC = '2.28';
/** What Node looks for in an addon. Apple's linker puts an underscore before a name. */
const ENTRIES = ['napi_register_module_v1', 'node_api_module_get_api_version_v1'];
/** Every Node that is supported has these. */
const NODE_API = new Set([
  ...nodeApiHeaders.symbols.v8.js_native_api_symbols,
  ...nodeApiHeaders.symbols.v8.node_api_symbols,
]);

/** What the system's loader reads in a binary: describe_binary.py. */
export function describeBinary(file) {
  const script = join(root, 'scripts', 'prebuild', 'describe_binary.py');
  const env = { ...process.env, PYTHONPATH: installPython('prebuild'), PYTHONDONTWRITEBYTECODE: '1' };
  const text = ask(python(), [script, file], { env, maxBuffer: 1e8 });
  if (text === undefined) throw new Error(`${file} can't be read as a binary`);
  return JSON.parse(text);
}

/**
 * @param {import('./targets.mjs').Target} target
 * @param {string} file
 * @returns {{ file: string, bytes: number, facts: object, faults: string[] }}
 */
export function checkAddon(target, file) {
  const facts = describeBinary(file);
  return { file, bytes: statSync(file).size, facts, faults: [...faultsOf(target, facts), ...pathsIn(file)] };
}

/** What is wrong with a binary for a target, as sentences. */
export function faultsOf({ platform, arch, libc }, facts) {
  const faults = [];
  const format = FORMATS[platform];
  if (facts.format !== format) return [`it is ${facts.format}, not ${format}`];
  if (facts.machine !== MACHINES[format][arch]) faults.push(`it is for ${facts.machine}, not ${arch}`);
  const foreign = facts.needs.filter((name) => !ALLOWED[libc ?? platform].test(name));
  if (foreign.length > 0) faults.push(`it needs ${foreign.join(', ')}`);

  const plain = (name) => (platform === 'darwin' ? name.replace(/^_/, '') : name);
  const exports = facts.exports.map(plain);
  const missing = ENTRIES.filter((name) => !exports.includes(name));
  if (missing.length > 0) faults.push(`it does not export ${missing.join(', ')}`);
  const exposed = exports.filter(
    (name) => !ENTRIES.includes(name) && !(platform === 'darwin' && isHarmlessOnMacos(name)),
  );
  if (exposed.length > 0) faults.push(`it exports ${exposed.slice(0, 5).join(', ')} (${exposed.length} in all)`);

  const ofNode = facts.imports.map(plain).filter((name) => /^(napi|node_api)_/.test(name));
  if (ofNode.length === 0) faults.push('it takes nothing from Node');
  const later = ofNode.filter((name) => !NODE_API.has(name));
  if (later.length > 0) faults.push(`it needs what Node-API 8 has not: ${later.join(', ')}`);
  return [...faults, ...faultsOfPlatform[platform](facts, { libc, arch, ofNode, plain })];
}

const faultsOfPlatform = {
  linux({ glibc, runPath }, { libc }) {
    const faults = runPath.length > 0 ? [`it looks for libraries in ${runPath.join(', ')}`] : [];
    if (libc === 'glibc' && semver.gt(semver.coerce(glibc), semver.coerce(NEWEST_GLIBC))) {
      faults.push(`it needs glibc ${glibc}`);
    }
    return faults;
  },
  win32: () => [],
  darwin({ flat, oldestSystem, signature }, { arch, ofNode, plain }) {
    const found = new Set(flat.map(plain));
    const bound = ofNode.filter((name) => !found.has(name));
    const faults = bound.length > 0 ? [`it looks for ${bound.join(', ')} in a library`] : [];
    if (oldestSystem !== OLDEST_MACOS) faults.push(`it needs macOS ${oldestSystem}, not ${OLDEST_MACOS}`);
    // Macs with an ARM processor run nothing that is not signed, if only by itself.
    if (signature === 'broken' || (arch === 'arm64' && signature === null)) faults.push('its signature is not valid');
    return faults;
  },
};

/**
 * C++'s operators new and delete, which are weak, so that those of the program come first; and what zig's linker calls the
 * image itself. Libraries of macOS name the one that they take a function from, so none meets these by chance.
 */
function isHarmlessOnMacos(name) {
  return /^_Z(n[aw]|d[al])/.test(name) || ['__dso_handle', '_mh_dylib_header'].includes(name);
}

/** Places on the machine that built it; they would also make it different on every machine. */
function pathsIn(file) {
  const content = readFileSync(file, 'latin1');
  return [root, homedir()]
    .filter((path) => path !== '/' && content.includes(path))
    .map((path) => `it has ${path} in it`);
}

/**
 * Prints what was built.
 * @returns {boolean} whether all of it is as it should be
 */
export function report(results) {
  console.log('');
  for (const { target, file, bytes, facts, seconds, faults } of results) {
    const needs = facts.glibc ? `glibc ${facts.glibc}` : facts.oldestSystem ? `macOS ${facts.oldestSystem}` : '';
    const size = `${(bytes / 1000).toFixed(0)} kB`.padStart(8);
    console.log(
      `${faults.length === 0 ? 'ok    ' : 'FAILED'}  ${target.name.padEnd(18)} ${size} ${seconds.toFixed(0).padStart(4)} s  ${needs.padEnd(11)} ${relative(root, file)}`,
    );
    for (const fault of faults) console.log(`          ${fault}`);
  }
  return results.every(({ faults }) => faults.length === 0);
}
