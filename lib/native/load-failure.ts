/** Why the addon can't be loaded on this machine, in words that say what to do. */
import { readdirSync } from 'node:fs';
import { join, sep } from 'node:path';

import { AccelError } from '../errors.js';
import type { LibraryAttempt } from '../errors.js';
import { OLDEST_GLIBC, addonPlatforms, describePlatform, thisPlatform } from '../platform.js';
import type { Platform } from '../platform.js';

/** What there was to load, and what became of it. */
export interface LoadFailure {
  /** The package's folder; undefined in a bundle. */
  folder: string | undefined;
  /** The file that was chosen; undefined when there is none. */
  file: string | undefined;
  cause: unknown;
}

/** A file that could be loaded, but is no addon of this release of accelnode. */
export class WrongAddon extends Error {
  override name = 'WrongAddon';

  /** @param version of the accelnode that it belongs to, if it is one of accelnode's */
  constructor(version: unknown) {
    super(typeof version === 'string' ? `this is the addon of accelnode ${version}` : 'this is another addon');
  }
}

/** One sentence each. */
interface Explanation {
  reason: string;
  remedy: string;
}

const REINSTALL =
  'Install the package again on this machine: remove its folder and run `npm install`. Each package has the addons of all ' +
  'platforms, so that a node_modules folder may come from another machine, and --os, --cpu and --libc change nothing.';

export function explainLoadFailure(failure: LoadFailure): AccelError {
  const { folder, file, cause } = failure;
  const platform = thisPlatform();
  const { reason, remedy } = explain(failure, platform);
  const words = cause instanceof Error ? cause.message.trim() : String(cause);
  const lines = [`accelnode's addon can't be loaded: ${reason}`, `this machine: ${describeMachine(platform)}`];
  if (folder !== undefined && file === undefined) lines.push(`looked for: ${wantedPrebuild(folder, platform)}`);
  if (file !== undefined) lines.push(`file: ${file}`, `loader: ${words}`);
  return new AccelError('UNSUPPORTED', lines.join('\n  '), {
    hint: remedy,
    libraries: attempts(failure, platform, words),
    cause,
  });
}

function explain({ folder, file, cause }: LoadFailure, platform: Platform): Explanation {
  if (folder === undefined) return bundled();
  const forbidden = explainPermission(cause);
  if (forbidden !== undefined) return forbidden;
  const misled = explainSettings(platform);
  if (misled !== undefined) return misled;
  if (file === undefined) return explainAbsence(folder, platform);
  return explainRefusal(folder, file, cause, platform);
}

/** What Node itself was told not to do. */
function explainPermission(cause: unknown): Explanation | undefined {
  const { code, resource } = (cause ?? {}) as { code?: unknown; resource?: unknown };
  if (code === 'ERR_DLOPEN_DISABLED') {
    return {
      reason: 'this process may not load addons.',
      remedy: 'Start Node without --no-addons; with --permission, add --allow-addons.',
    };
  }
  if (code !== 'ERR_ACCESS_DENIED') return undefined;
  return {
    reason: `this process may not read ${typeof resource === 'string' ? resource : 'a file that is looked at'}.`,
    remedy: 'Start Node with --allow-fs-read for it, for the folder of accelnode and for the vendor libraries.',
  };
}

/** Settings for npm that node-gyp-build obeys when a program runs, too. */
function explainSettings(platform: Platform): Explanation | undefined {
  const { npm_config_platform: system = '', npm_config_arch: arch = '' } = process.env;
  const wanted = `${system === '' ? process.platform : system}-${arch === '' ? process.arch : arch}`;
  if (wanted === platform.name) return undefined;
  return {
    reason: `the one for ${wanted} was chosen, and this is ${platform.name}.`,
    remedy: 'Unset npm_config_platform and npm_config_arch in the environment of the program: they are for installing.',
  };
}

function bundled(): Explanation {
  return {
    reason: 'accelnode is part of a bundle, away from its addon.',
    remedy:
      'Tell the bundler to leave it out, and have it in node_modules where the program runs: `--external:accelnode` for ' +
      "esbuild, `externals: { accelnode: 'commonjs accelnode' }` for webpack, `external: ['accelnode']` for Rollup, " +
      "`ssr: { external: ['accelnode'] }` for Vite, `serverExternalPackages: ['accelnode']` for Next.js.",
  };
}

function explainAbsence(folder: string, platform: Platform): Explanation {
  if (!(addonPlatforms as readonly string[]).includes(platform.name)) {
    return {
      reason: `there is none for ${platform.name}.`,
      remedy: `There are addons for ${addonPlatforms.join(', ')}. For another platform, build one: ${howToBuild(folder)}`,
    };
  }
  const named = elsewhere();
  if (named !== undefined) {
    return {
      reason: `there is none in ${named}, which ACCELNODE_PREBUILD names.`,
      remedy: 'Unset ACCELNODE_PREBUILD to use the one of the package.',
    };
  }
  const others = prebuildsIn(folder);
  if (others.length === 0)
    return { reason: 'the package has none.', remedy: `${REINSTALL} Or build one: ${howToBuild(folder)}` };
  const { LIBC: asked = '' } = process.env;
  const here = platform.glibc === undefined ? 'musl' : 'glibc';
  return {
    reason: `the package has lost the one for this machine; it has ${others.join(', ')}.`,
    remedy:
      asked === '' || asked === here
        ? REINSTALL
        : `Unset LIBC in the environment: it asks for ${asked}, and this machine has ${here}.`,
  };
}

