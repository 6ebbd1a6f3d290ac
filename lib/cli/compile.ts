import { statSync } from 'node:fs';
import { basename, dirname, extname, join, resolve } from 'node:path';

import { InvalidArgumentError, Option } from '../third-party/commander.js';
import type { Command } from '../third-party/commander.js';

import { AccelError, Session } from '../index.js';
import type { BackendName, CudaOptions, LoadOptions, ShapeOption } from '../index.js';
import { compileForRknn, isRknnDevice, rknnOutput } from './compile-rknn.js';
import { interruptible } from './interrupt.js';
import { backendOfLibrary, parseShapes, parseSize, refuseUseless } from './options.js';
import { OutputFolder } from './output-folder.js';
import { Progress, formatBytes, inPrecision, print, printJson } from './output.js';

interface CompileCommandOptions {
  device: string;
  precision?: LoadOptions['precision'];
  shapes: Record<string, ShapeOption>;
  output?: string;
  workspace?: number;
  level?: number;
  tf32?: true;
  stronglyTyped?: true;
  sparseWeights?: true;
  timingCache?: string;
  versionCompatible?: true;
  hardwareCompatibility?: CudaOptions['hardwareCompatibility'];
  refittable?: true;
  calibrationCache?: string;
  plugin?: string[];
  dataset?: string;
  library?: string;
  json?: true;
}

/** What the compiled models of a backend are called; others can't write theirs. */
const ENDINGS: Partial<Record<BackendName, string>> = { cuda: '.plan', rocm: '.mxr', openvino: '.blob' };

/** `accelnode compile MODEL -d cuda:0 -o model.plan` */
export function addCompileCommand(program: Command): void {
  program
    .command('compile')
    .description(
      'compile a model for a device, into a file that loads faster there: a TensorRT plan, a MIGraphX program, an OpenVINO blob; or for a Rockchip NPU, with rknn-toolkit2',
    )
    .argument('<model>', 'the model file')
    .requiredOption(
      '-d, --device <device>',
      'the device to compile for, e.g. cuda:0, openvino:CPU; a chip, rknn:rk3588',
    )
    .addOption(
      new Option('-p, --precision <precision>', 'what to compute in').choices(['fp32', 'fp16', 'bf16', 'int8', 'auto']),
    )
    .option(
      '-s, --shapes <name=min:opt:max>',
      'shapes of an input, e.g. image=1,3,224,224:8,3,224,224:32,3,224,224, or one that is fixed; may be repeated',
      parseShapes,
      {},
    )
    .option(
      '-o, --output <file>',
      "the file to write (default: the model's name with .plan, .mxr, .blob or .rk3588.rknn, in this folder)",
    )
    .option('--workspace <size>', 'TensorRT: most device memory that a kernel may use, e.g. 4GiB', parseSize)
    .option('--level <n>', 'TensorRT: how long to look for fast kernels, 0 to 5', parseLevel)
    .option('--tf32', 'TensorRT: compute float32 in TF32 where that is faster')
    .option('--strongly-typed', "TensorRT 10: compute in the model's own types")
    .option('--sparse-weights', 'TensorRT: use 2:4 sparsity of weights')
    .option('--timing-cache <file>', 'TensorRT: keep measured times of kernels in this file')
    .option('--version-compatible', 'TensorRT: for later releases of the same major too')
    .addOption(
      new Option('--hardware-compatibility <level>', 'TensorRT: for other GPUs too').choices([
        'none',
        'amperePlus',
        'sameComputeCapability',
      ]),
    )
    .option('--refittable', 'TensorRT: weights can be exchanged')
    .option('--calibration-cache <file>', 'TensorRT 10: the ranges for int8')
    .option(
      '--plugin <library>',
      'TensorRT: a library with plugins; may be repeated',
      (file: string, before?: string[]) => [...(before ?? []), file],
    )
    .option('--dataset <file>', 'RKNN: the inputs for int8, a file in each line, or one for each input')
    .option('--library <file>', 'the libopenvino_c, libnvinfer or libmigraphx_c to use, whichever the device needs')
    .option('--json', 'print JSON')
    .action(compile);
}

function parseLevel(text: string): number {
  if (!/^[0-5]$/.test(text)) throw new InvalidArgumentError('It must be a number from 0 to 5.');
  return Number(text);
}

