import { readFileSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { extname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import { backendNames, backends } from './backends.js';
import { AccelError, invalidArgument } from './errors.js';
import { describe } from './data-type.js';
import type { NativeModelSource } from './native/addon.js';
import { nullModel } from './options/null.js';
import type { NullModel } from './options/null.js';
import { parse } from './options/load.js';
import { isPlanTag } from './plan-file.js';
import { isRknnTarget, rknnTargets } from './rknn-source.js';
import type { RknnTarget } from './rknn-source.js';

/** A model format; each backend takes some of them. */
export type ModelFormat = 'onnx' | 'ir' | 'tflite' | 'paddle' | 'blob' | 'plan' | 'mxr' | 'rknn' | 'null';

/** A file's path or URL, or what is in it. */
export type ModelFile = string | URL | Uint8Array | ArrayBuffer;

/** The same model in several formats; each backend takes the one it can load. */
export interface ModelFiles {
  /** ONNX, for TensorRT, MIGraphX and OpenVINO. Weights in other files are found beside it when it is a path. */
  onnx?: ModelFile;
  /** OpenVINO's: the .xml file, with the .bin file beside it, or given as well. */
  ir?:
    | ModelFile
    | {
        /** The graph. */
        xml: ModelFile;
        /** The weights. Both are paths, or both are bytes. */
        bin?: ModelFile;
      };
  /** TFLite, for Arm NN and OpenVINO. */
  tflite?: ModelFile;
  /** PaddlePaddle's .pdmodel file, with the .pdiparams file beside it, for OpenVINO. */
  paddle?: ModelFile;
  /** What {@link Session.export} wrote with OpenVINO. */
  blob?: ModelFile;
  /**
   * A TensorRT engine, as {@link Session.export} or trtexec writes it. Beside `onnx`, it is used when it is there and fits;
   * `session.details.planRefused` says why it was not. A version compatible one needs {@link CudaOptions.versionCompatible}.
   */
  plan?: ModelFile;
  /** A program that MIGraphX has compiled, as {@link Session.export} or migraphx-driver writes it. Beside `onnx`, as `plan`. */
  mxr?: ModelFile;
  /** What rknn-toolkit2 has made for one chip; or one for each chip, of which the board decides. */
  rknn?: ModelFile | Partial<Record<RknnTarget, ModelFile>>;
  /** A description for the null backend. */
  null?: NullModel;
}

/** What {@link Session.load} loads: a file, whose ending or first bytes tell the format, or one for each format. */
export type ModelSource = ModelFile | ModelFiles;

/** A model after its file has been looked at: what the addon gets. */
export interface ReadSource extends NativeModelSource {
  /** Why a compiled model is of no use, where the model that it was made from is given too. */
  refused?: AccelError;
  /** RKNN: in place of one model, those for each chip. */
  byChip?: Partial<Record<RknnTarget, NativeModelSource>>;
}

/** A source after its files have been looked at, by format. */
export type ModelSources = Partial<Record<ModelFormat, ReadSource>>;

const FORMATS: Readonly<Record<string, ModelFormat>> = {
  '.onnx': 'onnx',
  '.xml': 'ir',
  '.tflite': 'tflite',
  '.pdmodel': 'paddle',
  '.blob': 'blob',
  '.plan': 'plan',
  '.engine': 'plan',
  '.trt': 'plan',
  '.mxr': 'mxr',
  '.rknn': 'rknn',
};

/** Of descriptions of models of the null backend. */
const NULL_ENDING = '.null.json';

/** How to come to the one format that Arm NN is given. */
export const TFLITE_HINT =
  "Convert the model to .tflite: ONNX with onnx2tf, PyTorch with ai-edge-torch, TensorFlow with its TFLiteConverter. Arm NN's " +
  'own .armnn files come from such a model: give that.';

/** Arm NN's own format, which its delegate does not take. */
function refuseArmnn(): AccelError {
  return new AccelError('MODEL_UNSUPPORTED', 'Networks that Arm NN has serialized (.armnn) can not be loaded.', {
    backend: 'armnn',
    hint: TFLITE_HINT,
  });
}

/** protobuf and flatbuffers count bytes in 32 bits with a sign. */
const TWO_GIB = 2 ** 31;
const TWO_GIB_FORMATS: ReadonlySet<ModelFormat> = new Set<ModelFormat>(['onnx', 'tflite']);

/**
 * Looks at the files of a source.
 * @throws `MODEL_INVALID` for a file that is missing, empty, a folder or too large for its format, unless it is a
 * compiled model with another beside it;
 * `INVALID_ARGUMENT` for a source of the wrong kind
 */
export async function readModelSource(source: ModelSource): Promise<ModelSources> {
  if (isModelFile(source)) {
    refuseDetached(source);
    const format = formatOf(source);
    return { [format]: format === 'null' ? readNullModel(source as string | URL) : await readFile(source, format) };
  }
  if (source === null || typeof source !== 'object') {
    throw invalidArgument(`A model is a path, a URL, bytes, or an object of these by format, not ${describe(source)}.`);
  }
  const sources: ModelSources = {};
  for (const [key, value] of Object.entries(source) as [ModelFormat, unknown][]) {
    if (value === undefined) continue;
    if (key === 'null') {
      sources.null = { format: 'null', spec: parse(nullModel, value, 'model.null') };
    } else if (!Object.values(FORMATS).includes(key)) {
      throw invalidArgument(`There is no model format ${describe(key)}.`, `There are: ${formatNames()}.`);
    } else {
      sources[key] = await readEntry(key, value).catch((error: unknown) => refusedPlan(key, error));
    }
  }
  if (Object.keys(sources).length === 0) {
    throw invalidArgument('The model names no file.', `Give one of: ${formatNames()}.`);
  }
  const given = Object.values(sources);
  if (given.every(({ refused }) => refused !== undefined)) throw given[0]!.refused!;
  return sources;
}

/**
 * A model of the null backend that a `.null.json` file describes.
 * @throws `MODEL_INVALID`
 */
export function readNullModel(file: string | URL): ReadSource {
  const path = toPath(file);
  try {
    return { format: 'null', spec: parse(nullModel, JSON.parse(readFileSync(path, 'utf8')), 'model') };
  } catch (cause) {
    throw new AccelError('MODEL_INVALID', `Can't read the model ${path}: ${(cause as Error).message}`, { cause });
  }
}

/** A compiled model that is missing or empty can be made again, if there is something to make it from. */
function refusedPlan(format: ModelFormat, error: unknown): ReadSource {
  const kept = backendNames.some((name) => backends[name].planFormat === format);
  if (!kept || !(error instanceof AccelError) || error.code !== 'MODEL_INVALID') throw error;
  return { format, refused: error };
}

function formatNames(): string {
  return [...new Set(Object.values(FORMATS))].join(', ');
}

function isModelFile(source: unknown): source is ModelFile {
  return (
    typeof source === 'string' || source instanceof URL || source instanceof Uint8Array || source instanceof ArrayBuffer
  );
}

async function readEntry(format: ModelFormat, value: unknown): Promise<ReadSource> {
  if (isModelFile(value)) return readFile(value, format);
  if (format === 'rknn' && typeof value === 'object' && value !== null) return readByChip(value);
  if (format === 'ir' && typeof value === 'object' && value !== null && isModelFile((value as { xml?: unknown }).xml)) {
    const { xml, bin } = value as { xml: ModelFile; bin?: ModelFile };
    const model = await readFile(xml, 'ir');
    if (bin === undefined) return model;
    const weights = await readFile(bin, 'ir');
    if ((model.path === undefined) !== (weights.path === undefined)) {
      throw invalidArgument('The two files of an IR model must both be paths or both be bytes.');
    }
    return { ...model, ...(weights.path ? { weightsPath: weights.path } : { weights: weights.bytes! }) };
  }
  throw invalidArgument(`model.${format} must be a path, a URL or bytes, not ${describe(value)}.`);
}

async function readByChip(models: object): Promise<ReadSource> {
  const byChip: NonNullable<ReadSource['byChip']> = {};
  for (const [chip, file] of Object.entries(models) as [string, unknown][]) {
    if (file === undefined) continue;
    if (!isRknnTarget(chip)) {
      throw invalidArgument(
        `model.rknn is for a chip that accelnode does not know, ${describe(chip)}.`,
        `There are: ${rknnTargets.join(', ')}.`,
      );
    }
    if (!isModelFile(file)) {
      throw invalidArgument(`model.rknn.${chip} must be a path, a URL or bytes, not ${describe(file)}.`);
    }
    byChip[chip] = await readFile(file, 'rknn');
  }
  if (Object.keys(byChip).length > 0) return { format: 'rknn', byChip };
  throw invalidArgument('model.rknn names no file.', `Give one for each chip: ${rknnTargets.join(', ')}.`);
}

/** A detached buffer has no bytes and can't be looked at. */
function refuseDetached(file: ModelFile): void {
  const buffer = file instanceof Uint8Array ? file.buffer : file;
  // `detached` came with Node 21; before, a view of a detached buffer can't be made.
  try {
    if (buffer instanceof ArrayBuffer) new Uint8Array(buffer);
  } catch (cause) {
    throw new AccelError('INVALID_ARGUMENT', 'The buffer of the model is detached: it was transferred elsewhere.', {
      cause,
    });
  }
}

async function readFile(file: ModelFile, format: ModelFormat): Promise<NativeModelSource> {
  refuseDetached(file);
  if (file instanceof Uint8Array || file instanceof ArrayBuffer) {
    const bytes = file instanceof Uint8Array ? file : new Uint8Array(file);
    if (bytes.byteLength === 0) throw new AccelError('MODEL_INVALID', 'The model has no bytes.');
    checkSize(bytes.byteLength, format, 'The model');
    return { format, bytes };
  }
  const path = toPath(file);
  const info = await stat(path).catch((cause: unknown) => {
    const { code, message } = cause as NodeJS.ErrnoException;
    throw new AccelError('MODEL_INVALID', `Can't read the model ${path}: ${code ?? message}.`, {
      hint: code === 'ENOENT' ? 'There is no such file.' : undefined,
      cause,
    });
  });
  if (!info.isFile()) throw new AccelError('MODEL_INVALID', `The model ${path} is not a file.`);
  if (info.size === 0) throw new AccelError('MODEL_INVALID', `The model ${path} is empty.`);
  checkSize(info.size, format, `The model ${path}`);
  return { format, path };
}

function checkSize(bytes: number, format: ModelFormat, what: string): void {
  if (bytes < TWO_GIB || !TWO_GIB_FORMATS.has(format)) return;
  throw new AccelError(
    'MODEL_INVALID',
    `${what} has ${bytes} bytes, but a file of this format holds less than 2 GiB.`,
    {
      hint: format === 'onnx' ? 'Save it with its weights as external data.' : undefined,
    },
  );
}

function toPath(file: string | URL): string {
  if (typeof file === 'string') {
    if (file.includes('\0')) throw invalidArgument('A path has no zero byte in it.');
    return resolve(file);
  }
  if (file.protocol !== 'file:') throw invalidArgument(`A model URL must be a file: URL, not ${file.protocol}`);
  try {
    return fileURLToPath(file);
  } catch (cause) {
    throw new AccelError('INVALID_ARGUMENT', `${file.href} is the URL of no file here: ${(cause as Error).message}`, {
      cause,
    });
  }
}

/** The format by the file's ending, or by the first bytes. */
export function formatOf(file: ModelFile): ModelFormat {
  if (typeof file === 'string' || file instanceof URL) {
    const path = typeof file === 'string' ? file : file.pathname;
    if (path.toLowerCase().endsWith(NULL_ENDING)) return 'null';
    const ending = extname(path).toLowerCase();
    if (ending === '.armnn') throw refuseArmnn();
    const format = FORMATS[ending];
    if (format !== undefined) return format;
    throw invalidArgument(
      `Can't tell the format of the model ${path} by its ending.`,
      `Known endings: ${Object.keys(FORMATS).join(', ')}. Or name the format: { onnx: ${JSON.stringify(path)} }.`,
    );
  }
  const bytes = Buffer.from(
    file instanceof Uint8Array ? file.subarray(0, 64) : new Uint8Array(file, 0, Math.min(64, file.byteLength)),
  );
  if (bytes.toString('latin1', 4, 8) === 'TFL3') return 'tflite';
  if (bytes.toString('latin1', 4, 8) === 'ARMN') throw refuseArmnn();
  if (bytes.toString('latin1', 0, 4) === 'RKNN') return 'rknn';
  if (isPlanTag(bytes.toString('latin1', 0, 4))) return 'plan';
  // MessagePack: a map whose first key is "version".
  if (bytes.toString('latin1', 1, 9) === '\xa7version') return 'mxr';
  if (/^\s*(<\?xml|<net\b)/.test(bytes.toString('utf8'))) return 'ir';
  // An ONNX ModelProto has no magic. Field 1, the IR version, usually comes first, as a varint.
  if (bytes[0] === 0x08) return 'onnx';
  if (bytes.length === 0) throw new AccelError('MODEL_INVALID', 'The model has no bytes.');
  throw new AccelError('MODEL_INVALID', 'These bytes are of no model format that accelnode can tell.', {
    hint: 'If they are right, name the format: { onnx: bytes }.',
  });
}
