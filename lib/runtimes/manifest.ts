/**
 * The releases that can be installed: manifest.json, which scripts/update-runtimes.mjs writes. The hash of
 * each archive is in it, so that what is installed is what was tested, whichever index or mirror it comes from.
 */
import { AccelError, invalidArgument } from '../errors.js';
import { isOlder, thisPlatform } from '../platform.js';
import type { Platform } from '../platform.js';
import { libraryVariable } from './folder.js';
import json = require('./manifest.json');

/** Who fetches a release: programs of the user's, which know the index, the mirror, the proxy and the cache to use. */
export type ClientName = 'pip' | 'npm' | 'maven';

/** A wheel, tarball or jar, and what is kept of it. */
export interface Archive {
  /** Its name in the package index; for Maven, group and name: `org.bytedeco:tensorflow-lite`. */
  package: string;
  file: string;
  /** The platform tag of a wheel, e.g. `manylinux_2_28_x86_64`; of others such a tag says which glibc they need. */
  platform: string;
  /** Of the package, where it is not the runtime's own. */
  packageVersion?: string;
  /** Bytes of the archive. */
  size: number;
  /** Of the archive, in hexadecimal. */
  sha256: string;
  /** The library to open. */
  library: string;
  /** Bytes of what is kept. */
  installedSize: number;
  /** What is kept: names inside the archive. */
  members: readonly string[];
}

/** A release for this platform. */
export interface Release {
  name: string;
  version: string;
  client: ClientName;
  archive: Archive;
}

interface ManifestEntry {
  product: string;
  /** The backend that uses it. */
  backend: string;
  /** The newest first. */
  releases: readonly {
    version: string;
    client: ClientName;
    archives: Readonly<Record<string, Archive | undefined>>;
  }[];
}

const manifest = json as Readonly<Record<string, ManifestEntry>>;

/** The runtimes that can be installed at all. */
export const installableNames: readonly string[] = Object.keys(manifest);

/** The environment variable that names a library to use in place of an installed runtime. */
export function variableOf(name: string): string {
  return libraryVariable(manifestEntry(name).backend);
}

/** The versions of a runtime in the manifest, the newest first. */
export function versionsOf(name: string): string[] {
  return manifestEntry(name).releases.map(({ version }) => version);
}

/**
 * A release for a platform. Without a version it is the newest that suits the platform.
 * @throws `INVALID_ARGUMENT` for what is not in the manifest, `UNSUPPORTED` when no archive suits
 */
export function findRelease(name: string, version: string | undefined, platform = thisPlatform()): Release {
  return findReleases(name, version, platform)[0]!;
}

/** All that suit a platform, the newest first; at least one. Throws as {@link findRelease} does. */
export function findReleases(name: string, version: string | undefined, platform = thisPlatform()): Release[] {
  const { product, backend, releases } = manifestEntry(name);
  const wanted = releases.filter((release) => version === undefined || release.version === version);
  if (wanted.length === 0) {
    throw invalidArgument(
      `accelnode can't install ${name} ${String(version)}.`,
      `It can install ${versionsOf(name).join(', ')}. Any other release that you have can be used by ` +
        `${libraryVariable(backend)}.`,
    );
  }
  let refusal: string | undefined;
  const found = wanted.flatMap(({ version: each, client, archives }): Release[] => {
    const archive = archives[platform.name];
    const reason = unsuitable(`${product} ${each}`, archive, platform);
    refusal ??= reason;
    return archive === undefined || reason !== undefined ? [] : [{ name, version: each, client, archive }];
  });
  if (found.length > 0) return found;
  const suitable = releases.filter(
    (release) => unsuitable(product, release.archives[platform.name], platform) === undefined,
  );
  throw new AccelError('UNSUPPORTED', refusal!, {
    backend,
    hint:
      suitable.length === 0
        ? `Build or install ${product} by the vendor's own means, and set ${libraryVariable(backend)} to ` +
          `its ${backend === 'cuda' ? 'libnvinfer' : 'C library'}.`
        : `This machine can have ${suitable.map((release) => release.version).join(', ')}.`,
  });
}

/** Why an archive can't be used on a platform, or undefined if it can. */
function unsuitable(product: string, archive: Archive | undefined, platform: Platform): string | undefined {
  const isLinux = platform.name.startsWith('linux-');
  if (isLinux && platform.glibc === undefined) {
    return `There is no ${product} for Linux without glibc (such as Alpine, which has musl).`;
  }
  if (archive === undefined) return `There is no ${product} for ${platform.name}.`;
  const needed = isLinux ? glibcOf(archive.platform) : undefined;
  if (needed !== undefined && isOlder(platform.glibc!, needed)) {
    return `${product} needs glibc ${needed} or later; this machine has ${platform.glibc!}.`;
  }
  return undefined;
}

/** What to do about runtimes that accelnode leaves to others, by the names that people try. */
const GUIDANCE: Readonly<Record<string, string>> = {
  tensorrt:
    'TensorRT with its builder takes gigabytes, and is left to your package manager: with the apt repository of ' +
    'NVIDIA, `apt-get install libnvinfer10 libnvinfer-plugin10 libnvonnxparsers10` (or 11); elsewhere `pip install ' +
    'tensorrt-cu12-libs` (or -cu13-libs). It is found when the loader finds it; else set ACCELNODE_CUDA_LIBRARY to ' +
    'its libnvinfer.so.10 or the folder of that. The runtime that only loads plans is `tensorrt-lean`; both need ' +
    '`cuda` or a CUDA that the system has.',
};

function manifestEntry(name: string): ManifestEntry {
  const entry = Object.hasOwn(manifest, name) ? manifest[name] : undefined;
  if (entry === undefined) {
    throw invalidArgument(
      `accelnode can't install a runtime named ${JSON.stringify(name)}.`,
      Object.hasOwn(GUIDANCE, name) ? GUIDANCE[name] : `It can install ${installableNames.join(', ')}.`,
    );
  }
  return entry;
}

/** The glibc that a platform tag stands for (PEP 600; manylinux2014 is its older name for 2.17). */
function glibcOf(tag: string): string | undefined {
  if (tag.startsWith('manylinux2014_')) return '2.17';
  const match = /^manylinux_(\d+)_(\d+)_/.exec(tag);
  return match === null ? undefined : `${match[1]!}.${match[2]!}`;
}
