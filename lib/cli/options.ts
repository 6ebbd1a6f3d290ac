/** Options that several commands share. */
import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';

import type { LoadOptions } from '../index.js';

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
  json?: boolean;
}

/** --device, --precision and the rest of what `Session.load` takes. */
export function addModelOptions(command: Command): Command {
  return (
    command
      // One device each time: a list would swallow the model, and commas are part of "openvino:AUTO:GPU,CPU".
      .option(
        '-d, --device <device>',
        'where to run: auto, openvino:CPU, openvino:GPU.1, …; repeated: the first that can (default: auto)',
        (device: string, before: string[] | undefined) => [...(before ?? []), device],
      )
      .addOption(
        new Option('-p, --precision <precision>', 'what to compute in').choices([
          'fp32',
          'fp16',
          'bf16',
          'int8',
          'auto',
        ]),
      )
      .option('-l, --lanes <n>', 'runs computed at the same time', parseCountOrAuto)
      .option('-s, --shape <name=dims>', 'shape of an input, e.g. image=1,3,224,224; may be repeated', parseShape, {})
      .option('--cache', "keep the compiled model for the next load, in the user's cache folder")
      .option('--cache-dir <folder>', 'the same, in this folder')
      .addOption(
        new Option('--hint <hint>', 'OpenVINO: performance hint').choices([
          'latency',
          'throughput',
          'cumulative_throughput',
          'none',
        ]),
      )
      .option('--streams <n>', 'OpenVINO: inferences that the device computes at once', parseCountOrAuto)
      .option('--threads <n>', 'OpenVINO: CPU threads', parseCount)
      .option('--library <file>', 'OpenVINO: the libopenvino_c to use')
      .option('--json', 'print JSON')
  );
}

/** `Session.load`'s options. With `fixShapes` the model is compiled for exactly the shapes given. */
export function loadOptions(options: ModelCommandOptions, fixShapes: boolean): LoadOptions {
  const { device, precision, lanes, shape, cache, cacheDir, hint, streams, threads, library } = options;
  return {
    device,
    precision,
    lanes,
    cache: cacheDir ?? cache,
    ...(fixShapes && Object.keys(shape).length > 0 ? { shapes: shape } : {}),
    openvino: { hint, streams, threads, library },
  };
}

export function parseCount(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1)
    throw new InvalidArgumentError('It must be a whole number of at least 1.');
  return value;
}

/** A number of at least 0, not necessarily whole. */
export function parseAmount(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value < 0)
    throw new InvalidArgumentError('It must be a number of at least 0.');
  return value;
}

function parseCountOrAuto(text: string): number | 'auto' {
  return text === 'auto' ? 'auto' : parseCount(text);
}

function parseShape(text: string, shapes: Record<string, number[]>): Record<string, number[]> {
  const [name, dims] = splitAssignment(text);
  // Digits only: to Number, an empty field is 0.
  if (!/^\d+([,x]\d+)*$/.test(dims)) throw new InvalidArgumentError('It must be like image=1,3,224,224.');
  return withEntry(shapes, name, dims.split(/[,x]/).map(Number));
}

/** Another entry of an option that may be repeated, for another name each time. */
export function withEntry<T>(entries: Record<string, T>, name: string, value: T): Record<string, T> {
  if (Object.hasOwn(entries, name)) throw new InvalidArgumentError(`"${name}" is given twice.`);
  return { ...entries, [name]: value };
}

/** What an option gives for a name, which may be any, such as "constructor". */
export function entryOf<T>(entries: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(entries, name) ? entries[name] : undefined;
}

/** "name=value", where the name may hold colons and slashes but no "=". */
export function splitAssignment(text: string): [name: string, value: string] {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('It must be like name=value.');
  return [text.slice(0, at), text.slice(at + 1)];
}
