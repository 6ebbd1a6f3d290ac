import type { Command } from '../third-party/commander.js';

import { entryOf } from '../entry-of.js';
import { AccelError, inspectOnnx, inspectTflite } from '../index.js';
import type { Tensor } from '../index.js';
import { isImage, loadSharp, makeInput, requireKnown } from './input.js';
import { loadSession } from './load-session.js';
import { addModelOptions, isCuda, loadOptions, splitAssignment, withEntry } from './options.js';
import type { ModelCommandOptions } from './options.js';
import { OutputFolder } from './output-folder.js';
import { Progress, formatTable, print, printJson } from './output.js';

interface RunCommandOptions extends ModelCommandOptions {
  input: Record<string, string>;
  outputDir?: string;
}

/** `accelnode run MODEL --input name=… --output-dir DIR` */
export function addRunCommand(program: Command): void {
  const command = program
    .command('run')
    .description('run a model once')
    .argument('<model>', 'the model file')
    .option(
      '-i, --input <name=what>',
      'an input: a .npy file, an image, "random" or "zeros"; may be repeated',
      (text: string, inputs: Record<string, string>) => withEntry(inputs, ...splitAssignment(text)),
      {},
    )
    .option('-o, --output-dir <folder>', 'write each output to <folder>/<name>.npy')
    .addHelpText(
      'after',
      '\nImages are scaled to the input, or keep their size where the model takes any; float inputs get value / 255\nin RGB order. They need the package sharp.',
    )
    .action(run);
  addModelOptions(command);
}

async function run(model: string, options: RunCommandOptions): Promise<void> {
  using folder = options.outputDir === undefined ? undefined : new OutputFolder(options.outputDir);
  await checkInputs(model, options);
  await using session = await loadSession(
    model,
    loadOptions(options, fixesShapes(options)),
    new Progress(options.json),
  );
  requireKnown('--input', Object.keys(options.input), session);
  requireKnown('--shape', Object.keys(options.shape), session);
  const inputs: Record<string, Tensor> = {};
  for (const info of session.inputs) {
    const what = entryOf(options.input, info.name);
    if (what === undefined) throw notGiven(info.name, session.inputs);
    inputs[info.name] = await makeInput(info, what, entryOf(options.shape, info.name));
  }

  const begin = performance.now();
  const outputs = await session.run(inputs);
  const milliseconds = performance.now() - begin;

  const files = folder?.save(outputs);
  const rows = Object.entries(outputs).map(([name, tensor]) => ({
    name,
    type: tensor.type,
    shape: tensor.dims,
    ...summarize(tensor),
    file: files?.get(name),
  }));
  if (options.json === true) {
    printJson({ device: session.device, milliseconds, outputs: rows, attempts: session.attempts });
    return;
  }
  print(`${session.device}: ${milliseconds.toFixed(2)} ms`);
  print();
  print(
    formatTable(
      ['output', 'type', 'shape', 'min', 'max', 'mean', 'file'],
      rows.map(({ name, type, shape, min, max, mean, file }) => [
        name,
        type,
        `[${shape.join(', ')}]`,
        min?.toPrecision(6) ?? '',
        max?.toPrecision(6) ?? '',
        mean?.toPrecision(6) ?? '',
        file ?? '',
      ]),
    ),
  );
}

/** Before the load, which can take minutes: what of the inputs is wrong already, as far as the file tells. */
async function checkInputs(model: string, { input }: RunCommandOptions): Promise<void> {
  if (Object.values(input).some(isImage)) await loadSharp();
  const inputs = inputsOf(model);
  if (inputs === undefined) return;
  requireKnown('--input', Object.keys(input), { inputs });
  const missing = inputs.find(({ name }) => entryOf(input, name) === undefined);
  if (missing !== undefined) throw notGiven(missing.name, inputs);
}

/** Undefined where only the load can tell. */
function inputsOf(model: string): readonly { name: string }[] | undefined {
  try {
    if (/\.onnx$/i.test(model)) return inspectOnnx(model).inputs;
    if (/\.tflite$/i.test(model)) return inspectTflite(model).inputs;
  } catch {
    // The load says what is wrong with the file.
  }
  return undefined;
}

function notGiven(input: string, inputs: readonly { name: string }[]): AccelError {
  return new AccelError('INVALID_ARGUMENT', `The input "${input}" is not given.`, {
    hint: `For example: ${inputs.map(({ name }) => `--input ${name}=random`).join(' ')}`,
  });
}

/** TensorRT has to know the shapes before; others take them as they come. */
function fixesShapes({ device = [] }: RunCommandOptions): boolean {
  return device.some(isCuda);
}

interface Summary {
  min?: number;
  max?: number;
  mean?: number;
}

/** Nothing for types whose numbers JavaScript can't read off the array. */
function summarize({ type, data }: Tensor): Summary {
  const readable = type === 'float32' || type === 'float64' || type === 'bool' || /^u?int(8|16|32|64)$/.test(type);
  if (!readable || data.length === 0) return {};
  let min = Infinity;
  let max = -Infinity;
  let sum = 0;
  for (const item of data) {
    const value = Number(item);
    if (value < min) min = value;
    if (value > max) max = value;
    sum += value;
  }
  return { min, max, mean: sum / data.length };
}
