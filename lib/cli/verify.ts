import { InvalidArgumentError } from '../third-party/commander.js';
import type { Command } from '../third-party/commander.js';

import { entryOf } from '../entry-of.js';
import { AccelError, Session } from '../index.js';
import type { Inputs, OutputDifference, Tensor, Verification } from '../index.js';
import { requireDevices } from '../required-devices.js';
import { seededInputs } from '../verify/random-inputs.js';
import { verifySession } from '../verify/verify.js';
import { makeInput, requireKnown, shapeFor } from './input.js';
import { addModelOptions, loadOptions, parseAmount, parseCount, splitAssignment, withEntry } from './options.js';
import type { ModelCommandOptions } from './options.js';
import { EXIT_FAILED, Progress, formatTable, inPrecision, print, printJson } from './output.js';

interface VerifyCommandOptions extends ModelCommandOptions {
  reference: string;
  input: Record<string, string>;
  random?: number;
  seed: number;
  minCosine?: number;
  maxRelative?: number;
}

/** Of the seed's sets, the one for given inputs: none that `--random` names. */
const GIVEN_SET = -1;

/** `accelnode verify MODEL --device X --reference openvino:CPU` */
export function addVerifyCommand(program: Command): void {
  const command = program
    .command('verify')
    .description("compare a device's outputs with a reference's")
    .argument('<model>', 'the model file')
    .option('-r, --reference <device>', 'the device to compare with', 'openvino:CPU')
    .option(
      '-i, --input <name=what>',
      'an input: a .npy file, an image, "random" or "zeros"; may be repeated (default: all are random)',
      (text: string, inputs: Record<string, string>) => withEntry(inputs, ...splitAssignment(text)),
      {},
    )
    .option('--random <n>', 'sets of random inputs, beside given ones (default: 3; 0 where some are given)', parseCount)
    .option('--seed <n>', 'what the random inputs follow from', parseCount, 1)
    .option('--min-cosine <number>', 'the least cosine to pass, up to 1 (default: by the precision)', parseCosine)
    .option(
      '--max-relative <number>',
      'the largest relative difference to pass (default: by the precision)',
      parseAmount,
    )
    .addHelpText(
      'after',
      `
Exit code: 0 when all outputs are within the tolerance, else 1.

  precision         fp32    fp16   bf16  int8
  least cosine      0.9999  0.999  0.99  0.98
  largest relative  0.001   0.02   0.1   0.3

A difference is relative to the larger of the element's size in the reference and the root mean square of that output.`,
    )
    .action(runVerify);
  addModelOptions(command);
}

async function runVerify(model: string, options: VerifyCommandOptions): Promise<void> {
  const [reference] = await requireDevices([options.reference]);
  const load = loadOptions(options, true);
  const progress = new Progress(options.json);
  let found: Verification;
  try {
    progress.update('comparing', 0, 1);
    await using session = await Session.load(model, load);
    found = await verifySession(session, model, {
      load,
      reference,
      shapes: options.shape,
      seed: options.seed,
      inputs: await givenInputs(session, options),
      random: options.random,
      tolerance: {
        ...(options.minCosine === undefined ? {} : { cosine: options.minCosine }),
        ...(options.maxRelative === undefined ? {} : { relative: options.maxRelative }),
      },
    });
  } finally {
    progress.stop();
  }
  if (options.json === true) printJson(found);
  else printVerification(model, found);
  if (!found.passed) process.exitCode = EXIT_FAILED;
}

/** What `--input` names, for every input of the model: a set, or none. */
export async function givenInputs(
  session: Session,
  options: Pick<VerifyCommandOptions, 'input' | 'shape' | 'seed'>,
): Promise<Inputs[]> {
  if (Object.keys(options.input).length === 0) return [];
  requireKnown('--input', Object.keys(options.input), session);
  const random = session.inputs.filter(({ name }) => entryOf(options.input, name) === 'random');
  const shapes = Object.fromEntries(
    random.map((info) => [info.name, shapeFor(info, entryOf(options.shape, info.name))]),
  );
  const seeded = seededInputs(random, shapes, options.seed, GIVEN_SET);
  const inputs: Record<string, Tensor> = {};
  for (const info of session.inputs) {
    const what = entryOf(options.input, info.name);
    if (what === undefined) {
      throw new AccelError('INVALID_ARGUMENT', `The input "${info.name}" is not given.`, {
        hint: `Give all of them or none: --input ${info.name}=random`,
      });
    }
    inputs[info.name] = entryOf(seeded, info.name) ?? (await makeInput(info, what, entryOf(options.shape, info.name)));
  }
  return [inputs];
}

function printVerification(model: string, found: Verification): void {
  const { device, precision, reference, referencePrecision, tolerance, inputs, outputs, passed } = found;
  print(`${model} on ${device}${inPrecision(precision)}, compared with ${reference}${inPrecision(referencePrecision)}`);
  print(
    `${inputs} ${inputs === 1 ? 'set' : 'sets'} of inputs; cosine ≥ ${tolerance.cosine}, relative difference ≤ ${tolerance.relative}`,
  );
  print();
  print(
    formatTable(
      ['output', 'elements', 'cosine', 'max absolute', 'max relative', 'NaN', 'infinite', 'verdict'],
      outputs.map((output) => [
        output.name,
        output.elements,
        output.cosine?.toFixed(7) ?? '',
        output.maxAbsolute.toExponential(2),
        output.maxRelative.toExponential(2),
        pair(output.nan, output.referenceNan),
        pair(output.infinite, output.referenceInfinite),
        output.passed ? 'PASS' : 'FAIL',
      ]),
    ),
  );
  print();
  for (const { name, reason } of outputs.filter((output): output is OutputDifference => !output.passed)) {
    print(`${name}: ${reason!}`);
  }
  print(passed ? 'PASS' : 'FAIL');
  if (device === reference && precision === referencePrecision) {
    print(
      'It is the same device in the same precision: this tells whether its outputs repeat, not whether they are right.',
    );
  }
}

/** A count, and the reference's where that is another. */
function pair(own: number, reference: number): string {
  return own === reference ? String(own) : `${own}, reference ${reference}`;
}

function parseCosine(text: string): number {
  const value = parseAmount(text);
  if (value > 1) throw new InvalidArgumentError('No cosine is more than 1.');
  return value;
}
