// A browser without a screen, for the tests of the HTML reports: from Debian's packages, unpacked and not installed.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

import { unpackDebian } from './debian.mjs';
import { makeOnce } from './outcome.mjs';
import { ask, setupFolder } from './process.mjs';

export const chromiumFolder = join(setupFolder, 'chromium');

/** Changes when the list of packages does; the browser's own version is the system's to decide. */
const STAMP = '1';

const ROOTS = ['chromium-headless-shell'];
/** What every Debian has, and what draws on screens and graphics cards. */
const SKIPPED =
  /^(libc6|libgcc-s1|gcc-.*-base|dpkg|debconf.*|perl.*|tar|libcrypt1|x11-.*|xdg-.*|libllvm.*|libz3.*|mesa-.*|libgl1-mesa-dri|xfonts-.*|lsb-base|sysvinit-utils|readline-common)$/;

/** Fetches the browser through apt, unless it is there. */
export function fetchChromium() {
  return makeOnce(chromiumFolder, { what: 'Chromium', stamp: STAMP }, (folder) => {
    if (process.platform !== 'linux') return { reason: 'it comes from Debian, for Linux only' };
    const packages = closureOf(ROOTS);
    if (packages === undefined) return { reason: 'apt knows no package chromium-headless-shell' };
    const unpacked = unpackDebian(folder, packages);
    if (unpacked.reason !== undefined) return unpacked;
    const libraries = readdirSync(join(folder, 'root', 'usr', 'lib')).filter((name) => name.endsWith('-linux-gnu'));
    const usr = join('root', 'usr', 'lib');
    return {
      ...unpacked,
      program: join(usr, 'chromium', 'chromium-headless-shell'),
      // PulseAudio's library finds a part of itself in a folder of its own.
      libraries: libraries.flatMap((name) => [join(usr, name), join(usr, name, 'pulseaudio')]),
    };
  });
}

/** The packages, and what they depend on, which the system's apt knows. */
function closureOf(roots) {
  const flags = ['recommends', 'suggests', 'conflicts', 'breaks', 'replaces', 'enhances'].map((each) => `--no-${each}`);
  const found = ask('apt-cache', ['depends', '--recurse', ...flags, ...roots]);
  if (found === undefined) return undefined;
  const names = found
    .split('\n')
    .filter((line) => /^[a-z0-9]/.test(line))
    .map((line) => line.split(':')[0]);
  return [...new Set(names)].filter((name) => !SKIPPED.test(name));
}
