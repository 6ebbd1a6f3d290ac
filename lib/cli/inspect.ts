import type { Command } from '../third-party/commander.js';

import { AccelError, Session, inspectOnnx, inspectPlan, inspectTflite } from '../index.js';
import type { OnnxInfo, TensorInfo, TfliteInfo } from '../index.js';
import { formatOf } from '../model-source.js';
import { addModelOptions, loadOptions } from './options.js';
import type { ModelCommandOptions } from './options.js';
import { formatBytes, formatTable, inPrecision, print, printJson } from './output.js';

/** Metadata values beyond this are cut; PP-OCR keeps its whole alphabet in one. */
const LONGEST_VALUE = 100;

/** `accelnode inspect MODEL` */
export function addInspectCommand(program: Command): void {
  const command = program
    .command('inspect')
    .description('what a model says about itself: inputs, outputs, operators, metadata')
    .argument('<model>', 'the model file')
    .addHelpText(
      'after',
      '\nAn ONNX or TFLite file is read without any runtime. With an option other than --json, and in other formats, the\nmodel is loaded on a device, and what became of it there is shown. Of a TensorRT plan, the file says little where\nit can not be loaded.',
    )
    .action(async (model: string, options: ModelCommandOptions, self: Command) => {
      const aboutLoading = Object.keys(options).some(
        (name) => name !== 'json' && self.getOptionValueSource(name) !== 'default',
      );
      if (!aboutLoading && model.toLowerCase().endsWith('.onnx')) inspectFile(model, options.json ?? false);
      else if (!aboutLoading && formatOf(model) === 'tflite') inspectTfliteFile(model, options.json ?? false);
      else if (!aboutLoading && isPlan(model)) await inspectPlanFile(model, options);
      else await inspectOnDevice(model, options);
    });
  addModelOptions(command);
}

function inspectFile(model: string, json: boolean): void {
  const info = inspectOnnx(model);
  if (json) {
    printJson(info);
    return;
  }
  const opsets = Object.entries(info.opsets).map(([domain, version]) => `${domain} ${version}`);
  print(`ONNX, IR version ${info.irVersion}, operator sets: ${opsets.join(', ')}`);
  if (info.producer !== '') print(`producer: ${info.producer}`);
  if (info.graph !== '') print(`graph: ${info.graph}`);
  print(`parameters: ${info.parameters.toLocaleString('en')}`);
  if (info.externalData.length > 0) print(`weights in: ${info.externalData.join(', ')}`);
  print();
  print(formatPorts(info.inputs, info.outputs));
  print();
  const operators = Object.entries(info.operators).map(([name, count]) => `${name} ${count}`);
  print(`operators: ${operators.join(', ')}`);
  const metadata = Object.entries(info.metadata);
  if (metadata.length > 0) print('metadata:');
  for (const [key, value] of metadata) print(`  ${key}: ${shorten(value)}`);
}

function inspectTfliteFile(model: string, json: boolean): void {
  const info = inspectTflite(model);
  if (json) {
    printJson(info);
    return;
  }
  print(`TFLite${info.description === '' ? '' : `, ${shorten(info.description)}`}`);
  print();
  print(formatPorts(info.inputs, info.outputs));
  print();
  const operators = Object.entries(info.operators).map(([name, count]) => `${name} ${count}`);
  print(`operators: ${operators.join(', ')}`);
  if (info.halfWeights > 0) print(`weights: in float16, converted by ${info.halfWeights} DEQUANTIZE`);
  if (info.signatures.length > 0) print(`signatures: ${info.signatures.map(shorten).join(', ')}`);
}

/** What stands in the way of TensorRT, and not of the plan. */
const NO_TENSORRT: ReadonlySet<string> = new Set(['RUNTIME_NOT_FOUND', 'DEVICE_NOT_FOUND', 'UNSUPPORTED']);

/** Has a GPU looked at the plan? */
function wasTried({ device, attempts = [] }: AccelError): boolean {
  return device !== undefined || attempts.some((attempt) => attempt.device.includes(':'));
}

function isPlan(model: string): boolean {
  return formatOf(model) === 'plan';
}

async function inspectPlanFile(model: string, options: ModelCommandOptions): Promise<void> {
  const info = inspectPlan(model);
  let reason: AccelError;
  try {
    await inspectOnDevice(model, { ...options, device: ['cuda'] }); // nobody else reads plans
    return;
  } catch (error) {
    if (!(error instanceof AccelError) || !NO_TENSORRT.has(error.code) || wasTried(error)) throw error;
    reason = error;
  }
  const { code, message, hint } = reason;
  if (options.json === true) {
    printJson({ ...info, notLoaded: { code, message, hint } });
    return;
  }
  print(`TensorRT plan, ${formatBytes(info.size)} (${info.size} bytes)`);
  print(
    info.knownTag
      ? `begins with "${info.tag}", as plans do`
      : `begins with "${info.tag}", which no known plan does: damaged, encrypted, or something else`,
  );
  print();
  print('The rest, such as inputs and outputs, only TensorRT can read, on a GPU that the plan was made for:');
  print(message);
  if (hint !== undefined) print(hint);
}

async function inspectOnDevice(model: string, options: ModelCommandOptions): Promise<void> {
  await using session = await Session.load(model, loadOptions(options, true));
  const { device, inputs, outputs, lanes, precision, details, attempts } = session;
  const memory = session.memory();
  if (options.json === true) {
    printJson({ device, inputs, outputs, lanes, precision, details, memory, attempts });
    return;
  }
  print(
    `${device}${precision === undefined ? '' : `, computing${inPrecision(precision)}`}, ${lanes} ${lanes === 1 ? 'lane' : 'lanes'}`,
  );
  print();
  print(formatPorts(inputs, outputs));
  print();
  for (const [key, value] of Object.entries(details)) print(`${key}: ${formatDetail(value)}`);
}

type Port = OnnxInfo['inputs'][number] | TfliteInfo['inputs'][number] | TensorInfo;

function formatPorts(inputs: readonly Port[], outputs: readonly Port[]): string {
  const row = (role: string) => (info: Port) => [
    role,
    info.name,
    info.type,
    info.shape === undefined ? 'any shape' : `[${info.shape.map((dim) => (dim === -1 ? '?' : dim)).join(', ')}]`,
  ];
  return formatTable(['', 'name', 'type', 'shape'], [...inputs.map(row('input')), ...outputs.map(row('output'))]);
}

function formatDetail(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function shorten(value: string): string {
  const line = value.replaceAll(/\s+/g, ' ').trim();
  return line.length <= LONGEST_VALUE ? line : `${line.slice(0, LONGEST_VALUE)}… (${value.length} characters)`;
}