async function compile(model: string, options: CompileCommandOptions): Promise<void> {
  if (isRknnDevice(options.device)) {
    refuseOptions(options);
    if (options.library !== undefined) {
      throw new AccelError('INVALID_ARGUMENT', 'rknn-toolkit2 makes the model, and no library: leave out --library.');
    }
    using _folder = folderFor(model, rknnOutput(model, options));
    await interruptible((signal) => compileForRknn(model, options, signal));
    return;
  }
  if (options.dataset !== undefined) {
    throw new AccelError('INVALID_ARGUMENT', `${options.device} can make no use of --dataset.`, {
      hint: 'Only Rockchip RKNN can: leave that out, or name a chip, rknn:rk3588.',
    });
  }
  using _folder = folderFor(model, options.output);
  await interruptible((signal) => compileTo(model, options, signal));
}

async function compileTo(model: string, options: CompileCommandOptions, signal: AbortSignal): Promise<void> {
  const progress = new Progress(options.json);
  try {
    const begin = performance.now();
    await using session = await Session.load(model, {
      ...compileOptions(options),
      lanes: 1,
      signal,
      onProgress: (phase, done, total) => progress.update(phase, done, Math.max(total, 1)),
    });
    const output = outputOf(model, options.output, session);
    progress.update('writing', 0, 1);
    await session.export(output, { signal });
    progress.stop();
    const { device, precision, details } = session;
    const { size } = statSync(output);
    const milliseconds = performance.now() - begin;
    if (options.json) printJson({ model, device, precision, output, size, milliseconds, details });
    else {
      print(
        `${model} for ${device}${inPrecision(precision)}: ${output}, ${formatBytes(size)}, in ${(milliseconds / 1000).toFixed(1)} s`,
      );
    }
  } finally {
    progress.stop();
  }
}

/** The folder that a file goes into, made and looked at before minutes are spent on what is in the file. */
function folderFor(model: string, output = join('.', 'model')): OutputFolder {
  const folder = new OutputFolder(dirname(resolve(output)));
  const there = statSync(output, { throwIfNoEntry: false });
  if (there?.isDirectory() === true) {
    throw new AccelError('INVALID_ARGUMENT', `Can't write ${output}: it is a folder.`, {
      hint: 'Name the file in it.',
    });
  }
  // A device or pipe, whose place the file would take.
  if (there?.isFile() === false) throw new AccelError('INVALID_ARGUMENT', `Can't write ${output}: it is no file.`);
  refuseModel(model, output);
  return folder;
}

function refuseModel(model: string, output: string): void {
  const [from, to] = [model, output].map((file) => statSync(file, { bigint: true, throwIfNoEntry: false }));
  if (to === undefined || from?.ino !== to.ino || from.dev !== to.dev) return;
  throw new AccelError('INVALID_ARGUMENT', `${output} is the model itself, which would be overwritten.`, {
    hint: 'Name another file: --output.',
  });
}

function outputOf(model: string, output: string | undefined, { backend, device }: Session): string {
  const ending = ENDINGS[backend];
  if (ending === undefined) {
    throw new AccelError('UNSUPPORTED', `Compiled models of ${backend} can't be written to a file.`, { device });
  }
  const file = resolve(output ?? join('.', basename(model, extname(model)) + ending));
  refuseModel(model, file);
  return file;
}

/** @throws `INVALID_ARGUMENT` for options that only TensorRT has, with a device that is none of its */
function refuseOptions(options: CompileCommandOptions): void {
  refuseUseless('cuda', [options.device], {
    '--workspace': options.workspace,
    '--level': options.level,
    '--tf32': options.tf32,
    '--strongly-typed': options.stronglyTyped,
    '--sparse-weights': options.sparseWeights,
    '--timing-cache': options.timingCache,
    '--version-compatible': options.versionCompatible,
    '--hardware-compatibility': options.hardwareCompatibility,
    '--refittable': options.refittable,
    '--calibration-cache': options.calibrationCache,
    '--plugin': options.plugin,
  });
}

function compileOptions(options: CompileCommandOptions): LoadOptions {
  const { device, precision, shapes, library, level, plugin, calibrationCache } = options;
  const { workspace, tf32, stronglyTyped, sparseWeights, timingCache, versionCompatible, refittable } = options;
  refuseOptions(options);
  const backend = library === undefined ? undefined : backendOfLibrary(library, [device]);
  return {
    device,
    precision,
    ...(Object.keys(shapes).length > 0 ? { shapes } : {}),
    openvino: { library: backend === 'openvino' ? library : undefined },
    rocm: { library: backend === 'rocm' ? library : undefined },
    cuda: {
      library: backend === 'cuda' ? library : undefined,
      workspace,
      optimizationLevel: level,
      tf32,
      stronglyTyped,
      sparseWeights,
      timingCache,
      versionCompatible,
      hardwareCompatibility: options.hardwareCompatibility,
      refittable,
      plugins: plugin,
      calibration: calibrationCache === undefined ? undefined : { cache: calibrationCache },
    },
  };
}
