/** Options that several commands share. */
import { basename } from 'node:path';

import { InvalidArgumentError, Option } from '../third-party/commander.js';
import type { Command } from '../third-party/commander.js';

import { backends } from '../backends.js';
import { AccelError } from '../index.js';
import type { LoadOptions, ShapeOption } from '../index.js';
import { SAMPLE_INTERVAL } from '../measure/sampling.js';

/** As commander hands them to an action. */
export interface ModelCommandOptions {
  device?: string[];
  precision?: LoadOptions['precision'];
  lanes?: number | 'auto';
  shape: Record<string, number[]>;
  cache?: true;
  cacheDir?: string;
  hint?: NonNullable<LoadOptions['openvino']>['hint'];
  streams?: number | 'auto';
  threads?: number;
  library?: string;
  graphs?: boolean;
  versionCompatible?: true;
  json?: boolean;
}

export const PRECISIONS = ['fp32', 'fp16', 'bf16', 'int8', 'auto'] as const;
export const HINTS = ['latency', 'throughput', 'cumulative_throughput', 'none'] as const;

const MOST_SECONDS = Math.floor((2 ** 31 - 1) / 1000);

/** An option that a command takes otherwise than the rest: what stands for its value, and what reads it. */
type Variant = readonly [value: string, parse: (text: string) => unknown];

/** --device, --precision and the rest of what `Session.load` takes. */
export function addModelOptions(
  command: Command,
  variants: Partial<Record<'precision' | 'lanes' | 'hint', Variant>> = {},
): Command {
  const [precisionValue, parsePrecision] = variants.precision ?? ['<precision>', undefined];
  const [lanesValue, parseLanes] = variants.lanes ?? ['<n>', parseCountOrAuto];
  const [hintValue, parseHint] = variants.hint ?? ['<hint>', undefined];
  return (
    command
      // One device each time: a list would swallow the model, and commas are part of "openvino:AUTO:GPU,CPU".
      .option(
        '-d, --device <device>',
        'where to run: auto, openvino:CPU, openvino:GPU.1, …; repeated: the first that can (default: auto)',
        (device: string, before: string[] | undefined) => [...(before ?? []), device],
      )
      .addOption(chosen(`-p, --precision ${precisionValue}`, 'what to compute in', PRECISIONS, parsePrecision))
      .option(`-l, --lanes ${lanesValue}`, 'runs computed at the same time', parseLanes)
      .option('-s, --shape <name=dims>', 'shape of an input, e.g. image=1,3,224,224; may be repeated', parseShape, {})
      .option('--cache', "keep the compiled model for the next load, in the user's cache folder")
      .option('--cache-dir <folder>', 'the same, in this folder')
      .addOption(chosen(`--hint ${hintValue}`, 'OpenVINO: performance hint', HINTS, parseHint))
      .option('--streams <n>', 'OpenVINO: inferences that the device computes at once', parseCountOrAuto)
      .option('--threads <n>', 'OpenVINO: CPU threads', parseCount)
      .option('--version-compatible', 'TensorRT: the plan is a version compatible one; trust the code that it brings')
      .option(
        '--library <file>',
        'the libopenvino_c, libnvinfer, libmigraphx_c, libtensorflowlite_c or librknnrt to use, whichever the device needs',
      )
      .option('--json', 'print JSON')
  );
}

/** An option with one of some words; or with what `parse` reads. */
function chosen(flags: string, description: string, words: readonly string[], parse: Variant[1] | undefined): Option {
  if (parse === undefined) return new Option(flags, description).choices(words);
  return new Option(flags, `${description} (choices: ${words.join(', ')})`).argParser(parse);
}

/** `Session.load`'s options. With `fixShapes` the model is compiled for exactly the shapes given. */
export function loadOptions(options: ModelCommandOptions, fixShapes: boolean): LoadOptions {
  const { device, precision, lanes, shape, cache, cacheDir, hint, streams, threads, library } = options;
  const { graphs, versionCompatible } = options;
  refuseUseless('cuda', device, { '--graphs': graphs, '--version-compatible': versionCompatible });
  refuseUseless('openvino', device, { '--hint': hint, '--streams': streams, '--threads': threads });
  const backend = library === undefined ? undefined : backendOfLibrary(library, device);
  return {
    device,
    precision,
    lanes,
    cache: cacheDir ?? cache,
    ...(fixShapes && Object.keys(shape).length > 0 ? { shapes: shape } : {}),
    openvino: { hint, streams, threads, library: backend === 'openvino' ? library : undefined },
    cuda: { graphs, versionCompatible, library: backend === 'cuda' ? library : undefined },
    rocm: { library: backend === 'rocm' ? library : undefined },
    armnn: { library: backend === 'armnn' ? library : undefined },
    rknn: { library: backend === 'rknn' ? library : undefined },
  };
}

/**
 * Refuses options that only one backend has, when devices are named and none of them is its.
 * @throws `INVALID_ARGUMENT`
 */
