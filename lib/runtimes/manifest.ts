/**
 * The releases that can be installed: manifest.json, which scripts/update-runtimes.mjs writes. The hash of
 * each wheel is in it, so that what is installed is what was tested, whichever index or mirror it comes from.
 */
import { AccelError, invalidArgument } from '../errors.js';
import { libraryVariable } from './folder.js';
import json = require('./manifest.json');

/** A wheel, and what is kept of it. */
export interface Wheel {
  /** Its name in the package index. */
  package: string;
  file: string;
  /** The platform tag of the wheel, e.g. `manylinux_2_28_x86_64`. */
  platform: string;
  /** Bytes of the wheel. */
  size: number;
  /** Of the wheel, in hexadecimal. */
  sha256: string;
  /** The library to open. */
  library: string;
  /** Bytes of what is kept. */
  installedSize: number;
  /** What is kept: names inside the wheel. */
  members: readonly string[];
}

/** A release for this platform. */
export interface Release {
  name: string;
  version: string;
  /** pip's words for the Python that the wheel is for; any would do, for only its libraries are used. */
  python: { version: string; implementation: string; abi: string };
  wheel: Wheel;
}

interface ManifestEntry {
  product: string;
  /** The backend that uses it. */
  backend: string;
  python: Release['python'];
  /** The newest first. */
  releases: readonly { version: string; wheels: Readonly<Record<string, Wheel | undefined>> }[];
}

const manifest: Readonly<Record<string, ManifestEntry>> = json;

/** What a wheel must fit. */
export interface Platform {
  /** As Node.js names them, e.g. `linux-x64`. */
  name: string;
  /** The version of glibc, e.g. `2.36`; unset where the C library is another one. */
  glibc?: string;
}

/** The machine that this process runs on. */
export function thisPlatform(): Platform {
  const name = `${process.platform}-${process.arch}`;
  const glibc = process.platform === 'linux' ? glibcVersion() : undefined;
  return glibc === undefined ? { name } : { name, glibc };
}

function glibcVersion(): string | undefined {
  const { report }: { report: typeof process.report & { excludeNetwork?: boolean } } = process;
  // It would look up the names of all peers of open sockets, which can take seconds; Node.js since 20.13 can be told.
  const before = report.excludeNetwork;
  if (before !== undefined) report.excludeNetwork = true;
  try {
    const { header } = report.getReport() as unknown as { header: { glibcVersionRuntime?: string } };
    return header.glibcVersionRuntime;
  } finally {
    if (before !== undefined) report.excludeNetwork = before;
  }
}

/** The runtimes that can be installed at all. */
export const installableNames: readonly string[] = Object.keys(manifest);

/** The environment variable that names a library to use in place of an installed runtime. */
export function variableOf(name: string): string {
  return libraryVariable(entryOf(name).backend);
}

/** The versions of a runtime in the manifest, the newest first. */
export function versionsOf(name: string): string[] {
  return entryOf(name).releases.map(({ version }) => version);
}

/**
 * A release for a platform. Without a version it is the newest that suits the platform.
 * @throws `INVALID_ARGUMENT` for what is not in the manifest, `UNSUPPORTED` when no wheel suits
 */
export function findRelease(name: string, version: string | undefined, platform = thisPlatform()): Release {
  const { product, backend, python, releases } = entryOf(name);
  const wanted = releases.filter((release) => version === undefined || release.version === version);
  if (wanted.length === 0) {
    throw invalidArgument(
      `accelnode can't install ${name} ${String(version)}.`,
      `It can install ${versionsOf(name).join(', ')}. Any other release that you have can be used by ` +
        `${libraryVariable(backend)}.`,
    );
  }
  let refusal: string | undefined;
  for (const release of wanted) {
    const wheel = release.wheels[platform.name];
    const reason = unsuitable(`${product} ${release.version}`, wheel, platform);
    if (wheel !== undefined && reason === undefined) return { name, version: release.version, python, wheel };
    refusal ??= reason;
  }
  const suitable = releases.filter(
    (release) => unsuitable(product, release.wheels[platform.name], platform) === undefined,
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

/** Why a wheel can't be used on a platform, or undefined if it can. */
function unsuitable(product: string, wheel: Wheel | undefined, platform: Platform): string | undefined {
  const isLinux = platform.name.startsWith('linux-');
  if (isLinux && platform.glibc === undefined) {
    return `There is no ${product} for Linux without glibc (such as Alpine, which has musl).`;
  }
  if (wheel === undefined) return `There is no ${product} for ${platform.name}.`;
  const needed = isLinux ? glibcOf(wheel.platform) : undefined;
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

function entryOf(name: string): ManifestEntry {
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

function isOlder(version: string, other: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [otherMajor = 0, otherMinor = 0] = other.split('.').map(Number);
  return major < otherMajor || (major === otherMajor && minor < otherMinor);
}
