import { InvalidArgumentError, Option } from '../third-party/commander.js';
import type { Command } from '../third-party/commander.js';

import { AccelError, devices, placeModels } from '../index.js';
import type { Device, DeviceKind, Placement, PlacementGoal, PlacementModel, PlacementRequest } from '../index.js';
import { hostConfiguration } from '../placement/host-config.js';
import { modelNamed } from '../placement/model-names.js';
import { picture } from '../placement/picture.js';
import type { Reserved } from '../placement/picture.js';
import { readDevices, readModels } from '../placement/read-table.js';
import { exitCodeOfSignal, interruptible } from './interrupt.js';
import { refuseSameFiles, requireWritable } from './named-files.js';
import { parseAmount, parseCount, parseSeconds, splitAssignment, withEntry } from './options.js';
import { EXIT_USAGE, Progress, formatTable, print, printJson } from './output.js';
import { writeWhole } from '../write-whole.js';

interface PlanCommandOptions {
  deviceMemory?: number;
  deviceTable?: string;
  thisMachine?: true;
  devices?: number;
  anyDevice?: true;
  goal: PlacementGoal;
  maxUtil?: number;
  maxUtilization?: number;
  maxMemoryPercent?: number;
  reserved: number;
  memoryIncludesReserved?: true;
  reservedUtil?: number;
  rate: Record<string, number>;
  pin: Record<string, string>;
  apart: string[][];
  timeLimit: number;
  svg?: string;
  hostConfig?: string;
  json?: true;
}

/** `accelnode plan TABLE…` */
export function addPlanCommand(program: Command): void {
  program
    .command('plan')
    .description('place models on the fewest, the cheapest or the fastest devices, and prove it')
    .argument('<tables...>', 'models and what they take: .csv, .json, .yaml, or what bench and analyze wrote as JSON')
    .option('-m, --device-memory <MB>', 'devices of one kind, with so much memory', parsePositive)
    .option('--device-table <file>', 'kinds of devices: name, memoryMB, price, count')
    .option('--this-machine', 'the devices of this machine')
    .option('-n, --devices <n>', 'with --device-memory: so many there are (default: any number)', parseCount)
    .option('--any-device', 'figures hold for each device, whatever they were measured on')
    .addOption(
      new Option('-g, --goal <goal>', 'what to strive for')
        .choices(['min-devices', 'min-cost', 'max-throughput', 'min-latency'])
        .default('min-devices' as const),
    )
    .option('--max-util <percent>', 'sum of utilizations of a device (default: 100 for the last two goals)', parseLimit)
    .addOption(
      new Option('--max-utilization <percent>', 'the same, as analyze spells it')
        .argParser(parseLimit)
        .conflicts('maxUtil'),
    )
    .option('--max-memory-percent <percent>', 'sum of memory percentages of a device (default: likewise)', parseLimit)
    .option('--reserved <MB>', 'what the idle server takes of each device', parseAmount, 0)
    .option('--memory-includes-reserved', "the models' figures include that")
    .option(
      '--reserved-util <percent>',
      'utilization of the idle device, once for each (default: what the tables tell, or 0)',
      parseAmount,
    )
    .option(
      '--rate <model=rate>',
      'what is demanded of a model, in the unit of its throughput; repeatable',
      parseRate,
      {},
    )
    .option(
      '--pin <model=device>',
      'where it stays: a kind, a device (kind#1), or with another model; repeatable',
      parsePin,
      {},
    )
    .option('--apart <models>', 'models of which no two share a device: a,b,…; repeatable', parseApart, [])
    .option('-t, --time-limit <seconds>', 'how long to search; Ctrl-C ends it too', parseTimeLimit, 60)
    .option('--svg <file>', 'draw the devices filled')
    .option('--host-config <file>', 'write which device loads which model, as JSON')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\n"none" lifts a limit. The best placement that is found in time is printed, with how much better one could be.',
    )
    .action(plan);
}