export function refuseUseless(
  backend: 'cuda' | 'openvino',
  devices: readonly string[] = [],
  given: Readonly<Record<string, unknown>>,
): void {
  if (devices.length === 0 || devices.some((device) => device === 'auto' || device.split(':')[0] === backend)) return;
  const useless = Object.keys(given).filter((option) => given[option] !== undefined);
  if (useless.length === 0) return;
  throw new AccelError('INVALID_ARGUMENT', `${devices.join(' and ')} can make no use of ${useless.join(', ')}.`, {
    hint: `Only ${backends[backend].product} can: leave that out, or name a device of ${backend}.`,
  });
}

/** Whose a library is: by its name, or because there is no other device to use it for. */
export function backendOfLibrary(
  library: string,
  devices: readonly string[] = [],
): 'cuda' | 'rocm' | 'armnn' | 'rknn' | 'openvino' {
  const name = basename(library);
  const only = (backend: string): boolean =>
    devices.length > 0 && devices.every((device) => device.split(':')[0] === backend);
  if (name.includes('nvinfer') || only('cuda')) return 'cuda';
  if (name.includes('migraphx') || only('rocm')) return 'rocm';
  if (name.includes('rknn') || only('rknn')) return 'rknn';
  return name.includes('tensorflow') || only('armnn') ? 'armnn' : 'openvino';
}

export function isCuda(device: string): boolean {
  return device === 'cuda' || device.startsWith('cuda:');
}

export function parseCount(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1)
    throw new InvalidArgumentError('It must be a whole number of at least 1.');
  return value;
}

/** Bytes: a number, or one like 512MB and 4GiB. */
export function parseSize(text: string): number {
  const units: Readonly<Record<string, number>> = { K: 1, M: 2, G: 3, T: 4 };
  const match = /^(\d+(?:\.\d+)?)(?:([KMGT])(i?)B?)?$/i.exec(text);
  const value =
    match === null
      ? 0
      : Number(match[1]) * (match[3] === '' ? 1000 : 1024) ** (units[match[2]?.toUpperCase() ?? ''] ?? 0);
  if (!Number.isSafeInteger(value) || value < 1) {
    throw new InvalidArgumentError('It must be a number of bytes, or one like 512MB or 4GiB.');
  }
  return value;
}

/** A number of at least 0, not necessarily whole. */
export function parseAmount(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value < 0)
    throw new InvalidArgumentError('It must be a number of at least 0.');
  return value;
}

/** Seconds: a timer takes no more milliseconds. */
export function parseSeconds(text: string): number {
  const value = parseAmount(text);
  if (value > MOST_SECONDS) throw new InvalidArgumentError(`It must be at most ${MOST_SECONDS} seconds.`);
  return value;
}

/** Milliseconds between two samples of a device. */
export function parseSampleInterval(text: string): number {
  const value = parseAmount(text);
  const { least, most } = SAMPLE_INTERVAL;
  if (value < least || value > most) throw new InvalidArgumentError(`It must be from ${least} to ${most} ms.`);
  return value;
}

function parseCountOrAuto(text: string): number | 'auto' {
  return text === 'auto' ? 'auto' : parseCount(text);
}

export function parseShape(text: string, shapes: Record<string, number[]>): Record<string, number[]> {
  const [name, dims] = splitAssignment(text);
  // Digits only: to Number, an empty field is 0.
  if (!/^\d+([,x]\d+)*$/.test(dims)) throw new InvalidArgumentError('It must be like image=1,3,224,224.');
  return withEntry(shapes, name, dims.split(/[,x]/).map(Number));
}

/** image=1,3,224,224 or image=1,3,224,224:8,3,224,224:32,3,224,224, smallest, best and largest */
export function parseShapes(text: string, shapes: Record<string, ShapeOption>): Record<string, ShapeOption> {
  const [name, profile] = splitAssignment(text);
  const all = profile.split(':');
  if (all.length > 3 || !all.every((dims) => /^\d+([,x]\d+)*$/.test(dims))) {
    throw new InvalidArgumentError('It must be like image=1,3,224,224 or image=<min>:<opt>:<max>.');
  }
  const dims = all.map((each) => each.split(/[,x]/).map(Number));
  const [first, second, third] = dims;
  if (second === undefined) return withEntry(shapes, name, first!);
  return withEntry(shapes, name, {
    min: first!,
    opt: third === undefined ? undefined : second,
    max: third ?? second,
  });
}

/** Another entry of an option that may be repeated, for another name each time. */
export function withEntry<T>(entries: Record<string, T>, name: string, value: T): Record<string, T> {
  if (Object.hasOwn(entries, name)) throw new InvalidArgumentError(`"${name}" is given twice.`);
  return { ...entries, [name]: value };
}

/** "name=value", where the name may hold colons and slashes but no "=". */
export function splitAssignment(text: string): [name: string, value: string] {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('It must be like name=value.');
  return [text.slice(0, at), text.slice(at + 1)];
}
