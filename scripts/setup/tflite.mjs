// The TFLite libraries that tests run on, out of packages of npm and of Maven, through the user's own clients.
import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

import { fetchFromMaven } from './maven.mjs';
import { fetchFromNpm } from './npm.mjs';
import { say, setupFolder } from './process.mjs';

const folder = join(setupFolder, 'runtimes', 'tflite');
const arm64Folder = join(setupFolder, 'arm64', 'tflite');

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

/** For linux-arm64: the oldest, and one of those that the delegate of Arm NN 23.08 can have been made for. */
const arm64Releases = {
  older: { ...releases.older, member: releases.older.member.replace('amd64', 'arm64') },
  middle: {
    ...releases.middle,
    artifact: releases.middle.artifact.replace('x86_64', 'arm64'),
    sha256: '533321eda09e42358b35cbde77d768bf01ac6476a7c2f8bed34afb4968d2340b',
    member: releases.middle.member.replace('x86_64', 'arm64'),
  },
};

/** MediaPipe's face detection at short range: 229 KB, its weights in half precision. */
const face = {
  package: '@mediapipe/face_detection@0.4.1657300184',
  sha256: 'a118cde74923dc4435257fbfbb613464a0f58d115dff6314d4ff96c8aebf6419',
  member: 'package/face_detection_short_range.tflite',
};

const libraryOf = ({ version, member }, into = folder) => join(into, version, basename(member));

/** Where they are, if they are. */
export const tfliteLibraries = {
  current: libraryOf(releases.current),
  middle: libraryOf(releases.middle),
  older: libraryOf(releases.older),
};

export const arm64TfliteLibraries = {
  middle: libraryOf(arm64Releases.middle, arm64Folder),
  older: libraryOf(arm64Releases.older, arm64Folder),
};

/** Where the model is, if it is. */
export const faceModel = join(setupFolder, 'models', 'tflite', basename(face.member));

/** Fetches what is not there: 14 MB of libraries, and the model, which is among 10 MB of others. */
export async function fetchTflite() {
  await fetchFaceModel();
  if (process.platform === 'linux' && process.arch === 'x64') await fetchLibraries(releases, folder);
}

/** Fetches what tests on linux-arm64 need: 9 MB of libraries, and the model. */
export async function fetchArm64Tflite() {
  await fetchFaceModel();
  await fetchLibraries(arm64Releases, arm64Folder);
}

async function fetchFaceModel() {
  if (existsSync(faceModel)) return;
  say("Fetching MediaPipe's face detection model");
  await fetchFromNpm(face, dirname(faceModel));
}

async function fetchLibraries(wanted, into) {
  for (const release of Object.values(wanted)) {
    const library = libraryOf(release, into);
    if (existsSync(library)) continue;
    say(`Fetching TFLite ${release.version}`);
    if (release.artifact === undefined) await fetchFromNpm(release, dirname(library));
    else await fetchFromMaven({ ...release, members: [release.member] }, dirname(library));
  }
}
