// TFLite's part of lib/runtimes/manifest.json, for update-runtimes.mjs: packages of npm and of Maven.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { ask, run, say, setupFolder } from './setup/process.mjs';
import { python } from './setup/python.mjs';

const COPY = 'org.apache.maven.plugins:maven-dependency-plugin:2.8:copy';
const GROUP = 'org.bytedeco';
const NAME = 'tensorflow-lite';

/** The newest first. `glibc`: what the libraries need, by platform. */
const releases = [
  { version: '2.21.0', package: '2.21.0-1.5.14', glibc: { 'linux-x64': '2_34', 'linux-arm64': '2_34' } },
  { version: '2.18.0', package: '2.18.0-1.5.11', glibc: { 'linux-x64': '2_30', 'linux-arm64': '2_30' } },
  // The only one of its kind that has the C library.
  {
    version: '2.9.0',
    npm: 'tfjs-tflite-node',
    package: '0.0.2',
    glibc: { 'linux-x64': '2_29', 'linux-arm64': '2_27' },
  },
];

const MACHINES = { 'linux-x64': 'x86_64', 'linux-arm64': 'aarch64' };
const CLASSIFIERS = { 'linux-x64': 'linux-x86_64', 'linux-arm64': 'linux-arm64' };
const FOLDERS = { 'linux-x64': 'linux_amd64', 'linux-arm64': 'linux_arm64' };

const LIST_JAR = `
import json, sys, zipfile
print(json.dumps({m.filename: m.file_size for m in zipfile.ZipFile(sys.argv[1]).infolist()}))
`;
const LIST_TARBALL = `
import json, sys, tarfile
print(json.dumps({m.name: m.size for m in tarfile.open(sys.argv[1]).getmembers()}))
`;

export function describeTflite() {
  return {
    product: 'TensorFlow Lite',
    backend: 'armnn',
    releases: releases.map((release) => ({
      version: release.version,
      client: release.npm === undefined ? 'maven' : 'npm',
      archives: Object.fromEntries(
        Object.keys(release.glibc).map((platform) => [platform, describe(release, platform)]),
      ),
    })),
  };
}

function describe({ version, npm, package: packageVersion, glibc }, platform) {
  say(`tflite ${version} for ${platform}`);
  const folder = join(setupFolder, 'archives');
  mkdirSync(folder, { recursive: true });
  const classifier = CLASSIFIERS[platform];
  const file = npm === undefined ? `${NAME}-${packageVersion}-${classifier}.jar` : `${npm}-${packageVersion}.tgz`;
  if (npm === undefined) {
    const artifact = `${GROUP}:${NAME}:${packageVersion}:jar:${classifier}`;
    run('mvn', ['-B', '-q', COPY, `-Dartifact=${artifact}`, `-DoutputDirectory=${folder}`]);
  } else {
    run('npm', ['pack', '--silent', '--pack-destination', folder, `${npm}@${packageVersion}`]);
  }
  // The library, and what the package says of itself: its licence.
  const members =
    npm === undefined
      ? [`META-INF/maven/${GROUP}/${NAME}/pom.xml`, `org/bytedeco/tensorflowlite/${classifier}/libjnitensorflowlite.so`]
      : [`package/cc_deps/${FOLDERS[platform]}/libtensorflowlite_c.so`, 'package/package.json'];
  const path = join(folder, file);
  const sizes = JSON.parse(ask(python(), ['-c', npm === undefined ? LIST_JAR : LIST_TARBALL, path]));
  const content = readFileSync(path);
  return {
    package: npm ?? `${GROUP}:${NAME}`,
    packageVersion,
    file,
    platform: `manylinux_${glibc[platform]}_${MACHINES[platform]}`,
    size: content.length,
    sha256: createHash('sha256').update(content).digest('hex'),
    library: members.map((member) => member.split('/').at(-1)).find((name) => name.endsWith('.so')),
    installedSize: members.reduce((sum, member) => sum + sizes[member], 0),
    members,
  };
}