async function plan(tables: string[], options: PlanCommandOptions): Promise<void> {
  const read = [
    ...tables.map((table) => ['the table', table] as const),
    ['--device-table', options.deviceTable] as const,
  ];
  const written = [
    ['--svg', options.svg],
    ['--host-config', options.hostConfig],
  ] as const;
  written.forEach(requireWritable);
  refuseSameFiles(read, written);
  const { models, notes, idleUtilizationPercent: idle = 0 } = await readModels(tables);
  const kinds = await kindsOf(options, notes);
  const reservedUtil = options.reservedUtil ?? idle;
  if (options.reservedUtil === undefined && idle > 0) {
    notes.push(
      `${rounded(idle)} % of each device are reserved for what it did when idle: --reserved-util says otherwise.`,
    );
  }
  const request = {
    models: withRates(models, options),
    devices: kinds,
    goal: options.goal,
    maxUtilizationPercent: options.maxUtil ?? options.maxUtilization,
    maxMemoryPercent: options.maxMemoryPercent,
    reservedMB: options.reserved,
    memoryIncludesReserved: options.memoryIncludesReserved,
    reservedUtilizationPercent: reservedUtil,
    pins: pinsOf(models, kinds, options),
    apart: options.apart.map((names) => names.map((name) => nameOrItself(name, models))),
    timeLimit: options.timeLimit * 1000,
  };
  const found = await searched(request, options.json);
  const placement = { ...found, notes: [...notes, ...found.notes] };
  const reserved = {
    reservedMB: options.reserved,
    includesReserved: options.memoryIncludesReserved === true,
    reservedUtil,
  };
  if (options.json === true) {
    const failed = failureOf(() => writeFiles(placement, options, reserved));
    printJson(failed === undefined ? placement : { ...placement, error: failed });
    return;
  }
  // First what took the time: a file may not be written.
  printPlacement(placement);
  writeFiles(placement, options, reserved);
}

function writeFiles(placement: Placement, { svg, hostConfig }: PlanCommandOptions, reserved: Reserved): void {
  if (svg !== undefined) writeWhole(svg, picture(placement, reserved));
  if (hostConfig !== undefined) writeWhole(hostConfig, `${JSON.stringify(hostConfiguration(placement), null, 2)}\n`);
}

/** What goes into the one JSON value, beside what has been found. */
function failureOf(write: () => void): { code: string; message: string } | undefined {
  try {
    write();
    return undefined;
  } catch (error) {
    if (!(error instanceof AccelError)) throw error;
    process.exitCode = EXIT_USAGE;
    return { code: error.code, message: error.message };
  }
}

/** The first Ctrl-C ends the search: what has been found is printed. The second ends the process. */
async function searched(
  request: PlacementRequest & { timeLimit: number },
  json: boolean | undefined,
): Promise<Placement> {
  const progress = new Progress(json);
  const begun = performance.now();
  const onProgress = (): void => progress.update('searching', performance.now() - begun, request.timeLimit);
  try {
    const placement = await interruptible((signal) => placeModels({ ...request, signal, onProgress }));
    if (placement.ended === 'aborted') process.exitCode = exitCodeOfSignal();
    return placement;
  } finally {
    progress.stop();
  }
}

/** Devices come from one place. */
async function kindsOf(options: PlanCommandOptions, notes: string[]): Promise<DeviceKind[]> {
  const { deviceMemory, deviceTable, thisMachine, devices: count } = options;
  if ([deviceMemory, deviceTable, thisMachine].filter((given) => given !== undefined).length !== 1) {
    throw new AccelError('INVALID_ARGUMENT', 'One of --device-memory, --device-table and --this-machine is needed.');
  }
  if (count !== undefined && deviceMemory === undefined) {
    throw new AccelError('INVALID_ARGUMENT', '--devices goes with --device-memory.', {
      hint: 'A table of devices has a column "count".',
    });
  }
  if (deviceTable !== undefined) return readDevices(deviceTable);
  if (deviceMemory !== undefined) return [{ name: 'device', memoryMB: deviceMemory, count }];
  return kindsOfMachine(await devices(), notes);
}

/** Devices of one name and size are of one kind. */
function kindsOfMachine(found: readonly Device[], notes: string[]): DeviceKind[] {
  const kinds = new Map<string, DeviceKind & { ids: string[] }>();
  for (const { id, name = id, backend, memoryTotal, automatic } of found) {
    if (memoryTotal === undefined) notes.push(`${id} is left out: its memory is not known.`);
    if (memoryTotal === undefined || !automatic) continue;
    const key = `${backend}:${name}:${memoryTotal}`;
    const kind = kinds.get(key) ?? { name: `${backend} ${name}`, memoryMB: memoryTotal / 2 ** 20, ids: [] };
    kinds.set(key, kind);
    kind.ids.push(id);
  }
  if (kinds.size > 0) return [...kinds.values()];
  throw new AccelError('DEVICE_NOT_FOUND', 'This machine has no device whose memory is known.', {
    hint: 'Give --device-memory or --device-table. `accelnode doctor` says what each backend needs.',
  });
}

