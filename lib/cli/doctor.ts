import { cpus, totalmem } from 'node:os';

import type { Command } from '../third-party/commander.js';

import packageJson = require('../../package.json');
import { AccelError, Session, diagnose, runtimesFolder } from '../index.js';
import type { BackendReport, LibraryAttempt } from '../index.js';
import { libcOf, thisPlatform } from '../platform.js';
import { EXIT_FAILED, foldList, formatBytes, inPrecision, indent, print, printJson } from './output.js';

/** Of the narrowest terminal that is usual, and of what is pasted into a report. */
const COLUMNS = 80;

/** `accelnode doctor` */
export function addDoctorCommand(program: Command): void {
  program
    .command('doctor')
    .description('what works on this machine, what does not, and what to do about it')
    .argument('[model]', 'a model to load on each device that is there')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nExit code: 0 when at least one vendor backend can be used, else 1. With a model: 0 when at least one device\nloads it.',
    )
    .action(async (model: string | undefined, { json }: { json?: boolean }) => {
      const { addon, backends } = await examine();
      if (model !== undefined) for (const report of backends) report.loads = await tryModel(model, report);
      if (json === true) printJson({ ...machine(), runtimesFolder: runtimesFolder(), addon, backends });
      else printReport(addon, backends);
      const passes =
        model === undefined
          ? backends.some(({ status }) => status === 'PASS')
          : backends.some(({ loads }) => loads!.some(({ code }) => code === undefined));
      if (!passes) process.exitCode = EXIT_FAILED;
    });
}

/** accelnode's own part, without which no backend can be looked at. */
interface AddonReport {
  status: 'PASS' | 'FAIL';
  reason?: string;
  hint?: string | undefined;
  libraries?: readonly LibraryAttempt[] | undefined;
}

async function examine(): Promise<{ addon: AddonReport; backends: Report[] }> {
  try {
    return { backends: await diagnose(), addon: { status: 'PASS' } };
  } catch (error) {
    if (!(error instanceof AccelError)) throw error;
    const { message: reason, hint, libraries } = error;
    return { backends: [], addon: { status: 'FAIL', reason, hint, libraries } };
  }
}

interface Report extends BackendReport {
  /** How the model fares on each device. */
  loads?: ModelReport[];
}

interface ModelReport {
  device: string;
  precision?: string | undefined;
  fallbackOperators?: readonly string[] | undefined;
  /** Of the error that it can't be loaded for. */
  code?: string;
  message?: string;
  hint?: string | undefined;
}

async function tryModel(model: string, { devices }: BackendReport): Promise<ModelReport[]> {
  const reports: ModelReport[] = [];
  // One after the other, so that each has the memory.
  for (const { id: device } of devices) {
    try {
      await using session = await Session.load(model, { device, lanes: 1 });
      reports.push({ device, precision: session.precision, fallbackOperators: session.fallbackOperators });
    } catch (error) {
      if (!(error instanceof AccelError)) throw error;
      const { code, message, hint } = error;
      reports.push({ device, code, message, hint });
    }
  }
  return reports;
}

interface Machine {
  accelnode: string;
  node: string;
  platform: string;
  libc: string;
  cpu: string;
  cores: number;
  memory: number;
}

function machine(): Machine {
  const processors = cpus();
  const platform = thisPlatform();
  return {
    accelnode: packageJson.version,
    node: process.versions.node,
    platform: platform.name,
    libc: libcOf(platform),
    cpu: processors[0]?.model.trim() ?? '',
    cores: processors.length,
    memory: totalmem(),
  };
}

function printReport(addon: AddonReport, backends: readonly Report[]): void {
  const { accelnode, node, platform, libc, cpu, cores, memory } = machine();
  print(`accelnode ${accelnode}, Node ${node}, ${platform}${libc === '' ? '' : `, ${libc}`}`);
  print(`${cpu}, ${cores} cores, ${formatBytes(memory)}`);
  print(`runtimes folder: ${runtimesFolder()}`);
  if (addon.status === 'FAIL') printAddon(addon);
  for (const report of backends) {
    print();
    printBackend(report);
  }
}

function printAddon({ status, reason = '', hint = '' }: AddonReport): void {
  print();
  print(`${status.padEnd(6)}  addon     accelnode's own, which every backend needs`);
  print(indent(`reason   ${aligned(reason)}`, '        '));
  print(indent(`remedy   ${aligned(hint)}`, '        '));
}

function printBackend({
  name,
  product,
  status,
  reason,
  hint,
  runtime,
  libraries,
  devices,
  absent,
  checks,
  loads = [],
}: Report): void {
  print(`${status.padEnd(6)}  ${name.padEnd(8)}  ${product}${runtime === undefined ? '' : ` ${runtime.version}`}`);
  if (runtime?.library !== undefined) print(indent(`library  ${runtime.library}`, '        '));
  const facts = Object.entries(runtime?.details ?? {}).map(([name, value]) => `${name} ${String(value)}`);
  if (facts.length > 0) print(indent(`details  ${facts.join(', ')}`, '        '));
  for (const warning of runtime?.warnings ?? []) print(indent(`warning  ${warning}`, '        '));
  for (const device of devices) {
    const facts = [
      device.name,
      device.arch,
      device.memoryTotal === undefined ? undefined : formatBytes(device.memoryTotal),
      device.driver === undefined ? undefined : `driver ${device.driver}`,
    ];
    print(indent(`device   ${device.id}  ${facts.filter((fact) => fact !== undefined).join(', ')}`, '        '));
  }
  for (const device of status === 'PASS' ? absent : []) {
    print(indent(`absent   ${device.id}: ${device.reason}`, '        '));
    if (device.hint !== undefined) print(indent(`         ${device.hint}`, '        '));
  }
  for (const check of checks) {
    print(indent(`${check.ok ? 'ok      ' : 'missing '} ${check.what}: ${check.found}`, '        '));
    if (check.hint !== undefined) print(indent(`         ${check.hint}`, '        '));
  }
  for (const load of loads) {
    print(indent(`model    ${load.device}  ${outcomeOf(load)}`, '        '));
    if (load.hint !== undefined) print(indent(`         ${load.hint}`, '        '));
  }
  if (reason !== undefined) print(indent(`reason   ${aligned(reason)}`, '        '));
  const tried = libraries.filter(({ error }) => error !== undefined);
  if (status !== 'PASS' && tried.length > 0) {
    const names = foldList(
      tried.map(({ name }) => name),
      COLUMNS - '        tried    '.length,
    );
    print(indent(`tried    ${aligned(names)}`, '        '));
    print(indent(`loader   ${tried[0]!.error!}`, '        '));
  }
  // What the checks have said already is not said again.
  const told = checks.some((check) => check.hint !== undefined && hint?.includes(check.hint) === true);
  if (hint !== undefined && !told) print(indent(`remedy   ${aligned(hint)}`, '        '));
}

function outcomeOf({ precision, fallbackOperators = [], code, message }: ModelReport): string {
  if (code !== undefined) return `${code}: ${message!}`;
  const left = fallbackOperators.length === 0 ? '' : `; leaves to slower kernels: ${fallbackOperators.join(', ')}`;
  return `loads${precision === undefined ? '' : `, computing${inPrecision(precision)}`}${left}`;
}

/** Further lines below the first, which stands behind a label. */
function aligned(lines: string): string {
  return lines.replaceAll('\n', '\n         ');
}
