// The TFLite libraries that tests run on, oldest and newer: out of packages of npm and of Maven, through the user's own
// clients.
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

import { fetchFromMaven, hashOf } from './maven.mjs';
import { run, say, setupFolder } from './process.mjs';

const folder = join(setupFolder, 'runtimes', 'tflite');

const older = {
  library: join(folder, '2.9.0', 'libtensorflowlite_c.so'),
  package: 'tfjs-tflite-node@0.0.2',
  sha256: '3be1632328a76a2475e5b6833253763c802c859433becb4d879ee1860e3b5284',
  member: 'package/cc_deps/linux_amd64/libtensorflowlite_c.so',
};

const current = {
  library: join(folder, '2.18.0', 'libjnitensorflowlite.so'),
  artifact: 'org.bytedeco:tensorflow-lite:2.18.0-1.5.11:jar:linux-x86_64',
  sha256: '09e8a949a86745d372a5cc40b4937d9c113356bd92b5655e8a463682471b1354',
  members: ['org/bytedeco/tensorflowlite/linux-x86_64/libjnitensorflowlite.so'],
};

/** Where they are, if they are. */
export const tfliteLibraries = { current: current.library, older: older.library };

/** Fetches those that are not there: 9 MB. */
export async function fetchTflite() {
  if (process.platform !== 'linux' || process.arch !== 'x64') return;
  if (!existsSync(older.library)) {
    say('Fetching TFLite 2.9.0');
    await fetchFromNpm(older);
  }
  if (!existsSync(current.library)) {
    say('Fetching TFLite 2.18.0');
    await fetchFromMaven(current, dirname(current.library));
  }
}

async function fetchFromNpm({ library, package: name, sha256, member }) {
  mkdirSync(folder, { recursive: true });
  const scratch = mkdtempSync(join(folder, '.'));
  try {
    run('npm', ['pack', '--silent', '--pack-destination', scratch, name]);
    const archive = join(scratch, `${name.replace('@', '-')}.tgz`);
    const found = await hashOf(archive);
    if (found !== sha256) throw new Error(`${name} has the SHA-256 ${found}, not ${sha256}`);
    run('tar', ['-xzf', archive, '-C', scratch, member]);
    mkdirSync(dirname(library), { recursive: true });
    renameSync(join(scratch, member), join(dirname(library), basename(member)));
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