function withRates(models: readonly PlacementModel[], options: PlanCommandOptions): PlacementModel[] {
  const { rate, anyDevice, deviceMemory } = options;
  const names = models.map(({ name }) => name);
  const rates = new Map<string, number>();
  for (const [given, value] of Object.entries(rate)) {
    const name = modelNamed(given, names);
    if (name === undefined) {
      throw new AccelError('INVALID_ARGUMENT', `--rate: there is no model "${given}".`, {
        hint: `There are: ${names.join(', ')}.`,
      });
    }
    if (rates.has(name)) throw new AccelError('INVALID_ARGUMENT', `--rate: "${name}" has two rates.`);
    rates.set(name, value);
  }
  // Devices of which nothing but the memory is known are none that anything was measured on.
  const anywhere = anyDevice === true || deviceMemory !== undefined;
  return models.map((model) => ({
    ...model,
    rate: rates.get(model.name) ?? model.rate,
    configurations: model.configurations.map((each) => (anywhere ? { ...each, device: undefined } : each)),
  }));
}

/** Models by their names; devices as they are. */
function pinsOf(
  models: readonly PlacementModel[],
  kinds: readonly DeviceKind[],
  { pin }: PlanCommandOptions,
): Record<string, string> {
  const isDevice = (text: string): boolean =>
    kinds.some(({ name, ids = [] }) => text === name || text.startsWith(`${name}#`) || ids.includes(text));
  const pins = Object.entries(pin).map(([given, target]): [string, string] => {
    return [nameOrItself(given, models), isDevice(target) ? target : nameOrItself(target, models)];
  });
  const twice = pins.find(([name], i) => pins.findIndex(([other]) => other === name) !== i);
  if (twice !== undefined) throw new AccelError('INVALID_ARGUMENT', `--pin: "${twice[0]}" has two pins.`);
  return Object.fromEntries(pins);
}

/** What is no model's name is refused later, with the names that there are. */
function nameOrItself(given: string, models: readonly PlacementModel[]): string {
  return (
    modelNamed(
      given,
      models.map(({ name }) => name),
    ) ?? given
  );
}

function printPlacement(placement: Placement): void {
  const { devices: used, needs, notes, elapsed } = placement;
  const percent = (value: number | undefined): string => (value === undefined ? '' : rounded(value));
  const rows = used.map((device) => [
    device.device,
    device.placed
      .map(({ model, configuration: { name } }) => (name === undefined ? model : `${model} (${name})`))
      .join('\n'),
    `${rounded(device.memoryMB)} / ${rounded(device.memoryTotalMB)}`,
    percent(device.memoryPercent),
    percent(device.utilizationPercent),
  ]);
  print(formatTable(['device', 'models', 'memory (MB)', 'memory (%)', 'utilization (%)'], rows));
  print();
  print(verdict(placement));
  for (const { limit, devices: least, total, perDevice } of needs) {
    print(`${limit} alone: ${rounded(least)} devices (${rounded(total)} of ${rounded(perDevice)} each)`);
  }
  for (const note of notes) print(note);
  print(`${(elapsed / 1000).toFixed(1)} s`);
}

function verdict({ count, proved, ended, bound, objective }: Placement): string {
  const devicesText = `${count} ${count === 1 ? 'device' : 'devices'}`;
  const measured = objective === undefined || objective.measure === 'devices' ? undefined : objective;
  const what = measured === undefined ? devicesText : `${devicesText}, ${measured.measure} ${rounded(measured.value)}`;
  if (proved) return `${what}: proved, nothing is better.`;
  const why = { aborted: 'interrupted', failed: 'the solver failed', 'time limit': 'out of time', proved: '' }[ended];
  const could = [`no fewer than ${bound} can do`];
  if (measured !== undefined) could.push(`no ${measured.measure} better than ${rounded(measured.bound)}`);
  return `${what}: not proved, ${why}; ${could.join(', ')} (gap ${rounded(objective?.gapPercent ?? 0)} %).`;
}

function rounded(value: number): string {
  return String(Math.round(value * 100) / 100);
}

function parsePositive(text: string): number {
  const value = parseAmount(text);
  if (value === 0) throw new InvalidArgumentError('It must be a number above 0.');
  return value;
}

function parseTimeLimit(text: string): number {
  return parsePositive(String(parseSeconds(text)));
}

function parseLimit(text: string): number {
  return text === 'none' ? Infinity : parsePositive(text);
}

function parseRate(text: string, before: Record<string, number>): Record<string, number> {
  const [model, rate] = splitAssignment(text);
  return withEntry(before, model, parsePositive(rate));
}

function parsePin(text: string, before: Record<string, string>): Record<string, string> {
  const [model, device] = splitAssignment(text);
  if (Object.hasOwn(before, model) && before[model] !== device) {
    throw new InvalidArgumentError(`"${model}" is pinned to "${before[model]!}" and to "${device}".`);
  }
  return { ...before, [model]: device };
}

function parseApart(text: string, before: string[][]): string[][] {
  const models = text.split(',').map((name) => name.trim());
  if (models.length < 2 || models.includes('')) throw new InvalidArgumentError('It must be like a,b.');
  return [...before, models];
}
