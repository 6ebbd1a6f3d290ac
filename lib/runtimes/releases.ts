import { AccelError } from '../errors.js';
import { thisPlatform } from '../platform.js';
import type { Platform } from '../platform.js';
import { compareVersions, installedRuntimes } from './folder.js';
import { findRelease, installableNames, variableOf, versionsOf } from './manifest.js';

/** A release of a vendor's runtime that is installed or could be. */
export interface RuntimeRelease {
  /** As {@link InstalledRuntime.name}. */
  name: string;
  /** The release, e.g. `2025.4.1`. */
  version: string;
  /** The folder that it is installed in. Unset when it is not. */
  folder?: string;
  /** Is it the one that `Session.load` would use, unless told otherwise? */
  used: boolean;
  /** What would be used in its place if it is found; looking for it would mean to load it. */
  unless?: string;
  /** Bytes to download. Unset when it can't be installed. */
  downloadSize?: number;
  /** Bytes that it takes when installed. */
  installedSize?: number;
  /** Why it can't be installed on this machine. */
  reason?: string;
}

/** What comes before an installed runtime. */
const PREFERRED: Readonly<Record<string, string>> = {
  'tensorrt-lean': 'a full TensorRT',
  cuda: 'one beside TensorRT',
};

/** Every release that {@link installRuntime} knows, and what else is in the runtimes folder, the newest first. */
export function runtimeReleases(): RuntimeRelease[] {
  const platform = thisPlatform();
  return installableNames.flatMap((name) => {
    const installed = installedRuntimes(name);
    // The CUDA runtime is used beside a TensorRT that is named, too.
    const named = name === 'cuda' ? undefined : process.env[variableOf(name)];
    const used = named === undefined || named === '' ? installed[0]?.version : undefined;
    const versions = [...new Set([...versionsOf(name), ...installed.map(({ version }) => version)])];
    return versions.sort(compareVersions).map((version) => {
      const folder = installed.find((runtime) => runtime.version === version)?.folder;
      return {
        name,
        version,
        ...(folder === undefined ? {} : { folder }),
        used: version === used,
        ...(version === used && Object.hasOwn(PREFERRED, name) ? { unless: PREFERRED[name] } : {}),
        ...installability(name, version, platform),
      };
    });
  });
}

function installability(
  name: string,
  version: string,
  platform: Platform,
): Pick<RuntimeRelease, 'downloadSize' | 'installedSize' | 'reason'> {
  try {
    const { archive } = findRelease(name, version, platform);
    return { downloadSize: archive.size, installedSize: archive.installedSize };
  } catch (error) {
    if (!(error instanceof AccelError)) throw error;
    return { reason: error.message };
  }
}