function explainRefusal(folder: string, file: string, cause: unknown, platform: Platform): Explanation {
  // The loader's, mostly.
  const words = cause instanceof Error ? cause.message : '';
  if (file.startsWith(join(folder, 'build') + sep)) {
    return {
      reason: 'the one that was built in the package does not work here.',
      remedy: `Remove ${join(folder, 'build')} to use the one that comes with the package, or build it again: ${howToBuild(folder)}`,
    };
  }
  if (cause instanceof WrongAddon) {
    const named = elsewhere();
    return {
      reason: `${cause.message}.`,
      remedy: named === undefined ? REINSTALL : 'Unset ACCELNODE_PREBUILD to use the one of the package.',
    };
  }
  if (words.includes('failed to map segment')) {
    return {
      reason: 'its folder is mounted so that nothing in it can be executed (noexec), or memory is short.',
      remedy: 'Install the package on another mount, or mount this one with `exec`.',
    };
  }
  const lacking = /(libgcc_s\.so\.1|libstdc\+\+\.so\.6): cannot open/.exec(words)?.[1];
  if (lacking !== undefined) {
    return {
      reason: `the system has no ${lacking}.`,
      remedy: 'Install it: the package libgcc-s1 of Debian and Ubuntu, libgcc of Red Hat and Alpine.',
    };
  }
  const glibc = /`?GLIBC_(\d[\d.]*)' not found/.exec(words)?.[1];
  if (glibc !== undefined) {
    return {
      reason: `glibc is too old: accelnode needs ${OLDEST_GLIBC} or later, this file ${glibc}, and here is ${platform.glibc ?? 'another C library'}.`,
      remedy:
        'Use a newer system, also as the base of a container: Debian 10, Ubuntu 20.04, RHEL 8, Amazon Linux 2023, or later. ' +
        `Or build one: ${howToBuild(folder)}`,
    };
  }
  const forMusl = file.endsWith('.musl.node');
  if (platform.name.startsWith('linux-') && forMusl !== (platform.glibc === undefined)) {
    return forMusl
      ? {
          reason: `the one for musl was chosen, and here is glibc ${platform.glibc ?? ''}.`,
          remedy: 'Unset LIBC in the environment; outside of Alpine, remove /etc/alpine-release.',
        }
      : {
          reason: 'the one for glibc was chosen, and the C library here is musl.',
          remedy: 'Set LIBC=musl in the environment: only Alpine is known to have musl without that.',
        };
  }
  return { reason: 'its file is damaged, or of another platform.', remedy: REINSTALL };
}

function howToBuild(folder: string): string {
  return `\`npx node-gyp rebuild\` in ${folder}, which needs Python and a C++17 compiler.`;
}

/** "linux-x64, glibc 2.36, Node 20.20.2" */
function describeMachine(platform: Platform): string {
  const { node, electron } = process.versions;
  return [
    describePlatform(platform),
    `Node ${node}`,
    ...(electron === undefined ? [] : [`Electron ${electron}`]),
    ...['LIBC', 'npm_config_platform', 'npm_config_arch'].flatMap((name) => {
      const value = process.env[name];
      return value === undefined ? [] : [`${name}=${value}`];
    }),
  ].join(', ');
}

/** Where prebuildify puts the addon for a platform, and node-gyp-build looks for it. */
function wantedPrebuild(folder: string, { name, glibc }: Platform): string {
  const libc = process.env['LIBC'] ?? (glibc === undefined ? 'musl' : 'glibc');
  return join(
    elsewhere() ?? folder,
    'prebuilds',
    name,
    name.startsWith('linux-') ? `accelnode.${libc}.node` : 'accelnode.node',
  );
}

/** The folder that node-gyp-build was told to look in, in place of the package's. */
function elsewhere(): string | undefined {
  const named = process.env['ACCELNODE_PREBUILD'];
  return named === '' ? undefined : named;
}

/** "linux-x64/accelnode.glibc.node" and so on: what the package has. */
function prebuildsIn(folder: string): string[] {
  try {
    const found = readdirSync(join(folder, 'prebuilds'), { recursive: true, encoding: 'utf8' });
    return found.filter((name) => name.endsWith('.node')).sort();
  } catch {
    return []; // no such folder
  }
}

function attempts({ folder, file }: LoadFailure, platform: Platform, words: string): LibraryAttempt[] {
  if (file !== undefined) return [{ name: file, origin: 'package', error: words }];
  if (folder === undefined) return [];
  return [{ name: wantedPrebuild(folder, platform), origin: 'package', error: 'there is no such file' }];
}
