/** The machine that this process runs on, and those that the package has an addon for. */

/** The platforms that the package has an addon for. Those of Linux are for glibc unless they say musl. */
export const addonPlatforms = [
  'linux-x64',
  'linux-arm64',
  'linux-x64-musl',
  'linux-arm64-musl',
  'win32-x64',
  'darwin-arm64',
  'darwin-x64',
] as const;

export type AddonPlatform = (typeof addonPlatforms)[number];

/** The oldest glibc that the package's addons for it run on. */
export const OLDEST_GLIBC = '2.28';

export interface Platform {
  /** As Node.js names them, e.g. `linux-x64`. */
  name: string;
  /** The version of glibc, e.g. `2.36`; unset where the C library is another one. */
  glibc?: string;
}

export function thisPlatform(): Platform {
  const name = `${process.platform}-${process.arch}`;
  const glibc = process.platform === 'linux' ? glibcVersion() : undefined;
  return glibc === undefined ? { name } : { name, glibc };
}

/** Its name among {@link addonPlatforms}, if it is one of them. */
export function addonPlatform({ name, glibc } = thisPlatform()): AddonPlatform | undefined {
  const wanted = name.startsWith('linux-') && glibc === undefined ? `${name}-musl` : name;
  return addonPlatforms.find((each) => each === wanted);
}

/** The C library, in words; nothing where there is only one. */
export function libcOf({ name, glibc }: Platform): string {
  if (glibc !== undefined) return `glibc ${glibc}`;
  return name.startsWith('linux-') ? 'musl' : '';
}

/** "linux-x64, glibc 2.36" */
export function describePlatform(platform = thisPlatform()): string {
  return [platform.name, libcOf(platform)].filter((part) => part !== '').join(', ');
}

export function isOlder(version: string, other: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [otherMajor = 0, otherMinor = 0] = other.split('.').map(Number);
  return major < otherMajor || (major === otherMajor && minor < otherMinor);
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
