import { cpus, totalmem } from 'node:os';

import type { Command } from 'commander';

import packageJson = require('../../package.json');
import { AccelError, Session, diagnose, runtimesFolder } from '../index.js';
import type { BackendReport } from '../index.js';
import { thisPlatform } from '../runtimes/manifest.js';
import { EXIT_FAILED, formatBytes, inPrecision, indent, print, printJson } from './output.js';

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
      const backends: Report[] = await diagnose();
      if (model !== undefined) for (const report of backends) report.loads = await tryModel(model, report);
      if (json === true) printJson({ ...machine(), runtimesFolder: runtimesFolder(), backends });
      else printReport(backends);
      const passes =
        model === undefined
          ? backends.some(({ status }) => status === 'PASS')
          : backends.some(({ loads }) => loads!.some(({ code }) => code === undefined));
      if (!passes) process.exitCode = EXIT_FAILED;
    });
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
      if (code === 'INVALID_ARGUMENT') throw error; // it is no model at all
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
  const { name, glibc } = thisPlatform();
  return {
    accelnode: packageJson.version,
    node: process.versions.node,
    platform: name,
    libc: glibc !== undefined ? `glibc ${glibc}` : name.startsWith('linux-') ? 'musl' : '',
    cpu: processors[0]?.model.trim() ?? '',
    cores: processors.length,
    memory: totalmem(),
  };
}

function printReport(backends: readonly Report[]): void {
  const { accelnode, node, platform, libc, cpu, cores, memory } = machine();
  print(`accelnode ${accelnode}, Node ${node}, ${platform}${libc === '' ? '' : `, ${libc}`}`);
  print(`${cpu}, ${cores} cores, ${formatBytes(memory)}`);
  print(`runtimes folder: ${runtimesFolder()}`);
  for (const report of backends) {
    print();
    printBackend(report);
  }
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
  if (reason !== undefined) print(indent(`reason   ${reason}`, '        '));
  const tried = libraries.filter(({ error }) => error !== undefined);
  if (status !== 'PASS' && tried.length > 0) {
    print(indent(`tried    ${tried.map(({ name }) => name).join(', ')}`, '        '));
    print(indent(`loader   ${tried[0]!.error!}`, '        '));
  }
  if (hint !== undefined) print(indent(`remedy   ${hint}`, '        '));
}

function outcomeOf({ precision, fallbackOperators = [], code, message }: ModelReport): string {
  if (code !== undefined) return `${code}: ${message!}`;
  const left = fallbackOperators.length === 0 ? '' : `; leaves to slower kernels: ${fallbackOperators.join(', ')}`;
  return `loads${precision === undefined ? '' : `, computing${inPrecision(precision)}`}${left}`;
}
