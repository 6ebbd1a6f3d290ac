/** TensorRT's real ONNX parser beside the double of the rest of TensorRT, and models for it. */
import { copyFileSync, existsSync, mkdtempSync, readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';

import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { parserLibrary, parserReleases } from '../../scripts/setup/parsers.mjs';
import { folderOf, makeDoubles } from '../fakes/cuda/setup.js';
import type { Doubles, Major } from '../fakes/cuda/setup.js';

export const releaseOf = (major: Major): string => parserReleases[major].release;

/** Why there are no tests; to be added to a suite's name. */
export const missingParser = (major: Major): string | undefined =>
  existsSync(parserLibrary(major)) ? undefined : ' (skipped: `npm run test:cuda:parser` fetches it)';

/** The releases whose methods the double has: the newest that the slot table knows. */
const playing = { 10: 101501, 11: 110100 };

/** Copies, not links: accelnode looks beside the file that libnvinfer really is. */
export function makeParserDoubles(folder: string, major: Major): Doubles {
  const together = mkdtempSync(join(folder, `tensorrt${major}-`));
  const parser = `libnvonnxparser.so.${major}`;
  for (const name of readdirSync(folderOf(major))) {
    if (name !== parser) copyFileSync(join(folderOf(major), name), join(together, name));
  }
  symlinkSync(parserLibrary(major), join(together, parser));
  const doubles = makeDoubles(folder, major, join(together, `libnvinfer.so.${major}`));
  doubles.control.set('version', playing[major]);
  return doubles;
}

/**
 * A model, and an initializer of three float32 that lies in another file. Messages of protobuf one after the other
 * are read as one.
 */
export function withExternalWeights(model: Uint8Array, name: string, location: string): Uint8Array {
  const entry = new BinaryWriter().tag(1, WireType.LengthDelimited).string('location');
  entry.tag(2, WireType.LengthDelimited).string(location);
  const tensor = new BinaryWriter().tag(1, WireType.Varint).int64(3).tag(2, WireType.Varint).int32(1);
  tensor.tag(8, WireType.LengthDelimited).string(name);
  tensor.tag(13, WireType.LengthDelimited).bytes(entry.finish());
  tensor.tag(14, WireType.Varint).int32(1);
  const graph = new BinaryWriter().tag(5, WireType.LengthDelimited).bytes(tensor.finish());
  const rest = new BinaryWriter().tag(7, WireType.LengthDelimited).bytes(graph.finish()).finish();
  return Buffer.concat([model, rest]);
}
