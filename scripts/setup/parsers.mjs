// TensorRT's real ONNX parsers, which need no GPU: taken out of packages of TensorRT that Maven has, half a gigabyte
// each, so only `npm run test:cuda:parser` fetches them.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { fetchFromMaven } from './maven.mjs';
import { say, setupFolder } from './process.mjs';

/** By major of TensorRT; `sha256` is the package's. */
export const parserReleases = {
  10: { release: '10.15-1.5.13', sha256: '8543a6bda95c5d42141d409e1b74024b444e96334a3815d53997cc4ec3cfce83' },
  11: { release: '11.2-1.5.14', sha256: '909dea6c768a0db60ab53d76d9f089c78cada1b55ad5d3d78b308b140f669f6d' },
};

/** Where a package of TensorRT for Linux on x64 keeps its libraries. */
export const TENSORRT_MEMBERS = 'org/bytedeco/tensorrt/linux-x86_64';

/** What Maven calls the package of a release of TensorRT. */
export const tensorrtArtifact = (release) => `org.bytedeco:tensorrt:${release}:jar:linux-x86_64-redist`;

/** Where the parser of a major is, if it is. */
export function parserLibrary(major) {
  return join(setupFolder, 'runtimes', 'onnx-parser', parserReleases[major].release, `libnvonnxparser.so.${major}`);
}

/** Fetches the parsers that are not there. */
export async function fetchParsers() {
  for (const [major, { release, sha256 }] of Object.entries(parserReleases)) {
    if (existsSync(parserLibrary(major))) continue;
    if (process.platform !== 'linux' || process.arch !== 'x64') throw new Error('the parsers are for Linux on x64');
    say(`Fetching the ONNX parser of TensorRT ${release}: half a gigabyte, of which 5 MB are kept`);
    const members = [`${TENSORRT_MEMBERS}/libnvonnxparser.so.${major}`];
    await fetchFromMaven({ artifact: tensorrtArtifact(release), sha256, members }, dirname(parserLibrary(major)));
  }
}
