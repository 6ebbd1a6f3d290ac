// The TFLite libraries that tests run on, oldest and newer: out of packages of npm and of Maven, through the user's own
// clients.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { fetchFromMaven } from './maven.mjs';
import { fetchFromNpm } from './npm.mjs';
import { say, setupFolder } from './process.mjs';

/** Of one architecture, as npm's package and Maven's call it. */
function releases(folder, npm, maven, sha256) {
  return {
    older: {
      library: join(folder, '2.9.0', 'libtensorflowlite_c.so'),
      package: 'tfjs-tflite-node@0.0.2',
      sha256: '3be1632328a76a2475e5b6833253763c802c859433becb4d879ee1860e3b5284',
      member: `package/cc_deps/${npm}/libtensorflowlite_c.so`,
    },
    current: {
      library: join(folder, '2.18.0', 'libjnitensorflowlite.so'),
      artifact: `org.bytedeco:tensorflow-lite:2.18.0-1.5.11:jar:${maven}`,
      sha256,
      members: [`org/bytedeco/tensorflowlite/${maven}/libjnitensorflowlite.so`],
    },
  };
}

const x64 = releases(
  join(setupFolder, 'runtimes', 'tflite'),
  'linux_amd64',
  'linux-x86_64',
  '09e8a949a86745d372a5cc40b4937d9c113356bd92b5655e8a463682471b1354',
);
const arm64 = releases(
  join(setupFolder, 'arm64', 'tflite'),
  'linux_arm64',
  'linux-arm64',
  '533321eda09e42358b35cbde77d768bf01ac6476a7c2f8bed34afb4968d2340b',
);

/** Where they are, if they are. */
export const tfliteLibraries = { current: x64.current.library, older: x64.older.library };
export const arm64TfliteLibraries = { current: arm64.current.library, older: arm64.older.library };

/**
 * Fetches those that are not there: 9 MB.
 * @param {'x64' | 'arm64'} [arch] what they shall run on
 */
export async function fetchTflite(arch = 'x64') {
  if (process.platform !== 'linux' || process.arch !== 'x64') return;
  const { older, current } = { x64, arm64 }[arch];
  if (!existsSync(older.library)) {
    say('Fetching TFLite 2.9.0');
    await fetchFromNpm(older, dirname(older.library));
  }
  if (!existsSync(current.library)) {
    say('Fetching TFLite 2.18.0');
    await fetchFromMaven(current, dirname(current.library));
  }
}
